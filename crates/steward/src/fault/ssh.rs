//! Faults of remote access: who reaches the bastion, whom the bastion reaches, and who goes past it.

use ipnet::{IpNet, Ipv4Net};
use model::network::RulePeer;
use model::packet::PortRange;
use model::{HostId, Network, Role, Service, ServiceKind, Traffic};

use super::ground::{EVERYWHERE, Way, acl_of, back_of, enter, group_of, open, subnet_of};
use super::{Caught, Fault, Ground, Planted};

/// The port of SSH everywhere but at a bastion.
const SSH: u16 = 22;

pub(super) const BASTION_OPEN: Fault = Fault {
    name: "bastion-open",
    summary: "the bastion accepts SSH from the whole Internet, in its group and in its subnet's ACL",
    rows: &["R2", "R3"],
    caught: Caught {
        proof: &["ENV/ssh/bastion/only-from-operator"],
        packets: true,
        probe: &["ENV/ssh/bastion/only-from-operator"],
        besides: &["ENV/internet/no-way-in", "isolation/*"],
        cause: &["group ", "allows tcp/", "0.0.0.0/0"],
    },
    plant: bastion_open,
};

fn bastion_open(ground: &mut Ground<'_>) -> Option<Planted> {
    let (bastion, port, environment) = ground.bastion()?;
    let filters = let_in(ground.network, &bastion, port, &[EVERYWHERE])?;
    let change = format!(
        "{filters} let tcp/{port} in from {EVERYWHERE}, so that anybody may knock at {bastion}"
    );
    Some(Planted::new(environment, change))
}

pub(super) const OPERATOR_RANGE_SPLIT: Fault = Fault {
    name: "operator-range-split",
    summary: "the bastion accepts SSH from 0.0.0.0/1 and 128.0.0.0/1, which no look for 0.0.0.0/0 finds",
    rows: &["R2"],
    caught: Caught {
        proof: &["ENV/ssh/bastion/only-from-operator"],
        packets: true,
        probe: &["ENV/ssh/bastion/only-from-operator"],
        besides: &["ENV/internet/no-way-in", "isolation/*"],
        cause: &["group ", "allows tcp/", ".0.0.0/1"],
    },
    plant: operator_range_split,
};

fn operator_range_split(ground: &mut Ground<'_>) -> Option<Planted> {
    let (bastion, port, environment) = ground.bastion()?;
    let halves =
        [[0, 0, 0, 0], [128, 0, 0, 0]].map(|half| IpNet::V4(Ipv4Net::new_assert(half.into(), 1)));
    let filters = let_in(ground.network, &bastion, port, &halves)?;
    let change = format!(
        "{filters} let tcp/{port} in from {} and {}, which together are everybody",
        halves[0], halves[1]
    );
    Some(Planted::new(environment, change))
}

pub(super) const BASTION_ON_22: Fault = Fault {
    name: "bastion-on-22",
    summary: "the bastion listens on port 22 too, and the operator's networks reach it there",
    rows: &["R2"],
    caught: Caught {
        proof: &["ENV/ssh/bastion/only-its-port"],
        packets: true,
        probe: &["ENV/ssh/bastion/only-its-port"],
        besides: &[],
        cause: &["group ", "allows tcp/22"],
    },
    plant: bastion_on_22,
};

fn bastion_on_22(ground: &mut Ground<'_>) -> Option<Planted> {
    let (bastion, port, environment) = ground.bastion()?;
    let networks = ground.estate.operator.networks.iter().copied();
    let networks: Vec<IpNet> = networks
        .filter(|network| network.addr().is_ipv4())
        .collect();
    let filters = let_in(ground.network, &bastion, SSH, &networks)?;
    let host = ground.hosts.get_mut(&bastion)?;
    let mut second = host.services.iter().find_map(|service| {
        matches!(service.kind, ServiceKind::Ssh { .. }).then(|| service.kind.clone())
    })?;
    if let ServiceKind::Ssh { port, .. } = &mut second {
        *port = SSH;
    }
    host.services.push(Service {
        name: "ssh-22".to_owned(),
        kind: second,
    });
    let change = format!("{bastion} listens on 22 beside {port}, and {filters} let tcp/22 in");
    Some(Planted::new(environment, change))
}

pub(super) const SSH_BETWEEN_APPLICATIONS: Fault = Fault {
    name: "ssh-between-applications",
    summary: "one product's hosts may open SSH to another's, past the bastion",
    rows: &["R2"],
    caught: Caught {
        proof: &["ENV/ssh/*/only-from-bastion"],
        packets: true,
        probe: &["ENV/ssh/*/only-from-bastion"],
        besides: &["ENV/cluster/*", "ENV/calls/*", "ENV/consumers/*"],
        cause: &["group ", "allows tcp/22", "from "],
    },
    plant: ssh_between_applications,
};

fn ssh_between_applications(ground: &mut Ground<'_>) -> Option<Planted> {
    let (from, environment) = ground.first(Role::Product)?;
    let own = group_of(ground.network, &from)?;
    // Another product of the same environment; where there is none, the product's own other nodes.
    let neighbours = || {
        let all = ground.all_of(Role::Product);
        all.filter(|(id, its)| **id != from && **its == environment)
            .map(|(id, _)| id)
    };
    let to = neighbours()
        .find(|id| group_of(ground.network, id).is_some_and(|group| group != own))
        .or_else(|| neighbours().next())?;
    let theirs = group_of(ground.network, to)?;
    let peer = |group: &model::GroupId| RulePeer::Group(group.clone());
    let ssh = Traffic::tcp(SSH);
    open(ground.network, &own, Way::Out, ssh, peer(&theirs))?;
    open(ground.network, &theirs, Way::In, ssh, peer(&own))?;
    let change = format!("{theirs} lets tcp/22 in from {own}, and {own} lets it out");
    Some(Planted::new(environment, change))
}

pub(super) const BASTION_CUT_OFF: Fault = Fault {
    name: "bastion-cut-off",
    summary: "nothing lets the bastion's SSH out to the hosts behind it, wherever it stands",
    rows: &["R3"],
    caught: Caught {
        proof: &["ENV/ssh/*/through-bastion"],
        packets: true,
        probe: &["ENV/ssh/*/through-bastion"],
        besides: &[],
        cause: &["no egress rule"],
    },
    plant: bastion_cut_off,
};

fn bastion_cut_off(ground: &mut Ground<'_>) -> Option<Planted> {
    let (bastion, _, environment) = ground.bastion()?;
    let (_, interface) = back_of(ground.network, &bastion)?;
    let group = interface.groups.first()?.clone();
    let egress = &mut ground.network.groups.get_mut(&group)?.egress;
    let before = egress.len();
    egress.retain(|rule| rule.traffic != Traffic::tcp(SSH));
    if egress.len() == before {
        return None;
    }
    let change = format!("{group} no longer lets tcp/22 out");
    Some(Planted::new(environment, change))
}

/// Lets a port of a host in from ranges, in its group and, in a subnet, in the ACL; says by which filters.
fn let_in(network: &mut Network, host: &HostId, port: u16, from: &[IpNet]) -> Option<String> {
    let group = group_of(network, host)?;
    let traffic = Traffic::tcp(port);
    for range in from {
        open(network, &group, Way::In, traffic, RulePeer::Prefix(*range))?;
    }
    if subnet_of(network, host).is_none() {
        return Some(format!("the firewall's rules for {group}"));
    }
    let acl = acl_of(network, host)?;
    let replies = Traffic::Tcp(PortRange::EPHEMERAL);
    for range in from {
        enter(network, &acl, Way::In, true, traffic, *range)?;
        // Whoever is let in is answered too.
        enter(network, &acl, Way::Out, true, replies, *range)?;
    }
    Some(format!("{group} and the ACL {acl}"))
}
