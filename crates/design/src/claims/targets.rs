//! What stands behind the balancers: a balancer accepts a connection whether or not a node answers behind it, so that a
//! listener counts as served only where the balancer itself reaches every node on the listener's target port.

use model::Claim;
use model::intent::Sources;

use super::draft::{Draft, ends, must_reach, tcp};
use super::vantages::interfaces;
use crate::balancing::{Face, ListenerPlan};
use crate::plan::{EnvironmentPlan, HostPlan};

pub(super) fn claims(plan: &EnvironmentPlan<'_>) -> Vec<Claim> {
    let mut claims = Vec::new();
    for name in plan.products.keys() {
        for face in [Face::Public, Face::Internal] {
            claims.extend(reached(plan, name, face));
        }
    }
    claims
}

/// Every balancer of a face reaches every node of a product on every port that stands behind one of its listeners.
fn reached(plan: &EnvironmentPlan<'_>, name: &str, face: Face) -> Option<Claim> {
    let of_product = |listener: &ListenerPlan| listener.product == name;
    let listeners: Vec<&ListenerPlan> = plan
        .listeners(face)
        .filter(|listener| of_product(listener))
        .collect();
    if listeners.is_empty() {
        return None;
    }
    let face_name = face.name();
    let mut draft = Draft::of(
        plan,
        &format!("targets/{name}/{face_name}"),
        format!("Every {face_name} balancer reaches every node of {name} on every port behind it"),
        &["R13"],
    );
    for balancer in plan.balancers(face) {
        for node in plan.nodes(name) {
            draft = draft.prove(
                format!("{} reaches {}", balancer.name, node.name),
                must_reach(
                    Sources::interfaces([balancer.interface()]),
                    interfaces([node]),
                    tcp(listeners.iter().map(|listener| listener.target.port)),
                ),
            );
        }
        draft = behind(draft, plan, face, balancer, &of_product);
    }
    Some(draft.done())
}

/// Adds a connection from a balancer to each target of these listeners.
pub(super) fn behind(
    mut draft: Draft,
    plan: &EnvironmentPlan<'_>,
    face: Face,
    balancer: &HostPlan,
    wanted: &dyn Fn(&ListenerPlan) -> bool,
) -> Draft {
    for listener in plan.listeners(face).filter(|listener| wanted(listener)) {
        for node in plan.nodes(&listener.product) {
            draft = draft.connect(&balancer.into(), &ends(node, listener.target.port));
        }
    }
    draft
}
