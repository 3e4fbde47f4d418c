//! Rules as nf_tables' expressions, a little machine with registers (`linux/netfilter/nf_tables.h`).

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use model::packet::PortRange;

use super::wire::{attribute, nested, number, text};
use crate::filter::{Connection, End, Family, Rule, Term};

/// `NFT_REG_1`, the one register that most rules need, with others behind it; and `NFT_REG_VERDICT`.
const REGISTER: u32 = 1;
const VERDICT: u32 = 0;

/// What `meta` loads.
mod meta {
    pub(super) const MARK: u32 = 3;
    pub(super) const IN_LINK: u32 = 4;
    pub(super) const OUT_LINK: u32 = 5;
    pub(super) const FAMILY: u32 = 15;
    pub(super) const PROTOCOL: u32 = 16;
}

/// The header that an offset counts from.
#[derive(Clone, Copy)]
enum Base {
    Network = 1,
    Transport = 2,
}

/// Comparisons, of `cmp`.
const EQUAL: u32 = 0;
const DIFFERENT: u32 = 1;

/// A part of a packet.
#[derive(Clone, Copy)]
struct Field {
    base: Base,
    offset: u32,
    length: u32,
}

const PORT: Field = field(Base::Transport, 2, 2);
const ICMP_TYPE: Field = field(Base::Transport, 0, 1);
const ICMP_CODE: Field = field(Base::Transport, 1, 1);
const HOP_LIMIT: Field = field(Base::Network, 7, 1);

/// An ICMP error quotes the packet's header after eight bytes of its own.
const QUOTE: u32 = 8;

/// What `ct` loads, or sets: the connection's state, and a number of ours.
const CONNECTION_STATE: u32 = 0;
const CONNECTION_MARK: u32 = 3;

/// The mark of a connection; others have zero.
const MARKED: u32 = 1;

/// States of `ct state`: established and related, which mean that something went before; and new.
const KNOWN: u32 = (1 << 1) | (1 << 2);
const NEW: u32 = 1 << 3;

const fn field(base: Base, offset: u32, length: u32) -> Field {
    Field {
        base,
        offset,
        length,
    }
}

const fn v4_offset(end: End) -> u32 {
    match end {
        End::Source => 12,
        End::Destination => 16,
    }
}

/// Where an address of a family stands.
const fn address(end: End, family: Family) -> Field {
    match (family, end) {
        (Family::V4, _) => field(Base::Network, v4_offset(end), 4),
        (Family::V6, End::Source) => field(Base::Network, 8, 16),
        (Family::V6, End::Destination) => field(Base::Network, 24, 16),
    }
}

const fn quoted(end: End) -> Field {
    field(Base::Transport, QUOTE + v4_offset(end), 4)
}

/// Appends a rule's expressions.
pub(super) fn expressions(bytes: &mut Vec<u8>, rule: &Rule) {
    for term in &rule.0 {
        expression(bytes, term);
    }
}

fn expression(bytes: &mut Vec<u8>, term: &Term) {
    match term {
        Term::Family(family) => {
            load_meta(bytes, meta::FAMILY);
            compare(bytes, EQUAL, &[family_number(*family)]);
        }
        Term::From(link) => {
            load_meta(bytes, meta::IN_LINK);
            compare(bytes, EQUAL, &link.to_ne_bytes());
        }
        Term::To(link) => {
            load_meta(bytes, meta::OUT_LINK);
            compare(bytes, EQUAL, &link.to_ne_bytes());
        }
        Term::Address(end, net) => in_range(bytes, *end, net),
        Term::NotAddress(end, own) => {
            expression(bytes, &Term::Family(Family::of(*own)));
            load(bytes, address(*end, Family::of(*own)));
            compare(bytes, DIFFERENT, &octets(*own));
        }
        Term::AddressIn(end, family, set) => {
            expression(bytes, &Term::Family(*family));
            load(bytes, address(*end, *family));
            element(bytes, "lookup", |bytes| {
                text(bytes, 1, set);
                number(bytes, 2, REGISTER);
            });
        }
        Term::Protocol(protocol) => {
            load_meta(bytes, meta::PROTOCOL);
            compare(bytes, EQUAL, &[*protocol]);
        }
        Term::Port(ports) => {
            load(bytes, PORT);
            between(bytes, &ports.first.to_be_bytes(), &ports.last.to_be_bytes());
        }
        Term::IcmpTypes(first, last) => {
            load(bytes, ICMP_TYPE);
            between(bytes, &[*first], &[*last]);
        }
        Term::IcmpCode(code) => {
            load(bytes, ICMP_CODE);
            compare(bytes, EQUAL, &[*code]);
        }
        Term::HopLimit(limit) => {
            load(bytes, HOP_LIMIT);
            compare(bytes, EQUAL, &[*limit]);
        }
        Term::Connection(state) => connection(bytes, *state),
        Term::Quoted(end, quote) => {
            load(bytes, quoted(*end));
            compare(bytes, EQUAL, &quote.octets());
        }
        _ => action(bytes, term),
    }
}

fn action(bytes: &mut Vec<u8>, term: &Term) {
    match term {
        Term::Rewrite(end, to) => rewrite(bytes, *end, *to),
        Term::RewriteQuoted(end, to) => rewrite_quoted(bytes, *end, *to),
        Term::HideBehind(own) => hide_behind(bytes, *own),
        Term::Untracked => element(bytes, "notrack", |_| {}),
        Term::Mark => set_mark(bytes),
        Term::Reroute => reroute(bytes),
        Term::Count => element(bytes, "counter", |_| {}),
        Term::Accept => verdict(bytes, 1, None),
        Term::Drop => verdict(bytes, 0, None),
        Term::Return => verdict(bytes, -5, None),
        Term::Jump(chain) => verdict(bytes, -3, Some(chain)),
        _ => {}
    }
}

/// Appends an expression of a kind, with its attributes.
fn element(bytes: &mut Vec<u8>, kind: &str, inside: impl FnOnce(&mut Vec<u8>)) {
    nested(bytes, 1, |bytes| {
        text(bytes, 1, kind);
        nested(bytes, 2, inside);
    });
}

fn load_meta(bytes: &mut Vec<u8>, key: u32) {
    element(bytes, "meta", |bytes| {
        number(bytes, 1, REGISTER);
        number(bytes, 2, key);
    });
}

fn load(bytes: &mut Vec<u8>, field: Field) {
    element(bytes, "payload", |bytes| {
        number(bytes, 1, REGISTER);
        position(bytes, field);
    });
}

fn position(bytes: &mut Vec<u8>, field: Field) {
    number(bytes, 2, field.base as u32);
    number(bytes, 3, field.offset);
    number(bytes, 4, field.length);
}

fn compare(bytes: &mut Vec<u8>, how: u32, value: &[u8]) {
    element(bytes, "cmp", |bytes| {
        number(bytes, 1, REGISTER);
        number(bytes, 2, how);
        data(bytes, 3, value);
    });
}

/// From first to last, in network order.
fn between(bytes: &mut Vec<u8>, first: &[u8], last: &[u8]) {
    if first == last {
        return compare(bytes, EQUAL, first);
    }
    element(bytes, "range", |bytes| {
        number(bytes, 1, REGISTER);
        number(bytes, 2, EQUAL);
        data(bytes, 3, first);
        data(bytes, 4, last);
    });
}

fn mask(bytes: &mut Vec<u8>, mask: &[u8]) {
    element(bytes, "bitwise", |bytes| {
        number(bytes, 1, REGISTER);
        number(bytes, 2, REGISTER);
        number(bytes, 3, u32::try_from(mask.len()).unwrap_or(u32::MAX));
        data(bytes, 4, mask);
        data(bytes, 5, &vec![0; mask.len()]);
    });
}

fn in_range(bytes: &mut Vec<u8>, end: End, net: &IpNet) {
    let family = Family::of_net(net);
    expression(bytes, &Term::Family(family));
    if net.prefix_len() == 0 {
        return;
    }
    load(bytes, address(end, family));
    if net.prefix_len() < net.max_prefix_len() {
        mask(bytes, &octets(net.netmask()));
    }
    compare(bytes, EQUAL, &octets(net.network()));
}

fn connection(bytes: &mut Vec<u8>, state: Connection) {
    let (states, how) = match state {
        Connection::Known => (KNOWN, DIFFERENT),
        Connection::Unknown => (KNOWN, EQUAL),
        Connection::New => (NEW, DIFFERENT),
        Connection::Unmarked => {
            load_connection(bytes, CONNECTION_MARK);
            return compare(bytes, DIFFERENT, &MARKED.to_ne_bytes());
        }
    };
    load_connection(bytes, CONNECTION_STATE);
    mask(bytes, &states.to_ne_bytes());
    compare(bytes, how, &0_u32.to_ne_bytes());
}

fn load_connection(bytes: &mut Vec<u8>, key: u32) {
    element(bytes, "ct", |bytes| {
        number(bytes, 1, REGISTER);
        number(bytes, 2, key);
    });
}

fn set_mark(bytes: &mut Vec<u8>) {
    immediate(bytes, &MARKED.to_ne_bytes());
    element(bytes, "ct", |bytes| {
        number(bytes, 2, CONNECTION_MARK);
        // `NFTA_CT_SREG`: the register is read, not written.
        number(bytes, 4, REGISTER);
    });
}

/// Changes the packet's own mark, at which a chain of kind `route` has the kernel route the packet again.
fn reroute(bytes: &mut Vec<u8>) {
    immediate(bytes, &MARKED.to_ne_bytes());
    element(bytes, "meta", |bytes| {
        number(bytes, 2, meta::MARK);
        // `NFTA_META_SREG`: the register is read, not written.
        number(bytes, 3, REGISTER);
    });
}

fn immediate(bytes: &mut Vec<u8>, value: &[u8]) {
    immediate_in(bytes, REGISTER, value);
}

fn immediate_in(bytes: &mut Vec<u8>, register: u32, value: &[u8]) {
    element(bytes, "immediate", |bytes| {
        number(bytes, 1, register);
        data(bytes, 2, value);
    });
}

/// Writes an address, the header's checksum (at 10) and the transport's, which covers the address.
fn rewrite(bytes: &mut Vec<u8>, end: End, to: Ipv4Addr) {
    immediate(bytes, &to.octets());
    write(bytes, address(end, Family::V4), 10, true);
}

/// Writes an address of a quoted packet and the checksum of the ICMP message (at 2), which covers it.
fn rewrite_quoted(bytes: &mut Vec<u8>, end: End, to: Ipv4Addr) {
    immediate(bytes, &to.octets());
    write(bytes, quoted(end), 2, false);
}

fn write(bytes: &mut Vec<u8>, field: Field, checksum: u32, pseudo_header: bool) {
    element(bytes, "payload", |bytes| {
        position(bytes, field);
        number(bytes, 5, REGISTER);
        // `NFT_PAYLOAD_CSUM_INET`: the Internet checksum.
        number(bytes, 6, 1);
        number(bytes, 7, checksum);
        number(bytes, 8, u32::from(pseudo_header));
    });
}

/// Hides the source behind an address and one of the ports from which AWS's NAT gateways send. An echo's identifier is
/// chosen out of the same range; no filter looks at it.
fn hide_behind(bytes: &mut Vec<u8>, own: Ipv4Addr) {
    let ports = PortRange::EPHEMERAL;
    let [first, last] = [REGISTER + 1, REGISTER + 2];
    immediate(bytes, &own.octets());
    immediate_in(bytes, first, &ports.first.to_be_bytes());
    immediate_in(bytes, last, &ports.last.to_be_bytes());
    element(bytes, "nat", |bytes| {
        // `NFT_NAT_SNAT`, for `NFPROTO_IPV4`.
        number(bytes, 1, 0);
        number(bytes, 2, u32::from(family_number(Family::V4)));
        number(bytes, 3, REGISTER);
        number(bytes, 5, first);
        number(bytes, 6, last);
    });
}

fn verdict(bytes: &mut Vec<u8>, code: i32, chain: Option<&str>) {
    element(bytes, "immediate", |bytes| {
        number(bytes, 1, VERDICT);
        nested(bytes, 2, |bytes| {
            nested(bytes, 2, |bytes| {
                attribute(bytes, 1, &code.to_be_bytes());
                if let Some(chain) = chain {
                    text(bytes, 2, chain);
                }
            });
        });
    });
}

fn data(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    nested(bytes, kind, |bytes| attribute(bytes, 1, value));
}

const fn family_number(family: Family) -> u8 {
    match family {
        Family::V4 => 2,
        Family::V6 => 10,
    }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}
