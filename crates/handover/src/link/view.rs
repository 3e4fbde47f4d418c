//! A connection as the templates see it: every value spelt as routers spell it, every text harmless in a comment.

use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};
use model::SecretName;
use model::vpn::{VpnConnection, VpnRouting};

use super::LinkContext;

/// The range that stands in for public addresses until AWS allots real ones; RFC 2544 keeps it off the Internet.
const STAND_INS: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(198, 18, 0, 0), 15);

/// The longest name that is made of a connection's: FortiOS takes 15 letters for an interface, two go to its number.
const NAME_LENGTH: usize = 13;

/// A connection, ready for a template.
pub(super) struct View {
    /// The connection's name, made of letters, digits and dashes.
    pub(super) id: String,
    pub(super) estate: String,
    pub(super) customer: String,
    /// Vendor, model and software in one line.
    pub(super) router: String,
    /// The customer's outside address.
    pub(super) gateway: Ipv4Addr,
    /// The autonomous systems; none where routes are static.
    pub(super) bgp: Option<Bgp>,
    /// What the site announces.
    pub(super) site: Vec<Prefix>,
    /// What AWS announces.
    pub(super) cloud: Vec<Prefix>,
    /// Prefixes that a tunnel for IPv4 cannot carry.
    pub(super) left_out: Vec<IpNet>,
    /// Whether AWS's outside addresses are stand-ins.
    pub(super) stand_ins: bool,
    pub(super) tunnels: Vec<TunnelView>,
}

/// The autonomous systems of a connection.
pub(super) struct Bgp {
    pub(super) customer: u32,
    pub(super) amazon: u32,
}

/// One tunnel; the first is preferred.
pub(super) struct TunnelView {
    /// 1 or 2.
    pub(super) number: u8,
    /// The connection's name and the number.
    pub(super) name: String,
    pub(super) outside: Ipv4Addr,
    pub(super) inside: Ipv4Net,
    pub(super) amazon: Ipv4Addr,
    pub(super) customer: Ipv4Addr,
    pub(super) mask: Ipv4Addr,
    /// The placeholder of its key.
    pub(super) key: String,
    /// Where the key is to be had.
    pub(super) key_from: String,
    /// The BGP local preference of what is learnt by it.
    pub(super) preference: u16,
    /// The distance of static routes by it.
    pub(super) distance: u8,
}

/// An IPv4 prefix in the spellings of routers.
pub(super) struct Prefix {
    /// Position, from 1.
    pub(super) number: usize,
    pub(super) net: Ipv4Net,
    pub(super) network: Ipv4Addr,
    pub(super) mask: Ipv4Addr,
}

impl View {
    pub(super) fn new(connection: &VpnConnection, context: &LinkContext<'_>) -> Self {
        let gateway = &connection.gateway;
        let id = name(connection.id.as_str());
        let (site, mut left_out) = prefixes(&connection.site_prefixes);
        let (cloud, others) = prefixes(&connection.cloud_prefixes);
        left_out.extend(others);
        let tunnels: Vec<_> = [1, 2]
            .into_iter()
            .zip(&connection.tunnels)
            .map(|(number, tunnel)| TunnelView {
                number,
                name: format!("{id}-{number}"),
                outside: tunnel.outside,
                inside: tunnel.inside.trunc(),
                amazon: tunnel.amazon_inside(),
                customer: tunnel.customer_inside(),
                mask: tunnel.inside.netmask(),
                key: placeholder(&tunnel.key),
                key_from: context.keys.get(&tunnel.key).map_or_else(
                    || "a place not named yet: ask the operator".to_owned(),
                    |from| line(from),
                ),
                preference: if number == 1 { 200 } else { 100 },
                distance: 10 * number,
            })
            .collect();
        Self {
            id,
            estate: line(context.estate),
            customer: line(context.customer),
            router: line(&format!(
                "{} {} {}",
                gateway.vendor, gateway.model, gateway.software
            )),
            gateway: gateway.address,
            bgp: match connection.routing {
                VpnRouting::Bgp {
                    customer_asn,
                    amazon_asn,
                } => Some(Bgp {
                    customer: customer_asn,
                    amazon: amazon_asn,
                }),
                VpnRouting::Static => None,
            },
            site,
            cloud,
            left_out,
            stand_ins: tunnels
                .iter()
                .any(|tunnel| STAND_INS.contains(&tunnel.outside)),
            tunnels,
        }
    }
}

/// The IPv4 prefixes, ready for routers, and the others.
fn prefixes(all: &[IpNet]) -> (Vec<Prefix>, Vec<IpNet>) {
    let (mut ready, mut others) = (Vec::new(), Vec::new());
    for prefix in all {
        match prefix {
            IpNet::V4(net) => ready.push(Prefix {
                number: ready.len() + 1,
                net: net.trunc(),
                network: net.network(),
                mask: net.netmask(),
            }),
            IpNet::V6(_) => others.push(*prefix),
        }
    }
    (ready, others)
}

/// A name that every router takes: letters, digits and dashes, and short.
fn name(text: &str) -> String {
    text.chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '-'
            }
        })
        .take(NAME_LENGTH)
        .collect()
}

/// What stands in a key's place. AWS allows letters, digits, dots and underscores in a key, so that nothing with angle
/// brackets can ever be one.
pub(super) fn placeholder(key: &SecretName) -> String {
    let safe: String = key
        .0
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || "-_./".contains(letter) {
                letter
            } else {
                '-'
            }
        })
        .collect();
    format!("<key:{safe}>")
}

/// A text as one line, so that it cannot end the comment it stands in; without what is not seen, and of one space each.
pub(super) fn line(text: &str) -> String {
    text.split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
