//! HAProxy: a balancer's listeners, passing TCP to targets whose health it asks.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use model::service::{Listener, PortProtocol};

use super::launch::RunAs;
use super::site::{Site, text};
use super::stand::{Standing, stand};
use super::{DaemonError, ready};

/// Starts HAProxy.
pub(crate) async fn serve(
    site: &Site<'_>,
    listeners: &[Listener],
) -> Result<Standing, DaemonError> {
    let path = text(&site.write("haproxy.cfg", &config(site, listeners)?)?);
    // -db: in the foreground.
    let daemon = site.daemon(RunAs::Starter, &["-db", "-f", &path]);
    let ports: Vec<SocketAddr> = listeners
        .iter()
        .map(|listener| site.reached_at(listener.port))
        .collect();
    stand(&daemon, || async {
        for at in &ports {
            if !ready::connects(*at).await {
                return false;
            }
        }
        true
    })
    .await
}

/// The times are the embedded balancer's: a target is asked every five seconds and twice in vain before it is left out,
/// two seconds are for reaching one, an hour is for a connection's silence.
///
/// HAProxy leaves a target out when its very first check fails, and everything here starts at once: one that is out is
/// asked again soon, so that it is in by the time that everything stands.
fn config(site: &Site<'_>, listeners: &[Listener]) -> Result<String, DaemonError> {
    let mut config = "global
  maxconn 512
  nbthread 1
  ssl-server-verify none
defaults
  mode tcp
  timeout connect 2s
  timeout client 1h
  timeout server 1h
  timeout check 3s
  default-server inter 5s fastinter 1s downinter 100ms fall 2 rise 1
"
    .to_owned();
    let both = site.plan.bind.iter().any(IpAddr::is_ipv4);
    for (index, listener) in listeners.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = writeln!(config, "listen listener-{index}");
        for address in &site.plan.bind {
            let only = if address.is_ipv6() && both {
                " v6only"
            } else {
                ""
            };
            let address = SocketAddr::new(*address, listener.port);
            let _ = writeln!(config, "  bind {address}{only}");
        }
        let balance = if listener.sticky {
            "source"
        } else {
            "roundrobin"
        };
        let _ = writeln!(config, "  balance {balance}");
        if listener.sticky {
            // A target that fails moves its own clients and nobody else's.
            let _ = writeln!(config, "  hash-type consistent");
        }
        let health = &listener.health;
        if health.protocol != PortProtocol::Tcp {
            let path = site.speakable("a health path", &health.path)?;
            let path = path.replace(['\\', '"', '\'', ' ', '#'], "");
            let _ = writeln!(
                config,
                "  option httpchk GET {path}\n  http-check expect status 200"
            );
        }
        let tls = if health.protocol == PortProtocol::Https {
            " check-ssl verify none"
        } else {
            ""
        };
        for (number, target) in listener.targets.iter().enumerate() {
            let port = health.port;
            let _ = writeln!(
                config,
                "  server target-{number} {target} check port {port}{tls}"
            );
        }
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use model::service::HealthCheck;

    use super::super::site::fixture;
    use super::*;
    use crate::daemon::Software;

    fn listener(sticky: bool, protocol: PortProtocol) -> Listener {
        Listener {
            port: 443,
            targets: vec!["10.0.0.1:8243".parse().expect("an address")],
            health: HealthCheck {
                port: 9763,
                protocol,
                path: "/services/Version".to_owned(),
            },
            sticky,
            clients: vec![],
        }
    }

    #[test]
    fn each_listener_has_its_targets_and_their_health() {
        let installed = fixture::installed(Software::HaProxy, "2.6");
        let plan = fixture::plan(&["0.0.0.0", "::"]);
        let check = |listener: Listener, wanted: &[&str], unwanted: &[&str]| {
            let text = config(&fixture::site(&installed, &plan), &[listener]).expect("speakable");
            for line in wanted {
                assert!(text.contains(line), "{line} in {text}");
            }
            for line in unwanted {
                assert!(!text.contains(line), "{line} in {text}");
            }
        };
        check(
            listener(true, PortProtocol::Https),
            &[
                "  bind 0.0.0.0:443\n  bind [::]:443 v6only\n  balance source\n",
                "option httpchk GET /services/Version\n",
                "server target-0 10.0.0.1:8243 check port 9763 check-ssl verify none\n",
            ],
            &["roundrobin"],
        );
        check(
            listener(false, PortProtocol::Http),
            &["balance roundrobin", "check port 9763\n"],
            &["check-ssl", "hash-type"],
        );
        check(
            listener(false, PortProtocol::Tcp),
            &["check port 9763\n"],
            &["httpchk", "check-ssl"],
        );
        let mut bad = listener(false, PortProtocol::Http);
        bad.health.path = "/\n  server evil 10.9.9.9:1".to_owned();
        let error = config(&fixture::site(&installed, &plan), &[bad]).expect_err("breaks");
        assert!(matches!(error, DaemonError::Unspeakable { .. }));
    }
}
