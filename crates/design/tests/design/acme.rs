//! The example: what its design is to look like.

use std::collections::BTreeSet;
use std::net::IpAddr;

use design::{Design, tables};
use model::blueprint::Role;
use model::claim::{Expect, Question};
use model::estate::{Estate, Outbound, OutboundKind};
use model::id::{HostId, SubnetId};
use model::network::RouteTarget;
use model::packet::{IcmpMatch, PortRange, Traffic};
use model::service::ServiceKind;
use model::{Claim, Lock};

use crate::estates::{acme, designed};

fn design() -> Design {
    designed(&acme(), &Lock::default())
}

fn claim(design: &Design, id: &str) -> Claim {
    design
        .claims()
        .into_iter()
        .find(|claim| claim.id.as_str() == id)
        .unwrap_or_else(|| panic!("no claim {id}"))
}

#[test]
fn has_a_unit_for_the_account_and_one_for_each_environment() {
    let design = design();
    let units: Vec<&str> = design.blueprints.keys().map(String::as_str).collect();
    assert_eq!(units, ["account", "production", "staging"]);
    let roles: BTreeSet<Role> = design.hosts().values().map(|host| host.role).collect();
    assert_eq!(roles.len(), 13, "every role has a host: {roles:?}");
}

#[test]
fn spreads_nodes_over_zones() {
    let network = design().network();
    let place = |host: &str| {
        let interface = network
            .interfaces_of(&HostId::from(host))
            .next()
            .map(|(_, it)| it.place.clone());
        format!("{:?}", interface.expect("the host stands somewhere"))
    };
    for family in [
        "apim",
        "is",
        "resolver",
        "balancer-internal",
        "balancer-public",
    ] {
        let (first, second) = (
            place(&format!("production/{family}-1")),
            place(&format!("production/{family}-2")),
        );
        assert!(first.ends_with("-a))"), "{first}");
        assert!(second.ends_with("-b))"), "{second}");
    }
}

#[test]
fn only_the_dmz_has_the_internet_gateway() {
    let network = design().network();
    for (id, subnet) in &network.subnets {
        let routes = &network.route_tables[&subnet.route_table].routes;
        let open = routes
            .iter()
            .any(|route| matches!(route.target, RouteTarget::InternetGateway(_)));
        assert_eq!(open, id.as_str().contains("/public-"), "{id}");
    }
    let data = &network.subnets[&SubnetId::from("production/data-a")];
    assert_eq!(
        network.route_tables[&data.route_table].routes.len(),
        1,
        "local alone"
    );
}

#[test]
fn environments_meet_nowhere() {
    let network = design().network();
    let gateway = network
        .transit_gateways
        .values()
        .next()
        .expect("a transit gateway");
    for (table, routes) in &gateway.tables {
        for route in routes {
            let to = route.attachment.as_ref().map(|to| to.as_str().to_owned());
            let to_data_centre = to.as_deref() == Some("data-centre/vpn");
            assert_eq!(
                table.as_str() == "account/environments",
                to_data_centre,
                "{route:?}"
            );
        }
    }
}

/// Every claim that is asked over IPv4 is asked over IPv6 too, where both ends have it, and says so.
#[test]
fn asks_over_both_families_where_there_are_two() {
    let mut estate = acme();
    estate
        .operator
        .networks
        .push("2001:db8:ffff:1::/64".parse().expect("a range"));
    for environment in estate.environments.values_mut() {
        environment.ipv6 = true;
    }
    let design = designed(&estate, &Lock::default());
    for id in [
        "ssh/bastion/from-operator",
        "ssh/bastion/only-from-operator",
        "ssh/bastion/only-its-port",
        "ssh/apim-1/only-from-bastion",
        "ssh/apim-1/through-bastion",
        "internet/balancer-public-1/declared-ports",
        "internet/balancer-public-1/no-other-ports",
        "health/is-2",
        "health/apim/public",
        "calls/apim/is",
        "cluster/is",
        "console/apim-1/login",
        "console/is/not-public",
        "database/from/is-1",
        "outbound/apim-1",
    ] {
        let claim = claim(&design, &format!("production/{id}"));
        assert!(
            claim.title.ends_with(", by IPv4 and IPv6"),
            "{id}: {}",
            claim.title
        );
    }
    // ACME's data centre has IPv4 alone, and what it cannot use is neither asked from there nor handed to it.
    for claim in design.claims() {
        for probe in &claim.probes {
            if let Question::Connect { target } = probe.question
                && probe.vantage.as_str().starts_with("data-centre/")
            {
                assert!(target.is_ipv4(), "{}: {target}", claim.id);
            }
        }
    }
    let addresses = |design: &Design, name: &str| {
        let records = design.blueprints["account"].zones[0].records.clone();
        let record = records.into_iter().find(|record| record.name == name);
        record
            .unwrap_or_else(|| panic!("no {name}"))
            .own_addresses()
            .to_vec()
    };
    let login = addresses(&design, "login.acme.example");
    assert!(login.iter().all(IpAddr::is_ipv4), "{login:?}");
    // Without a data centre's balancer, the mapping leads to the public ones, of both families.
    for environment in estate.environments.values_mut() {
        for product in environment.products.values_mut() {
            product.internal.clear();
        }
    }
    let api = addresses(&designed(&estate, &Lock::default()), "api.acme.example");
    let six = api.iter().filter(|address| address.is_ipv6()).count();
    assert_eq!((api.len(), six), (4, 2), "{api:?}");
}

/// A port that was declared for the Internet by name is open to all of it: the claims that it touches admit that.
#[test]
fn titles_admit_what_a_port_declared_for_the_internet_opens() {
    let mut estate = acme();
    for (name, port) in [("names", 53), ("mail", 25), ("high", 8443)] {
        let outbound = Outbound {
            kind: OutboundKind::Other,
            address: None,
            tls: true,
            products: Vec::new(),
            name: format!("{name}.example"),
            port,
            purpose: "tests".to_owned(),
        };
        estate.outbound.insert(name.to_owned(), outbound);
    }
    let check = |estate: &Estate, id: &str, admitted: &str| {
        let title = claim(&designed(estate, &Lock::default()), id).title;
        assert!(title.contains(admitted), "{title}");
        let plain = claim(&design(), id).title;
        assert!(!plain.contains(admitted), "{plain}");
    };
    for (id, admitted) in [
        ("dns/nothing-else", "but for port 53, declared"),
        ("smtp/nothing-else", "but for port 25, declared"),
        (
            "outbound/nothing-else",
            "(25, 53, 443, 8443 at any address)",
        ),
        ("data-centre/only-its-servers", "and port 8443"),
    ] {
        check(&estate, &format!("production/{id}"), admitted);
    }
}

#[test]
fn says_nothing_of_ipv6_where_there_is_none() {
    for claim in design().claims() {
        assert!(!claim.title.ends_with("IPv6"), "{}", claim.title);
    }
}

/// Quotas: 40 entries in each direction of an ACL, and 60 rules in each direction of a group, at the most.
#[test]
fn keeps_within_awss_quotas() {
    let network = design().network();
    for (id, acl) in &network.acls {
        for entries in [&acl.ingress, &acl.egress] {
            assert!(
                entries.len() <= 20,
                "{id} has {}: AWS's default is 20",
                entries.len()
            );
            let ascending = entries
                .windows(2)
                .all(|pair| pair[0].number < pair[1].number);
            assert!(ascending, "{id}");
        }
    }
    for (id, group) in &network.groups {
        assert!(
            group.ingress.len() <= 60 && group.egress.len() <= 60,
            "{id}"
        );
    }
}

#[test]
fn gives_443_to_the_first_public_https_port_and_moves_what_is_taken() {
    let lock = design().lock;
    let listens = |name: &str| lock.listeners.get(name).copied();
    assert_eq!(listens("production/public/apim/gateway-https"), Some(443));
    assert_eq!(
        listens("production/internal/apim/gateway-https"),
        Some(8243)
    );
    assert_eq!(
        listens("production/internal/apim/management-https"),
        Some(9443)
    );
    assert_eq!(listens("production/internal/is/https"), Some(9444));
}

#[test]
fn hands_over_fixed_addresses() {
    let design = design();
    let zone = &design.blueprints["account"].zones[0];
    let addresses = |name: &str| -> Vec<String> {
        let record = zone.records.iter().find(|record| record.name == name);
        let addresses = record
            .unwrap_or_else(|| panic!("no {name}"))
            .own_addresses();
        addresses.iter().map(IpAddr::to_string).collect()
    };
    let host = |id: &str| design.lock.addresses[id].to_string();
    for (name, environment) in [
        ("api.acme.example", "production"),
        ("login.acme.example", "production"),
        ("api-staging.acme.example", "staging"),
    ] {
        let balancers =
            [1, 2].map(|number| host(&format!("{environment}/balancer-internal-{number}")));
        assert_eq!(addresses(name), balancers, "{name}");
    }
}

#[test]
fn environments_that_share_a_host_name_are_told_apart() {
    let mut estate = acme();
    for environment in estate.environments.values_mut() {
        for (name, product) in &mut environment.products {
            product.hostname.clone_from(name);
        }
    }
    let design = designed(&estate, &Lock::default());
    let names: BTreeSet<&str> = design.blueprints["account"].zones[0]
        .records
        .iter()
        .map(|record| record.name.as_str())
        .filter(|name| name.contains("apim"))
        .collect();
    assert_eq!(
        names,
        BTreeSet::from(["apim.acme.example", "apim-staging.acme.example"])
    );
}

#[test]
fn only_managed_hosts_have_a_login() {
    for (id, host) in design().hosts() {
        let ports: Vec<u16> = host
            .services
            .iter()
            .filter_map(|service| match service.kind {
                ServiceKind::Ssh { port, .. } => Some(port),
                _ => None,
            })
            .collect();
        let wanted: &[u16] = match host.role {
            Role::Bastion => &[40022],
            Role::Product => &[22],
            _ => &[],
        };
        assert_eq!(ports, wanted, "{id}");
    }
}

#[test]
fn acls_deny_no_port_that_replies_go_to() {
    let network = design().network();
    for (id, acl) in &network.acls {
        for entry in acl
            .ingress
            .iter()
            .chain(&acl.egress)
            .filter(|entry| !entry.allow)
        {
            // Nothing of the app tier ever answers the operator: he comes by the bastion.
            let to_operator = entry.prefix.to_string() == "198.51.100.0/28";
            if to_operator && id.as_str().ends_with("/app") && entry.traffic == Traffic::All {
                continue;
            }
            let (Traffic::Tcp(PortRange { last, .. }) | Traffic::Udp(PortRange { last, .. })) =
                entry.traffic
            else {
                panic!("{id} denies {}", entry.traffic);
            };
            assert!(last < 1024, "{id} denies {}", entry.traffic);
        }
    }
}

/// Without these, large packets vanish where a link takes only small ones.
#[test]
fn acls_let_pass_what_path_mtu_discovery_needs() {
    let mut estate = acme();
    for environment in estate.environments.values_mut() {
        environment.ipv6 = true;
    }
    let network = designed(&estate, &Lock::default()).network();
    let needed = [
        Traffic::Icmp(IcmpMatch::TypeCode(3, 4)),
        Traffic::Icmpv6(IcmpMatch::Type(2)),
    ];
    for (id, acl) in &network.acls {
        for entries in [&acl.ingress, &acl.egress] {
            for traffic in needed {
                let passes = entries.iter().any(|entry| {
                    entry.allow && (entry.traffic == traffic || entry.traffic == Traffic::All)
                });
                assert!(passes, "{id} loses {traffic}");
            }
        }
    }
}

/// The number of claims is a promise to those who read the report: about as many as a person can go through.
#[test]
fn claims_are_complete_and_not_absurd() {
    let design = design();
    let claims = design.claims();
    assert!(
        (100..=200).contains(&claims.len()),
        "{} claims",
        claims.len()
    );
    let rows: BTreeSet<String> = claims.iter().flat_map(|claim| claim.rows.clone()).collect();
    for row in [
        "R1", "R2", "R4", "R5", "R7", "R8", "R10", "R11", "R12", "R13", "R14", "R24", "R31", "R35",
    ] {
        assert!(rows.contains(row), "nothing answers {row}");
    }
    let vantages: BTreeSet<String> = claims
        .iter()
        .flat_map(|claim| &claim.probes)
        .map(|probe| probe.vantage.to_string())
        .collect();
    for vantage in [
        "internet/client",
        "operator/workstation",
        "data-centre/erp",
        "production/bastion",
        "production/balancer-public-1",
        "production/database",
        "production/apim-1",
        "staging/bastion",
    ] {
        assert!(
            vantages.contains(vantage),
            "nothing is asked from {vantage}"
        );
    }
}

/// Claim, vantage, port, and the answer wanted.
const TRIED: &str = "
    production/ssh/bastion/from-operator          operator/workstation            40022 works
    production/ssh/bastion/only-from-operator     internet/client                 40022 no-way
    production/ssh/bastion/only-from-operator     data-centre/erp                 40022 no-way
    production/ssh/bastion/only-from-operator     staging/apim-1                  40022 no-way
    production/ssh/bastion/only-its-port          operator/workstation            22    no-way
    production/ssh/bastion/only-its-port          internet/client                 22    no-way
    production/ssh/apim-1/through-bastion         operator/workstation            22    works
    production/ssh/apim-1/only-from-bastion       operator/workstation            22    no-way
    production/ssh/apim-1/only-from-bastion       internet/client                 22    no-way
    production/ssh/apim-1/only-from-bastion       data-centre/erp                 22    no-way
    production/ssh/apim-1/only-from-bastion       production/is-1                 22    no-way
    production/ssh/apim-1/only-from-bastion       production/apim-2               22    no-way
    production/ssh/apim-1/only-from-bastion       production/balancer-public-1    22    no-way
    production/ssh/apim-1/only-from-bastion       staging/bastion                 22    no-way
    production/targets/apim/public                production/balancer-public-2    8243  works
    production/targets/apim/internal              production/balancer-internal-1  9443  works
    production/internet/balancer-public-1/declared-ports  internet/client         443   works
    production/internet/balancer-public-1/declared-ports  production/balancer-public-1  8243  works
    production/data-centre/internal-balancers     data-centre/erp                 9444  works
    production/data-centre/internal-balancers     production/balancer-internal-2  9443  works
    production/database/only-from-products        production/bastion              5432  no-way
    production/database/only-from-products        production/balancer-internal-1  5432  no-way
    production/database/only-from-products        internet/client                 5432  no-way
    production/database/only-from-products        data-centre/erp                 5432  no-way
    production/database/from/is-2                 production/is-2                 5432  works
    production/console/apim/not-public            internet/client                 9443  no-way
    production/console/apim-1/login               production/balancer-internal-1  9443  works
    production/console/is-2/default-refused       production/balancer-internal-1  9443  refused
    production/console/is/from-data-centre        data-centre/erp                 9444  works
    isolation/production/staging                  production/apim-1               5432  no-way
    isolation/production/staging                  staging/bastion                 40022 no-way
";

#[test]
fn tries_what_must_work_and_what_must_fail() {
    let design = design();
    for line in TRIED.lines().filter(|line| !line.trim().is_empty()) {
        let mut words = line.split_whitespace();
        let [id, vantage, port, answer] = std::array::from_fn(|_| words.next().unwrap_or_default());
        let found = claim(&design, id).probes.into_iter().any(|probe| {
            let target = match probe.question {
                Question::Connect { target }
                | Question::Ssh { target, .. }
                | Question::Console { target, .. }
                | Question::Database { target, .. } => target.port(),
                _ => 0,
            };
            let wanted = match answer {
                "works" => Expect::Works,
                "refused" => Expect::Refused,
                _ => Expect::NoWay,
            };
            probe.vantage.as_str() == vantage
                && target.to_string() == port
                && probe.expect == wanted
        });
        assert!(found, "not asked: {line}");
    }
}

/// A console that is listed nowhere is asked on its own node, and no rule is added for it.
#[test]
fn a_console_that_is_not_internal_is_asked_on_its_node() {
    let mut estate = acme();
    for environment in estate.environments.values_mut() {
        for product in environment.products.values_mut() {
            product.internal.clear();
        }
    }
    let design = designed(&estate, &Lock::default());
    let login = claim(&design, "production/console/apim-1/login");
    assert!(
        login
            .probes
            .iter()
            .all(|probe| probe.vantage.as_str() == "production/apim-1")
    );
}

#[test]
fn secrets_are_named_and_only_the_customers_has_a_reference() {
    let design = design();
    let shared: Vec<String> = design
        .secrets
        .iter()
        .filter(|(_, reference)| reference.is_some())
        .map(|(name, _)| name.to_string())
        .collect();
    assert_eq!(shared, ["customer/smtp"]);
    assert!(design.secrets.len() > 4, "{:?}", design.secrets.keys());
}

#[test]
fn tables_are_rectangular() {
    for table in tables(&design()) {
        assert!(!table.rows.is_empty(), "{} is empty", table.title);
        for row in &table.rows {
            assert_eq!(row.len(), table.columns.len(), "{}: {row:?}", table.title);
        }
    }
}
