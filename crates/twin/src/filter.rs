//! Packet filters as data: what a namespace lets through, rewrites and drops, in the order in which it is asked.
//!
//! This is the part of nf_tables that security groups, network ACLs and gateways need, and no more. Each namespace has
//! at most one [`Ruleset`]; `crate::netlink` puts it into the kernel.

pub(crate) mod acl;
pub(crate) mod gateway;
pub(crate) mod group;
pub(crate) mod nat;
pub(crate) mod peering;

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use model::packet::{IcmpMatch, PortRange, Traffic};

/// The IP protocol of the twin's sentinels, reserved for experiments by RFC 3692. Every filter lets it through.
pub(crate) const SENTINEL: u8 = 253;

pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;
pub(crate) const ICMP: u8 = 1;
pub(crate) const ICMPV6: u8 = 58;

/// One namespace's table of chains, of family `inet`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ruleset {
    /// The table's name: what it stands for.
    pub(crate) table: &'static str,
    pub(crate) sets: Vec<AddressSet>,
    /// A chain stands before those that jump to it.
    pub(crate) chains: Vec<Chain>,
}

impl Ruleset {
    /// Whether it makes the kernel track connections.
    pub(crate) fn tracks_connections(&self) -> bool {
        let tracks = |term: &Term| matches!(term, Term::Connection(_) | Term::HideBehind(_));
        self.chains
            .iter()
            .flat_map(|chain| &chain.rules)
            .any(|rule| rule.0.iter().any(tracks))
    }
}

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    V4,
    V6,
}

impl Family {
    pub(crate) const BOTH: [Self; 2] = [Self::V4, Self::V6];

    pub(crate) const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    pub(crate) const fn of_net(net: &IpNet) -> Self {
        match net {
            IpNet::V4(_) => Self::V4,
            IpNet::V6(_) => Self::V6,
        }
    }
}

/// A set of addresses of one family, which rules look up by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AddressSet {
    pub(crate) name: String,
    pub(crate) family: Family,
    pub(crate) addresses: BTreeSet<IpAddr>,
}

/// Rules asked in order. What comes to the end of a base chain is dropped or accepted, as its hook says; what comes to
/// the end of another chain goes back to where it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    pub(crate) name: String,
    pub(crate) hook: Option<Hook>,
    pub(crate) rules: Vec<Rule>,
}

/// Where the kernel asks a base chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hook {
    pub(crate) point: Point,
    /// Lower ones are asked first; the kernel tracks connections at -200.
    pub(crate) priority: i32,
    pub(crate) kind: ChainKind,
    /// Whether what no rule decides is accepted.
    pub(crate) accept: bool,
}

/// The kernel's hooks, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    Prerouting = 0,
    Input = 1,
    Forward = 2,
    Output = 3,
    Postrouting = 4,
}

/// What a base chain may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChainKind {
    Filter,
    Nat,
    /// May have the host's own packets routed again.
    Route,
}

/// Terms from left to right: each is a condition that must hold, or something that is done once all before it hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule(pub(crate) Vec<Term>);

/// One condition or action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    /// The packet's family of addresses.
    Family(Family),
    /// The link by which it came, by index.
    From(u32),
    /// The link by which it leaves, by index.
    To(u32),
    /// An address within a range; it implies the family.
    Address(End, IpNet),
    /// An address other than this one; it implies the family.
    NotAddress(End, IpAddr),
    /// An address in a set; it implies the family.
    AddressIn(End, Family, String),
    /// The transport protocol.
    Protocol(u8),
    /// The destination port, of TCP or UDP.
    Port(PortRange),
    /// The type of an ICMP or ICMPv6 message, from first to last.
    IcmpTypes(u8, u8),
    /// The code of an ICMP or ICMPv6 message.
    IcmpCode(u8),
    /// The IPv6 hop limit: 255 cannot have been forwarded.
    HopLimit(u8),
    /// What connection tracking knows of the packet.
    Connection(Connection),
    /// Writes an IPv4 address and keeps every checksum right, with no state.
    Rewrite(End, Ipv4Addr),
    /// An address in the packet that an ICMP error quotes.
    Quoted(End, Ipv4Addr),
    /// Writes an address in the packet that an ICMP error quotes.
    RewriteQuoted(End, Ipv4Addr),
    /// Hides the connection behind an address, with a source port from 1024 up.
    HideBehind(Ipv4Addr),
    /// Keeps the packet from connection tracking.
    Untracked,
    /// Marks the connection that the packet belongs to.
    Mark,
    /// Has the kernel route the packet again, by what it carries.
    Reroute,
    /// Counts the packet.
    Count,
    Accept,
    Drop,
    /// Goes back to the chain that jumped here.
    Return,
    Jump(String),
}

/// One of a packet's two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    Source,
    Destination,
}

/// What connection tracking knows of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    /// It answers, continues or is an error about something that was let through before.
    Known,
    /// It is none of that.
    Unknown,
    /// It opens something, as far as can be told.
    New,
    /// It belongs to a connection that [`Term::Mark`] has not marked.
    Unmarked,
}

impl Chain {
    pub(crate) fn base(name: &str, hook: Hook, rules: Vec<Rule>) -> Self {
        Self {
            name: name.to_owned(),
            hook: Some(hook),
            rules,
        }
    }
}

impl Hook {
    /// A filter's hook.
    pub(crate) const fn filter(point: Point, priority: i32, accept: bool) -> Self {
        Self {
            point,
            priority,
            kind: ChainKind::Filter,
            accept,
        }
    }
}

impl Rule {
    pub(crate) fn new(terms: impl IntoIterator<Item = Term>) -> Self {
        Self(terms.into_iter().collect())
    }

    /// Lets the twin's sentinels through.
    pub(crate) fn sentinel() -> Self {
        Self::new([Term::Protocol(SENTINEL), Term::Accept])
    }

    /// Counts and drops whatever comes to it.
    pub(crate) fn refuse() -> Self {
        Self::new([Term::Count, Term::Drop])
    }
}

/// The conditions under which a packet belongs to the traffic; none where no packet can, as the ports are the wrong way
/// round.
pub(crate) fn traffic(traffic: Traffic) -> Option<Vec<Term>> {
    Some(match traffic {
        Traffic::All => Vec::new(),
        Traffic::Tcp(range) => ports(TCP, range)?,
        Traffic::Udp(range) => ports(UDP, range)?,
        Traffic::Icmp(wanted) => messages(ICMP, wanted),
        Traffic::Icmpv6(wanted) => messages(ICMPV6, wanted),
        Traffic::Protocol(number) => vec![Term::Protocol(number)],
    })
}

fn ports(protocol: u8, ports: PortRange) -> Option<Vec<Term>> {
    let mut terms = vec![Term::Protocol(protocol)];
    if ports != PortRange::ALL {
        terms.push(Term::Port(ports));
    }
    (ports.first <= ports.last).then_some(terms)
}

fn messages(protocol: u8, wanted: IcmpMatch) -> Vec<Term> {
    let mut terms = vec![Term::Protocol(protocol)];
    match wanted {
        IcmpMatch::All => {}
        IcmpMatch::Type(kind) => terms.push(Term::IcmpTypes(kind, kind)),
        IcmpMatch::TypeCode(kind, code) => {
            terms.extend([Term::IcmpTypes(kind, kind), Term::IcmpCode(code)]);
        }
    }
    terms
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Destination => "destination",
        })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, term) in self.0.iter().enumerate() {
            let gap = if position == 0 { "" } else { " " };
            write!(f, "{gap}{term}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Family(family) => write!(f, "{family}"),
            Self::From(link) => write!(f, "from link {link}"),
            Self::To(link) => write!(f, "to link {link}"),
            Self::Address(end, net) => write!(f, "{end} {net}"),
            Self::NotAddress(end, address) => write!(f, "{end} not {address}"),
            Self::AddressIn(end, _, set) => write!(f, "{end} in {set}"),
            Self::Protocol(number) => write!(f, "protocol {number}"),
            Self::Port(ports) => write!(f, "port {ports}"),
            Self::IcmpTypes(first, last) if first == last => write!(f, "type {first}"),
            Self::IcmpTypes(first, last) => write!(f, "type {first}-{last}"),
            Self::IcmpCode(code) => write!(f, "code {code}"),
            Self::HopLimit(limit) => write!(f, "hop limit {limit}"),
            Self::Connection(Connection::Known) => f.write_str("of a known connection"),
            Self::Connection(Connection::Unknown) => f.write_str("of no known connection"),
            Self::Connection(Connection::New) => f.write_str("of a new connection"),
            Self::Connection(Connection::Unmarked) => f.write_str("of an unmarked connection"),
            Self::Rewrite(end, address) => write!(f, "{end} becomes {address}"),
            Self::Quoted(end, address) => write!(f, "quoted {end} {address}"),
            Self::RewriteQuoted(end, address) => write!(f, "quoted {end} becomes {address}"),
            Self::HideBehind(address) => write!(f, "hide behind {address}"),
            Self::Untracked => f.write_str("untracked"),
            Self::Mark => f.write_str("mark"),
            Self::Reroute => f.write_str("route again"),
            Self::Count => f.write_str("count"),
            Self::Accept => f.write_str("accept"),
            Self::Drop => f.write_str("drop"),
            Self::Return => f.write_str("return"),
            Self::Jump(chain) => write!(f, "jump to {chain}"),
        }
    }
}
