//! Remote access: the bastion from the operator, every other host from the bastion.

use std::net::SocketAddr;

use model::Claim;
use model::claim::{Expect, Question, SshHop};
use model::id::SiteId;
use model::intent::Sources;
use model::packet::Traffic;

use super::draft::{Draft, doors, ends, must_reach, no_path, only};
use super::vantages::{Vantages, each_kind, interfaces};
use crate::account::logins;
use crate::outside::OPERATOR;
use crate::plan::{EnvironmentPlan, HostPlan};
use crate::services::SSH;

const ROWS: &[&str] = &["R2"];

pub(super) fn claims(plan: &EnvironmentPlan<'_>, vantages: &Vantages) -> Vec<Claim> {
    let Some(bastion) = plan.bastion() else {
        return Vec::new();
    };
    let mut claims = of_bastion(plan, vantages, bastion);
    for host in plan.hosts.iter().filter(|host| host.managed()) {
        if host.id != bastion.id {
            claims.push(only_from_bastion(plan, vantages, bastion, host));
            claims.push(through_bastion(plan, vantages, bastion, host));
        }
    }
    let others = interfaces(plan.hosts.iter().filter(|host| !host.managed()));
    claims.push(
        Draft::of(
            plan,
            "ssh/nowhere-else",
            "Nobody reaches SSH on what AWS runs: balancers, resolvers, the database",
            ROWS,
        )
        .prove_it(no_path(Sources::anywhere(), others, [Traffic::tcp(SSH)]))
        .done(),
    );
    claims
}

/// The login name that probes use.
fn login(plan: &EnvironmentPlan<'_>) -> String {
    logins(plan.estate).into_iter().next().unwrap_or_default()
}

/// The operator's networks, of the families that the environment has.
fn operator(plan: &EnvironmentPlan<'_>) -> Sources {
    let mut sources = Sources::interfaces([]);
    let networks = crate::environment::operator_networks(plan);
    sources.ranges = networks
        .into_iter()
        .map(|network| (SiteId::from(OPERATOR), network))
        .collect();
    sources
}

fn of_bastion(plan: &EnvironmentPlan<'_>, vantages: &Vantages, bastion: &HostPlan) -> Vec<Claim> {
    let port = plan.environment.bastion.port;
    let private = ends(bastion, port);
    let public = doors(bastion, port);
    let mut open = Draft::of(
        plan,
        "ssh/bastion/from-operator",
        format!("The operator logs in to the bastion on port {port}"),
        ROWS,
    )
    .prove_it(must_reach(
        operator(plan),
        [bastion.interface()],
        [Traffic::tcp(port)],
    ));
    if let Some(operator) = &vantages.operator {
        let question = |target| straight(plan, bastion, target);
        open = open.ask_each(operator, &public, &Expect::Works, question);
    }
    let only_operator = Draft::of(
        plan,
        "ssh/bastion/only-from-operator",
        "Nobody but the operator reaches the bastion, on any port",
        ROWS,
    )
    .prove_it(no_path(
        operator(plan).complement(),
        [bastion.interface()],
        [Traffic::All],
    ))
    .attack(vantages.private_outside(), &private)
    .attack(each_kind(plan, &|host| host.id == bastion.id), &private)
    .attack(vantages.stranger.clone(), &public)
    .attack(vantages.elsewhere.clone(), &public);
    let only_port = Draft::of(
        plan,
        "ssh/bastion/only-its-port",
        format!("The bastion is reached on port {port} and on no other, 22 least of all"),
        ROWS,
    )
    .prove_it(only(
        Sources::anywhere(),
        [bastion.interface()],
        [Traffic::tcp(port)],
    ))
    .attack(vantages.data_centre.clone(), &ends(bastion, SSH))
    .attack(vantages.on_internet(), &doors(bastion, SSH));
    vec![open.done(), only_operator.done(), only_port.done()]
}

/// A login without a detour.
fn straight(plan: &EnvironmentPlan<'_>, host: &HostPlan, target: SocketAddr) -> Question {
    Question::Ssh {
        host: host.id.clone(),
        target,
        user: login(plan),
        via: None,
    }
}

fn only_from_bastion(
    plan: &EnvironmentPlan<'_>,
    vantages: &Vantages,
    bastion: &HostPlan,
    host: &HostPlan,
) -> Claim {
    let targets = ends(host, SSH);
    let mut draft = Draft::of(
        plan,
        &format!("ssh/{}/only-from-bastion", host.name),
        format!("SSH to {} only from the bastion", host.name),
        ROWS,
    )
    .prove_it(no_path(
        Sources::interfaces([bastion.interface()]).complement(),
        [host.interface()],
        [Traffic::tcp(SSH)],
    ));
    if let Some(operator) = &vantages.operator {
        let question = |target| straight(plan, host, target);
        draft = draft.ask_each(operator, &targets, &Expect::NoWay, question);
    }
    draft
        .attack(vantages.stranger.clone(), &targets)
        .attack(vantages.private_outside(), &targets)
        // Between applications too: from a sibling as from a node of another product.
        .attack(
            each_kind(plan, &|other| other.id == host.id || other.id == bastion.id),
            &targets,
        )
        .done()
}

fn through_bastion(
    plan: &EnvironmentPlan<'_>,
    vantages: &Vantages,
    bastion: &HostPlan,
    host: &HostPlan,
) -> Claim {
    let mut draft = Draft::of(
        plan,
        &format!("ssh/{}/through-bastion", host.name),
        format!("The operator logs in to {} through the bastion", host.name),
        ROWS,
    )
    .prove_it(must_reach(
        Sources::interfaces([bastion.interface()]),
        [host.interface()],
        [Traffic::tcp(SSH)],
    ));
    let doors = doors(bastion, plan.environment.bastion.port);
    if let Some(operator) = &vantages.operator
        && let Some(door) = operator.of_its_families(&doors).next()
    {
        // The bastion opens the second part of the way: it has the families of its environment, whatever the operator has.
        for target in ends(host, SSH) {
            let user = login(plan);
            let question = Question::Ssh {
                host: host.id.clone(),
                target,
                user: user.clone(),
                via: Some(SshHop {
                    host: bastion.id.clone(),
                    target: door,
                    user,
                }),
            };
            draft = draft.ask(&operator.id, question, Expect::Works);
        }
    }
    draft.done()
}
