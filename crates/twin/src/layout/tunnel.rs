//! VPN connections: the customer's router at each site that has some, and a namespace for each end of each tunnel.
//!
//! A network stands plainly first: its VPN attachments are links between the transit gateway and the customer's router.
//! The tunnels' ends hang off the Internet and do nothing until daemons run in them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use model::id::{AttachmentId, SiteId, TransitGatewayId};
use model::network::AttachedTo;
use model::vpn::{VpnConnection, VpnSide};

use super::lookup::{Lookup, find};
use super::outside::Outside;
use super::plan::{Plan, default_net, next_hop};
use super::{Condition, Hop, INSIDE_TABLE, LOOPBACK, LayoutError, MAIN_TABLE, Node, Setting};
use crate::filter::Family;
use crate::vpn::device;

/// The Internet's tables that hand the customer's packets on by who sent them; the others follow.
const FIRST_TABLE: u32 = 2000;

/// What fits into a tunnel. Hosts of a site that is joined by one send no longer packets, and say so when they open a
/// connection: nobody then depends on messages about packets that were too long, which filters on the way may drop.
pub(super) const MTU: u32 = 1400;

/// The plain links of sites' attachments.
pub(super) type PlainLinks = BTreeMap<(TransitGatewayId, AttachmentId), PlainLink>;

/// The plain link of an attachment.
#[derive(Clone, Copy)]
pub(super) struct PlainLink {
    /// Both ends, the transit gateway's first, by namespace and index.
    pub(super) ends: [(usize, u32); 2],
    /// The table that is asked for what comes in by it.
    pub(super) table: u32,
}

/// Checks the connections against the network and each other.
pub(super) fn check(lookup: &Lookup<'_>, vpns: &[VpnConnection]) -> Result<(), LayoutError> {
    let (mut names, mut taken, mut insides) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for vpn in vpns {
        let refuse = |what: String| LayoutError::Vpn {
            vpn: vpn.id.clone(),
            what,
        };
        let by = || format!("VPN connection {}", vpn.id);
        if !names.insert(&vpn.id) {
            return Err(refuse("it is there twice".to_owned()));
        }
        let transits = &lookup.network.transit_gateways;
        let transit = find(transits, "transit gateway", &vpn.transit_gateway, by())?;
        let attachment = find(&transit.attachments, "attachment", &vpn.attachment, by())?;
        if attachment.to != AttachedTo::Site(vpn.site.clone()) {
            let (attachment, site) = (&vpn.attachment, &vpn.site);
            return Err(refuse(format!("{attachment} does not lead to {site}")));
        }
        let outsides = vpn.tunnels.iter().map(|tunnel| tunnel.outside);
        for address in outsides.chain([vpn.gateway.address]) {
            let used = lookup.network.interface_at(IpAddr::V4(address)).is_some();
            if !taken.insert(address) || used {
                return Err(refuse(format!("{address} is taken")));
            }
        }
        for tunnel in &vpn.tunnels {
            let inside = tunnel.inside;
            if inside.prefix_len() != 30 || !inside.addr().is_link_local() {
                return Err(refuse(format!("{inside} is no /30 of 169.254.0.0/16")));
            }
            if insides.contains(&inside.trunc()) {
                return Err(refuse(format!("{inside} is taken")));
            }
            insides.push(inside.trunc());
        }
    }
    Ok(())
}

/// Draws the customer's router at each site that VPN connections join, between the site and whatever it is joined with.
pub(super) fn gateways(
    plan: &mut Plan,
    lookup: &Lookup<'_>,
    outside: &mut Outside,
    vpns: &[VpnConnection],
) -> Result<(), LayoutError> {
    let sites: BTreeSet<&SiteId> = vpns.iter().map(|vpn| &vpn.site).collect();
    for id in sites {
        let site = outside.site(id, "a VPN connection")?;
        let router = plan.router(Node::CustomerRouter(id.clone()));
        let (inward, outward) = plan.trunk((router, "site"), (site, "uplink"));
        plan.ask(site, &outward, INSIDE_TABLE);
        for family in Family::BOTH {
            let everything = default_net(family);
            let to_site = Hop::Gateway(next_hop(family), inward.index);
            let away = Hop::Gateway(next_hop(family), outward.index);
            plan.route(router, INSIDE_TABLE, everything, to_site);
            plan.route(site, MAIN_TABLE, everything, away);
        }
        let prefixes = lookup.network.sites.get(id).map(|site| &site.prefixes);
        for prefix in prefixes.into_iter().flatten() {
            let hop = Hop::Gateway(next_hop(Family::of_net(prefix)), inward.index);
            plan.route(router, MAIN_TABLE, prefix.trunc(), hop);
        }
        outside.put_between(id, router);
    }
    Ok(())
}

/// Draws both ends of each tunnel on the Internet.
///
/// The two tunnels of a connection end at one address of the customer's. Which of its two daemons a packet is for, the
/// Internet tells by its sender.
pub(super) fn ends(plan: &mut Plan, outside: &Outside, vpns: &[VpnConnection]) {
    let Some(internet) = outside.internet() else {
        return;
    };
    let tunnels = vpns
        .iter()
        .flat_map(|vpn| vpn.named_tunnels().map(move |tunnel| (vpn, tunnel)));
    for (table, (vpn, (id, tunnel))) in (FIRST_TABLE..).zip(tunnels) {
        let mut end = |side, address: Ipv4Addr| {
            let node = Node::TunnelEnd(id.clone(), side);
            let namespace = plan.host(node, false);
            let (inward, outward) = plan.trunk((internet, "tunnel"), (namespace, "wan"));
            plan.address(namespace, LOOPBACK, IpNet::from(IpAddr::V4(address)));
            let away = Hop::Gateway(next_hop(Family::V4), outward.index);
            plan.route(namespace, MAIN_TABLE, default_net(Family::V4), away);
            Hop::Gateway(next_hop(Family::V4), inward.index)
        };
        let to_amazon = end(VpnSide::Amazon, tunnel.outside);
        let to_customer = end(VpnSide::Customer, vpn.gateway.address);
        let sender = IpAddr::V4(tunnel.outside);
        plan.route(internet, MAIN_TABLE, IpNet::from(sender), to_amazon);
        let gateway = IpNet::from(IpAddr::V4(vpn.gateway.address));
        plan.route(internet, table, gateway, to_customer);
        let rule = Setting::Rule {
            priority: table,
            condition: Condition::Source(sender),
            table,
        };
        plan.set(internet, rule);
    }
}

/// Has the transit gateway ask the attachment's table for what will come in by its tunnels.
pub(super) fn incoming(plan: &mut Plan, plain: &PlainLinks, vpns: &[VpnConnection]) {
    let tunnels = vpns
        .iter()
        .flat_map(|vpn| vpn.named_tunnels().map(move |(id, _)| (vpn, id)));
    for (priority, (vpn, id)) in (FIRST_TABLE..).zip(tunnels) {
        let attachment = (vpn.transit_gateway.clone(), vpn.attachment.clone());
        if let (Some(plain), Some(link)) = (plain.get(&attachment), device(vpns, &id)) {
            let [(transit, _), _] = plain.ends;
            let rule = Setting::Rule {
                priority,
                condition: Condition::From {
                    link,
                    family: Family::V4,
                },
                table: plain.table,
            };
            plan.set(transit, rule);
        }
    }
}

/// The plain links for which tunnels stand, once they do.
pub(super) fn replaced(plain: &PlainLinks, vpns: &[VpnConnection]) -> Vec<(usize, u32)> {
    let attachments: BTreeSet<_> = vpns
        .iter()
        .map(|vpn| (vpn.transit_gateway.clone(), vpn.attachment.clone()))
        .collect();
    attachments
        .iter()
        .filter_map(|attachment| plain.get(attachment))
        .flat_map(|plain| plain.ends)
        .collect()
}

#[cfg(test)]
mod tests {
    use model::Network;
    use model::network::{Attachment, Interface, Place, Site, SiteKind, TransitGateway};
    use model::secret::SecretName;
    use model::vpn::{CustomerGateway, Tunnel, VpnRouting};

    use super::super::Layout;
    use super::*;

    /// A transit gateway and a data centre with one host.
    fn network() -> Network {
        let attachment = Attachment {
            to: AttachedTo::Site("dc".into()),
            table: None,
        };
        let host = Interface {
            host: "host".into(),
            place: Place::Site("dc".into()),
            addresses: vec![[10, 10, 0, 10].into()],
            public: None,
            groups: Vec::new(),
            source_dest_check: true,
        };
        let site = |prefixes: &[&str]| Site {
            kind: SiteKind::Private,
            prefixes: prefixes
                .iter()
                .map(|net| net.parse().expect("a range"))
                .collect(),
        };
        Network {
            transit_gateways: BTreeMap::from([(
                "hub".into(),
                TransitGateway {
                    region: "here".to_owned(),
                    attachments: BTreeMap::from([("vpn".into(), attachment)]),
                    tables: BTreeMap::new(),
                },
            )]),
            sites: BTreeMap::from([
                ("dc".into(), site(&["10.10.0.0/16"])),
                ("other".into(), site(&["10.11.0.0/16"])),
            ]),
            interfaces: BTreeMap::from([("interface".into(), host)]),
            ..Network::default()
        }
    }

    fn connection() -> VpnConnection {
        let tunnel = |number: u8| Tunnel {
            outside: Ipv4Addr::new(198, 18, number, 1),
            inside: format!("169.254.1{number}.0/30").parse().expect("a range"),
            key: SecretName("key".to_owned()),
        };
        VpnConnection {
            id: "vpn-1".into(),
            transit_gateway: "hub".into(),
            attachment: "vpn".into(),
            site: "dc".into(),
            gateway: CustomerGateway {
                address: Ipv4Addr::new(203, 0, 113, 7),
                vendor: String::new(),
                model: String::new(),
                software: String::new(),
            },
            routing: VpnRouting::Static,
            site_prefixes: Vec::new(),
            cloud_prefixes: Vec::new(),
            tunnels: [tunnel(1), tunnel(2)],
        }
    }

    #[test]
    fn a_connection_that_does_not_fit_is_refused() {
        let check = |break_it: &dyn Fn(&mut Vec<VpnConnection>), wanted: &str| {
            let mut vpns = vec![connection()];
            break_it(&mut vpns);
            let error = Layout::of(&network(), &vpns).expect_err(wanted);
            assert!(error.to_string().contains(wanted), "{error}, not {wanted}");
        };
        check(&|all| all.push(connection()), "it is there twice");
        check(&|all| all[0].transit_gateway = "none".into(), "none");
        check(&|all| all[0].attachment = "none".into(), "none");
        check(
            &|all| all[0].site = "other".into(),
            "does not lead to other",
        );
        let same =
            |all: &mut Vec<VpnConnection>| all[0].tunnels[1].outside = all[0].tunnels[0].outside;
        check(&same, "198.18.1.1 is taken");
        let hosts = |all: &mut Vec<VpnConnection>| all[0].gateway.address = [10, 10, 0, 10].into();
        check(&hosts, "10.10.0.10 is taken");
        for inside in ["169.254.11.0/29", "169.253.11.0/30"] {
            let odd = |all: &mut Vec<VpnConnection>| {
                all[0].tunnels[0].inside = inside.parse().expect("a range");
            };
            check(&odd, "is no /30 of 169.254.0.0/16");
        }
        let twice = |all: &mut Vec<VpnConnection>| {
            all[0].tunnels[1].inside = "169.254.11.1/30".parse().expect("a range");
        };
        check(&twice, "169.254.11.1/30 is taken");
    }

    #[test]
    fn without_connections_nothing_is_drawn_for_them() {
        let drawn = |vpns: &[VpnConnection]| {
            let layout = Layout::of(&network(), vpns).expect("it is sound");
            let nodes: Vec<String> = layout
                .namespaces
                .iter()
                .map(|one| one.node.to_string())
                .collect();
            (nodes, layout.replaced.len())
        };
        let (plain, replaced) = drawn(&[]);
        assert_eq!((plain.len(), replaced), (4, 0), "{plain:?}");
        let (nodes, replaced) = drawn(&[connection()]);
        assert_eq!(replaced, 2);
        for wanted in [
            "the Internet",
            "customer's router at dc",
            "AWS's end of vpn-1 tunnel 1",
            "the customer's end of vpn-1 tunnel 2",
        ] {
            assert!(
                nodes.iter().any(|node| node == wanted),
                "{wanted} in {nodes:?}"
            );
        }
        assert_eq!(nodes.len(), plain.len() + 6, "{nodes:?}");
    }
}
