//! Faults of time: servers that cannot be reached, or have no time themselves.

use model::{Role, Traffic};

use super::ground::group_of;
use super::subnet::anywhere;
use super::{Caught, Fault, Ground, Planted};

/// Port of NTP.
const NTP: u16 = 123;

pub(super) const NTP_BLOCKED: Fault = Fault {
    name: "ntp-blocked",
    summary: "the customer's firewall does not let UDP port 123 through to a time server",
    rows: &["R8"],
    caught: Caught {
        proof: &["*/ntp/*"],
        packets: true,
        probe: &["*/ntp/*"],
        besides: &[],
        cause: &["no ingress rule"],
    },
    plant: ntp_blocked,
};

fn ntp_blocked(ground: &mut Ground<'_>) -> Option<Planted> {
    let environment = anywhere(ground)?;
    let mut hosts = ground.hosts.iter();
    let (server, _) = hosts.find(|(_, host)| host.role == Role::CustomerNtp)?;
    let group = group_of(ground.network, server)?;
    let rules = &mut ground.network.groups.get_mut(&group)?.ingress;
    let before = rules.len();
    rules.retain(|rule| rule.traffic != Traffic::udp(NTP));
    if rules.len() == before {
        return None;
    }
    let change = format!(
        "the customer's firewall no longer lets {} in to {server}",
        Traffic::udp(NTP)
    );
    Some(Planted::new(environment, change))
}
