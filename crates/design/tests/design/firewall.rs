//! The customer's firewall: which openings a design needs, and that it needs each of them.

use design::{Opening, openings};
use model::estate::{DnsKeeper, Estate, Outbound, OutboundKind};
use model::id::EnvironmentId;
use model::network::GroupHome;
use model::{Lock, Traffic};

use crate::bastions::{Ground, put};
use crate::estates::{acme, designed};
use crate::proofs::{broken, broken_on};

/// acme with production alone: half the table to read.
fn production() -> Estate {
    let mut estate = acme();
    estate.environments.remove(&EnvironmentId::from("staging"));
    estate
}

fn shown(estate: &Estate) -> Vec<String> {
    let all = openings(&designed(estate, &Lock::default()));
    let line = |it: Opening| {
        format!(
            "{}\n  to {}\n  {}: {}\n",
            it.from, it.to, it.traffic, it.why
        )
    };
    all.into_iter().map(line).collect()
}

const ACME: &str = "\
data-centre/dns-1 (10.200.0.53), data-centre/dns-2 (10.200.1.53)
  to production/resolver-1 (10.20.0.5), production/resolver-2 (10.20.32.5)
  tcp/53: the names of production
data-centre/dns-1 (10.200.0.53), data-centre/dns-2 (10.200.1.53)
  to production/resolver-1 (10.20.0.5), production/resolver-2 (10.20.32.5)
  udp/53: the names of production
data-centre/erp (10.200.20.10), data-centre/web-shop (10.200.20.11)
  to production/balancer-internal-1 (10.20.0.4), production/balancer-internal-2 (10.20.32.4)
  tcp/8243: apim of production
data-centre/erp (10.200.20.10), data-centre/web-shop (10.200.20.11)
  to production/balancer-internal-1 (10.20.0.4), production/balancer-internal-2 (10.20.32.4)
  tcp/9443: apim of production
data-centre/erp (10.200.20.10), data-centre/web-shop (10.200.20.11)
  to production/balancer-internal-1 (10.20.0.4), production/balancer-internal-2 (10.20.32.4)
  tcp/9444: is of production
production/app-a (10.20.0.0/19), production/app-b (10.20.32.0/19)
  to data-centre/mail (10.200.0.25)
  tcp/587: mail, for production
production/app-a (10.20.0.0/19), production/app-b (10.20.32.0/19)
  to data-centre/ntp-1 (10.200.0.123)
  udp/123: the customer's time, for production
production/resolver-1 (10.20.0.5), production/resolver-2 (10.20.32.5)
  to data-centre/dns-1 (10.200.0.53), data-centre/dns-2 (10.200.1.53)
  tcp/53: the customer's names, for production
production/resolver-1 (10.20.0.5), production/resolver-2 (10.20.32.5)
  to data-centre/dns-1 (10.200.0.53), data-centre/dns-2 (10.200.1.53)
  udp/53: the customer's names, for production
";

#[test]
fn acmes_openings_are_these() {
    assert_eq!(shown(&production()).concat(), ACME);
}

const BASTION: &str = "\
operator (198.51.100.0/28)
  to production/bastion (203.0.113.101)
  tcp/40022: SSH from the operator
production/bastion (10.200.9.1)
  to production/app-a (10.20.0.0/19), production/app-b (10.20.32.0/19)
  tcp/22: SSH to the hosts of production
production/bastion (10.200.9.1)
  to production/resolver-1 (10.20.0.5), production/resolver-2 (10.20.32.5)
  tcp/53: names
production/bastion (10.200.9.1)
  to production/resolver-1 (10.20.0.5), production/resolver-2 (10.20.32.5)
  udp/53: names
";

#[test]
fn a_bastion_in_the_data_centre_needs_its_own() {
    let mut estate = production();
    let usual = shown(&estate);
    put(&mut estate, &[Ground::DataCentre]);
    let all = shown(&estate);
    let added = all.iter().filter(|line| !usual.contains(line));
    assert_eq!(added.cloned().collect::<String>(), BASTION);
}

const ROUTE53: &str = "\
data-centre/erp (10.200.20.10), data-centre/web-shop (10.200.20.11)
  to production/resolver-1 (10.20.0.5), production/resolver-2 (10.20.32.5)
  tcp/53: the names of production
data-centre/erp (10.200.20.10), data-centre/web-shop (10.200.20.11)
  to production/resolver-1 (10.20.0.5), production/resolver-2 (10.20.32.5)
  udp/53: the names of production
production/app-a (10.20.0.0/19), production/app-b (10.20.32.0/19)
  to data-centre/directory (10.200.0.39)
  tcp/636: directory, for production
";

/// Where the operator keeps the zone and the customer has no DNS server, clients ask the resolvers themselves. A directory
/// at an address in the data centre is a server as any other.
#[test]
fn clients_ask_the_resolvers_where_the_customer_has_no_dns() {
    let mut estate = production();
    let usual = shown(&estate);
    estate.dns.keeper = DnsKeeper::Route53;
    estate.dns.servers.clear();
    let directory = Outbound {
        kind: OutboundKind::Ldap,
        name: "ldap.acme.example".to_owned(),
        address: Some([10, 200, 0, 39].into()),
        port: 636,
        tls: true,
        products: Vec::new(),
        purpose: "users".to_owned(),
    };
    estate.outbound.insert("directory".to_owned(), directory);
    let all = shown(&estate);
    let added = all.iter().filter(|line| !usual.contains(line));
    assert_eq!(added.cloned().collect::<String>(), ROUTE53);
    assert!(all.iter().all(|line| !line.contains("dns-1")));
    let broken = broken(&designed(&estate, &Lock::default()));
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn nothing_is_opened_without_a_data_centre() {
    let mut estate = production();
    estate.data_centre = None;
    estate.dns.keeper = DnsKeeper::Route53;
    estate.dns.servers.clear();
    estate.ntp.servers = vec![[192, 0, 2, 123].into()];
    if let model::estate::Mail::Customer(smtp) = &mut estate.mail {
        smtp.address = [192, 0, 2, 25].into();
    }
    assert!(shown(&estate).is_empty());
}

/// Each rule of the firewall is there because something is lost without it: none is given away.
#[test]
fn without_any_one_of_them_a_claim_is_broken() {
    let mut estate = production();
    put(&mut estate, &[Ground::DataCentre]);
    let design = designed(&estate, &Lock::default());
    let network = design.network();
    let mut tried = 0;
    for (id, group) in &network.groups {
        if !matches!(group.home, GroupHome::Site(_)) {
            continue;
        }
        let named = |rules: &[model::network::GroupRule]| {
            let all = rules.iter().enumerate();
            let named = all.filter(|(_, rule)| rule.traffic != Traffic::All);
            named.map(|(position, _)| position).collect::<Vec<_>>()
        };
        for position in named(&group.ingress) {
            let mut without = network.clone();
            let group = without.groups.get_mut(id).expect("it is there");
            let rule = group.ingress.remove(position);
            assert!(!broken_on(&design, &without).is_empty(), "{id}: {rule:?}");
            tried += 1;
        }
        for position in named(&group.egress) {
            let mut without = network.clone();
            let group = without.groups.get_mut(id).expect("it is there");
            let rule = group.egress.remove(position);
            // A firewall that lets out nothing but what it is told to.
            group.egress.retain(|rule| rule.traffic != Traffic::All);
            assert!(!broken_on(&design, &without).is_empty(), "{id}: {rule:?}");
            tried += 1;
        }
    }
    assert!(tried > 20, "{tried} rules");
}

/// It is enough: behind a firewall that lets out what it is told to and nothing else, whatever is claimed of named hosts
/// holds. One claim speaks of everybody in the data centre, and such a firewall knows the declared clients alone.
#[test]
fn a_strict_firewall_loses_nothing_that_is_declared() {
    let mut estate = acme();
    put(&mut estate, &[Ground::DataCentre, Ground::Vpc]);
    let design = designed(&estate, &Lock::default());
    let mut network = design.network();
    for group in network.groups.values_mut() {
        if matches!(group.home, GroupHome::Site(_)) {
            group.egress.retain(|rule| rule.traffic != Traffic::All);
        }
    }
    let mut broken = broken_on(&design, &network);
    broken.retain(|line| !line.contains("/data-centre/internal-balancers: "));
    assert!(broken.is_empty(), "{broken:#?}");
}
