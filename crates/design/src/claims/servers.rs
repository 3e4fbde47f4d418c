//! The customer's time, and what hosts may use on the Internet: reached, and nothing else beside them.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use model::Claim;
use model::blueprint::Role;
use model::claim::{Expect, Question};
use model::id::InterfaceId;
use model::intent::Sources;
use model::packet::Traffic;

use super::draft::{Draft, at, must_reach, no_path};
use super::egress::{self, Beyond, outbound_ports, unfenced_ports};
use super::vantages::{inside, interfaces};
use crate::outside::{OutsideHost, in_data_centre};
use crate::plan::{EnvironmentPlan, HostPlan, Plan};
use crate::services::NTP;
use crate::zones;

pub(super) fn claims(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>) -> Vec<Claim> {
    let mut claims = Vec::new();
    for node in plan.hosts_of(Role::Product) {
        if !whole.outside.ntp.is_empty() {
            claims.push(time(plan, whole, node));
        }
        claims.extend(outbound(plan, whole, node));
    }
    claims.push(time_nothing_else(plan, whole));
    claims.push(outbound_nothing_else(plan));
    claims.extend(data_centre_nothing_else(plan));
    claims.push(
        Draft::of(
            plan,
            "ntp/offsets",
            "The clocks of all hosts agree with the customer's",
            &["R8"],
        )
        .live_only("a twin has one clock, so that offsets prove nothing there")
        .done(),
    );
    claims
}

/// The outside hosts' interfaces that a predicate names.
fn outside(whole: &Plan<'_>, wanted: impl Fn(&OutsideHost) -> bool) -> BTreeSet<InterfaceId> {
    whole
        .outside
        .hosts
        .values()
        .filter(|host| wanted(host))
        .map(OutsideHost::interface)
        .collect()
}

fn everyone(plan: &EnvironmentPlan<'_>) -> Sources {
    Sources::interfaces(interfaces(&plan.hosts))
}

/// Nodes ask the customer's servers. The bastion does not: its tier has no way there, and its clock is AWS's own service
/// on the link.
fn time(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>, node: &HostPlan) -> Claim {
    let servers = outside(whole, |host| whole.outside.ntp.contains(&host.id));
    let mut draft = Draft::of(
        plan,
        &format!("ntp/{}", node.name),
        format!("{} reaches the customer's time servers", node.name),
        &["R8"],
    )
    .prove_it(must_reach(
        Sources::interfaces([node.interface()]),
        servers,
        [Traffic::udp(NTP)],
    ));
    for server in &whole.estate.ntp.servers {
        draft = draft.ask(&node.id, Question::Time { server: *server }, Expect::Works);
    }
    draft.done()
}

fn time_nothing_else(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>) -> Claim {
    let draft = Draft::of(
        plan,
        "ntp/nothing-else",
        "Hosts ask the time of the customer's servers and of nobody else",
        &["R8"],
    )
    .prove(
        "Hosts ask the time of no host of any environment",
        no_path(everyone(plan), inside(whole), [Traffic::udp(NTP)]),
    );
    egress::prove(draft, plan, &Beyond::ALL).done()
}

/// What a node needs of others, on the Internet and in the data centre.
fn outbound(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>, node: &HostPlan) -> Option<Claim> {
    let product = node.product.as_deref()?;
    let needed: Vec<_> = whole
        .estate
        .outbound
        .iter()
        .filter(|(_, dependency)| dependency.is_for(product))
        .collect();
    if needed.is_empty() {
        return None;
    }
    let on_internet = needed
        .iter()
        .all(|(_, dependency)| dependency.address.is_none());
    let place = if on_internet {
        "on the Internet"
    } else {
        "of others"
    };
    let mut draft = Draft::of(
        plan,
        &format!("outbound/{}", node.name),
        format!("{} reaches what it needs {place}", node.name),
        &["R12", "R16"],
    );
    for (name, dependency) in needed {
        let id = whole.outside.outbound.get(name);
        if let Some(server) = whole.outside.host(id) {
            draft = draft.prove(
                format!("{} reaches {}", node.name, dependency.name),
                must_reach(
                    Sources::interfaces([node.interface()]),
                    [server.interface()],
                    [Traffic::tcp(dependency.port)],
                ),
            );
            let ends: Vec<SocketAddr> = server
                .addresses
                .iter()
                .map(|address| at(*address, dependency.port))
                .collect();
            draft = draft.connect(&node.into(), &ends);
        }
    }
    Some(draft.done())
}

fn outbound_nothing_else(plan: &EnvironmentPlan<'_>) -> Claim {
    // What is declared by name has no address that a filter could name.
    let ports: Vec<String> = outbound_ports(plan).iter().map(u16::to_string).collect();
    let open = if ports.is_empty() {
        String::new()
    } else {
        format!(" ({} at any address)", ports.join(", "))
    };
    let draft = Draft::of(
        plan,
        "outbound/nothing-else",
        format!(
            "Hosts open connections to the Internet on declared ports only{open}, and none to the operator"
        ),
        &["R1"],
    );
    egress::prove(draft, plan, &[Beyond::Internet, Beyond::Operator]).done()
}

/// Of the data centre, hosts reach the servers that they are told to use.
fn data_centre_nothing_else(plan: &EnvironmentPlan<'_>) -> Option<Claim> {
    plan.estate.data_centre.as_ref()?;
    let left: Vec<String> = unfenced_ports(plan).iter().map(u16::to_string).collect();
    let but = if left.is_empty() {
        String::new()
    } else {
        format!(
            ", and port {}, which is the data centre's own firewall's to close",
            left.join(", ")
        )
    };
    let asked = |address: Option<IpAddr>| address.is_some_and(|it| in_data_centre(plan.estate, it));
    let mut kinds = Vec::new();
    if zones::asked(plan.estate).iter().any(|it| asked(Some(*it))) {
        kinds.push("name");
    }
    kinds.push("time");
    if asked(plan.estate.customer_mail().map(|smtp| smtp.address)) {
        kinds.push("mail");
    }
    let services = plan.estate.outbound.values().any(|it| asked(it.address));
    let servers = match kinds.as_slice() {
        [one] => format!("its {one} servers"),
        [one, other] => format!("its {one} and {other} servers"),
        _ => "its name, time and mail servers".to_owned(),
    };
    let servers = if services {
        format!("{servers} and the declared services")
    } else {
        servers
    };
    let draft = Draft::of(
        plan,
        "data-centre/only-its-servers",
        format!("Hosts reach nothing in the data centre but {servers}{but}"),
        &["R1"],
    );
    Some(egress::prove(draft, plan, &[Beyond::DataCentre]).done())
}
