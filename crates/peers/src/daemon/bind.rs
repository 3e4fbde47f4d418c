//! BIND: authoritative for the plan's zones, passing others on, and knowing nothing else.
//!
//! BIND cannot refuse a question for its name alone where it passes other names on. So that no question finds the way to
//! the real root servers, a server that passes zones on has a root zone of its own, in which nothing but the way to them
//! stands: every other name does not exist there. A server that passes nothing on refuses.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use hickory_proto::rr::Name;
use model::service::{Forward, RecordData, Zone};

use super::launch::RunAs;
use super::site::{Site, text};
use super::stand::{Standing, stand};
use super::{DaemonError, ready};
use crate::dns::{DnsError, TEXT_PIECE, name};

/// The name server of zones whose host has no address in them. It cannot exist (RFC 2606).
const NAMELESS: &str = "ns.invalid.";

/// Seconds, as the embedded server's zones have them.
const TIMES: &str = "1 3600 900 1209600 60";
const TTL: u32 = 300;

/// Zones as BIND reads them: what is not written yet, of which all names are sound.
pub(crate) struct Zones {
    own: Vec<(Name, String)>,
    forwards: Vec<(Name, Forward)>,
}

impl Zones {
    /// Renders the zones.
    pub(crate) fn render(
        host: &str,
        zones: &[Zone],
        forwards: &[Forward],
    ) -> Result<Self, DnsError> {
        let forwards: Vec<(Name, Forward)> = forwards
            .iter()
            .map(|forward| Ok((name(&forward.zone)?, forward.clone())))
            .collect::<Result<_, DnsError>>()?;
        let mut own = Vec::new();
        for zone in zones {
            let apex = name(&zone.name)?;
            let mut text = head(&nameserver(host, zone)?, &apex);
            for record in &zone.records {
                // Writing to a String cannot fail.
                for data in rendered(&record.data)? {
                    let _ = writeln!(text, "{} {data}", name(&record.name)?);
                }
            }
            let within = |other: &&Name| apex.zone_of(other) && **other != apex;
            text.push_str(&ways(forwards.iter().map(|(zone, _)| zone).filter(within)));
            own.push((apex, text));
        }
        if !forwards.is_empty() && !own.iter().any(|(apex, _)| apex.is_root()) {
            let mut text = head(NAMELESS, &Name::root());
            let _ = writeln!(text, "{NAMELESS} A 127.0.0.1");
            text.push_str(&ways(forwards.iter().map(|(zone, _)| zone)));
            own.push((Name::root(), text));
        }
        Ok(Self { own, forwards })
    }

    /// A name that the server answers for.
    fn asked(&self) -> Name {
        let first = self.own.first();
        first.map_or_else(Name::root, |(apex, _)| apex.clone())
    }
}

/// Starts BIND.
pub(crate) async fn serve(
    site: &Site<'_>,
    port: u16,
    zones: &Zones,
) -> Result<Standing, DaemonError> {
    for (index, (_, content)) in zones.own.iter().enumerate() {
        site.write(&file(index), content)?;
    }
    let path = text(&site.write("named.conf", &config(site, port, zones))?);
    // -g: in the foreground, with the log on standard error; one thread is many for a rehearsal.
    let daemon = site.daemon(RunAs::Starter, &["-g", "-n", "1", "-c", &path]);
    let (at, asked) = (site.reached_at(port), zones.asked());
    stand(&daemon, || ready::resolves(at, &asked)).await
}

fn file(index: usize) -> String {
    format!("zone-{index}.db")
}

/// The name server of a zone: the host itself, unless the zone would have to have an address for it and has none, of
/// which BIND makes an error.
fn nameserver(host: &str, zone: &Zone) -> Result<String, DnsError> {
    let server = name(host)?;
    let mut has_address = false;
    for record in &zone.records {
        has_address |= !record.own_addresses().is_empty() && name(&record.name)? == server;
    }
    Ok(if has_address || !name(&zone.name)?.zone_of(&server) {
        server.to_string()
    } else {
        NAMELESS.to_owned()
    })
}

fn head(server: &str, apex: &Name) -> String {
    let mailbox = apex
        .prepend_label("hostmaster")
        .unwrap_or_else(|_| apex.clone());
    format!("$TTL {TTL}\n{apex} SOA {server} {mailbox} {TIMES}\n{apex} NS {server}\n")
}

/// Delegations, without which BIND takes a name in a zone of its own for one that is not there. Who is asked instead,
/// the forward zones say.
fn ways<'a>(zones: impl Iterator<Item = &'a Name>) -> String {
    let zones: BTreeSet<String> = zones.map(ToString::to_string).collect();
    zones
        .iter()
        .map(|zone| format!("{zone} NS {NAMELESS}\n"))
        .collect()
}

fn rendered(data: &RecordData) -> Result<Vec<String>, DnsError> {
    Ok(match data {
        RecordData::Addresses(addresses) => addresses
            .iter()
            .map(|address| {
                let kind = if address.is_ipv4() { "A" } else { "AAAA" };
                format!("{kind} {address}")
            })
            .collect(),
        RecordData::Alias(target) => vec![format!("CNAME {}", name(target)?)],
        RecordData::Text(text) => {
            let pieces: Vec<String> = text.as_bytes().chunks(TEXT_PIECE).map(quoted).collect();
            let pieces = if pieces.is_empty() {
                "\"\"".to_owned()
            } else {
                pieces.join(" ")
            };
            vec![format!("TXT {pieces}")]
        }
        RecordData::Mail {
            preference,
            exchange,
        } => vec![format!("MX {preference} {}", name(exchange)?)],
    })
}

/// A text in quotes, what is not plain in it by its number (RFC 1035, section 5.1).
fn quoted(piece: &[u8]) -> String {
    let mut text = String::from("\"");
    for &byte in piece {
        match byte {
            b'"' | b'\\' => {
                text.push('\\');
                text.push(char::from(byte));
            }
            b' '..=b'~' => text.push(char::from(byte)),
            _ => {
                let _ = write!(text, "\\{byte:03}");
            }
        }
    }
    text.push('"');
    text
}

fn config(site: &Site<'_>, port: u16, zones: &Zones) -> String {
    let folder = text(&site.folder);
    let listens = |v6: bool| {
        let bind = site.plan.bind.iter().filter(|one| one.is_ipv6() == v6);
        let list: Vec<String> = bind
            .map(|address| {
                if address.is_unspecified() {
                    "any;".to_owned()
                } else {
                    format!("{address};")
                }
            })
            .collect();
        if list.is_empty() {
            "none;".to_owned()
        } else {
            list.join(" ")
        }
    };
    let (v4, v6) = (listens(false), listens(true));
    let passes_on = if zones.forwards.is_empty() {
        "no"
    } else {
        "yes"
    };
    // Every question of a rehearsal is to travel: nothing is kept.
    let mut config = format!(
        "options {{
  directory \"{folder}\";
  listen-on port {port} {{ {v4} }};
  listen-on-v6 port {port} {{ {v6} }};
  pid-file none;
  session-keyfile none;
  allow-query {{ any; }};
  allow-transfer {{ none; }};
  recursion {passes_on};
  allow-recursion {{ any; }};
  dnssec-validation no;
  empty-zones-enable no;
  notify no;
  max-cache-size 8m;
  max-cache-ttl 0;
  max-ncache-ttl 0;
  version none;
}};
controls {{ }};
logging {{ category default {{ default_stderr; }}; }};
"
    );
    for (index, (apex, _)) in zones.own.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = writeln!(
            config,
            "zone \"{apex}\" {{ type primary; file \"{}\"; }};",
            file(index)
        );
    }
    for (zone, forward) in &zones.forwards {
        let servers: Vec<String> = forward
            .servers
            .iter()
            .map(|one| format!("{one};"))
            .collect();
        let servers = servers.join(" ");
        let _ = writeln!(
            config,
            "zone \"{zone}\" {{ type forward; forward only; forwarders {{ {servers} }}; }};"
        );
    }
    config
}

#[cfg(test)]
mod tests {
    use model::service::Record;

    use super::super::site::fixture;
    use super::*;
    use crate::daemon::Software;

    fn zone(name: &str, records: Vec<Record>) -> Zone {
        Zone {
            name: name.to_owned(),
            records,
        }
    }

    fn record(name: &str, data: RecordData) -> Record {
        Record {
            name: name.to_owned(),
            data,
        }
    }

    #[test]
    fn every_kind_of_record_is_written() {
        let check = |data: RecordData, wanted: &str| {
            let zones = [zone("acme.example", vec![record("a.acme.example", data)])];
            let zones = Zones::render("ns.other.example", &zones, &[]).expect("sound");
            assert!(
                zones.own[0].1.ends_with(&format!("{wanted}\n")),
                "{}",
                zones.own[0].1
            );
        };
        let addresses = ["10.0.0.1", "fd00::1"].map(|text| text.parse().expect("an address"));
        check(
            RecordData::Addresses(addresses.to_vec()),
            "a.acme.example. A 10.0.0.1\na.acme.example. AAAA fd00::1",
        );
        check(
            RecordData::Alias("b.example".to_owned()),
            "a.acme.example. CNAME b.example.",
        );
        check(
            RecordData::Text("v=spf1 \"x\" \\ ü".to_owned()),
            "a.acme.example. TXT \"v=spf1 \\\"x\\\" \\\\ \\195\\188\"",
        );
        check(
            RecordData::Text("x".repeat(256)),
            &format!("TXT \"{}\" \"x\"", "x".repeat(255)),
        );
        check(RecordData::Text(String::new()), "TXT \"\"");
        check(
            RecordData::Mail {
                preference: 10,
                exchange: "mx.example".to_owned(),
            },
            "a.acme.example. MX 10 mx.example.",
        );
    }

    #[test]
    fn names_that_are_none_are_refused() {
        let check = |zones: &[Zone], forwards: &[Forward]| {
            assert!(Zones::render("h.example", zones, forwards).is_err());
        };
        let long = "x".repeat(64);
        check(&[zone(&long, vec![])], &[]);
        check(
            &[zone(
                "a.example",
                vec![record(&long, RecordData::Text(String::new()))],
            )],
            &[],
        );
        check(
            &[zone(
                "a.example",
                vec![record("b.a.example", RecordData::Alias(long.clone()))],
            )],
            &[],
        );
        check(
            &[],
            &[Forward {
                zone: long.clone(),
                servers: vec![],
            }],
        );
        assert!(Zones::render(&long, &[zone("a.example", vec![])], &[]).is_err());
    }

    #[test]
    fn what_is_passed_on_is_delegated_and_nothing_else_is_known() {
        let installed = fixture::installed(Software::Bind, "9.18");
        let plan = fixture::plan(&["0.0.0.0"]);
        let site = fixture::site(&installed, &plan);
        let forward = |zone: &str| Forward {
            zone: zone.to_owned(),
            servers: vec!["10.0.0.2".parse().expect("an address")],
        };
        let own = [zone("acme.example", vec![])];
        let zones = Zones::render(
            "ns.acme.example",
            &own,
            &[forward("cloud.acme.example"), forward("x.internal")],
        )
        .expect("sound");
        let texts: Vec<&str> = zones.own.iter().map(|(_, text)| text.as_str()).collect();
        assert!(
            texts[0].contains("acme.example. NS ns.invalid.\n"),
            "no address of its own: {}",
            texts[0]
        );
        assert!(
            texts[0].ends_with("cloud.acme.example. NS ns.invalid.\n"),
            "{}",
            texts[0]
        );
        assert!(
            texts[1].ends_with("cloud.acme.example. NS ns.invalid.\nx.internal. NS ns.invalid.\n"),
            "{}",
            texts[1]
        );
        let told = config(&site, 53, &zones);
        for line in [
            "listen-on port 53 { any; };\n  listen-on-v6 port 53 { none; };",
            "recursion yes;",
            "zone \".\" { type primary; file \"zone-1.db\"; };",
            "zone \"x.internal.\" { type forward; forward only; forwarders { 10.0.0.2; }; };",
        ] {
            assert!(told.contains(line), "{line} in {told}");
        }
        let zones = Zones::render("ns.acme.example", &own, &[]).expect("sound");
        let told = config(&site, 53, &zones);
        assert!(
            told.contains("recursion no;") && !told.contains("zone \".\""),
            "{told}"
        );
    }
}
