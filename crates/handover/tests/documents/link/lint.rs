//! What every configuration must hold whatever its language: nothing of the design is missing, and nothing breaks out.

use handover::link::Document;
use model::vpn::{VpnConnection, VpnRouting};

use super::{cases, connection, files};

const HOSTILE: &str = "x\r\nno ip route 0.0.0.0\n! \u{1b}[31m {{ v }} | \"quoted\"";

fn all(documents: &[Document]) -> String {
    documents
        .iter()
        .map(|document| document.text.as_str())
        .collect()
}

/// The design's values that the text does not say.
fn missing(connection: &VpnConnection, text: &str) -> Vec<String> {
    let mut wanted: Vec<String> = vec![connection.gateway.address.to_string()];
    for tunnel in &connection.tunnels {
        wanted.extend([
            tunnel.outside.to_string(),
            tunnel.amazon_inside().to_string(),
            tunnel.customer_inside().to_string(),
            tunnel.key.to_string(),
        ]);
    }
    for prefix in connection
        .site_prefixes
        .iter()
        .chain(&connection.cloud_prefixes)
    {
        wanted.push(prefix.addr().to_string());
    }
    if let VpnRouting::Bgp {
        customer_asn,
        amazon_asn,
    } = connection.routing
    {
        wanted.extend([customer_asn.to_string(), amazon_asn.to_string()]);
    }
    wanted.retain(|value| !text.contains(value.as_str()));
    wanted
}

/// How often each line that opens a block is followed by its end, for languages that have blocks.
fn unbalanced(text: &str) -> bool {
    let code = || {
        text.lines()
            .map(str::trim)
            .filter(|line| !line.starts_with(['#', '!']))
    };
    let count = |word: &str| {
        code()
            .filter(|line| line.split_whitespace().next() == Some(word))
            .count()
    };
    count("config") != count("end") || count("edit") != count("next")
}

#[test]
fn nothing_of_the_design_is_missing() {
    for (name, connection) in cases() {
        let text = all(&files(&connection, "acme"));
        assert_eq!(missing(&connection, &text), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn the_lint_sees_what_is_taken_away() {
    for (name, connection) in cases() {
        let text = all(&files(&connection, "acme"));
        for tunnel in &connection.tunnels {
            for value in [tunnel.outside.to_string(), tunnel.key.to_string()] {
                let without = text.replace(&value, "");
                assert!(
                    missing(&connection, &without).contains(&value),
                    "{name}: {value}"
                );
            }
        }
    }
}

#[test]
fn blocks_end_and_no_template_shows() {
    for (name, connection) in cases() {
        let text = all(&files(&connection, "acme"));
        assert!(
            !name.starts_with("fortios") || !unbalanced(&text),
            "{name}: blocks do not end"
        );
        assert!(
            !text.contains("{%") && !text.contains("{{"),
            "{name}: a template shows"
        );
        for line in text.lines() {
            assert_eq!(line, line.trim_end(), "{name}: a line ends in blanks");
        }
    }
}

#[test]
fn both_ways_of_routing_never_mix() {
    for (name, connection) in cases() {
        let text = all(&files(&connection, "acme"));
        let bgp = name.ends_with("-bgp");
        assert_eq!(text.to_lowercase().contains("65010"), bgp, "{name}");
        assert_eq!(
            text.contains("AWS routes these prefixes") || text.contains("| by AWS, to you"),
            !bgp,
            "{name}"
        );
    }
}

#[test]
fn keys_are_named_and_where_they_come_from() {
    for (name, connection) in cases() {
        let text = all(&files(&connection, "acme"));
        for from in [
            "file:secrets/vpn-1-tunnel-1",
            "AWS Secrets Manager: acme/vpn-1/tunnel-2",
        ] {
            assert!(text.contains(from), "{name}: {from}");
        }
        let placeholder = "<key:data-centre/vpn-1/tunnel-1>";
        assert!(text.contains(placeholder), "{name}: {placeholder}");
    }
}

#[test]
fn hostile_words_stay_in_their_comment() {
    for (name, _) in super::ROUTERS {
        let mut hostile = connection(["Cisco", "ISR", HOSTILE], super::BGP);
        let (_, router) = super::ROUTERS
            .into_iter()
            .find(|(known, _)| *known == name)
            .expect("known");
        hostile.gateway.vendor = router[0].to_owned();
        hostile.gateway.model = format!("{} {HOSTILE}", router[1]);
        if name != "strongswan" {
            // strongSwan's file repeats the key's name as the design made it, and a design makes no such name.
            hostile.tunnels[0].key = model::SecretName(HOSTILE.to_owned());
        }
        let text = all(&files(&hostile, HOSTILE));
        for line in text.lines() {
            assert!(!line.starts_with("no ip route"), "{name}: {line}");
            assert!(
                !line.contains(char::is_control) || line.starts_with('\t'),
                "{name}: {line:?}"
            );
        }
    }
}

#[test]
fn names_are_short_and_plain_enough_for_every_router() {
    for (name, mut connection) in cases() {
        connection.id = "data centre \"primary\" link number 1\n".into();
        for document in files(&connection, "acme") {
            assert!(
                !document.name.contains([' ', '"', '\n']),
                "{name}: {}",
                document.name
            );
        }
        if name.starts_with("fortios") {
            let text = all(&files(&connection, "acme"));
            assert!(text.contains("edit \"data-centre---1\""), "{text}");
        }
    }
}
