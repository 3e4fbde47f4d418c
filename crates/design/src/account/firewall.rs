//! The customer's firewall: what it must let pass between the data centre and the environments, and which openings that
//! makes.
//!
//! A group of the data centre speaks for the firewall in front of one server. What comes in is said exactly. What goes
//! out is said too, and then everything else is let out: the design leans on no firewall of the customer's for its own
//! protection, so that what is tried from the data centre meets the filters of the VPCs and nothing before them. A
//! bastion is the exception: it is the operator's door, and its firewall holds both ways.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use model::Network;
use model::blueprint::Role;
use model::id::{GroupId, SiteId};
use model::network::{GroupHome, Interface, Place, RulePeer, SecurityGroup, Site, SiteKind};
use model::packet::Traffic;

use super::bastions::clocks;
use super::{offered, routed};
use crate::balancing::Face;
use crate::bastion::{BastionPlan, Stand};
use crate::environment::{ANY_V4, ANY_V6};
use crate::filters::Rules;
use crate::outside::{DATA_CENTRE, DATA_CENTRE_EDGE, OutsideHost};
use crate::plan::{EnvironmentPlan, Plan};
use crate::services::{DNS, NTP, SSH};
use crate::zones;

/// Adds the bastions that stand in the data centre, the edge at which the operator reaches them, and the firewall in front
/// of every server there.
pub(super) fn draw(plan: &Plan<'_>, network: &mut Network) {
    for host in plan.outside.hosts.values() {
        if host.site.as_str() == DATA_CENTRE {
            let group = GroupId::new(host.id.as_str());
            insert(network, &group, DATA_CENTRE, of_server(plan, host));
            if let Some(interface) = network.interfaces.get_mut(&host.interface()) {
                interface.groups = vec![group];
            }
        }
    }
    let mut edge = BTreeSet::new();
    for environment in plan.environments.values() {
        let Some(bastion) = &environment.bastion else {
            continue;
        };
        if bastion.stand == Stand::DataCentre {
            stand(environment, bastion, network);
            edge.extend(bastion.doors.iter().copied().map(IpNet::from));
        }
    }
    if !edge.is_empty() {
        let site = Site {
            kind: SiteKind::OnInternet,
            prefixes: edge.into_iter().collect(),
        };
        network.sites.insert(SiteId::from(DATA_CENTRE_EDGE), site);
    }
}

/// A bastion with a leg inside and one outside, each behind the firewall.
fn stand(environment: &EnvironmentPlan<'_>, bastion: &BastionPlan, network: &mut Network) {
    let legs = [
        (
            bastion.interface(),
            DATA_CENTRE,
            &bastion.addresses,
            inside(environment, bastion),
        ),
        (
            bastion.front(),
            DATA_CENTRE_EDGE,
            &bastion.doors,
            outside(environment, bastion),
        ),
    ];
    for (id, site, addresses, rules) in legs {
        let group = GroupId::new(id.as_str());
        insert(network, &group, site, rules);
        let interface = Interface {
            host: bastion.id.clone(),
            place: Place::Site(SiteId::from(site)),
            addresses: addresses.clone(),
            public: None,
            groups: vec![group],
            source_dest_check: true,
        };
        network.interfaces.insert(id, interface);
    }
}

fn insert(network: &mut Network, id: &GroupId, site: &str, rules: Rules) {
    let group = SecurityGroup {
        home: GroupHome::Site(SiteId::from(site)),
        default: false,
        ingress: rules.ingress,
        egress: rules.egress,
    };
    network.groups.insert(id.clone(), group);
}

/// The outside leg takes the operator in, and opens nothing.
fn outside(environment: &EnvironmentPlan<'_>, bastion: &BastionPlan) -> Rules {
    let mut rules = Rules::default();
    for network in of_families(&environment.estate.operator.networks, &bastion.doors) {
        let peer = RulePeer::Prefix(network);
        rules.accept(Traffic::tcp(bastion.port), peer, "SSH from the operator");
    }
    rules
}

/// The inside leg takes nobody in, and goes on to the hosts of its environment.
fn inside(environment: &EnvironmentPlan<'_>, bastion: &BastionPlan) -> Rules {
    let mut rules = Rules::default();
    for range in of_families(&offered(environment), &bastion.addresses) {
        let why = format!("SSH to the hosts of {}", environment.id);
        rules.send(Traffic::tcp(SSH), RulePeer::Prefix(range), why);
    }
    for resolver in of_families(&resolvers(environment), &bastion.addresses) {
        for traffic in dns() {
            rules.send(traffic, RulePeer::Prefix(resolver), "names");
        }
    }
    for server in clocks(environment, bastion) {
        let peer = RulePeer::Prefix(IpNet::from(server));
        rules.send(Traffic::udp(NTP), peer, "the customer's time");
    }
    rules
}

/// What a server of the customer's is for decides what passes: it may be several things at once.
fn of_server(plan: &Plan<'_>, host: &OutsideHost) -> Rules {
    let mut rules = Rules::default();
    let serves_names = plan.outside.dns.contains(&host.id);
    let is_asked = serves_names && !zones::asked(plan.estate).is_empty();
    // Where the customer has no DNS server, clients ask the resolvers themselves.
    let asks = serves_names
        || plan.estate.dns.servers.is_empty() && plan.outside.clients.contains(&host.id);
    for environment in plan.environments.values() {
        let id = environment.id;
        let hosts = of_families(&offered(environment), &host.addresses);
        let resolvers = of_families(&resolvers(environment), &host.addresses);
        for (resolver, traffic) in each(&resolvers, &dns()) {
            if is_asked {
                let why = format!("the customer's names, for {id}");
                rules.accept(traffic, resolver.clone(), why);
            }
            if asks {
                rules.send(traffic, resolver, format!("the names of {id}"));
            }
        }
        for (traffic, why) in asked(plan, host) {
            for (peer, traffic) in each(&hosts, &[traffic]) {
                rules.accept(traffic, peer, format!("{why}, for {id}"));
            }
        }
        if plan.outside.clients.contains(&host.id) {
            used(environment, host, &mut rules);
        }
    }
    // Inside the data centre there is no border, and what its servers open is the VPCs' to filter.
    let centre = plan.estate.data_centre.iter();
    for prefix in centre.flat_map(routed) {
        let peer = RulePeer::Prefix(*prefix);
        rules.accept(Traffic::All, peer, "within the data centre");
    }
    for prefix in of_families(&[ANY_V4, ANY_V6], &host.addresses) {
        let why = "whatever else it opens, which the environments filter themselves";
        rules.send(Traffic::All, RulePeer::Prefix(prefix), why);
    }
    rules
}

/// What the environments' hosts ask of a server.
fn asked(plan: &Plan<'_>, host: &OutsideHost) -> Vec<(Traffic, String)> {
    let outside = &plan.outside;
    let mut asked = Vec::new();
    if outside.ntp.contains(&host.id) {
        asked.push((Traffic::udp(NTP), "the customer's time".to_owned()));
    }
    if let Some(smtp) = plan.estate.customer_mail()
        && outside.mail.as_ref() == Some(&host.id)
    {
        asked.push((Traffic::tcp(smtp.port), "mail".to_owned()));
    }
    for (name, outbound) in &plan.estate.outbound {
        if outside.outbound.get(name) == Some(&host.id) {
            asked.push((Traffic::tcp(outbound.port), name.clone()));
        }
    }
    asked
}

/// A client's way to the products: the internal balancers' listeners.
fn used(environment: &EnvironmentPlan<'_>, host: &OutsideHost, rules: &mut Rules) {
    for listener in environment.listeners(Face::Internal) {
        for balancer in environment.balancers(Face::Internal) {
            let addresses: Vec<IpNet> = balancer.addresses().into_iter().map(IpNet::from).collect();
            for prefix in of_families(&addresses, &host.addresses) {
                let why = format!("{} of {}", listener.product, environment.id);
                rules.send(Traffic::tcp(listener.listen), RulePeer::Prefix(prefix), why);
            }
        }
    }
}

fn dns() -> [Traffic; 2] {
    [Traffic::udp(DNS), Traffic::tcp(DNS)]
}

fn resolvers(environment: &EnvironmentPlan<'_>) -> Vec<IpNet> {
    let resolvers = environment.hosts_of(Role::Resolver);
    resolvers
        .flat_map(|host| host.addresses())
        .map(IpNet::from)
        .collect()
}

/// Each peer with each traffic.
fn each<'a>(
    prefixes: &'a [IpNet],
    traffic: &'a [Traffic],
) -> impl Iterator<Item = (RulePeer, Traffic)> + 'a {
    prefixes.iter().flat_map(move |prefix| {
        let peer = RulePeer::Prefix(*prefix);
        traffic.iter().map(move |traffic| (peer.clone(), *traffic))
    })
}

/// The prefixes of the families that somebody has.
fn of_families<'a>(
    prefixes: impl IntoIterator<Item = &'a IpNet>,
    addresses: &[IpAddr],
) -> Vec<IpNet> {
    let prefixes = prefixes.into_iter().copied();
    prefixes
        .filter(|prefix| {
            let mut own = addresses.iter();
            own.any(|address| address.is_ipv4() == prefix.addr().is_ipv4())
        })
        .collect()
}
