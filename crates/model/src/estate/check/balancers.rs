//! Load balancers: that they can carry what the ports behind them speak.

use super::product_path;
use crate::catalog::Catalog;
use crate::document::{Check, Report, quote};
use crate::estate::{BalancerKind, Estate};
use crate::service::PortProtocol;

const TCP: Check = Check::error(
    "application-balancer-tcp",
    "A port that does not speak HTTP stands behind an application load balancer, which carries nothing else.",
);
const TCP_PUBLIC: Check = Check::warning(
    "tcp-public",
    "A port of which it is not known whether TLS is spoken there is open to the Internet.",
);

pub(super) const CHECKS: &[Check] = &[TCP, TCP_PUBLIC];

pub(super) fn check(estate: &Estate, catalog: &Catalog, report: &mut Report) {
    for (id, environment) in &estate.environments {
        for (key, product) in &environment.products {
            let Some(known) = catalog.products.get(&product.product) else {
                continue;
            };
            for (list, ports) in [("public", &product.public), ("internal", &product.internal)] {
                for (index, name) in ports.iter().enumerate() {
                    let tcp = known
                        .port(name)
                        .filter(|port| port.protocol == PortProtocol::Tcp);
                    let Some(port) = tcp else {
                        continue;
                    };
                    let path = format!("{}.{list}[{index}]", product_path(id, key));
                    if environment.balancer == BalancerKind::Application {
                        report.add(
                            TCP,
                            &path,
                            "does not speak HTTP",
                            format!("On {} ({}) {} does not speak HTTP, and an application load balancer passes nothing else on.", quote(name), port.port, known.name),
                            "Remove the port, or write `balancer = \"network\"` in the environment.",
                        );
                    }
                    if list == "public" {
                        report.add(
                            TCP_PUBLIC,
                            &path,
                            "who knows what is spoken",
                            format!("{} ({}) of {} is no HTTP port, so that no balancer and no probe can tell whether what crosses the Internet there is encrypted, or who asks.", quote(name), port.port, known.name),
                            "Move it to `internal`; if it speaks TLS and asks who is there, waive this.",
                        );
                    }
                }
            }
        }
    }
}
