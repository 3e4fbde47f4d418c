//! `cargo xtask bench twin`: Reeve's twin beside Mininet, alternating in one run.

use std::time::Instant;

use serde_json::Value;

use super::median;
use crate::shell::{Failure, cargo, command, read, run};

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
    let (mut ours, mut theirs, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let began = Instant::now();
        let figures = json(&read(&mut cargo(&[
            "bench", "--quiet", "--locked", "-p", "twin", "--bench", "hosts", "--", "--hosts",
            HOSTS,
        ]))?)?;
        println!("round {round}: reeve   {figures}");
        ours.push(sum(&figures)?);
        memory.push(figures["pss_bytes"].as_f64().unwrap_or_default());
        if mininet {
            let script = MININET.replace("HOSTS", HOSTS);
            let figures = json(&read(&mut command("/usr/bin/python3", &["-c", &script]))?)?;
            println!("round {round}: mininet {figures}");
            theirs.push(sum(&figures)?);
        }
        println!("round {round}: {:.1} s", began.elapsed().as_secs_f64());
    }
    let Some(own) = median(ours) else {
        return Ok(());
    };
    println!("\n{HOSTS} hosts up and down, median of {ROUNDS} rounds");
    println!("  reeve, with security groups and a program each   {own:.2} s");
    if let Some(peer) = median(theirs) {
        println!("  mininet, no filters                              {peer:.2} s");
        println!("  reeve is {:.1} times as fast", peer / own);
    }
    if let Some(memory) = median(memory) {
        println!(
            "  memory of the twin while it stands               {:.0} MiB (PSS)",
            memory / f64::from(1 << 20)
        );
    }
    Ok(())
}

fn peer_is_there() -> bool {
    // The system's Python has Debian's package; another one first in the path may not.
    command("/usr/bin/python3", &["-c", "import mininet"])
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

fn sum(figures: &Value) -> Result<f64, Failure> {
    match (figures["up_s"].as_f64(), figures["down_s"].as_f64()) {
        (Some(up), Some(down)) => Ok(up + down),
        _ => Err(Failure::Wrong("the benchmark printed no times".to_owned())),
    }
}
