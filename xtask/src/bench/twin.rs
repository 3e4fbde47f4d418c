//! `cargo xtask bench twin`: Reeve's twin beside Mininet, alternating in one run.

use serde_json::Value;

use super::median;
use crate::shell::{Failure, cargo, command, read, run};

/// The system's Python has Debian's package; another one first in the path may not.
const PYTHON: &str = "/usr/bin/python3";

/// Hosts on each side.
const HOSTS: &str = "100";

/// Rounds; each has one of either side, so that a noisy minute hits both.
const ROUNDS: usize = 3;

/// Mininet's own way to 100 hosts on one switch, with the Linux bridge as the switch: no controller, no filters.
const MININET: &str = r#"
import json, time
from mininet.net import Mininet
from mininet.topo import SingleSwitchTopo
from mininet.nodelib import LinuxBridge
began = time.monotonic()
net = Mininet(topo=SingleSwitchTopo(k=HOSTS), switch=LinuxBridge, controller=None)
net.start()
up = time.monotonic() - began
began = time.monotonic()
net.stop()
print(json.dumps({"up_s": up, "down_s": time.monotonic() - began}))
"#;

pub(crate) fn run_twin() -> Result<(), Failure> {
    run(&mut cargo(&[
        "bench", "--quiet", "--locked", "-p", "twin", "--bench", "hosts", "--no-run",
    ]))?;
    let mininet = peer_is_there();
    if !mininet {
        println!(
            "Mininet is not installed: Reeve is measured alone. `apt-get install mininet bridge-utils`, as root."
        );
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let figures = json(&read(&mut cargo(&[
            "bench", "--quiet", "--locked", "-p", "twin", "--bench", "hosts", "--", "--hosts",
            HOSTS,
        ]))?)?;
        println!("round {round}: reeve   {figures}");
        ours.push(figures);
        if mininet {
            let script = MININET.replace("HOSTS", HOSTS);
            let figures = json(&read(&mut command(PYTHON, &["-c", &script]))?)?;
            println!("round {round}: mininet {figures}");
            theirs.push(figures);
        }
    }
    println!(
        "\n{HOSTS} hosts, medians of {ROUNDS} rounds                     up       down   together"
    );
    let own = line("reeve, with groups and a program each", &ours)?;
    if mininet {
        let peer = line("mininet, no filters", &theirs)?;
        println!(
            "reeve is {:.1} times as fast up and down, {:.1} times as fast up alone",
            peer.1 / own.1,
            peer.0 / own.0
        );
        println!(
            "(Down ends with the last process; the kernel frees namespaces in the background. Mininet removes its links one by one.)"
        );
    }
    if let Some(memory) = median(figures(&ours, "pss_bytes")?) {
        println!(
            "memory of the twin while it stands: {:.0} MiB (PSS)",
            memory / f64::from(1 << 20)
        );
    }
    Ok(())
}

/// Prints one side's medians, and returns them: up, and up and down together, in seconds.
fn line(name: &str, rounds: &[Value]) -> Result<(f64, f64), Failure> {
    let (up, down) = (figures(rounds, "up_s")?, figures(rounds, "down_s")?);
    let both: Vec<f64> = up.iter().zip(&down).map(|(up, down)| up + down).collect();
    let middle = |times| median(times).unwrap_or_default();
    let (up, down, both) = (middle(up), middle(down), middle(both));
    println!("  {name:<40} {up:>8.3} s {down:>8.3} s {both:>8.3} s");
    Ok((up, both))
}

/// One figure of every round.
fn figures(rounds: &[Value], name: &str) -> Result<Vec<f64>, Failure> {
    let figure = |round: &Value| round[name].as_f64();
    let found: Option<Vec<f64>> = rounds.iter().map(figure).collect();
    found.ok_or_else(|| Failure::Wrong(format!("the benchmark printed no `{name}`")))
}

fn peer_is_there() -> bool {
    command(
        "/usr/bin/python3",
        &[
            "-c",
            "import mininet, shutil, sys; sys.exit(shutil.which(\"brctl\") is None)",
        ],
    )
    .output()
    .is_ok_and(|output| output.status.success())
}

fn json(text: &str) -> Result<Value, Failure> {
    let line = text
        .lines()
        .rev()
        .find(|line| line.starts_with('{'))
        .unwrap_or_default();
    serde_json::from_str(line)
        .map_err(|error| Failure::Wrong(format!("the benchmark printed no figures: {error}")))
}
