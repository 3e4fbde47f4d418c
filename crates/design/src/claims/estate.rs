//! What is claimed of environments among each other, of the whole network, and what only a live site can show.

use std::net::SocketAddr;

use model::Claim;
use model::blueprint::Role;
use model::estate::{PersonRole, Side};
use model::intent::{Rule, Sources};
use model::packet::Traffic;

use super::draft::{Draft, ends, no_path, only, tcp};
use super::egress::outbound_ports;
use super::link;
use super::vantages::{interfaces, of_environment as all_of, samples};
use crate::balancing::Face;
use crate::plan::{EnvironmentPlan, HostPlan, Plan};
use crate::services::SSH;

/// Why backups cannot be rehearsed here.
const ON_AWS: &str = "AWS makes and copies these backups; a twin has none of its services";

/// The claims of the whole estate.
pub(super) fn of_account(plan: &Plan<'_>) -> Vec<Claim> {
    let mut claims = isolation(plan);
    claims.push(
        Draft::of_estate(
            "network/matrix",
            "Real packets go exactly where the proof says, for every pair of interfaces",
            &["R1", "R2", "R12"],
        )
        .matrix()
        .done(),
    );
    claims.extend(recovery(plan));
    claims.extend(people(plan));
    claims.extend(link::claims(plan));
    claims
}

/// The claims of one environment that only a live site can answer.
pub(super) fn of_environment(plan: &EnvironmentPlan<'_>) -> Vec<Claim> {
    let mut claims = vec![
        Draft::of(
            plan,
            "account",
            format!(
                "The environment stands in account {}",
                plan.environment.account
            ),
            &["R11"],
        )
        .live_only("there is no AWS account behind a twin")
        .done(),
    ];
    for (name, product) in &plan.products {
        let served = plan
            .listeners(Face::Public)
            .any(|listener| listener.product == *name);
        if served {
            claims.push(
                Draft::of(
                    plan,
                    &format!("tls/{name}"),
                    format!(
                        "The certificate of {} is publicly trusted",
                        product.public_name
                    ),
                    &["R40"],
                )
                .live_only("the twin's certificates come from an authority of its own")
                .done(),
            );
        }
    }
    claims
}

/// Each pair of environments, once.
fn isolation(plan: &Plan<'_>) -> Vec<Claim> {
    let all: Vec<&EnvironmentPlan<'_>> = plan.environments.values().collect();
    let mut claims = Vec::new();
    for (position, left) in all.iter().enumerate() {
        for right in all.iter().skip(position + 1) {
            claims.push(isolated(left, right));
        }
    }
    claims
}

/// Two environments never meet. What one of them serves to the whole Internet it serves to the other too, by the
/// Internet, as to anybody: the public balancers are left out where there are any.
fn isolated(left: &EnvironmentPlan<'_>, right: &EnvironmentPlan<'_>) -> Claim {
    let title = format!("{} and {} never meet", left.id, right.id);
    let mut draft = Draft::of_estate(
        &format!("isolation/{}/{}", left.id, right.id),
        title.clone(),
        &["R1", "R18"],
    );
    let serves = |plan: &EnvironmentPlan<'_>| plan.balancers(Face::Public).next().is_some();
    if serves(left) || serves(right) {
        for (from, to) in [(left, right), (right, left)] {
            let mut private = all_of(to);
            let balancers = interfaces(to.balancers(Face::Public));
            private.retain(|interface| !balancers.contains(interface));
            draft = draft.prove(
                format!(
                    "Nothing of {} reaches anything of {} but what the whole Internet may",
                    from.id, to.id
                ),
                no_path(Sources::interfaces(all_of(from)), private, [Traffic::All]),
            );
            draft = served(draft, from, to);
        }
    } else {
        draft = draft.prove(
            title,
            Rule::Isolated {
                left: left.vpc(),
                right: right.vpc(),
            },
        );
    }
    draft = draft.prove(
        format!(
            "No peering and no transit route joins {} and {}",
            left.id, right.id
        ),
        Rule::NotJoined {
            left: left.vpc(),
            right: right.vpc(),
        },
    );
    for (from, to) in [(left, right), (right, left)] {
        for vantage in samples(from) {
            for target in targets(to) {
                draft = draft.attack([vantage.clone()], &target);
            }
        }
    }
    draft.done()
}

/// Of the public balancers, another environment sees at most what everybody on the Internet does, and only from hosts
/// that may use the Internet on such a port. That no other way is laid is a rule of
/// its own.
fn served(draft: Draft, from: &EnvironmentPlan<'_>, to: &EnvironmentPlan<'_>) -> Draft {
    let balancers = interfaces(to.balancers(Face::Public));
    if balancers.is_empty() {
        return draft;
    }
    let nodes = interfaces(from.hosts_of(Role::Product));
    let mut others = all_of(from);
    others.retain(|interface| !nodes.contains(interface));
    let outbound = outbound_ports(from);
    let listened = to.listeners(Face::Public).map(|listener| listener.listen);
    let ports: Vec<u16> = listened.filter(|port| outbound.contains(port)).collect();
    draft
        .prove(
            format!(
                "Nodes of {} reach nothing of {}'s public balancers but listeners on a port that they may use on the Internet",
                from.id, to.id
            ),
            only(Sources::interfaces(nodes), balancers.clone(), tcp(ports)),
        )
        .prove(
            format!(
                "No other host of {} reaches {}'s public balancers",
                from.id, to.id
            ),
            no_path(Sources::interfaces(others), balancers, [Traffic::All]),
        )
}

/// What another environment would go for: the bastion's door, a node's SSH and service, the database.
fn targets(plan: &EnvironmentPlan<'_>) -> Vec<Vec<SocketAddr>> {
    let bastion = plan.bastion.iter();
    let mut targets: Vec<_> = bastion.map(|bastion| bastion.ends(bastion.port)).collect();
    for name in plan.products.keys() {
        let node: Option<&HostPlan> = plan.nodes(name).next();
        let port = plan.products.get(name).map(|product| product.called_on);
        if let (Some(node), Some(port)) = (node, port) {
            targets.push(ends(node, SSH));
            targets.push(ends(node, port));
        }
    }
    if let Some(port) = plan.database_port {
        targets.extend(plan.hosts_of(Role::Database).map(|host| ends(host, port)));
    }
    targets
}

fn recovery(plan: &Plan<'_>) -> Vec<Claim> {
    let live = |id: &str, title: String, rows: &[&str], why: &str| {
        Draft::of_estate(id, title, rows).live_only(why).done()
    };
    let mut claims = vec![
        live(
            "backups/volumes",
            "Every volume has a snapshot of the last day".to_owned(),
            &["R26", "R34"],
            ON_AWS,
        ),
        live(
            "backups/databases",
            "Every database has a snapshot of the last day".to_owned(),
            &["R26", "R33"],
            ON_AWS,
        ),
    ];
    let Some(recovery) = plan.estate.wanted_recovery() else {
        return claims;
    };
    let (region, hours) = (&recovery.region, recovery.copy_every_hours);
    for (class, what) in [
        ("artifacts", "Hosted artifacts"),
        ("logs", "Application and system logs"),
        ("databases", "Databases"),
    ] {
        claims.push(live(
            &format!("recovery/copies/{class}"),
            format!("{what} are copied to {region} every {hours} hours"),
            &["R24", "R26", "R27", "R28"],
            ON_AWS,
        ));
    }
    let drilled = "a time measured in a twin says nothing of a time on AWS";
    let target = |minutes: Option<u32>| {
        minutes.map_or_else(
            || "as measured: no target is agreed".to_owned(),
            |minutes| format!("within {minutes} minutes"),
        )
    };
    claims.push(live(
        "recovery/rpo",
        format!(
            "A drill finds the recovery point {}",
            target(recovery.rpo_minutes)
        ),
        &["R31"],
        drilled,
    ));
    claims.push(live(
        "recovery/rto",
        format!("A drill recovers {}", target(recovery.rto_minutes)),
        &["R25", "R31"],
        drilled,
    ));
    claims
}

fn people(plan: &Plan<'_>) -> Vec<Claim> {
    plan.estate
        .people
        .iter()
        .map(|(login, person)| {
            let side = match person.side {
                Side::Operator => "the operator",
                Side::Customer => "the customer",
            };
            let roles: Vec<&str> = person.roles.iter().map(|role| role_name(*role)).collect();
            Draft::of_estate(
                &format!("people/{login}"),
                format!(
                    "{} of {side} has the access of {} and no other",
                    person.name,
                    roles.join(", ")
                ),
                &["R35"],
            )
            .live_only(
                "who may do what is decided by IAM and by the products, which a twin does not have",
            )
            .done()
        })
        .collect()
}

const fn role_name(role: PersonRole) -> &'static str {
    match role {
        PersonRole::Engineer => "an engineer",
        PersonRole::Approver => "an approver",
        PersonRole::ConsoleAdmin => "a console administrator",
        PersonRole::Receiver => "a receiver of the handover",
        PersonRole::DeclaresDisaster => "one who declares a disaster",
    }
}
