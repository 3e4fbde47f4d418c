//! Links, addresses, neighbours, routes and rules as messages of `rtnetlink`.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::{AsRawFd, BorrowedFd};

use ipnet::IpNet;
use netlink_packet_core::{Emitable, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, Parseable};
use netlink_packet_route::AddressFamily;
use netlink_packet_route::address::{AddressAttribute, AddressHeaderFlags, AddressMessage};
use netlink_packet_route::link::{
    InfoBridge, InfoData, InfoKind, InfoVeth, LinkAttribute, LinkExtentMask, LinkFlags, LinkInfo,
    LinkMessage, State,
};
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourFlags, NeighbourMessage, NeighbourState,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::rule::{RuleAction, RuleAttribute, RuleMessage};

use super::{Batch, Connection, Refused};
use crate::filter::Family;
use crate::layout::{Cable, Condition, Hop, LOOPBACK, Link, Mac, Setting};

/// The kinds of messages (`linux/rtnetlink.h`).
mod kind {
    pub(super) const NEW_LINK: u16 = 16;
    pub(super) const GET_LINK: u16 = 18;
    pub(super) const NEW_ADDRESS: u16 = 20;
    pub(super) const NEW_ROUTE: u16 = 24;
    pub(super) const GET_ROUTE: u16 = 26;
    pub(super) const NEW_NEIGHBOUR: u16 = 28;
    pub(super) const NEW_RULE: u16 = 32;
}

const NEW: u16 = NLM_F_CREATE | NLM_F_EXCL;

pub(super) fn push(batch: &mut Batch, kind: u16, flags: u16, message: &impl Emitable) {
    batch.push(kind, flags, |bytes| {
        let start = bytes.len();
        bytes.resize(start + message.buffer_len(), 0);
        message.emit(&mut bytes[start..]);
    });
}

/// Asks for a bridge that is up. Nothing on it is ever looked for, so that nothing is flooded for want of an answer.
pub(crate) fn bridge(batch: &mut Batch, link: &Link) {
    let mut message = named(link);
    raise(&mut message);
    message.attributes.push(LinkAttribute::LinkInfo(vec![
        LinkInfo::Kind(InfoKind::Bridge),
        LinkInfo::Data(InfoData::Bridge(vec![InfoBridge::MulticastSnooping(false)])),
    ]));
    push(batch, kind::NEW_LINK, NEW, &message);
}

/// Asks, from the near end's namespace, for a pair of links. The far end comes to stand in its namespace, not yet up:
/// the kernel can raise an end only once the other is there.
pub(crate) fn cable(batch: &mut Batch, cable: &Cable, far_namespace: BorrowedFd<'_>) {
    let mut far = named(&cable.far.link);
    far.header.flags = LinkFlags::Noarp;
    far.header.change_mask = LinkFlags::Noarp;
    far.attributes
        .push(LinkAttribute::NetNsFd(far_namespace.as_raw_fd()));
    let mut near = named(&cable.near.link);
    raise(&mut near);
    near.attributes.push(LinkAttribute::LinkInfo(vec![
        LinkInfo::Kind(InfoKind::Veth),
        LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(far))),
    ]));
    if let Some(bridge) = cable.bridge {
        near.attributes.push(LinkAttribute::Controller(bridge));
    }
    push(batch, kind::NEW_LINK, NEW, &near);
}

/// Raises a link that exists.
pub(crate) fn up(batch: &mut Batch, index: u32) {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message.header.flags = LinkFlags::Up;
    message.header.change_mask = LinkFlags::Up;
    push(batch, kind::NEW_LINK, 0, &message);
}

fn named(link: &Link) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.header.index = link.index;
    message.attributes = vec![
        LinkAttribute::IfName(link.name.clone()),
        LinkAttribute::Address(link.mac.0.to_vec()),
    ];
    message
}

/// Up, and never asking who has an address: an address without a permanent neighbour entry is nobody's, at once.
fn raise(message: &mut LinkMessage) {
    message.header.flags = LinkFlags::Up | LinkFlags::Noarp;
    message.header.change_mask = message.header.flags;
}

/// Asks for a setting.
pub(crate) fn setting(batch: &mut Batch, setting: &Setting) {
    match setting {
        Setting::Address { link, net } => address(batch, *link, net),
        Setting::Neighbour { link, address, mac } => neighbour(batch, *link, *address, *mac),
        Setting::Mtu { link, bytes } => mtu(batch, *link, *bytes),
        Setting::Station { port, mac } => station(batch, *port, *mac),
        Setting::Route {
            table,
            destination,
            hop,
        } => route(batch, *table, destination, *hop),
        Setting::Rule {
            priority,
            condition,
            table,
        } => rule(batch, *priority, condition, *table),
    }
}

fn mtu(batch: &mut Batch, link: u32, bytes: u32) {
    let mut message = LinkMessage::default();
    message.header.index = link;
    message.attributes = vec![LinkAttribute::Mtu(bytes)];
    push(batch, kind::NEW_LINK, 0, &message);
}

fn address(batch: &mut Batch, link: u32, net: &IpNet) {
    let mut message = AddressMessage::default();
    message.header.family = family_of(net.addr());
    message.header.prefix_len = net.prefix_len();
    message.header.index = link;
    message.header.flags = AddressHeaderFlags::Nodad;
    message.attributes = vec![
        AddressAttribute::Local(net.addr()),
        AddressAttribute::Address(net.addr()),
    ];
    push(batch, kind::NEW_ADDRESS, NEW, &message);
}

fn neighbour(batch: &mut Batch, link: u32, address: IpAddr, mac: Mac) {
    let mut message = NeighbourMessage::default();
    message.header.family = family_of(address);
    message.header.ifindex = link;
    message.header.state = NeighbourState::Permanent;
    message.attributes = vec![
        NeighbourAttribute::Destination(match address {
            IpAddr::V4(address) => NeighbourAddress::Inet(address),
            IpAddr::V6(address) => NeighbourAddress::Inet6(address),
        }),
        NeighbourAttribute::LinkLayerAddress(mac.0.to_vec()),
    ];
    push(
        batch,
        kind::NEW_NEIGHBOUR,
        NLM_F_CREATE | NLM_F_REPLACE,
        &message,
    );
}

/// In a bridge's own table *permanent* means the bridge itself; what stands on a port and does not age is *noarp*.
fn station(batch: &mut Batch, port: u32, mac: Mac) {
    let mut message = NeighbourMessage::default();
    message.header.family = AddressFamily::Bridge;
    message.header.ifindex = port;
    message.header.state = NeighbourState::Noarp;
    message.header.flags = NeighbourFlags::Controller;
    message.attributes = vec![NeighbourAttribute::LinkLayerAddress(mac.0.to_vec())];
    push(
        batch,
        kind::NEW_NEIGHBOUR,
        NLM_F_CREATE | NLM_F_REPLACE,
        &message,
    );
}

fn route(batch: &mut Batch, table: u32, destination: &IpNet, hop: Hop) {
    let mut message = RouteMessage::default();
    let header = &mut message.header;
    header.address_family = family_of(destination.addr());
    header.destination_prefix_length = destination.prefix_len();
    header.protocol = RouteProtocol::Static;
    header.kind = RouteType::Unicast;
    let attributes = &mut message.attributes;
    attributes.push(RouteAttribute::Table(table));
    attributes.push(RouteAttribute::Destination(RouteAddress::from(
        destination.network(),
    )));
    match hop {
        Hop::Link(link) => {
            if Family::of_net(destination) == Family::V4 {
                header.scope = RouteScope::Link;
            }
            attributes.push(RouteAttribute::Oif(link));
        }
        Hop::Gateway(gateway, link) => {
            // The neighbour entry is all that the kernel is to know of the gateway.
            header.flags = RouteFlags::Onlink;
            attributes.push(RouteAttribute::Gateway(RouteAddress::from(gateway)));
            attributes.push(RouteAttribute::Oif(link));
        }
        Hop::Blackhole => {
            header.kind = RouteType::BlackHole;
            if destination.prefix_len() == 0 {
                // What ends a table gives way to a default route that a router learns later.
                attributes.push(RouteAttribute::Priority(u32::MAX));
            }
        }
    }
    push(batch, kind::NEW_ROUTE, NEW, &message);
}

fn rule(batch: &mut Batch, priority: u32, condition: &Condition, table: u32) {
    let mut message = RuleMessage::default();
    message.header.action = RuleAction::ToTable;
    message.attributes = vec![
        RuleAttribute::Priority(priority),
        RuleAttribute::Table(table),
    ];
    match condition {
        Condition::From { link, family } => {
            message.header.family = match family {
                Family::V4 => AddressFamily::Inet,
                Family::V6 => AddressFamily::Inet6,
            };
            message
                .attributes
                .push(RuleAttribute::Iifname(link.clone()));
        }
        Condition::Source(source) => {
            message.header.family = family_of(*source);
            message.header.src_len = IpNet::from(*source).max_prefix_len();
            message.attributes.push(RuleAttribute::Source(*source));
        }
    }
    push(batch, kind::NEW_RULE, NEW, &message);
}

const fn family_of(address: IpAddr) -> AddressFamily {
    match address {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}

/// The links of a namespace that carry packets now, by index.
pub(crate) fn carrying(connection: &Connection) -> Result<BTreeSet<u32>, Refused> {
    let mut batch = Batch::default();
    let mut message = LinkMessage::default();
    message.attributes = vec![LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats])];
    push(&mut batch, kind::GET_LINK, 0, &message);
    let mut carrying = BTreeSet::new();
    connection.list(&mut batch, |body| {
        let link = LinkMessage::parse(body).map_err(io::Error::other)?;
        let up =
            |attribute: &LinkAttribute| matches!(attribute, LinkAttribute::OperState(State::Up));
        if link.header.index == LOOPBACK || link.attributes.iter().any(up) {
            carrying.insert(link.header.index);
        }
        Ok(())
    })?;
    Ok(carrying)
}

/// The kernel's table of what is for the namespace itself.
const LOCAL_TABLE: u8 = 255;

/// The IPv6 addresses at which a namespace receives now.
pub(crate) fn receiving(connection: &Connection) -> Result<BTreeSet<Ipv6Addr>, Refused> {
    let mut batch = Batch::default();
    let mut message = RouteMessage::default();
    message.header.address_family = AddressFamily::Inet6;
    push(&mut batch, kind::GET_ROUTE, 0, &message);
    let mut receiving = BTreeSet::new();
    connection.list(&mut batch, |body| {
        let route = RouteMessage::parse(body).map_err(io::Error::other)?;
        if route.header.table == LOCAL_TABLE && route.header.kind == RouteType::Local {
            let destinations = route.attributes.iter();
            receiving.extend(destinations.filter_map(|attribute| match attribute {
                RouteAttribute::Destination(RouteAddress::Inet6(address)) => Some(*address),
                _ => None,
            }));
        }
        Ok(())
    })?;
    Ok(receiving)
}
