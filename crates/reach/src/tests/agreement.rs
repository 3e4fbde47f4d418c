//! Random networks, on which the prover's sets and the tracer's single packets must agree.

use std::net::IpAddr;

use model::Network;
use model::claim::Hop;
use model::network::{Place, SiteKind};
use model::packet::{Packet, Transport};
use proptest::prelude::*;

use super::algebra::disjoint;
use super::plan::{Plan, at, estate};
use crate::endpoint::Endpoint;
use crate::prover::Prover;
use crate::trace::{Outcome, trace};
use crate::walk::Sender;

/// A source of choices; when it is used up, it chooses the first.
struct Choices(std::vec::IntoIter<u16>);

impl Choices {
    fn below(&mut self, limit: usize) -> usize {
        usize::from(self.0.next().unwrap_or(0)) % limit.max(1)
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    fn chance(&mut self, in_ten: usize) -> bool {
        self.below(10) < in_ten
    }
}

const PREFIXES: [&str; 16] = [
    "0.0.0.0/0",
    "::/0",
    "10.1.0.0/16",
    "10.2.0.0/16",
    "10.1.1.0/24",
    "10.2.0.0/24",
    "10.3.0.0/16",
    "10.1.0.0/25",
    "192.168.0.0/16",
    "192.168.1.0/24",
    "198.51.100.0/24",
    "198.18.0.0/24",
    "203.0.113.0/25",
    "2001:db8:1::/48",
    "2001:db8:2::/48",
    "2001:db8:ffff::/48",
];
const TRAFFIC: [&str; 12] = [
    "all",
    "all",
    "all",
    "tcp",
    "tcp/22",
    "tcp/443",
    "tcp/1024-65535",
    "udp/53",
    "udp/1024-65000",
    "icmp",
    "icmp/8",
    "icmpv6/128",
];
const TARGETS: [&str; 16] = [
    "igw igw1",
    "igw igw2",
    "igw igw1",
    "eigw eigw1",
    "nat nat1",
    "nat nat2",
    "nat inner",
    "tgw tgw",
    "tgw tgw",
    "blackhole",
    "appliance",
    "tgw other",
    "pcx one-two",
    "pcx one-two",
    "pcx two-three",
    "pcx gone",
];

/// A network in which everything is connected in some way, often a strange one.
fn network(choices: &mut Choices) -> Network {
    let mut plan = Plan::default()
        .site("dc", SiteKind::Private, &["192.168.0.0/16", "10.9.0.0/16"])
        .outsider("dns", "dc", &["192.168.0.53"])
        .site("branch", SiteKind::Private, &["172.16.0.0/16"])
        .outsider("till", "branch", &["172.16.0.5"])
        .site("operator", SiteKind::OnInternet, &["198.51.100.0/24"])
        .outsider("operator", "operator", &["198.51.100.10"])
        .site("internet", SiteKind::Internet, &[])
        .outsider("client", "internet", &["203.0.113.9", "2001:db8:ffff::9"]);
    for (index, vpc) in ["one", "two", "three"].into_iter().enumerate() {
        plan = with_vpc(plan, vpc, index + 1, choices);
    }
    plan = with_peerings(plan, choices);
    for (name, site) in [
        ("dns", "dc"),
        ("till", "branch"),
        ("operator", "operator"),
        ("client", "internet"),
    ] {
        plan = with_firewall(plan, name, site, choices);
    }
    // Sometimes an attachment shares a subnet with hosts; to zone c there is no way but for `two`.
    let one = *choices.one(&[
        ["one-x-a", "one-x-b"],
        ["one-x-a", "one-x-b"],
        ["one-a", "one-x-b"],
    ]);
    plan = plan
        .nat("nat1", "one-a", "10.1.0.250", Some("198.18.0.250"))
        .nat("nat2", "two-b", "10.2.1.250", Some("198.18.1.250"))
        .nat("inner", "one-b", "10.1.1.250", None)
        .attach_vpc("tgw", "one", &one)
        .attach_vpc("tgw", "two", &["two-x-a", "two-x-b", "two-x-c"])
        .attach_site("tgw", "dc");
    if choices.chance(7) {
        plan = plan.attach_site("tgw", "branch");
    }
    for (table, prefix, to) in [
        ("one", "10.2.0.0/16", "two"),
        ("one", "192.168.0.0/16", "dc"),
        ("two", "10.1.0.0/16", "one"),
        ("two", "192.168.0.0/16", "dc"),
        ("two", "0.0.0.0/0", "one"),
        ("dc", "10.1.0.0/16", "one"),
        ("dc", "10.2.0.0/16", "two"),
        ("branch", "10.0.0.0/8", "one"),
    ] {
        if choices.chance(8) {
            plan = plan.transit("tgw", table, prefix, Some(to));
        }
    }
    for table in ["one", "two", "dc"] {
        for _ in 0..choices.below(3) {
            let prefix = *choices.one(&PREFIXES);
            let to = *choices.one(&[Some("one"), Some("two"), Some("dc"), Some("branch"), None]);
            plan = plan.transit("tgw", table, prefix, to);
        }
    }
    let mut network = plan.0;
    // Some lose what they need.
    if choices.chance(1) {
        network.acls.pop_first();
    }
    network
}

/// One and two are peers, and two and three; the third is sometimes in another region.
fn with_peerings(mut plan: Plan, choices: &mut Choices) -> Plan {
    plan = plan.peering("one-two", "one", "two");
    plan = match choices.below(4) {
        0 => plan.peering("two-three", "two", "one"),
        _ => plan.peering("two-three", "three", "two"),
    };
    for (from, prefix, to) in [
        ("one", "10.2.0.0/16", "pcx one-two"),
        ("two", "10.1.0.0/16", "pcx one-two"),
        ("one", "2001:db8:2::/48", "pcx one-two"),
        ("two", "2001:db8:1::/48", "pcx one-two"),
        ("two", "10.3.0.0/16", "pcx two-three"),
        ("three", "10.2.0.0/16", "pcx two-three"),
        ("one", "10.0.0.0/12", "pcx one-two"),
        ("three", "192.168.0.0/20", "pcx two-three"),
    ] {
        for zone in ["a", "b", "c", "x-a"] {
            if choices.chance(6) {
                plan = plan.route(&format!("{from}-{zone}"), prefix, to, choices.chance(2));
            }
        }
    }
    let abroad = choices.chance(3);
    plan.but(|network| {
        if abroad {
            let third = network.vpcs.get_mut(&"three".into()).expect("there");
            third.region = "eu-west-1".to_owned();
        }
    })
}

/// Sometimes a site's firewall filters an interface.
fn with_firewall(plan: Plan, interface: &str, site: &str, choices: &mut Choices) -> Plan {
    if !choices.chance(5) {
        return plan;
    }
    let mut lists = [Vec::new(), Vec::new()];
    for list in &mut lists {
        for _ in 0..choices.below(4) {
            let (what, prefix) = (choices.one(&TRAFFIC), choices.one(&PREFIXES));
            list.push(format!("{what} {prefix}"));
        }
        if choices.chance(5) {
            list.push("all 0.0.0.0/0".to_owned());
        }
    }
    let [ingress, egress] = lists
        .each_ref()
        .map(|list| list.iter().map(String::as_str).collect::<Vec<_>>());
    let name = format!("{site}-firewall");
    plan.firewall(&name, site, &ingress, &egress)
        .member(interface, &name)
}

fn with_vpc(mut plan: Plan, vpc: &str, index: usize, choices: &mut Choices) -> Plan {
    let (v4, v6) = (
        format!("10.{index}.0.0/16"),
        format!("2001:db8:{index}::/48"),
    );
    plan = plan.vpc(vpc, &[&v4, &v6]);
    if choices.chance(8) {
        plan = plan.internet_gateway(&format!("igw{index}"), vpc, false);
    }
    if choices.chance(5) {
        plan = plan.internet_gateway(&format!("eigw{index}"), vpc, true);
    }
    let groups = [format!("{vpc}-g"), format!("{vpc}-h")];
    for group in &groups {
        let peers = [
            "one-g",
            "two-h",
            "three-g",
            "0.0.0.0/0",
            "::/0",
            "0.0.0.0/0",
        ];
        let mut lists = [Vec::new(), Vec::new()];
        for list in &mut lists {
            if choices.chance(5) {
                list.extend(["all 0.0.0.0/0", "all ::/0"].map(str::to_owned));
            }
            for _ in 0..=choices.below(3) {
                let peer = if choices.chance(5) {
                    choices.one(&peers)
                } else {
                    choices.one(&PREFIXES)
                };
                list.push(format!("{} {peer}", choices.one(&TRAFFIC)));
            }
        }
        let [ingress, egress] = lists
            .each_ref()
            .map(|list| list.iter().map(String::as_str).collect::<Vec<_>>());
        plan = plan.group(group, vpc, &ingress, &egress);
    }
    for (place, zone) in ["a", "b", "c"].into_iter().enumerate() {
        let subnet = format!("{vpc}-x-{zone}");
        let cidrs = [
            format!("10.{index}.{}.0/24", 100 + place),
            format!("2001:db8:{index}:{}::/64", 100 + place),
        ];
        plan = plan.subnet(&subnet, vpc, &[&cidrs[0], &cidrs[1]], &[]);
        if choices.chance(1) {
            let (prefix, to) = (*choices.one(&PREFIXES), *choices.one(&TARGETS));
            plan = plan.route(&subnet, prefix, to, choices.chance(3));
        }
        if choices.chance(1) {
            let entries = ["1 deny tcp/22 0.0.0.0/0", "2 allow all 0.0.0.0/0"];
            plan = plan.acl(&subnet, &entries[choices.below(2)..], &entries);
        }
        let subnet = format!("{vpc}-{zone}");
        let cidrs = [
            format!("10.{index}.{place}.0/24"),
            format!("2001:db8:{index}:{place}::/64"),
        ];
        plan = plan.subnet(&subnet, vpc, &[&cidrs[0], &cidrs[1]], &[]);
        plan = with_sensible_routes(plan, &subnet, index, choices);
        for _ in 0..choices.below(4) {
            let (prefix, to) = (*choices.one(&PREFIXES), *choices.one(&TARGETS));
            plan = plan.route(&subnet, prefix, to, choices.chance(3));
        }
        if choices.chance(4) {
            let mut lists = [Vec::new(), Vec::new()];
            for list in &mut lists {
                for number in 0..=choices.below(4) {
                    let verb = if choices.chance(7) { "allow" } else { "deny" };
                    let (what, prefix) = (choices.one(&TRAFFIC), choices.one(&PREFIXES));
                    list.push(format!("{number} {verb} {what} {prefix}"));
                }
                list.push("90 allow all 0.0.0.0/0".to_owned());
            }
            let [ingress, egress] = lists
                .each_ref()
                .map(|list| list.iter().map(String::as_str).collect::<Vec<_>>());
            plan = plan.acl(&subnet, &ingress, &egress);
        }
        for host in 0..=choices.below(2) {
            let name = format!("{subnet}-{host}");
            let own = [
                format!("10.{index}.{place}.{}", 10 + host),
                format!("2001:db8:{index}:{place}::{}", 10 + host),
            ];
            let member = choices.one(&groups).clone();
            plan = plan.host(&name, &subnet, &[&own[0], &own[1]], &[&member]);
            if choices.chance(5) {
                plan = plan.public(&name, &format!("198.18.{index}.{}", place * 10 + host));
            }
        }
    }
    plan
}

/// Routes that lead somewhere, without which hardly a packet would arrive.
fn with_sensible_routes(mut plan: Plan, subnet: &str, index: usize, choices: &mut Choices) -> Plan {
    let (igw, eigw, nat) = (
        format!("igw igw{index}"),
        format!("eigw eigw{index}"),
        format!("nat nat{index}"),
    );
    let sensible = [
        ("0.0.0.0/0", if choices.chance(6) { &igw } else { &nat }),
        ("::/0", if choices.chance(6) { &igw } else { &eigw }),
        ("10.0.0.0/8", &"tgw tgw".to_owned()),
        ("192.168.0.0/16", &"tgw tgw".to_owned()),
    ];
    for (prefix, to) in sensible {
        if choices.chance(8) {
            plan = plan.route(subnet, prefix, to, false);
        }
    }
    plan
}

/// Ports and messages at which some rule's decision changes.
fn transport(choices: &mut Choices, v4: bool) -> Transport {
    let ports = [
        21_u16, 22, 23, 53, 443, 444, 1023, 1024, 49152, 65000, 65001, 65535,
    ];
    let (source, destination) = (*choices.one(&ports), *choices.one(&ports));
    let (kind, code) = (
        *choices.one(&[8_u8, 128, 0, 7, 129]),
        *choices.one(&[0_u8, 0, 1]),
    );
    match choices.below(5) {
        0 | 1 => Transport::Tcp {
            source,
            destination,
        },
        2 => Transport::Udp {
            source,
            destination,
        },
        3 if v4 => Transport::Icmp { kind, code },
        3 => Transport::Icmpv6 { kind, code },
        _ => Transport::Other(50),
    }
}

/// An address that a sender has: for a site, one at the edges of its space.
fn source_of(
    sender: Sender<'_>,
    v4: bool,
    network: &Network,
    choices: &mut Choices,
) -> Option<IpAddr> {
    let of_family = |address: &IpAddr| address.is_ipv4() == v4;
    match sender {
        Sender::Interface(id) => network.interfaces[id]
            .addresses
            .iter()
            .copied()
            .find(of_family),
        Sender::Site(site) => {
            let known: &[&str] = match (site.as_str(), v4) {
                ("dc", true) => &["192.168.0.53", "192.168.1.1", "192.168.255.255", "10.9.0.1"],
                ("branch", true) => &["172.16.0.5", "172.16.255.255"],
                ("operator", true) => &["198.51.100.10", "198.51.100.0"],
                ("internet", true) => &["203.0.113.9", "8.8.8.8", "203.0.113.200", "1.0.0.0"],
                ("internet", false) => &["2001:db8:ffff::9", "2600::1", "2001:db8:5::1"],
                _ => return None,
            };
            let address: &str = choices.one::<&str>(known);
            Some(at(address))
        }
    }
}

/// How often packets ended in which way, and met what.
#[derive(Debug, Default)]
struct Seen {
    lost: usize,
    unknown: usize,
    delivered: usize,
    answered: usize,
    /// Went by a peering, there or back.
    by_peering: usize,
    /// Were dropped by one.
    dropped_by_peering: usize,
    /// Passed by a rule that names a group of another VPC.
    by_foreign_rule: usize,
    /// Were stopped by a site's firewall.
    stopped_by_firewall: usize,
}

impl Seen {
    fn note(&mut self, hops: &[Hop]) {
        let vpc_of = |group: &str| group.split('-').next().unwrap_or_default().to_owned();
        let any = |wanted: &dyn Fn(&Hop) -> bool| usize::from(hops.iter().any(wanted));
        let is_peering = |hop: &Hop| hop.at.starts_with("peering ");
        self.by_peering += any(&|hop| is_peering(hop) && hop.passed);
        self.dropped_by_peering += any(&|hop| is_peering(hop) && !hop.passed);
        self.by_foreign_rule += any(&|hop| {
            let named = hop.decision.split(' ').next_back().unwrap_or_default();
            let group = hop.at.strip_prefix("group ");
            let is_group = named.ends_with("-g") || named.ends_with("-h");
            group.is_some_and(|group| is_group && vpc_of(group) != vpc_of(named))
        });
        self.stopped_by_firewall += any(&|hop| !hop.passed && hop.decision.contains("-firewall"));
    }
}

/// Asks both about one packet, and its answer.
fn check(prover: &Prover<'_>, sender: Sender<'_>, packet: &Packet, seen: &mut Seen) {
    let from = match sender {
        Sender::Interface(id) => Endpoint::Interface(id.clone()),
        Sender::Site(id) => Endpoint::Site(id.clone()),
    };
    let journey = trace(prover.network, &from, packet);
    seen.note(&journey.hops());
    let (key_sender, source) = match sender {
        Sender::Interface(id) => {
            let (id, _) = prover.interface(id).expect("the sender is there");
            (Sender::Interface(id), Some(packet.source))
        }
        Sender::Site(id) => {
            let (id, _) = prover
                .network
                .sites
                .get_key_value(id)
                .expect("the site is there");
            (Sender::Site(id), None)
        }
    };
    let flow = prover.flow((key_sender, source, packet.destination));
    let doubted = flow.doubts.iter().any(|doubt| doubt.set.contains(packet));
    let reached: Vec<_> = prover
        .network
        .interfaces
        .keys()
        .filter(|to| {
            let delivered = flow.delivered(to).expect("few boxes");
            assert!(
                disjoint(&delivered),
                "boxes overlap for {packet} from {from}"
            );
            delivered.contains(packet)
        })
        .collect();
    for doubt in &flow.doubts {
        assert!(
            disjoint(&doubt.set),
            "doubts overlap for {packet} from {from}"
        );
    }
    let hops = || format!("{packet} from {from}: {journey:#?}");
    match &journey.forward.outcome {
        Outcome::Lost => {
            assert!(!doubted, "traced lost, proved unknown: {}", hops());
            assert!(
                reached.is_empty(),
                "traced lost, proved delivered: {}",
                hops()
            );
            seen.lost += 1;
            return;
        }
        Outcome::Unknown(_) => {
            assert!(doubted, "traced unknown, proved known: {}", hops());
            assert!(reached.is_empty(), "both unknown and delivered: {}", hops());
            seen.unknown += 1;
            return;
        }
        Outcome::Delivered {
            to: Endpoint::Site(_),
            ..
        } => {
            assert!(!doubted, "traced to a site, proved unknown: {}", hops());
            assert!(reached.is_empty(), "nobody stands there: {}", hops());
            seen.lost += 1;
            return;
        }
        Outcome::Delivered { to, .. } => {
            assert!(!doubted, "both unknown and delivered: {}", hops());
            assert_eq!(reached.len(), 1, "delivered to one: {}", hops());
            assert_eq!(Endpoint::Interface(reached[0].clone()), *to, "{}", hops());
        }
    }
    let answers = prover.answers(&flow, reached[0]);
    assert!(disjoint(&answers.answered), "answers overlap: {}", hops());
    let answered = answers.answered.contains(packet);
    let doubted = answers
        .doubts
        .iter()
        .any(|doubt| doubt.set.contains(packet));
    let outcome = journey.reply.as_ref().map(|reply| &reply.outcome);
    match outcome {
        None | Some(Outcome::Lost) => assert!(!answered && !doubted, "answer lost: {}", hops()),
        Some(Outcome::Unknown(_)) => assert!(!answered && doubted, "answer unknown: {}", hops()),
        Some(Outcome::Delivered { .. }) => assert!(answered && !doubted, "answered: {}", hops()),
    }
    seen.delivered += 1;
    seen.answered += usize::from(answered);
}

/// Asks about random packets between everybody and everybody.
fn ask_around(network: &Network, rounds: usize, choices: &mut Choices, seen: &mut Seen) {
    let prover = Prover::new(network);
    let mut senders = prover.everybody();
    let outside = network.interfaces.iter();
    senders.extend(
        outside
            .filter(|(_, interface)| matches!(interface.place, Place::Site(_)))
            .map(|(id, _)| Sender::Interface(id)),
    );
    let mut targets: Vec<IpAddr> = Vec::new();
    for interface in network.interfaces.values() {
        targets.extend(&interface.addresses);
        targets.extend(interface.public.map(IpAddr::V4));
    }
    for nat in network.nat_gateways.values() {
        targets.push(nat.address.into());
        targets.extend(nat.public.map(IpAddr::V4));
    }
    targets.extend(["10.1.0.99", "192.168.7.7", "9.9.9.9", "2001:db8:1::99"].map(at));
    for _ in 0..rounds {
        let sender = *choices.one(&senders);
        let destination = *choices.one(&targets);
        let v4 = destination.is_ipv4();
        if let Some(source) = source_of(sender, v4, network, choices) {
            let packet = Packet {
                source,
                destination,
                transport: transport(choices, v4),
            };
            check(&prover, sender, &packet, seen);
        }
    }
}

/// Addresses at the edges of sites, with somebody and without.
const FAR: [(&str, &str); 12] = [
    ("dc", "192.168.0.53"),
    ("dc", "192.168.1.0"),
    ("dc", "10.9.255.255"),
    ("branch", "172.16.0.5"),
    ("branch", "172.16.9.9"),
    ("operator", "198.51.100.10"),
    ("operator", "198.51.100.255"),
    ("internet", "203.0.113.9"),
    ("internet", "203.0.113.127"),
    ("internet", "9.9.9.9"),
    ("internet", "2001:db8:ffff::9"),
    ("internet", "2600::1"),
];

/// Asks about random packets from interfaces to addresses of sites; counts lost, unknown and arrived.
fn ask_outward(network: &Network, rounds: usize, choices: &mut Choices) -> [usize; 3] {
    let prover = Prover::new(network);
    let senders: Vec<_> = network.interfaces.keys().collect();
    let mut ends = [0; 3];
    for _ in 0..rounds {
        let from = *choices.one(&senders);
        let (site, destination) = *choices.one(&FAR);
        let destination = at(destination);
        let v4 = destination.is_ipv4();
        let Some(source) = source_of(Sender::Interface(from), v4, network, choices) else {
            continue;
        };
        let packet = Packet {
            source,
            destination,
            transport: transport(choices, v4),
        };
        let departing = prover
            .departing(from, source, &site.into())
            .expect("few boxes");
        assert!(disjoint(&departing.arrived), "boxes overlap for {packet}");
        let arrived = departing.arrived.contains(&packet);
        let mut doubts = departing.doubts.iter();
        let doubted = doubts.any(|doubt| doubt.set.contains(&packet));
        let journey = trace(network, &Endpoint::Interface(from.clone()), &packet);
        // What a site's firewall stops has left for the site.
        let has_left = journey.forward.hops.iter().any(|hop| {
            hop.at == format!("site {site}")
                && hop.decision.starts_with(&format!("{destination} is "))
        });
        let (end, wanted) = match &journey.forward.outcome {
            Outcome::Lost => (0, (has_left, false)),
            Outcome::Unknown(_) => (1, (false, true)),
            Outcome::Delivered { to, .. } => {
                let there = match to {
                    Endpoint::Site(at) => at.as_str() == site,
                    Endpoint::Interface(id) => {
                        network.interfaces[id].place == Place::Site(site.into())
                    }
                };
                (2, (there, false))
            }
        };
        assert_eq!(
            (arrived, doubted),
            wanted,
            "{packet} from {from}: {journey:#?}"
        );
        ends[end] += 1;
    }
    ends
}

fn any_choices(count: usize) -> impl Strategy<Value = Choices> {
    prop::collection::vec(any::<u16>(), count).prop_map(|choices| Choices(choices.into_iter()))
}

impl std::fmt::Debug for Choices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} choices", self.0.as_slice().len())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_prover_and_the_tracer_agree(mut choices in any_choices(4000)) {
        let network = network(&mut choices);
        ask_around(&network, 300, &mut choices, &mut Seen::default());
    }

    #[test]
    fn they_agree_on_what_leaves_for_sites(mut choices in any_choices(4000)) {
        let network = network(&mut choices);
        ask_outward(&network, 40, &mut choices);
    }

    #[test]
    fn they_agree_on_an_estate(mut choices in any_choices(1500)) {
        ask_around(&estate().0, 300, &mut choices, &mut Seen::default());
    }
}

/// The agreement is worth something only where packets end in every way.
#[test]
fn random_networks_see_every_end_of_a_packet() {
    let mut seen = Seen::default();
    let mut outward = [0; 3];
    for seed in 0..40_u32 {
        // A linear congruential generator, by Numerical Recipes; its upper half is random enough.
        let mut state = seed;
        let choices: Vec<u16> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            u16::try_from(state >> 16).expect("sixteen bits")
        })
        .take(4200)
        .collect();
        let mut choices = Choices(choices.into_iter());
        let network = network(&mut choices);
        ask_around(&network, 300, &mut choices, &mut seen);
        for (end, count) in outward
            .iter_mut()
            .zip(ask_outward(&network, 40, &mut choices))
        {
            *end += count;
        }
    }
    assert!(outward.iter().all(|count| *count > 50), "{outward:?}");
    let ends = seen.lost > 1000 && seen.unknown > 100 && seen.delivered > 500;
    let answers = seen.answered > 100 && seen.answered < seen.delivered;
    let peerings = seen.by_peering > 100 && seen.dropped_by_peering > 100;
    let filters = seen.by_foreign_rule > 10 && seen.stopped_by_firewall > 100;
    assert!(ends && answers && peerings && filters, "{seen:?}");
}
