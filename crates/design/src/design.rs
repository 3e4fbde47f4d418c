//! A design: blueprints of every unit, the claims that they must make good, and the lock that keeps what was allotted.

use std::collections::BTreeMap;

use model::blueprint::{Blueprint, Host, Unit};
use model::estate::Estate;
use model::finding::Finding;
use model::id::HostId;
use model::secret::{SecretName, SecretRef};
use model::service::ServiceKind;
use model::vpn::VpnConnection;
use model::{Catalog, Claim, Digest, Lock, Network};

use crate::account;
use crate::claims;
use crate::environment;
use crate::line;
use crate::mail;
use crate::plan::{Plan, plan};
use crate::quota;
use crate::vpn;
use crate::zones;

/// The name of the unit that environments share.
const ACCOUNT: &str = "account";

/// Everything that follows from an estate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Design {
    /// Blueprints by unit: `account`, `production`, `staging`.
    pub blueprints: BTreeMap<String, Blueprint>,
    /// What was allotted, to be kept beside the estate.
    pub lock: Lock,
    /// The secrets that the blueprints name. Those that the customer shares have a reference, the others are made.
    pub secrets: BTreeMap<SecretName, Option<SecretRef>>,
}

impl Design {
    /// The whole network: every unit's part, joined.
    pub fn network(&self) -> Network {
        let mut network = Network::default();
        for blueprint in self.blueprints.values() {
            network.join(blueprint.network.clone());
        }
        network
    }

    /// Every machine.
    pub fn hosts(&self) -> BTreeMap<HostId, Host> {
        self.blueprints
            .values()
            .flat_map(|blueprint| blueprint.hosts.clone())
            .collect()
    }

    /// The IPsec connections with the data centre.
    pub fn vpns(&self) -> &[VpnConnection] {
        let account = self.blueprints.get(ACCOUNT);
        account.map(|unit| unit.vpns.as_slice()).unwrap_or_default()
    }

    /// Every required claim, unit by unit.
    pub fn claims(&self) -> Vec<Claim> {
        self.blueprints
            .values()
            .flat_map(|blueprint| blueprint.claims.iter().cloned())
            .collect()
    }

    /// The content address of all blueprints together.
    ///
    /// # Panics
    /// Never: a blueprint is made of texts, numbers and lists, and every map's keys are texts.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.blueprints).expect("blueprints have only textual keys")
    }
}

/// Designs an estate: what the lock holds stays where it is, what is new takes the first free place.
///
/// # Errors
/// Every finding that stands in the way, at once: ranges that overlap or are too small (with the arithmetic), names that
/// clash, products and ports that the catalogue does not know, filters that are longer than AWS takes.
pub fn design(estate: &Estate, catalog: &Catalog, lock: &Lock) -> Result<Design, Vec<Finding>> {
    let plan = plan(estate, catalog, lock)?;
    let mut blueprints = BTreeMap::new();
    blueprints.insert(ACCOUNT.to_owned(), account_blueprint(&plan));
    for (id, environment_plan) in &plan.environments {
        let blueprint = Blueprint {
            unit: Unit::Environment((*id).clone()),
            network: environment::network(environment_plan, plan.operator_vpc.as_ref()),
            hosts: environment::hosts(environment_plan, &plan),
            zones: vec![environment::zone(environment_plan)],
            vpns: Vec::new(),
            claims: claims::of_environment(environment_plan, &plan),
        };
        blueprints.insert(id.to_string(), blueprint);
    }
    let too_long: Vec<Finding> = blueprints
        .values()
        .flat_map(|blueprint| quota::check(&blueprint.network))
        .collect();
    if !too_long.is_empty() {
        return Err(too_long);
    }
    let secrets = secrets(estate, &blueprints);
    Ok(Design {
        blueprints,
        lock: plan.lock,
        secrets,
    })
}

fn account_blueprint(plan: &Plan<'_>) -> Blueprint {
    Blueprint {
        unit: Unit::Account,
        network: account::network(plan),
        hosts: account::hosts(plan),
        zones: vec![zones::public(plan)],
        vpns: vpn::connections(plan),
        claims: claims::of_account(plan),
    }
}

/// Every secret that a service or a relay names, and where it is to be had.
fn secrets(
    estate: &Estate,
    blueprints: &BTreeMap<String, Blueprint>,
) -> BTreeMap<SecretName, Option<SecretRef>> {
    let services = blueprints
        .values()
        .flat_map(|blueprint| blueprint.hosts.values())
        .flat_map(|host| &host.services);
    let mut secrets: BTreeMap<SecretName, Option<SecretRef>> = services
        .filter_map(|service| match &service.kind {
            ServiceKind::Smtp { password, .. } | ServiceKind::Database { password, .. } => {
                Some(password.clone())
            }
            ServiceKind::Product(product) => Some(product.admin_password.clone()),
            ServiceKind::Ssh { .. }
            | ServiceKind::Dns { .. }
            | ServiceKind::Ntp
            | ServiceKind::Balancer { .. }
            | ServiceKind::Web { .. } => None,
        })
        .map(|name| (name, None))
        .collect();
    if let Some(smtp) = estate.customer_mail() {
        secrets.insert(mail::password(estate), Some(smtp.password.clone()));
    }
    secrets.extend(vpn::keys(estate));
    secrets.extend(line::keys(estate));
    secrets
}
