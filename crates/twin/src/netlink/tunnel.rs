//! Changes to a standing network for the sake of tunnels, as messages of `rtnetlink`.

use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsRawFd, BorrowedFd};

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::AddressFamily;
use netlink_packet_route::link::{InfoKind, LinkAttribute, LinkFlags, LinkInfo, LinkMessage};
use netlink_packet_route::rule::{RuleAction, RuleAttribute, RuleMessage};

use super::Batch;
use super::route::push;

/// The kinds of messages (`linux/rtnetlink.h`).
mod kind {
    pub(super) const NEW_LINK: u16 = 16;
    pub(super) const NEW_RULE: u16 = 32;
    pub(super) const DELETE_RULE: u16 = 33;
}

/// Before every rule of a layout.
const FIRST_PRIORITY: u32 = 10;

/// Takes a link down. The kernel forgets every route that leads by it.
pub(crate) fn down(batch: &mut Batch, index: u32) {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message.header.change_mask = LinkFlags::Up;
    push(batch, kind::NEW_LINK, 0, &message);
}

/// Moves a link into another namespace, under another name. It arrives without addresses, and down.
pub(crate) fn hand_over(batch: &mut Batch, index: u32, name: &str, namespace: BorrowedFd<'_>) {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message.attributes = vec![
        LinkAttribute::IfName(name.to_owned()),
        LinkAttribute::NetNsFd(namespace.as_raw_fd()),
    ];
    push(batch, kind::NEW_LINK, 0, &message);
}

/// Puts a link that leads nowhere in the place of one that was handed over.
pub(crate) fn stand_in(batch: &mut Batch, name: &str) {
    let mut message = LinkMessage::default();
    message.header.flags = LinkFlags::Up;
    message.header.change_mask = LinkFlags::Up;
    message.attributes = vec![
        LinkAttribute::IfName(name.to_owned()),
        LinkAttribute::LinkInfo(vec![LinkInfo::Kind(InfoKind::Bridge)]),
    ];
    push(batch, kind::NEW_LINK, NLM_F_CREATE | NLM_F_EXCL, &message);
}

/// Drops what is forwarded from and to an address, in silence, or no more.
pub(crate) fn sever(batch: &mut Batch, address: Ipv4Addr, severed: bool) {
    let alone = IpAddr::V4(address);
    for (source, destination) in [(Some(alone), None), (None, Some(alone))] {
        let mut message = RuleMessage::default();
        message.header.family = AddressFamily::Inet;
        message.header.action = RuleAction::Blackhole;
        message
            .attributes
            .push(RuleAttribute::Priority(FIRST_PRIORITY));
        if let Some(source) = source {
            message.header.src_len = 32;
            message.attributes.push(RuleAttribute::Source(source));
        }
        if let Some(destination) = destination {
            message.header.dst_len = 32;
            message
                .attributes
                .push(RuleAttribute::Destination(destination));
        }
        if severed {
            push(batch, kind::NEW_RULE, NLM_F_CREATE | NLM_F_EXCL, &message);
        } else {
            push(batch, kind::DELETE_RULE, 0, &message);
        }
    }
}
