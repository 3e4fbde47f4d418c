//! strongSwan: `swanctl.conf` for the customer's gateway. The twin runs this very text, one tunnel to a daemon.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use model::vpn::{Tunnel, TunnelId, VpnConnection, VpnRouting, VpnSide};

/// Encryption, integrity and Diffie-Hellman group of both phases, of those that AWS accepts: AES-256, SHA-256, group 14.
const PROPOSAL: &str = "aes256-sha256-modp2048";

/// AWS ends a key exchange's association after 8 hours and a data association after 1 hour. The customer's side renews
/// them before that, as AWS leaves it to whoever is first.
const LIFETIMES: Lifetimes = Lifetimes {
    exchange: "7h",
    grace: "1h",
    data: "50m",
    data_end: "1h",
};

struct Lifetimes {
    exchange: &'static str,
    grace: &'static str,
    data: &'static str,
    data_end: &'static str,
}

/// The name of a tunnel's connection, and of its one child: `vpn-1-tunnel-1`.
pub fn connection_name(tunnel: &TunnelId) -> String {
    let vpn: String = tunnel
        .vpn
        .as_str()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    format!("{vpn}-tunnel-{}", tunnel.number)
}

/// Where a tunnel's pre-shared key lies, seen from the folder of `swanctl.conf`.
pub fn key_path(tunnel: &TunnelId) -> String {
    format!("keys/{}.conf", connection_name(tunnel))
}

/// What that file says, for one who has the key.
pub fn key_file(key: &str) -> String {
    format!("secret = \"{}\"\n", escaped(key))
}

/// `swanctl.conf` of the customer's gateway: both tunnels of a connection, their keys by reference.
pub fn strongswan(vpn: &VpnConnection) -> String {
    let mut text = preamble(vpn);
    for (id, tunnel) in vpn.named_tunnels() {
        text.push('\n');
        text.push_str(&strongswan_tunnel(vpn, &id, tunnel, VpnSide::Customer));
    }
    text
}

/// The part of `swanctl.conf` that is one tunnel's. AWS's end, which only a rehearsal plays, waits to be called.
pub fn strongswan_tunnel(
    vpn: &VpnConnection,
    id: &TunnelId,
    tunnel: &Tunnel,
    side: VpnSide,
) -> String {
    let (local, remote) = addresses(vpn, tunnel, side);
    let start = match side {
        VpnSide::Customer => "start",
        VpnSide::Amazon => "none",
    };
    let (name, number) = (connection_name(id), id.number);
    let Lifetimes {
        exchange,
        grace,
        data,
        data_end,
    } = LIFETIMES;
    let (key, secret) = (key_path(id), &tunnel.key);
    format!(
        "\
# {id}: {local} to {remote}
connections {{
  {name} {{
    version = 2
    local_addrs = {local}
    remote_addrs = {remote}
    proposals = {PROPOSAL}
    # AWS knows neither moving addresses nor an end to trying.
    mobike = no
    keyingtries = 0
    dpd_delay = 10s
    rekey_time = {exchange}
    over_time = {grace}
    local {{
      auth = psk
      id = {local}
    }}
    remote {{
      auth = psk
      id = {remote}
    }}
    children {{
      {name} {{
        # Routes decide what goes in, not the policy.
        local_ts = 0.0.0.0/0
        remote_ts = 0.0.0.0/0
        if_id_in = {number}
        if_id_out = {number}
        esp_proposals = {PROPOSAL}
        rekey_time = {data}
        life_time = {data_end}
        start_action = {start}
        close_action = {start}
        dpd_action = restart
      }}
    }}
  }}
}}
secrets {{
  ike-{name} {{
    id-1 = {local}
    id-2 = {remote}
    # The key is the secret {secret}. The file says: secret = \"the key\"; let none but root read it.
    include {key}
  }}
}}
"
    )
}

fn addresses(vpn: &VpnConnection, tunnel: &Tunnel, side: VpnSide) -> (Ipv4Addr, Ipv4Addr) {
    match side {
        VpnSide::Customer => (vpn.gateway.address, tunnel.outside),
        VpnSide::Amazon => (tunnel.outside, vpn.gateway.address),
    }
}

/// What a Linux router needs beside this file, as comments.
fn preamble(vpn: &VpnConnection) -> String {
    let mut text = format!(
        "\
# /etc/swanctl/swanctl.conf of gateway {} for {}, strongSwan 5.9 or later; load with `swanctl --load-all`.
#
# In /etc/strongswan.conf, as routes are not the policies' matter:
#   charon {{ install_routes = no }}
#
# A device for each tunnel, with the inside address on it. By the kernel's own IPsec:
",
        vpn.gateway.address, vpn.id
    );
    for (id, tunnel) in vpn.named_tunnels() {
        let number = id.number;
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "#   ip link add vpn{number} type xfrm dev WAN if_id {number}\n\
             #   ip address add {}/30 dev vpn{number}; ip link set vpn{number} up mtu 1400",
            tunnel.customer_inside()
        );
    }
    text.push_str(
        "\
# Or by the plugin kernel-libipsec, loaded before kernel-netlink, where the kernel's is missing: the daemon makes the
# device ipsec0 and the if_id lines have no effect. It serves one tunnel, so that each needs a daemon and a network
# namespace of its own. So does the rehearsal.
#
",
    );
    match vpn.routing {
        VpnRouting::Bgp {
            customer_asn,
            amazon_asn,
        } => {
            let announced = vpn
                .site_prefixes
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ");
            let _ = writeln!(
                text,
                "# BGP from AS {customer_asn} to AS {amazon_asn}, announcing {announced} and nothing else:"
            );
            for (_, tunnel) in vpn.named_tunnels() {
                let _ = writeln!(
                    text,
                    "#   neighbour {} from {}",
                    tunnel.amazon_inside(),
                    tunnel.customer_inside()
                );
            }
        }
        VpnRouting::Static => {
            text.push_str("# Routes, the second device's only while the first does not carry:\n");
            for prefix in &vpn.cloud_prefixes {
                for (id, _) in vpn.named_tunnels() {
                    let number = id.number;
                    let _ = writeln!(
                        text,
                        "#   ip route add {prefix} dev vpn{number} metric {}",
                        u32::from(number) * 100
                    );
                }
            }
        }
    }
    text
}

/// A text between double quotes, as strongSwan's settings are read.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use model::secret::SecretName;
    use model::vpn::CustomerGateway;

    use super::*;

    fn connection(routing: VpnRouting) -> VpnConnection {
        let tunnel = |outside: &str, inside: &str, number: u8| Tunnel {
            outside: outside.parse().expect("an address"),
            inside: inside.parse().expect("a range"),
            key: SecretName(format!("data-centre/vpn-1/tunnel-{number}")),
        };
        VpnConnection {
            id: "vpn-1".into(),
            transit_gateway: "hub".into(),
            attachment: "data-centre/vpn".into(),
            site: "data-centre".into(),
            gateway: CustomerGateway {
                address: Ipv4Addr::new(203, 0, 113, 7),
                vendor: "strongSwan".to_owned(),
                model: "Linux".to_owned(),
                software: "5.9.8".to_owned(),
            },
            routing,
            site_prefixes: vec!["10.10.0.0/16".parse().expect("a range")],
            cloud_prefixes: vec!["10.20.0.0/16".parse().expect("a range")],
            tunnels: [
                tunnel("198.18.1.1", "169.254.10.0/30", 1),
                tunnel("198.18.2.1", "169.254.11.0/30", 2),
            ],
        }
    }

    const BGP: VpnRouting = VpnRouting::Bgp {
        customer_asn: 65010,
        amazon_asn: 64512,
    };

    #[test]
    fn the_whole_is_its_tunnels_and_what_stands_beside_them() {
        let check = |routing, wanted: &[&str], unwanted: &[&str]| {
            let vpn = connection(routing);
            let text = strongswan(&vpn);
            for (id, tunnel) in vpn.named_tunnels() {
                assert!(text.contains(&strongswan_tunnel(&vpn, &id, tunnel, VpnSide::Customer)));
            }
            for words in wanted {
                assert!(text.contains(words), "{words} in:\n{text}");
            }
            for words in unwanted {
                assert!(!text.contains(words), "{words} in:\n{text}");
            }
            let opened = text.matches('{').count();
            assert_eq!(opened, text.matches('}').count(), "braces");
        };
        check(
            BGP,
            &[
                "AS 65010 to AS 64512, announcing 10.10.0.0/16",
                "neighbour 169.254.10.1 from 169.254.10.2",
                "include keys/vpn-1-tunnel-2.conf",
                "secret data-centre/vpn-1/tunnel-1",
            ],
            &["ip route add"],
        );
        check(
            VpnRouting::Static,
            &["ip route add 10.20.0.0/16 dev vpn2 metric 200"],
            &["BGP", "10.10.0.0/16"],
        );
    }

    #[test]
    fn the_ends_mirror_each_other() {
        let vpn = connection(BGP);
        let (id, tunnel) = vpn.named_tunnels().next().expect("two tunnels");
        let check = |side, wanted: &[&str]| {
            let text = strongswan_tunnel(&vpn, &id, tunnel, side);
            for words in wanted {
                assert!(text.contains(words), "{words} in:\n{text}");
            }
        };
        check(
            VpnSide::Customer,
            &["local_addrs = 203.0.113.7", "start_action = start"],
        );
        check(
            VpnSide::Amazon,
            &[
                "local_addrs = 198.18.1.1",
                "remote_addrs = 203.0.113.7",
                "start_action = none",
            ],
        );
    }

    #[test]
    fn no_name_and_no_key_breaks_out() {
        let id = TunnelId {
            vpn: "data centre}/vpn.1".into(),
            number: 1,
        };
        assert_eq!(connection_name(&id), "data-centre--vpn-1-tunnel-1");
        assert_eq!(key_file(r#"a"b\"#), "secret = \"a\\\"b\\\\\"\n");
    }
}
