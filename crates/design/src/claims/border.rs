//! The environment's border: the Internet, the data centre, and what holds for all its subnets and groups.

use std::collections::BTreeSet;

use model::Claim;
use model::blueprint::Role;
use model::estate::Link;
use model::id::{SiteId, SubnetId};
use model::intent::{Rule, Sources};
use model::packet::Traffic;

use super::draft::{Draft, at, both, doors, ends, from_internet, must_reach, no_path, only, tcp};
use super::targets::behind;
use super::vantages::{Vantages, interfaces, of_environment};
use crate::account::offered;
use crate::address::Tier;
use crate::balancing::Face;
use crate::bastion::Stand;
use crate::environment::data_centre_prefixes;
use crate::outside::{DATA_CENTRE, INTERNET};
use crate::plan::{EnvironmentPlan, HostPlan};
use crate::services::{DNS, SSH};

const ROWS: &[&str] = &["R1"];

pub(super) fn claims(plan: &EnvironmentPlan<'_>, vantages: &Vantages) -> Vec<Claim> {
    let mut claims = vec![no_way_in(plan, vantages)];
    for balancer in plan.balancers(Face::Public) {
        claims.push(declared(plan, vantages, balancer));
        claims.push(only_declared(plan, vantages, balancer));
    }
    claims.extend(routes(plan));
    claims.extend(of_all(plan, vantages));
    if plan.estate.data_centre.is_some() {
        claims.push(prefixes(plan));
        claims.push(from_data_centre(plan, vantages));
    }
    claims
}

fn listened(plan: &EnvironmentPlan<'_>, face: Face) -> Vec<u16> {
    plan.listeners(face)
        .map(|listener| listener.listen)
        .collect()
}

/// Whether the Internet is meant to reach the host at all.
fn in_dmz(host: &HostPlan) -> bool {
    matches!(host.role, Role::Bastion | Role::PublicBalancer)
}

fn no_way_in(plan: &EnvironmentPlan<'_>, vantages: &Vantages) -> Claim {
    let private = || plan.hosts.iter().filter(|host| !in_dmz(host));
    let mut draft = Draft::of(
        plan,
        "internet/no-way-in",
        "Nothing on the Internet reaches a host outside the DMZ",
        ROWS,
    )
    .prove_it(no_path(
        from_internet(),
        interfaces(private()),
        [Traffic::All],
    ));
    for product in plan.products.keys() {
        if let Some(node) = plan.nodes(product).next()
            && let Some(port) = plan.products.get(product).map(|plan| plan.called_on)
        {
            draft = draft.attack(vantages.on_internet(), &ends(node, port));
        }
    }
    draft.done()
}

fn declared(plan: &EnvironmentPlan<'_>, vantages: &Vantages, balancer: &HostPlan) -> Claim {
    let ports = listened(plan, Face::Public);
    let mut draft = Draft::of(
        plan,
        &format!("internet/{}/declared-ports", balancer.name),
        format!(
            "The Internet reaches the declared ports of {}",
            balancer.name
        ),
        ROWS,
    )
    .prove_it(must_reach(
        Sources::site(SiteId::from(INTERNET)),
        [balancer.interface()],
        tcp(ports.iter().copied()),
    ));
    for port in ports {
        if let Some(stranger) = &vantages.stranger {
            draft = draft.connect(stranger, &doors(balancer, port));
        }
    }
    // That the balancer accepts says nothing of what stands behind it.
    behind(draft, plan, Face::Public, balancer, &|_| true).done()
}

fn only_declared(plan: &EnvironmentPlan<'_>, vantages: &Vantages, balancer: &HostPlan) -> Claim {
    let ports = listened(plan, Face::Public);
    let mut draft = Draft::of(
        plan,
        &format!("internet/{}/no-other-ports", balancer.name),
        format!("Nobody reaches another port of {}", balancer.name),
        ROWS,
    )
    .prove_it(only(
        Sources::anywhere(),
        [balancer.interface()],
        tcp(ports.iter().copied()),
    ));
    // The products' own ports are the likeliest to have been left open.
    let own = plan
        .products
        .values()
        .flat_map(|product| product.product.ports.iter().map(|port| port.port));
    let tempting: BTreeSet<u16> = own
        .chain([SSH])
        .filter(|port| !ports.contains(port))
        .collect();
    for port in tempting {
        draft = draft.attack(vantages.stranger.clone(), &doors(balancer, port));
    }
    draft.done()
}

fn routes(plan: &EnvironmentPlan<'_>) -> Vec<Claim> {
    [Tier::App, Tier::Data, Tier::Transit]
        .into_iter()
        .map(|tier| {
            let subnets = plan
                .tier(tier)
                .map(|subnet| SubnetId::new(subnet.id.as_str()))
                .collect();
            Draft::of(
                plan,
                &format!("routes/{tier}"),
                format!("No route lets the Internet into the {tier} subnets"),
                ROWS,
            )
            .prove_it(Rule::NoInternetRouteIn { subnets })
            .done()
        })
        .collect()
}

/// What holds for all interfaces alike.
fn of_all(plan: &EnvironmentPlan<'_>, vantages: &Vantages) -> Vec<Claim> {
    let all = of_environment(plan);
    let mut ipv6 = Draft::of(plan, "ipv6", "IPv6 is as closed as IPv4", ROWS)
        .prove_it(Rule::Ipv6AsClosedAsIpv4 { to: all.clone() });
    for host in &plan.hosts {
        if let Some(address) = host.ipv6 {
            ipv6 = ipv6.attack(vantages.stranger.clone(), &[at(address, SSH)]);
        }
    }
    vec![
        Draft::of(
            plan,
            "default-group",
            "The default security group has no rule and no member",
            &["R1", "R21"],
        )
        .prove_it(Rule::DefaultGroupEmpty { vpc: plan.vpc() })
        .done(),
        Draft::of(
            plan,
            "replies",
            "Whatever arrives can be answered: no ACL and no route loses a reply",
            &["R12"],
        )
        .prove_it(Rule::RepliesReturn { to: all })
        .done(),
        ipv6.done(),
    ]
}

fn prefixes(plan: &EnvironmentPlan<'_>) -> Claim {
    let centre = plan.estate.data_centre.as_ref();
    let row = match centre.map(|centre| &centre.link) {
        Some(Link::DirectConnect(_)) => "R9",
        Some(Link::Vpn(_)) | None => "R10",
    };
    Draft::of(
        plan,
        "data-centre/prefixes",
        "Between the VPC and the data centre only the declared prefixes are routed",
        &["R1", row],
    )
    .prove_it(Rule::OnlyPrefixes {
        vpc: plan.vpc(),
        site: SiteId::from(DATA_CENTRE),
        of_site: data_centre_prefixes(plan).into_iter().collect(),
        of_vpc: offered(plan),
    })
    .done()
}

/// The data centre reaches what it is meant to: listeners of the internal balancers, and the resolvers.
fn from_data_centre(plan: &EnvironmentPlan<'_>, vantages: &Vantages) -> Claim {
    let site = || Sources::site(SiteId::from(DATA_CENTRE));
    let meant = |host: &HostPlan| matches!(host.role, Role::InternalBalancer | Role::Resolver);
    // Where the bastion stands in the data centre, it enters nodes from there; that nobody else does is claimed of each.
    let by_bastion = plan.bastion_stands(Stand::DataCentre);
    let entered = |host: &HostPlan| by_bastion && host.role == Role::Product;
    let mut draft = Draft::of(
        plan,
        "data-centre/only-declared",
        "The data centre reaches the internal balancers' ports and the resolvers, and nothing else",
        ROWS,
    )
    .prove(
        "The data centre reaches no other host",
        no_path(
            site(),
            interfaces(
                plan.hosts
                    .iter()
                    .filter(|host| !meant(host) && !entered(host)),
            ),
            [Traffic::All],
        ),
    )
    .prove(
        "The data centre asks the resolvers for names and for nothing else",
        only(site(), interfaces(plan.hosts_of(Role::Resolver)), both(DNS)),
    );
    let nodes = interfaces(plan.hosts.iter().filter(|host| entered(host)));
    if !nodes.is_empty() {
        draft = draft.prove(
            "The data centre reaches nodes by SSH alone, from the bastion there",
            only(site(), nodes, [Traffic::tcp(SSH)]),
        );
    }
    let balancers = interfaces(plan.balancers(Face::Internal));
    if !balancers.is_empty() {
        draft = draft.prove(
            "The data centre reaches no undeclared port of the internal balancers",
            only(site(), balancers, tcp(listened(plan, Face::Internal))),
        );
    }
    for name in plan.products.keys() {
        let node = plan.nodes(name).next();
        let port = plan.products.get(name).map(|product| product.called_on);
        if let (Some(node), Some(port)) = (node, port) {
            draft = draft.attack(vantages.data_centre.clone(), &ends(node, port));
        }
    }
    draft.done()
}
