//! BIRD at a router: its configuration, and the running daemon.

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use ipnet::{IpNet, Ipv4Net};
use model::vpn::{VpnRouting, VpnSide};

use super::charon::{read_end, write};
use super::routes::{self, RouterState};
use super::{Leg, RouterPlan, Table, VpnError, control};

/// BIRD starts in a few milliseconds.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// Between two looks at what is not ready yet.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The lines of a log that an error quotes.
const LOG_LINES: usize = 12;

/// The preference of the first tunnel; each further one has one less. BIRD's own default for static routes.
const PREFERENCE: usize = 200;

/// A dead tunnel is known after five of these, in milliseconds. A busy machine must not be taken for a dead tunnel, nor
/// a rehearsal wait longer than people do. It is the same while nobody answers, where BIRD would ask once a second: a
/// tunnel that comes back is seen as fast as one that goes.
const BFD_INTERVAL: u32 = 300;

/// A running router. Dropped, it is killed.
#[derive(Debug)]
pub(super) struct Router {
    plan: RouterPlan,
    child: Child,
}

impl Router {
    pub(super) fn start(plan: RouterPlan) -> Result<Self, VpnError> {
        let files = Files(&plan.data);
        write(&files.settings(), &settings(&plan, &[])?, 0o600)?;
        let said = files.said();
        let output =
            File::create(&said).map_err(|source| VpnError::Write { path: said, source })?;
        let program = &plan.installed.bird;
        let child = Command::new(program)
            .arg("-f")
            .arg("-c")
            .arg(files.settings())
            .arg("-s")
            .arg(files.socket())
            .arg("-P")
            .arg(files.pid())
            .stdin(Stdio::null())
            .stderr(output)
            .spawn()
            .map_err(|source| VpnError::Start {
                program: program.clone(),
                source,
            })?;
        let mut router = Self { plan, child };
        router.await_ready()?;
        Ok(router)
    }

    fn await_ready(&mut self) -> Result<(), VpnError> {
        let deadline = Instant::now() + READY_LIMIT;
        loop {
            if self.ask("show status").is_ok() {
                return Ok(());
            }
            let what = match self.child.try_wait() {
                Ok(Some(status)) => format!("it ended with {status}"),
                _ if Instant::now() >= deadline => "it does not listen".to_owned(),
                _ => {
                    thread::sleep(LOOK_AGAIN);
                    continue;
                }
            };
            return Err(VpnError::NotReady {
                daemon: "BIRD",
                what,
                log: self.log(),
            });
        }
    }

    /// Which tunnels carry, and what leads into which.
    pub(super) fn state(&self) -> Result<RouterState, VpnError> {
        let sessions = self.ask("show bfd sessions")?;
        let protocols = self.ask("show protocols")?;
        let learnt = self.ask("show route table learnt")?;
        Ok(routes::read(
            &self.plan.legs,
            &sessions,
            &protocols,
            &learnt,
        ))
    }

    /// Announces prefixes beside this side's own; none ends that.
    pub(super) fn leak(&self, prefixes: &[Ipv4Net]) -> Result<(), VpnError> {
        let text = settings(&self.plan, prefixes)?;
        write(&Files(&self.plan.data).settings(), &text, 0o600)?;
        self.ask("configure").map(|_| ())
    }

    fn ask(&self, question: &str) -> Result<Vec<String>, VpnError> {
        control::ask(&Files(&self.plan.data).socket(), question).map_err(|source| VpnError::Ask {
            daemon: "BIRD",
            source,
        })
    }

    fn log(&self) -> String {
        let files = Files(&self.plan.data);
        // What is wrong with its configuration, BIRD says before it opens the log.
        let [said, log] = [files.said(), files.log()].map(|path| read_end(&path, 0));
        let lines: Vec<&str> = said.lines().chain(log.lines()).collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join(" | ")
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        // It has ended, or ends now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the daemon's files are.
struct Files<'a>(&'a Path);

impl Files<'_> {
    fn settings(&self) -> PathBuf {
        self.0.join("bird.conf")
    }

    fn socket(&self) -> PathBuf {
        self.0.join("bird.ctl")
    }

    fn pid(&self) -> PathBuf {
        self.0.join("bird.pid")
    }

    fn log(&self) -> PathBuf {
        self.0.join("bird.log")
    }

    fn said(&self) -> PathBuf {
        self.0.join("bird.said")
    }
}

/// `bird.conf`.
///
/// What a side announces stands in table `learnt` beside what it learns, as BGP has one table for both; only what is
/// learnt goes on to the kernel.
fn settings(plan: &RouterPlan, leaked: &[Ipv4Net]) -> Result<String, VpnError> {
    let inside = |leg: &Leg| {
        leg.inside(plan.side)
            .ok_or_else(|| VpnError::NoSuchTunnel(leg.tunnel.clone()))
    };
    let Some(first) = plan.legs.first() else {
        return Err(VpnError::NotStarted);
    };
    let (router_id, _) = inside(first)?;
    let mut text = format!(
        "\
log \"{}\" all;
router id {router_id};
ipv4 table learnt;
protocol device {{ scan time 2; }}
protocol bfd {{
  interface \"*\" {{ interval {BFD_INTERVAL} ms; idle tx interval {BFD_INTERVAL} ms; multiplier 5; }};
}}
filter ours {{ if proto = \"own\" || proto = \"leaked\" then accept; reject; }}
",
        Files(&plan.data).log().display()
    );
    announced(&mut text, "own", own(plan));
    announced(&mut text, "leaked", leaked.iter().copied());
    for (position, leg) in plan.legs.iter().enumerate() {
        let (local, remote) = inside(leg)?;
        let preference = PREFERENCE.saturating_sub(position);
        let name = &leg.protocol();
        match leg.vpn.routing {
            VpnRouting::Bgp {
                customer_asn,
                amazon_asn,
            } => {
                let (here, there) = match plan.side {
                    VpnSide::Amazon => (amazon_asn, customer_asn),
                    VpnSide::Customer => (customer_asn, amazon_asn),
                };
                // Writing to a String cannot fail, here and below.
                let _ = writeln!(
                    text,
                    "\
protocol bgp {name} {{
  local {local} as {here};
  neighbor {remote} as {there};
  bfd on;
  connect delay time 1;
  connect retry time 1;
  error wait time 1, 2;
  ipv4 {{
    table learnt;
    import filter {{ bgp_local_pref = {preference}; accept; }};
    export filter ours;
    next hop self;
  }};
}}"
                );
            }
            VpnRouting::Static => {
                let behind = behind(leg, plan.side);
                fixed(&mut text, name, "learnt", (preference, remote), behind);
            }
        }
    }
    for table in &plan.tables {
        kernel(&mut text, plan, table, &inside)?;
    }
    Ok(text)
}

/// What a side announces of its own.
fn own(plan: &RouterPlan) -> impl Iterator<Item = Ipv4Net> {
    let all: std::collections::BTreeSet<Ipv4Net> = plan
        .legs
        .iter()
        .flat_map(|leg| match plan.side {
            VpnSide::Amazon => &leg.vpn.cloud_prefixes,
            VpnSide::Customer => &leg.vpn.site_prefixes,
        })
        .filter_map(v4)
        .collect();
    all.into_iter()
}

/// What is behind a tunnel.
fn behind(leg: &Leg, side: VpnSide) -> impl Iterator<Item = Ipv4Net> {
    let prefixes = match side {
        VpnSide::Amazon => &leg.vpn.site_prefixes,
        VpnSide::Customer => &leg.vpn.cloud_prefixes,
    };
    prefixes.iter().filter_map(v4)
}

/// AWS carries one family in a tunnel, and these are IPv4's.
fn v4(net: &IpNet) -> Option<Ipv4Net> {
    match net {
        IpNet::V4(net) => Some(net.trunc()),
        IpNet::V6(_) => None,
    }
}

fn announced(text: &mut String, name: &str, prefixes: impl Iterator<Item = Ipv4Net>) {
    let _ = writeln!(
        text,
        "protocol static {name} {{\n  ipv4 {{ table learnt; }};"
    );
    for prefix in prefixes {
        let _ = writeln!(text, "  route {prefix} blackhole;");
    }
    text.push_str("}\n");
}

/// Routes that hold as long as the other side of a tunnel answers.
fn fixed(
    text: &mut String,
    name: &str,
    table: &str,
    (preference, by): (usize, std::net::Ipv4Addr),
    prefixes: impl Iterator<Item = Ipv4Net>,
) {
    let _ = writeln!(
        text,
        "protocol static {name} {{\n  ipv4 {{ table {table}; preference {preference}; }};"
    );
    for prefix in prefixes {
        let _ = writeln!(text, "  route {prefix} via {by} bfd;");
    }
    text.push_str("}\n");
}

/// A routing table of the kernel's. What nothing covers is dropped in silence, as AWS does.
fn kernel(
    text: &mut String,
    plan: &RouterPlan,
    table: &Table,
    inside: &impl Fn(&Leg) -> Result<(std::net::Ipv4Addr, std::net::Ipv4Addr), VpnError>,
) -> Result<(), VpnError> {
    let number = table.number;
    let _ = writeln!(
        text,
        "\
ipv4 table t{number};
protocol kernel k{number} {{
  kernel table {number};
  scan time 5;
  ipv4 {{ table t{number}; import none; export all; }};
}}
protocol static last{number} {{
  ipv4 {{ table t{number}; preference 1; }};
  route 0.0.0.0/0 blackhole;
}}"
    );
    let learns = |leg: &&Leg| table.learns.contains(&leg.vpn.attachment);
    let offers: Vec<String> = plan
        .legs
        .iter()
        .filter(learns)
        .map(|leg| format!("proto = \"{}\"", leg.protocol()))
        .collect();
    if !offers.is_empty() {
        let _ = writeln!(
            text,
            "\
protocol pipe p{number} {{
  table learnt;
  peer table t{number};
  import none;
  export filter {{ if {} then accept; reject; }};
}}",
            offers.join(" || ")
        );
    }
    for (position, leg) in plan.legs.iter().enumerate() {
        let (_, remote) = inside(leg)?;
        let preference = PREFERENCE.saturating_sub(position);
        let name = format!("fixed{number}{}", leg.device);
        let here = table.fixed.iter();
        let prefixes = here.filter(|(_, to)| *to == leg.vpn.attachment);
        fixed(
            text,
            &name,
            &format!("t{number}"),
            (preference, remote),
            prefixes.map(|(net, _)| *net),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::fixture::{AMAZON_TABLE, BGP, connection, router};
    use super::*;

    fn text(routing: VpnRouting, side: VpnSide, leaked: &[&str]) -> String {
        let leaked: Vec<Ipv4Net> = leaked
            .iter()
            .map(|net| net.parse().expect("a range"))
            .collect();
        settings(&router(&connection(routing), side), &leaked).expect("it is sound")
    }

    #[test]
    fn each_side_announces_its_own_and_meets_the_other() {
        let check = |routing, side, leaked: &[&str], wanted: &[&str], unwanted: &[&str]| {
            let text = text(routing, side, leaked);
            for words in wanted {
                assert!(text.contains(words), "{words} in:\n{text}");
            }
            for words in unwanted {
                assert!(!text.contains(words), "{words} in:\n{text}");
            }
        };
        check(
            BGP,
            VpnSide::Amazon,
            &[],
            &[
                "local 169.254.11.1 as 64512;\n  neighbor 169.254.11.2 as 65010;",
                "route 10.20.0.0/16 blackhole;",
                "bgp_local_pref = 199;",
                "proto = \"by_vpn1\" || proto = \"by_vpn4\"",
                "kernel table 1000;",
            ],
            &["10.10.0.0/16", "2001:db8"],
        );
        check(
            BGP,
            VpnSide::Customer,
            &["10.30.0.0/16"],
            &[
                "local 169.254.11.2 as 65010;\n  neighbor 169.254.11.1 as 64512;",
                "route 10.10.0.0/16 blackhole;",
                "route 10.30.0.0/16 blackhole;",
            ],
            &["10.20.0.0/16"],
        );
        check(
            VpnRouting::Static,
            VpnSide::Amazon,
            &[],
            &["route 10.10.0.0/16 via 169.254.12.2 bfd;"],
            &["protocol bgp"],
        );
    }

    #[test]
    fn a_table_that_learns_nothing_has_what_is_fixed() {
        let mut plan = router(&connection(BGP), VpnSide::Amazon);
        plan.tables = vec![Table {
            number: AMAZON_TABLE,
            learns: BTreeSet::new(),
            fixed: vec![
                ("10.10.0.0/16".parse().expect("a range"), "vpn".into()),
                ("10.99.0.0/16".parse().expect("a range"), "another".into()),
            ],
        }];
        let text = settings(&plan, &[]).expect("it is sound");
        assert!(
            text.contains("route 10.10.0.0/16 via 169.254.11.2 bfd;"),
            "{text}"
        );
        assert!(!text.contains("protocol pipe"), "{text}");
        assert!(!text.contains("10.99.0.0/16"), "{text}");
    }

    #[test]
    fn a_router_without_its_tunnels_is_refused() {
        let mut plan = router(&connection(BGP), VpnSide::Amazon);
        plan.legs[1].tunnel.number = 3;
        assert!(matches!(
            settings(&plan, &[]),
            Err(VpnError::NoSuchTunnel(id)) if id.number == 3
        ));
        plan.legs.clear();
        assert!(settings(&plan, &[]).is_err());
    }

    /// Where BIRD is installed it says itself whether it understands what is written for it.
    #[test]
    fn bird_reads_what_is_written_for_it() {
        let Ok(installed) = super::super::Installed::find() else {
            return;
        };
        let folder = tempfile::tempdir().expect("a folder");
        for (routing, side) in [
            (BGP, VpnSide::Amazon),
            (BGP, VpnSide::Customer),
            (VpnRouting::Static, VpnSide::Amazon),
            (VpnRouting::Static, VpnSide::Customer),
        ] {
            let path = folder.path().join("bird.conf");
            let text = text(routing, side, &["0.0.0.0/0"]);
            write(&path, &text, 0o600).expect("a file");
            let read = Command::new(&installed.bird)
                .arg("-p")
                .arg("-c")
                .arg(&path)
                .output()
                .expect("it runs");
            let said = String::from_utf8_lossy(&read.stderr);
            assert!(read.status.success(), "{said}\n{text}");
        }
    }
}
