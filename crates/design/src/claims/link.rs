//! The link to the data centre: each tunnel up, none of them missed when it is lost; a line of a provider's.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use model::Claim;
use model::blueprint::Role;
use model::claim::{Expect, Question};
use model::estate::{DirectConnect, Link};
use model::id::HostId;
use model::vpn::{TunnelId, VpnConnection, VpnRouting};

use super::draft::{Draft, at};
use crate::balancing::Face;
use crate::outside::DATA_CENTRE;
use crate::plan::Plan;
use crate::services::DNS;
use crate::{vpn, zones};

const VPN: &[&str] = &["R10"];
const DIRECT: &[&str] = &["R9"];

/// Why a line of a provider's cannot be rehearsed.
const NO_LINE: &str =
    "a twin has no line of a provider's: it joins the data centre by a plain link";
/// Why the loss of a gateway with static routes cannot: a route of a transit gateway's leads to one attachment, each
/// connection is one, and a static route stays when its connection is down ("Route tables" in its guide). The routers of a
/// twin lead the same prefix into both.
const NO_TAKING_OVER: &str = "without BGP a transit gateway leads a prefix into one connection alone: somebody leads it into the other one, which a twin's routers do by themselves";
/// Why the loss of a tunnel cannot be rehearsed where nothing goes through it.
const NO_FLOW: &str =
    "no TCP connection of the design goes through the tunnels, so that none could be missed";

pub(super) fn claims(plan: &Plan<'_>) -> Vec<Claim> {
    match plan.estate.data_centre.as_ref().map(|centre| &centre.link) {
        Some(Link::Vpn(_)) => of_vpn(plan),
        Some(Link::DirectConnect(direct)) => of_line(direct),
        None => Vec::new(),
    }
}

/// A connection that goes over the link.
struct Flow {
    from: HostId,
    to: SocketAddr,
}

/// The first connection of the design that goes over the link: a resolver's to the customer's DNS, else a client's to a
/// product.
fn flow(plan: &Plan<'_>) -> Option<Flow> {
    names(plan).or_else(|| product(plan))
}

fn names(plan: &Plan<'_>) -> Option<Flow> {
    let outside = &plan.outside;
    let server = outside
        .dns
        .iter()
        .filter_map(|id| outside.hosts.get(id))
        .filter(|host| host.site.as_str() == DATA_CENTRE)
        .flat_map(|host| host.addresses.iter().copied())
        .find(|address| address.is_ipv4() && zones::asked(plan.estate).contains(address))?;
    let environment = plan.environments.values().next()?;
    let resolver = environment.hosts_of(Role::Resolver).next()?;
    Some(Flow {
        from: resolver.id.clone(),
        to: at(server, DNS),
    })
}

fn product(plan: &Plan<'_>) -> Option<Flow> {
    let outside = &plan.outside;
    let client = outside
        .clients
        .iter()
        .filter_map(|id| outside.hosts.get(id))
        .find(|host| host.addresses.iter().any(IpAddr::is_ipv4))?;
    plan.environments.values().find_map(|environment| {
        let balancer = environment.balancers(Face::Internal).next()?;
        let listener = environment.listeners(Face::Internal).next()?;
        Some(Flow {
            from: client.id.clone(),
            to: at(balancer.ipv4, listener.listen),
        })
    })
}

fn of_vpn(plan: &Plan<'_>) -> Vec<Claim> {
    let flow = flow(plan);
    let connections = vpn::connections(plan);
    let mut claims = Vec::new();
    for connection in &connections {
        for (tunnel, _) in connection.named_tunnels() {
            claims.push(up(plan, flow.as_ref(), &tunnel));
            let what = format!("tunnel {} of {}", tunnel.number, tunnel.vpn);
            let id = format!("tunnel-{}/lost", tunnel.number);
            claims.push(lost(flow.as_ref(), connection, &id, &what, [tunnel]));
        }
    }
    // With one gateway, its loss is the loss of the data centre: a finding of the estate, not a claim of the design.
    if connections.len() > 1 {
        claims.extend(connections.iter().map(|it| gateway_lost(flow.as_ref(), it)));
    }
    claims.extend(flow.as_ref().map(|flow| all_lost(flow, &connections)));
    claims
}

fn gateway_lost(flow: Option<&Flow>, connection: &VpnConnection) -> Claim {
    let gateway = connection.gateway.address;
    match connection.routing {
        VpnRouting::Bgp { .. } => {
            let tunnels = connection.named_tunnels().map(|(tunnel, _)| tunnel);
            let what = format!("the gateway {gateway}");
            lost(flow, connection, "lost", &what, tunnels)
        }
        VpnRouting::Static => Draft::of_estate(
            &format!("{DATA_CENTRE}/{}/lost", connection.id),
            format!("When the gateway {gateway} is lost, its prefixes are led to the other one"),
            VPN,
        )
        .live_only(NO_TAKING_OVER)
        .done(),
    }
}

/// What goes over the link goes by the tunnels or not at all, so that it never goes in clear.
fn all_lost(flow: &Flow, connections: &[VpnConnection]) -> Claim {
    let all = connections.iter().flat_map(VpnConnection::named_tunnels);
    let question = Question::TunnelLoss {
        tunnels: all.map(|(tunnel, _)| tunnel).collect(),
        target: flow.to,
    };
    Draft::of_estate(
        &format!("{DATA_CENTRE}/vpn/all-lost"),
        "Without any tunnel nothing takes another way to the data centre",
        VPN,
    )
    .ask(&flow.from, question, Expect::NoWay)
    .done()
}

/// A tunnel is up. It is asked for a host whose packets go that way.
fn up(plan: &Plan<'_>, flow: Option<&Flow>, tunnel: &TunnelId) -> Claim {
    let (connection, number) = (&tunnel.vpn, tunnel.number);
    let draft = Draft::of_estate(
        &format!("{DATA_CENTRE}/{connection}/tunnel-{number}/up"),
        format!("Tunnel {number} of {connection} is up at both ends, and what passes is encrypted"),
        VPN,
    );
    let anybody = || {
        let mut hosts = plan.environments.values().flat_map(|it| &it.hosts);
        hosts.next().map(|host| &host.id)
    };
    let question = Question::Tunnel {
        tunnel: tunnel.clone(),
    };
    match flow.map(|flow| &flow.from).or_else(anybody) {
        Some(vantage) => draft.ask(vantage, question, Expect::Works).done(),
        None => draft.live_only(NO_FLOW).done(),
    }
}

/// What goes over the link goes on without some of its tunnels.
fn lost(
    flow: Option<&Flow>,
    connection: &VpnConnection,
    id: &str,
    what: &str,
    tunnels: impl IntoIterator<Item = TunnelId>,
) -> Claim {
    let draft = Draft::of_estate(
        &format!("{DATA_CENTRE}/{}/{id}", connection.id),
        format!("The data centre is reached without {what}"),
        VPN,
    );
    let Some(flow) = flow else {
        return draft.live_only(NO_FLOW).done();
    };
    let tunnels: BTreeSet<TunnelId> = tunnels.into_iter().collect();
    let question = Question::TunnelLoss {
        tunnels,
        target: flow.to,
    };
    draft.ask(&flow.from, question, Expect::Works).done()
}

fn of_line(direct: &DirectConnect) -> Vec<Claim> {
    let live = |id: &str, title: String| {
        let id = format!("{DATA_CENTRE}/direct-connect/{id}");
        Draft::of_estate(&id, title, DIRECT)
            .live_only(NO_LINE)
            .done()
    };
    let mut claims = vec![
        live(
            "up",
            format!(
                "The virtual interface on VLAN {} is up, by {} at {}",
                direct.vlan, direct.provider, direct.location
            ),
        ),
        live(
            "bgp",
            format!(
                "BGP with AS {} is established and announces the data centre's prefixes and no other",
                direct.asn
            ),
        ),
    ];
    if direct.connections > 1 {
        let title = "The loss of one line of Direct Connect is not noticed".to_owned();
        claims.push(live("lost", title));
    }
    claims
}
