//! Remote access: the bastion from the operator, every other host from the bastion.

use model::Claim;
use model::claim::{Expect, Question, SshHop};
use model::id::SiteId;
use model::intent::Sources;
use model::packet::Traffic;

use super::draft::{Draft, at, must_reach, no_path, only};
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
    let private = at(bastion.ipv4, port);
    let public = bastion.public.map(|address| at(address, port));
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
    if let (Some(operator), Some(target)) = (&vantages.operator, public) {
        let question = Question::Ssh {
            host: bastion.id.clone(),
            target,
            user: login(plan),
            via: None,
        };
        open = open.ask(operator, question, Expect::Works);
    }
    let mut only_operator = Draft::of(
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
    .attack(vantages.private_outside(), private)
    .attack(each_kind(plan, &|host| host.id == bastion.id), private);
    if let Some(target) = public {
        only_operator = only_operator
            .attack(&vantages.stranger, target)
            .attack(&vantages.elsewhere, target);
    }
    let mut only_port = Draft::of(
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
    .attack(&vantages.data_centre, at(bastion.ipv4, SSH));
    if let Some(address) = bastion.public {
        only_port = only_port
            .attack(&vantages.operator, at(address, SSH))
            .attack(&vantages.stranger, at(address, SSH));
    }
    vec![open.done(), only_operator.done(), only_port.done()]
}

fn only_from_bastion(
    plan: &EnvironmentPlan<'_>,
    vantages: &Vantages,
    bastion: &HostPlan,
    host: &HostPlan,
) -> Claim {
    let target = at(host.ipv4, SSH);
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
        let question = Question::Ssh {
            host: host.id.clone(),
            target,
            user: login(plan),
            via: None,
        };
        draft = draft.ask(operator, question, Expect::NoWay);
    }
    draft
        .attack(&vantages.stranger, target)
        .attack(vantages.private_outside(), target)
        // Between applications too: from a sibling as from a node of another product.
        .attack(
            each_kind(plan, &|other| other.id == host.id || other.id == bastion.id),
            target,
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
    if let (Some(operator), Some(address)) = (&vantages.operator, bastion.public) {
        let user = login(plan);
        let question = Question::Ssh {
            host: host.id.clone(),
            target: at(host.ipv4, SSH),
            user: user.clone(),
            via: Some(SshHop {
                host: bastion.id.clone(),
                target: at(address, plan.environment.bastion.port),
                user,
            }),
        };
        draft = draft.ask(operator, question, Expect::Works);
    }
    draft.done()
}
