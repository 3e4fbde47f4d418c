//! chrony: serves this machine's time as an undisciplined local clock, and never touches the clock.

use std::net::IpAddr;

use super::launch::RunAs;
use super::site::{Site, text};
use super::stand::{Standing, stand};
use super::{DaemonError, ready};

/// Far down, as an undisciplined local clock is: no real client prefers it over a real server.
const STRATUM: u8 = 10;

/// Starts chrony.
pub(crate) async fn serve(site: &Site<'_>, port: u16) -> Result<Standing, DaemonError> {
    let path = site.write("chrony.conf", &config(site, port))?;
    let path = text(&path);
    // -x: nothing that it does may reach the clock. -d: in the foreground.
    let mut arguments = vec!["-x", "-d", "-u", "root", "-f", &path];
    let families = (
        site.plan.bind.iter().any(IpAddr::is_ipv4),
        site.plan.bind.iter().any(IpAddr::is_ipv6),
    );
    match families {
        (true, false) => arguments.push("-4"),
        (false, true) => arguments.push("-6"),
        _ => {}
    }
    let at = site.reached_at(port);
    let daemon = site.daemon(RunAs::Starter, &arguments);
    stand(&daemon, || ready::tells_time(at)).await
}

fn config(site: &Site<'_>, port: u16) -> String {
    let folder = text(&site.folder);
    let mut lines = vec![
        format!("port {port}"),
        format!("local stratum {STRATUM}"),
        "allow all".to_owned(),
        // No commands, from nobody.
        "cmdport 0".to_owned(),
        "bindcmdaddress /".to_owned(),
        format!("pidfile {folder}/pid"),
        String::new(),
    ];
    for address in &site.plan.bind {
        if !address.is_unspecified() {
            lines.insert(0, format!("bindaddress {address}"));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::site::fixture;
    use super::*;
    use crate::daemon::Software;

    #[test]
    fn it_serves_the_local_clock_and_takes_no_commands() {
        let installed = fixture::installed(Software::Chrony, "4.3");
        let check = |bind: &[&str], first: &str| {
            let plan = fixture::plan(bind);
            let config = config(&fixture::site(&installed, &plan), 123);
            assert!(config.starts_with(first), "{config}");
            assert!(config.contains("local stratum 10\nallow all\ncmdport 0\n"));
            assert!(!config.contains("server ") && !config.contains("makestep"));
        };
        check(&["0.0.0.0"], "port 123\n");
        check(&["0.0.0.0", "::"], "port 123\n");
        check(&["10.0.0.1"], "bindaddress 10.0.0.1\nport 123\n");
    }
}
