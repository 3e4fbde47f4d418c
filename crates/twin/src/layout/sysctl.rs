//! The kernel's settings for a namespace, by what it stands for.

use super::Sysctl;

const fn set(path: &'static str, value: &'static str) -> Sysctl {
    Sysctl { path, value }
}

/// For every namespace. The defaults are inherited from the machine, so that nothing is left to them.
///
/// Error messages are not rationed: a probe's answer must not depend on how many came before it.
const EVERYWHERE: [Sysctl; 10] = [
    set("ipv4/conf/all/rp_filter", "0"),
    set("ipv4/conf/default/rp_filter", "0"),
    set("ipv4/conf/all/accept_redirects", "0"),
    set("ipv4/conf/default/accept_redirects", "0"),
    set("ipv4/conf/all/send_redirects", "0"),
    set("ipv4/conf/default/send_redirects", "0"),
    set("ipv4/conf/all/log_martians", "0"),
    set("ipv4/icmp_ratelimit", "0"),
    set("ipv4/icmp_ratemask", "0"),
    set("ipv4/icmp_echo_ignore_broadcasts", "1"),
];

const ROUTER: [Sysctl; 1] = [set("ipv4/ip_forward", "1")];

/// Hosts open connections from a part of Linux's range (32768 to 60999) that has none of the ports at which the ranges of
/// filters begin or end, nor 49152, from which test packets are sent: a host that is in the middle of a connection, or
/// still remembers one, answers a packet that looks like its beginning as no other host would.
const HOST: [Sysctl; 3] = [
    set("ipv4/ip_forward", "0"),
    set("ipv4/ip_local_port_range", "33000 48999"),
    set("ipv4/ip_unprivileged_port_start", "0"),
];

/// Where nobody has an IPv6 address. It also saves the time that the kernel takes to configure each link.
const WITHOUT_V6: [Sysctl; 2] = [
    set("ipv6/conf/all/disable_ipv6", "1"),
    set("ipv6/conf/default/disable_ipv6", "1"),
];

/// Addresses are given, not looked for: no advertisement is awaited and no duplicate.
const WITH_V6: [Sysctl; 12] = [
    set("ipv6/conf/all/disable_ipv6", "0"),
    set("ipv6/conf/default/disable_ipv6", "0"),
    set("ipv6/conf/all/accept_ra", "0"),
    set("ipv6/conf/default/accept_ra", "0"),
    set("ipv6/conf/all/accept_dad", "0"),
    set("ipv6/conf/default/accept_dad", "0"),
    set("ipv6/conf/default/dad_transmits", "0"),
    set("ipv6/conf/default/router_solicitations", "0"),
    set("ipv6/conf/default/addr_gen_mode", "1"),
    set("ipv6/conf/all/accept_redirects", "0"),
    set("ipv6/conf/default/accept_redirects", "0"),
    set("ipv6/icmp/ratelimit", "0"),
];

const ROUTER_V6: [Sysctl; 1] = [set("ipv6/conf/all/forwarding", "1")];

const HOST_V6: [Sysctl; 1] = [set("ipv6/conf/all/forwarding", "0")];

/// The settings of a namespace that forwards packets, or does not, with IPv6 or without.
pub(super) fn of(forwards: bool, v6: bool) -> Vec<Sysctl> {
    let mut all = EVERYWHERE.to_vec();
    all.extend_from_slice(if forwards { &ROUTER } else { &HOST });
    if v6 {
        all.extend(WITH_V6);
        all.extend(if forwards { ROUTER_V6 } else { HOST_V6 });
    } else {
        all.extend(WITHOUT_V6);
    }
    all
}
