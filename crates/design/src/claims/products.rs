//! Products: healthy, reached by their declared consumers and by nobody else, and able to reach what they need.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use ipnet::IpNet;
use model::Claim;
use model::claim::{Expect, Question};
use model::id::{InterfaceId, SiteId};
use model::intent::Sources;
use model::packet::Traffic;

use super::draft::{Draft, doors, ends, must_reach, no_path, only, tcp};
use super::targets::behind;
use super::vantages::{Vantages, interfaces};
use crate::account::routed;
use crate::address::without;
use crate::balancing::Face;
use crate::bastion::BastionPlan;
use crate::outside::{DATA_CENTRE, bastions_in_data_centre};
use crate::plan::{EnvironmentPlan, HostPlan, ProductPlan};
use crate::services::SSH;

const ROWS: &[&str] = &["R13"];

pub(super) fn claims(plan: &EnvironmentPlan<'_>, vantages: &Vantages) -> Vec<Claim> {
    let mut claims = Vec::new();
    for (name, product) in &plan.products {
        for node in plan.nodes(name) {
            claims.extend(health(plan, name, product, node));
        }
        for face in [Face::Public, Face::Internal] {
            claims.extend(through_balancer(plan, name, product, face, vantages));
        }
        claims.extend(calls(plan, name, product));
        claims.extend(cluster(plan, name, product));
        claims.push(consumers(plan, name, product));
    }
    if plan.balancers(Face::Internal).next().is_some() {
        claims.push(internal_entry(plan, vantages));
    }
    claims
}

/// The balancers of every face that serve the product.
fn balancers<'a>(
    plan: &'a EnvironmentPlan<'_>,
    name: &'a str,
) -> impl Iterator<Item = (Face, &'a HostPlan)> {
    [Face::Public, Face::Internal]
        .into_iter()
        .filter(move |face| !plan.balanced_ports(*face, name).is_empty())
        .flat_map(move |face| plan.balancers(face).map(move |host| (face, host)))
}

fn health(
    plan: &EnvironmentPlan<'_>,
    name: &str,
    product: &ProductPlan<'_>,
    node: &HostPlan,
) -> Option<Claim> {
    let check = &product.product.health;
    let from: Vec<&HostPlan> = balancers(plan, name).map(|(_, host)| host).collect();
    if from.is_empty() {
        return None;
    }
    let mut draft = Draft::of(
        plan,
        &format!("health/{}", node.name),
        format!("The balancers find {} healthy", node.name),
        ROWS,
    )
    .prove_it(must_reach(
        Sources::interfaces(interfaces(from.iter().copied())),
        [node.interface()],
        [Traffic::tcp(check.port)],
    ));
    for balancer in from {
        draft = draft.ask_each(
            &balancer.into(),
            &ends(node, check.port),
            &Expect::Works,
            |target| healthy(product, target),
        );
    }
    Some(draft.done())
}

/// The question whether the product is well.
fn healthy(product: &ProductPlan<'_>, target: SocketAddr) -> Question {
    Question::Health {
        target,
        name: product.public_name.clone(),
        check: product.product.health.clone(),
    }
}

/// The product's health as its users see it, where the port that tells it stands behind the balancer.
fn through_balancer(
    plan: &EnvironmentPlan<'_>,
    name: &str,
    product: &ProductPlan<'_>,
    face: Face,
    vantages: &Vantages,
) -> Option<Claim> {
    let check = &product.product.health;
    let listener = plan
        .listeners(face)
        .find(|listener| listener.product == name && listener.target.port == check.port)?;
    let (vantage, from) = match face {
        Face::Public => (vantages.stranger.as_ref()?, "The Internet"),
        Face::Internal => (vantages.data_centre.as_ref()?, "The data centre"),
    };
    let mut draft = Draft::of(
        plan,
        &format!("health/{name}/{}", face.name()),
        format!(
            "{from} finds {name} healthy through every {} balancer",
            face.name()
        ),
        ROWS,
    );
    for balancer in plan.balancers(face) {
        let targets = match face {
            Face::Public => doors(balancer, listener.listen),
            Face::Internal => ends(balancer, listener.listen),
        };
        draft = draft.ask_each(vantage, &targets, &Expect::Works, |target| {
            healthy(product, target)
        });
    }
    Some(draft.done())
}

fn calls(plan: &EnvironmentPlan<'_>, name: &str, product: &ProductPlan<'_>) -> Vec<Claim> {
    let called = product.wanted.calls.iter().filter_map(|callee| {
        let port = plan.products.get(callee.as_str())?.called_on;
        Some((callee, port))
    });
    called
        .map(|(callee, port)| {
            let mut draft = Draft::of(
                plan,
                &format!("calls/{name}/{callee}"),
                format!("Every node of {name} calls every node of {callee}"),
                ROWS,
            )
            .prove_it(must_reach(
                Sources::interfaces(interfaces(plan.nodes(name))),
                interfaces(plan.nodes(callee)),
                [Traffic::tcp(port)],
            ));
            for caller in plan.nodes(name) {
                for node in plan.nodes(callee) {
                    draft = draft.connect(&caller.into(), &ends(node, port));
                }
            }
            draft.done()
        })
        .collect()
}

fn cluster(plan: &EnvironmentPlan<'_>, name: &str, product: &ProductPlan<'_>) -> Option<Claim> {
    let nodes: Vec<&HostPlan> = plan.nodes(name).collect();
    if nodes.len() < 2 || product.cluster.is_empty() {
        return None;
    }
    let mut draft = Draft::of(
        plan,
        &format!("cluster/{name}"),
        format!("The nodes of {name} reach each other"),
        ROWS,
    );
    for node in &nodes {
        let others = nodes.iter().copied().filter(|other| other.id != node.id);
        draft = draft.prove(
            format!("The other nodes of {name} reach {}", node.name),
            must_reach(
                Sources::interfaces(interfaces(others.clone())),
                [node.interface()],
                tcp(product.cluster.iter().copied()),
            ),
        );
        for other in others {
            for port in &product.cluster {
                draft = draft.connect(&other.into(), &ends(node, *port));
            }
        }
    }
    Some(draft.done())
}

/// One kind of consumer: who, and on which TCP ports.
struct Consumer {
    who: String,
    interfaces: BTreeSet<InterfaceId>,
    ports: Vec<u16>,
}

/// Everybody who is meant to reach a product's nodes. A product that calls itself comes once, with all its ports.
fn declared(plan: &EnvironmentPlan<'_>, name: &str, product: &ProductPlan<'_>) -> Vec<Consumer> {
    let mut consumers = vec![Consumer {
        who: "the bastion".to_owned(),
        interfaces: plan.bastion.iter().map(BastionPlan::interface).collect(),
        ports: vec![SSH],
    }];
    for (face, who) in [
        (Face::Public, "the public balancers"),
        (Face::Internal, "the internal balancers"),
    ] {
        consumers.push(Consumer {
            who: who.to_owned(),
            interfaces: interfaces(plan.balancers(face)),
            ports: plan.balanced_ports(face, name),
        });
    }
    let mut siblings = product.cluster.clone();
    for caller in plan.callers(name) {
        if caller == name {
            siblings.push(product.called_on);
        } else {
            consumers.push(Consumer {
                who: caller.to_owned(),
                interfaces: interfaces(plan.nodes(caller)),
                ports: vec![product.called_on],
            });
        }
    }
    consumers.push(Consumer {
        who: format!("a node of {name}"),
        interfaces: interfaces(plan.nodes(name)),
        ports: siblings,
    });
    consumers.retain(|consumer| !consumer.interfaces.is_empty() && !consumer.ports.is_empty());
    consumers
}

fn consumers(plan: &EnvironmentPlan<'_>, name: &str, product: &ProductPlan<'_>) -> Claim {
    let declared = declared(plan, name, product);
    let everybody = declared
        .iter()
        .flat_map(|consumer| consumer.interfaces.iter().cloned());
    let nodes = interfaces(plan.nodes(name));
    let mut draft = Draft::of(
        plan,
        &format!("consumers/{name}"),
        format!("Only declared consumers reach {name}, and only on declared ports"),
        &["R1", "R13"],
    )
    .prove(
        format!("Nobody but its declared consumers reaches {name}"),
        no_path(
            Sources::interfaces(everybody).complement(),
            nodes.clone(),
            [Traffic::All],
        ),
    );
    for consumer in declared {
        draft = draft.prove(
            format!("{} reaches {name} on declared ports only", consumer.who),
            only(
                Sources::interfaces(consumer.interfaces),
                nodes.clone(),
                tcp(consumer.ports),
            ),
        );
    }
    draft.done()
}

/// Everybody in the data centre who may use the products: not the bastions there, whose firewall keeps them to SSH.
fn users(plan: &EnvironmentPlan<'_>) -> Sources {
    let mut bastions = bastions_in_data_centre(plan.estate).peekable();
    if bastions.peek().is_none() {
        return Sources::site(SiteId::from(DATA_CENTRE));
    }
    let centre = plan.estate.data_centre.iter();
    let all: Vec<IpNet> = centre.flat_map(|centre| routed(centre).to_vec()).collect();
    let left = bastions.fold(all, |left, bastion| {
        left.into_iter()
            .flat_map(|net| without(net, bastion))
            .collect()
    });
    let mut sources = Sources::interfaces([]);
    sources.ranges = left
        .into_iter()
        .map(|net| (SiteId::from(DATA_CENTRE), net))
        .collect();
    sources
}

/// The data centre uses what is listed as internal.
fn internal_entry(plan: &EnvironmentPlan<'_>, vantages: &Vantages) -> Claim {
    let ports = || {
        plan.listeners(Face::Internal)
            .map(|listener| listener.listen)
    };
    let mut draft = Draft::of(
        plan,
        "data-centre/internal-balancers",
        "The data centre reaches the declared ports of the internal balancers",
        &["R1", "R13"],
    )
    .prove_it(must_reach(
        users(plan),
        interfaces(plan.balancers(Face::Internal)),
        tcp(ports()),
    ));
    if let Some(client) = &vantages.data_centre {
        for balancer in plan.balancers(Face::Internal) {
            for port in ports() {
                draft = draft.connect(client, &ends(balancer, port));
            }
        }
    }
    // That the balancers accept says nothing of what stands behind them.
    for balancer in plan.balancers(Face::Internal) {
        draft = behind(draft, plan, Face::Internal, balancer, &|_| true);
    }
    draft.done()
}
