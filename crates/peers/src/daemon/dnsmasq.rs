//! dnsmasq: the plan's zones from its own data, others passed on, everything else refused.

use std::fmt::Write as _;

use model::service::{Forward, RecordData, Zone};

use super::launch::RunAs;
use super::site::{Site, text};
use super::stand::{Standing, stand};
use super::{DaemonError, ready};
use crate::dns::{self, TEXT_PIECE};

/// Starts dnsmasq. The names must have been found sound.
pub(crate) async fn serve(
    site: &Site<'_>,
    port: u16,
    zones: &[Zone],
    forwards: &[Forward],
) -> Result<Standing, DaemonError> {
    let hosts = site.write("hosts", &hosts(zones))?;
    let config = config(site, port, zones, forwards, &text(&hosts))?;
    let path = text(&site.write("dnsmasq.conf", &config)?);
    // In the foreground, with the log on standard error.
    let arguments = ["--keep-in-foreground", "--log-facility=-", "-C", &path];
    let daemon = site.daemon(RunAs::Starter, &arguments);
    let at = site.reached_at(port);
    let asked = zones
        .first()
        .and_then(|zone| dns::name(&zone.name).ok())
        .unwrap_or_default();
    stand(&daemon, || ready::resolves(at, &asked)).await
}

/// Addresses in the form of `/etc/hosts`, in which a name may have several.
fn hosts(zones: &[Zone]) -> String {
    let mut text = String::new();
    for record in zones.iter().flat_map(|zone| &zone.records) {
        for address in record.own_addresses() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{address} {}", record.name);
        }
    }
    text
}

fn config(
    site: &Site<'_>,
    port: u16,
    zones: &[Zone],
    forwards: &[Forward],
    hosts: &str,
) -> Result<String, DaemonError> {
    let mut config = format!(
        "port={port}
user=root
group=root
no-resolv
no-hosts
no-negcache
cache-size=0
local-ttl=300
pid-file=
addn-hosts={hosts}
"
    );
    for address in &site.plan.bind {
        if !address.is_unspecified() {
            // Writing to a String cannot fail.
            let _ = writeln!(config, "listen-address={address}\nbind-interfaces");
        }
    }
    for zone in zones {
        let _ = writeln!(config, "local=/{}/", zone.name);
        for record in &zone.records {
            let name = &record.name;
            let _ = match &record.data {
                RecordData::Addresses(_) => Ok(()),
                RecordData::Alias(target) => writeln!(config, "cname={name},{target}"),
                RecordData::Text(text) => {
                    let text = site.speakable("a text", text)?.replace('"', "\\\"");
                    let pieces: Vec<String> = text
                        .as_bytes()
                        .chunks(TEXT_PIECE)
                        .map(|piece| format!("\"{}\"", String::from_utf8_lossy(piece)))
                        .collect();
                    writeln!(config, "txt-record={name},{}", pieces.join(","))
                }
                RecordData::Mail {
                    preference,
                    exchange,
                } => writeln!(config, "mx-host={name},{exchange},{preference}"),
            };
        }
    }
    for forward in forwards {
        for server in &forward.servers {
            let _ = writeln!(config, "server=/{}/{server}", forward.zone);
        }
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use model::service::Record;

    use super::super::site::fixture;
    use super::*;
    use crate::daemon::Software;

    #[test]
    fn zones_and_ways_are_written_and_nothing_is_asked_of_the_machine() {
        let installed = fixture::installed(Software::Dnsmasq, "2.90");
        let plan = fixture::plan(&["0.0.0.0"]);
        let site = fixture::site(&installed, &plan);
        let record = |name: &str, data| Record {
            name: name.to_owned(),
            data,
        };
        let address = |text: &str| text.parse().expect("an address");
        let mut zones = vec![Zone {
            name: "acme.example".to_owned(),
            records: vec![
                record(
                    "a.acme.example",
                    RecordData::Addresses(vec![address("10.0.0.1"), address("fd00::1")]),
                ),
                record(
                    "b.acme.example",
                    RecordData::Alias("a.acme.example".to_owned()),
                ),
                record(
                    "acme.example",
                    RecordData::Text("v=spf1 \"a\", -all".to_owned()),
                ),
                record(
                    "acme.example",
                    RecordData::Mail {
                        preference: 10,
                        exchange: "mx.acme.example".to_owned(),
                    },
                ),
            ],
        }];
        let forwards = [Forward {
            zone: "x.internal".to_owned(),
            servers: vec![address("10.0.0.2"), address("10.0.0.3")],
        }];
        assert_eq!(
            hosts(&zones),
            "10.0.0.1 a.acme.example\nfd00::1 a.acme.example\n"
        );
        let text = config(&site, 53, &zones, &forwards, "/h").expect("speakable");
        for line in [
            "no-resolv\nno-hosts\n",
            "local=/acme.example/\n",
            "cname=b.acme.example,a.acme.example\n",
            "txt-record=acme.example,\"v=spf1 \\\"a\\\", -all\"\n",
            "mx-host=acme.example,mx.acme.example,10\n",
            "server=/x.internal/10.0.0.2\nserver=/x.internal/10.0.0.3\n",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        zones[0].records = vec![record(
            "acme.example",
            RecordData::Text("a\nserver=8.8.8.8".to_owned()),
        )];
        let error = config(&site, 53, &zones, &forwards, "/h").expect_err("breaks");
        assert!(matches!(error, DaemonError::Unspeakable { .. }));
    }
}
