//! VPN connections with real daemons: raised, broken, mended. Where the machine has none, that is said, and fails only
//! where `CI` is set.
//!
//! This binary is its own starter, supervisor, PID 1, station and host program, and as root it runs itself once more as
//! an ordinary user.

mod ground;
mod program;
mod site;

use std::env;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use ipnet::Ipv4Net;
use model::Verdict;
use model::secret::Secret;
use model::vpn::{TunnelId, VpnRouting, VpnSide};
use nix::unistd::Uid;
use peers::vpn::{Installed, Vpn};

use ground::Standing;

/// A user that owns nothing and has no range of subordinate users.
const NOBODY: u32 = 65534;

fn main() -> ExitCode {
    let argv: Vec<String> = env::args().collect();
    if let Some(code) = twin::main_if_hidden(&argv) {
        return code;
    }
    match argv.get(1).map(String::as_str) {
        Some(program::STATION) => program::station(),
        Some(program::HOST) => program::host(),
        _ => all(&argv[1..]),
    }
}

fn all(words: &[String]) -> ExitCode {
    let installed = match Installed::find() {
        Ok(installed) => installed,
        Err(missing) => return skipped(&format!("{missing}; {}", missing.remedy)),
    };
    if let Some(refused) = twin::doctor()
        .into_iter()
        .find(|found| found.name == "user namespaces" && found.verdict != Verdict::Holds)
    {
        return skipped(&refused.detail);
    }
    let user = Uid::effective();
    let bgp = VpnRouting::Bgp {
        customer_asn: 65010,
        amazon_asn: 64512,
    };
    for (name, routing) in [("bgp", bgp), ("static", VpnRouting::Static)] {
        let words: Vec<_> = words.iter().filter(|word| !word.starts_with('-')).collect();
        if words.is_empty() || words.iter().any(|word| name.contains(word.as_str())) {
            connection(routing, &installed);
            say(&format!("test {name} as user {user} ... ok"));
        }
    }
    two_gateways(bgp, &installed);
    say(&format!("test two gateways as user {user} ... ok"));
    wrong_from_the_start(&installed);
    say(&format!(
        "test wrong key from the start as user {user} ... ok"
    ));
    if user.is_root() {
        let again = Command::new("/proc/self/exe")
            .args(words)
            .uid(NOBODY)
            .gid(NOBODY)
            .status()
            .expect("runs again as an ordinary user");
        assert!(again.success(), "as an ordinary user: {again}");
    }
    ExitCode::SUCCESS
}

fn skipped(why: &str) -> ExitCode {
    say(&format!("skipped: {why}"));
    // A machine that is meant to test must be able to.
    ExitCode::from(u8::from(env::var_os("CI").is_some()))
}

fn tunnel(number: u8) -> TunnelId {
    TunnelId {
        vpn: "vpn-1".into(),
        number,
    }
}

/// Everything that may happen to one connection, one after the other.
fn connection(routing: VpnRouting, installed: &Installed) {
    let standing = Standing::start(routing, 1, installed, [site::KEYS, site::KEYS]);
    assert!(standing.is_answered(), "over the plain link");
    let vpn = Vpn::raise(&standing, standing.plan()).expect("it is raised");
    is_encrypted(&standing, &vpn);
    assert!(standing.carries_long_packets(), "over the tunnels");
    one_is_lost(&standing, &vpn);
    both_are_lost(&standing, &vpn);
    another_key(&standing, &vpn);
    if matches!(routing, VpnRouting::Bgp { .. }) {
        a_leak(&vpn);
    }
    assert!(standing.is_answered(), "in the end");
}

fn is_encrypted(standing: &Standing, vpn: &Vpn<'_>) {
    let before = vpn.tunnels().expect("the tunnels' state");
    assert!(standing.is_answered(), "over the tunnels");
    let after = vpn.tunnels().expect("the tunnels' state");
    for state in &after {
        assert!(state.is_established() && state.carries, "{state:?}");
        assert!(state.customer.association.in_udp, "{state:?}");
        let ciphers = &state.customer.association.ciphers;
        assert_eq!(ciphers, "AES_CBC-256/HMAC_SHA2_256_128");
        assert_eq!(state.learnt, [net(site::SITE)].into(), "{state:?}");
        assert!(state.leaked.is_empty(), "{state:?}");
        for end in [&state.amazon, &state.customer] {
            assert_eq!(end.wire.clear, 0, "{state:?}");
        }
    }
    // The first tunnel is preferred; both ends see every packet of it.
    let passed = |of: &[peers::vpn::TunnelState]| of[0].customer.wire.encrypted;
    let more = passed(&after) - passed(&before);
    assert!(more >= 2 * u64::from(site::QUESTIONS), "{more} packets");
}

fn one_is_lost(standing: &Standing, vpn: &Vpn<'_>) {
    let stream = standing.begin_stream();
    vpn.lose([&tunnel(1)]).expect("the loss is noticed");
    let seen = stream.end();
    say(&format!("one tunnel lost: {seen:?}"));
    assert!(seen.answered < seen.sent, "some were lost: {seen:?}");
    assert!(standing.is_answered(), "over the second tunnel");
    let states = vpn.tunnels().expect("the tunnels' state");
    assert!(!states[0].carries && states[1].carries, "{states:?}");
}

fn both_are_lost(standing: &Standing, vpn: &Vpn<'_>) {
    vpn.lose([&tunnel(2)]).expect("the loss is noticed");
    assert!(!standing.is_answered(), "there is no other way");
    vpn.restore([&tunnel(2)]).expect("it comes back");
    assert!(standing.is_answered(), "over the second tunnel");
    vpn.restore([&tunnel(1)]).expect("it comes back");
    assert!(standing.is_answered(), "over the first tunnel");
}

fn another_key(standing: &Standing, vpn: &Vpn<'_>) {
    let [right, _] = site::KEYS;
    let wrong = Secret::new("another key");
    for side in [VpnSide::Customer, VpnSide::Amazon] {
        vpn.change_key(&tunnel(1), side, &wrong)
            .expect("it takes the key");
        let why = vpn.await_refusal(&tunnel(1)).expect("it is refused");
        assert!(
            why.contains("AUTHENTICATION_FAILED") || why.contains("MAC mismatched"),
            "{why}"
        );
        vpn.await_carrying(&tunnel(1), false)
            .expect("the routers notice");
        assert!(standing.is_answered(), "over the second tunnel");
        vpn.change_key(&tunnel(1), side, &Secret::new(right))
            .expect("it takes the key");
        vpn.await_carrying(&tunnel(1), true).expect("it comes back");
    }
}

fn a_leak(vpn: &Vpn<'_>) {
    for leaked in [vec!["10.30.0.0/16", "0.0.0.0/0"], vec![]] {
        let leaked: Vec<Ipv4Net> = leaked.into_iter().map(net).collect();
        vpn.leak(VpnSide::Customer, &leaked).expect("it announces");
        ground::await_state(vpn, "the leak on both tunnels", |states| {
            states
                .iter()
                .all(|state| state.leaked == leaked.iter().copied().collect())
        });
    }
}

/// A site that is joined by two gateways does without the first.
fn two_gateways(routing: VpnRouting, installed: &Installed) {
    let standing = Standing::start(routing, 2, installed, [site::KEYS, site::KEYS]);
    let vpn = Vpn::raise(&standing, standing.plan()).expect("it is raised");
    assert!(standing.is_answered(), "by the first gateway");
    for number in [1, 2] {
        vpn.lose([&tunnel(number)]).expect("the loss is noticed");
    }
    assert!(standing.is_answered(), "by the second gateway");
    let states = vpn.tunnels().expect("the tunnels' state");
    let carrying: Vec<bool> = states.iter().map(|state| state.carries).collect();
    assert_eq!(carrying, [false, false, true, true], "{states:?}");
}

/// A tunnel whose keys differ does not hinder the other.
fn wrong_from_the_start(installed: &Installed) {
    let [first, second] = site::KEYS;
    let keys = [[first, second], ["not the first", second]];
    let standing = Standing::start(VpnRouting::Static, 1, installed, keys);
    let vpn = Vpn::raise(&standing, standing.plan()).expect("it is raised with one tunnel");
    let states = vpn.tunnels().expect("the tunnels' state");
    assert!(
        !states[0].is_established() && !states[0].carries,
        "{states:?}"
    );
    assert!(states[0].refused().is_some(), "{states:?}");
    assert!(
        states[1].is_established() && states[1].carries,
        "{states:?}"
    );
    assert!(standing.is_answered(), "over the second tunnel");
}

fn net(text: &str) -> Ipv4Net {
    text.parse().expect("a range")
}

fn say(line: &str) {
    writeln!(io::stdout(), "{line}").expect("writes");
}
