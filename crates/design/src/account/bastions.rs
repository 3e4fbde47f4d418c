//! Bastions that stand outside their environment's VPC: the machine, which is the same wherever it stands.

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::blueprint::{Host, Role, Uses};
use model::id::{HostId, SiteId};
use model::service::{Service, ServiceKind};

use super::logins;
use crate::bastion::{BastionPlan, Stand};
use crate::environment::bastion_machine;
use crate::outside::{DATA_CENTRE, in_data_centre};
use crate::plan::{EnvironmentPlan, Plan};

/// The bastions that no environment's VPC holds.
pub(super) fn hosts(plan: &Plan<'_>) -> BTreeMap<HostId, Host> {
    let environments = plan.environments.values();
    environments
        .filter_map(|environment| {
            let bastion = environment.bastion.as_ref()?;
            let site = match bastion.stand {
                Stand::Vpc => return None,
                Stand::OperatorVpc => None,
                Stand::DataCentre => Some(SiteId::from(DATA_CENTRE)),
            };
            let host = machine(environment, bastion, site);
            Some((bastion.id.clone(), host))
        })
        .collect()
}

fn machine(environment: &EnvironmentPlan<'_>, bastion: &BastionPlan, site: Option<SiteId>) -> Host {
    let ssh = ServiceKind::Ssh {
        port: bastion.port,
        forwarding: true,
        users: logins(environment.estate),
    };
    Host {
        environment: Some(environment.id.clone()),
        site,
        role: Role::Bastion,
        machine: bastion_machine(environment),
        name: format!("bastion.{}", environment.private_zone()),
        services: vec![Service {
            name: "ssh".to_owned(),
            kind: ssh,
        }],
        uses: Uses {
            // It resolves what it is to reach where hosts themselves do.
            dns: environment.resolvers(),
            ntp: clocks(environment, bastion),
            smtp: None,
            search: vec![environment.private_zone()],
        },
    }
}

/// The time servers of a bastion: the customer's in the data centre, where its firewall lets nothing else through. In a
/// VPC the clock is AWS's own service on the link.
pub(crate) fn clocks(environment: &EnvironmentPlan<'_>, bastion: &BastionPlan) -> Vec<IpAddr> {
    if bastion.stand != Stand::DataCentre {
        return Vec::new();
    }
    let estate = environment.estate;
    let servers = estate.ntp.servers.iter().copied();
    servers
        .filter(|server| in_data_centre(estate, *server))
        .filter(|server| {
            bastion
                .addresses
                .iter()
                .any(|own| own.is_ipv4() == server.is_ipv4())
        })
        .collect()
}
