//! The customer's monitoring: who sees dashboards, and whose agents run on hosts.

use ipnet::IpNet;
use jiff::civil::Date;

use super::addresses::{Purpose, purpose};
use super::ranges::host_bits;
use super::recovery::AGREED_LATER;
use crate::document::{Check, Report, list};
use crate::estate::Estate;

const OPEN: Check = Check::fatal(
    "dashboards-open",
    "Dashboards are exposed to a network so wide that it is no restriction.",
);
const ELSEWHERE: Check = Check::error(
    "dashboards-elsewhere",
    "Dashboards are exposed to a private network that is not the data centre's.",
);
const ON_INTERNET: Check = Check::warning(
    "dashboards-on-internet",
    "Dashboards are exposed to a network on the Internet.",
);
const NOT_AGREED: Check = Check::warning(
    "agents-not-agreed",
    "Agents of the customer's are to run on hosts, and nobody has agreed yet.",
);

pub(super) const CHECKS: &[Check] = &[OPEN, ELSEWHERE, ON_INTERNET, NOT_AGREED];

/// The widest network that sees dashboards: what one company can have, as for the operator's networks.
const WIDEST_V4: u8 = 8;
const WIDEST_V6: u8 = 32;

pub(super) fn check(estate: &Estate, today: Date, report: &mut Report) {
    let Some(monitoring) = &estate.monitoring else {
        return;
    };
    for (index, network) in monitoring.dashboards_to.iter().enumerate() {
        let path = format!("monitoring.dashboards-to[{index}]");
        host_bits(network, &path, report);
        exposed(estate, network, &path, report);
    }
    if !monitoring.agents.is_empty() && monitoring.agreed.is_none() {
        report.add(
            NOT_AGREED,
            "monitoring.agents",
            "not agreed yet",
            format!("{} would run on hosts with rights of their own, and nothing says since when both teams agree.", list(monitoring.agents.iter().map(String::as_str))),
            "Write `agreed` with the day; until then, add it to `[[awaiting]]` with who is to agree.",
        );
    }
    if monitoring.agreed.is_some_and(|agreed| agreed > today) {
        report.add(
            AGREED_LATER,
            "monitoring.agreed",
            "has not come",
            format!("Today is {today}: it cannot have been agreed later."),
            "Correct the date, or remove it until it is agreed.",
        );
    }
}

fn exposed(estate: &Estate, network: &IpNet, path: &str, report: &mut Report) {
    let widest = match network {
        IpNet::V4(_) => WIDEST_V4,
        IpNet::V6(_) => WIDEST_V6,
    };
    if network.prefix_len() < widest {
        report.add(
            OPEN,
            path,
            "no restriction",
            format!("Everybody in {network} would see what fails, what is nearly full and what everything is called: half of an attack."),
            "Name the networks in which the customer's people look at dashboards.",
        );
        return;
    }
    let centre = estate.data_centre.as_ref();
    let inside = centre.is_some_and(|centre| {
        // No prefix at all is said of the data centre.
        centre.prefixes.is_empty()
            || centre
                .prefixes
                .iter()
                .any(|prefix| prefix.contains(network))
    });
    if inside || report.doubts("data-centre") {
        return;
    }
    match purpose(network) {
        Purpose::Public => report.add(
            ON_INTERNET,
            path,
            "on the Internet",
            format!("{network} is not the data centre's: dashboards would be reached over the Internet, and whoever else has an address of it would see them."),
            "Name networks of the data centre; if the network is the customer's own, waive this.",
        ),
        Purpose::Private | Purpose::Special(_) => report.add(
            ELSEWHERE,
            path,
            "not in `data-centre.prefixes`",
            format!("{network} lies in none of the data centre's prefixes: no route leads there, and no dashboard is seen."),
            "Correct the network, or add its prefix to `data-centre.prefixes`.",
        ),
    }
}
