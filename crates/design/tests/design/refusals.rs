//! Estates that cannot be designed, and what is said of them.

use model::estate::{Environment, Estate, Outbound, OutboundKind};
use model::id::EnvironmentId;
use model::{Catalog, Lock};

use crate::estates::acme;

fn production(estate: &mut Estate) -> &mut Environment {
    estate
        .environments
        .get_mut(&EnvironmentId::from("production"))
        .expect("acme has production")
}

fn rename(estate: &mut Estate, from: &str, to: &str) {
    let products = &mut production(estate).products;
    let product = products.remove(from).expect("acme has the product");
    products.insert(to.to_owned(), product);
}

/// Spoils acme, and expects a finding of that rule with those words, and no panic.
fn check(rule: &str, words: &str, spoil: impl FnOnce(&mut Estate, &mut Catalog)) {
    let mut estate = acme();
    let mut catalog = Catalog::embedded();
    spoil(&mut estate, &mut catalog);
    let findings =
        design::design(&estate, &catalog, &Lock::default()).expect_err("the estate is spoilt");
    let found = findings
        .iter()
        .find(|finding| finding.rule == rule)
        .unwrap_or_else(|| panic!("no {rule} in {findings:#?}"));
    assert!(
        found.message.contains(words),
        "{:?} lacks {words:?}",
        found.message
    );
    assert!(!found.remedy.is_empty());
}

#[test]
fn refuses_ranges_that_cannot_hold_the_estate() {
    check(
        "range-too-small",
        "the app subnets of 10.20.0.0/22 have 2 × 123 = 246 usable addresses, and 406 are wanted",
        |estate, _| {
            let production = production(estate);
            production.cidr = "10.20.0.0/22".parse().expect("a range");
            for product in production.products.values_mut() {
                product.nodes = 201;
            }
        },
    );
    check("range-size", "is a /15", |estate, _| {
        production(estate).cidr = "10.22.0.0/15".parse().expect("a range");
    });
    check("range-size", "is a /23", |estate, _| {
        production(estate).cidr = "10.20.0.0/23".parse().expect("a range");
    });
    check("range-size", "is a /32", |estate, _| {
        production(estate).cidr = "10.20.0.0/32".parse().expect("a range");
    });
}

#[test]
fn refuses_ranges_that_overlap() {
    let overlap = "shares addresses with";
    check("ranges-overlap", overlap, |estate, _| {
        production(estate).cidr = "10.21.0.0/20".parse().expect("a range");
    });
    check("ranges-overlap", overlap, |estate, _| {
        production(estate).cidr = "10.200.0.0/16".parse().expect("a range");
    });
    check("ranges-overlap", overlap, |estate, _| {
        estate.operator.networks = vec!["10.20.7.0/24".parse().expect("a range")];
    });
}

#[test]
fn refuses_too_few_and_too_many_zones() {
    check("zone-count", "1 zones", |estate, _| {
        estate.zones.truncate(1)
    });
    check("zone-count", "0 zones", |estate, _| estate.zones.clear());
    check("zone-count", "5 zones", |estate, _| {
        estate.zones = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
    });
    check("zone-named-twice", "more than once", |estate, _| {
        estate.zones = ["eu-central-1a", "eu-central-1a"]
            .map(str::to_owned)
            .to_vec();
    });
}

#[test]
fn refuses_names_that_clash() {
    for name in ["bastion", "database", "default", "public-balancer", "app"] {
        check("name-reserved", name, |estate, _| {
            rename(estate, "is", name)
        });
    }
    check("name-reserved", "data-centre", |estate, _| {
        let copy = production(estate).clone();
        estate
            .environments
            .insert(EnvironmentId::from("data-centre"), copy);
    });
    // A third node of `apim` would be called as the product is.
    check("name-taken", "apim-2", |estate, _| {
        rename(estate, "is", "apim-2")
    });
    check("hostname-taken", "api.acme.example", |estate, _| {
        for product in production(estate).products.values_mut() {
            product.hostname = "api".to_owned();
        }
    });
}

#[test]
fn refuses_what_the_catalogue_does_not_know() {
    check("unknown-product", "wso2-apim", |_, catalog| {
        catalog.products.clear()
    });
    check("unknown-port", "no port `ssh`", |estate, _| {
        for product in production(estate).products.values_mut() {
            product.public = vec!["ssh".to_owned()];
        }
    });
    check("unknown-callee", "no product `mi`", |estate, _| {
        for product in production(estate).products.values_mut() {
            product.calls = vec!["mi".to_owned()];
        }
    });
    check("catalogue-port", "`nowhere`", |_, catalog| {
        for product in catalog.products.values_mut() {
            product.cluster.push("nowhere".to_owned());
        }
    });
    check("unknown-engine", "`oracel`", |estate, _| {
        let database = production(estate).database.as_mut();
        database.expect("acme has a database").engine = "oracel".to_owned();
    });
    check("database-missing", "production has none", |estate, _| {
        production(estate).database = None;
    });
}

#[test]
fn refuses_an_operator_without_a_network() {
    check(
        "operator-without-network",
        "nobody could log in",
        |estate, _| {
            estate.operator.networks.clear();
        },
    );
}

fn declare_outbound(estate: &mut Estate, ports: std::ops::RangeInclusive<u16>) {
    for port in ports {
        let outbound = Outbound {
            kind: OutboundKind::Other,
            address: None,
            tls: true,
            products: Vec::new(),
            name: format!("server-{port}.example"),
            port,
            purpose: "tests".to_owned(),
        };
        estate.outbound.insert(format!("server-{port}"), outbound);
    }
}

#[test]
fn refuses_filters_that_are_longer_than_aws_takes() {
    let acl = "AWS takes 40 at the most";
    check("acl-too-long", acl, |estate, _| {
        declare_outbound(estate, 2001..=2040);
    });
    // Each port below 1024 needs a second entry, which denies it to the data centre; one more denies the operator.
    check("acl-too-long", "21 that deny", |estate, _| {
        declare_outbound(estate, 501..=519);
    });
    check("acl-too-long", acl, |estate, _| {
        estate.operator.networks = (0..41)
            .map(|n| format!("198.51.100.{n}/32").parse().expect("a range"))
            .collect();
    });
    check("acl-too-long", acl, |estate, _| {
        estate.ntp.servers = (1..=40)
            .map(|n| format!("10.200.9.{n}").parse().expect("an address"))
            .collect();
    });
    check(
        "acl-too-long",
        "60 entries that allow and 2 that deny = 62 for egress",
        |estate, _| {
            production(estate).ipv6 = true;
            declare_outbound(estate, 2001..=2020);
        },
    );
    let group = "IPv4 rules for egress; AWS takes 60 unless";
    check("group-too-long", group, |estate, _| {
        estate.ntp.servers = (1..=61)
            .map(|n| format!("10.200.9.{n}").parse().expect("an address"))
            .collect();
    });
}

#[test]
fn says_everything_at_once() {
    let mut estate = acme();
    estate.zones.truncate(1);
    estate.operator.networks.clear();
    production(&mut estate).database = None;
    let findings = design::design(&estate, &Catalog::default(), &Lock::default())
        .expect_err("everything is wrong");
    let rules: std::collections::BTreeSet<_> = findings
        .iter()
        .map(|finding| finding.rule.as_str())
        .collect();
    assert_eq!(
        rules.into_iter().collect::<Vec<_>>(),
        ["operator-without-network", "unknown-product", "zone-count"]
    );
}

/// A lock of another estate, or one that was edited by hand, never breaks a design: what does not fit is allotted again.
#[test]
fn survives_any_lock() {
    let mut lock = Lock::default();
    let mut hold = |name: &str, range: &str, address: &str| {
        lock.subnets
            .insert(name.to_owned(), range.parse().expect("a range"));
        lock.addresses
            .insert(name.to_owned(), address.parse().expect("an address"));
        lock.public
            .insert(name.to_owned(), "198.18.0.0".parse().expect("an address"));
        lock.listeners.insert(name.to_owned(), 0);
    };
    hold("production/app-a", "0.0.0.0/0", "::1");
    hold("production/app-b", "10.20.32.0/20", "0.0.0.0");
    hold("production/bastion", "10.20.0.0/16", "10.20.128.3");
    hold("production/apim-1", "10.20.0.0/16", "10.20.31.255");
    hold("production/apim-2", "10.20.0.0/16", "10.21.0.6");
    hold(
        "production/public/apim/gateway-https",
        "10.20.0.0/16",
        "2001:db8::1",
    );
    hold("internet/client", "10.20.0.0/16", "198.51.100.4");
    let catalog = Catalog::embedded();
    let design = design::design(&acme(), &catalog, &lock).expect("acme can be designed");
    let fresh = design::design(&acme(), &catalog, &Lock::default()).expect("acme can be designed");
    assert_eq!(design.lock, fresh.lock);
}
