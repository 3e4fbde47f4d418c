//! What environments share: the transit gateway, the places outside AWS, and what stands there.

mod bastions;
mod firewall;
mod operator;
mod transit;

use std::collections::BTreeMap;

use ipnet::IpNet;
use model::Network;
use model::blueprint::{Host, Role, Uses};
use model::estate::{Estate, PersonRole, Side};
use model::id::{HostId, SiteId, TransitGatewayId};
use model::network::{Interface, Place, Site, SiteKind};
use model::service::{Service, ServiceKind};

use crate::mail;
use crate::outside::{DATA_CENTRE, INTERNET, OPERATOR, OutsideHost};
use crate::plan::Plan;
use crate::zones;

pub(crate) use bastions::clocks;
pub(crate) use operator::peering;
pub(crate) use transit::{TRANSIT_GATEWAY, VPN, offered, routed};

/// The login names that hosts accept: the operator's engineers. Without one, a name of the operator's own.
pub(crate) fn logins(estate: &Estate) -> Vec<String> {
    let engineers: Vec<String> = estate
        .people
        .iter()
        .filter(|(_, person)| {
            person.side == Side::Operator && person.roles.contains(&PersonRole::Engineer)
        })
        .map(|(login, _)| login.clone())
        .collect();
    if engineers.is_empty() {
        vec!["operator".to_owned()]
    } else {
        engineers
    }
}

/// The account's part of the network.
pub(crate) fn network(plan: &Plan<'_>) -> Network {
    let mut network = Network::default();
    sites(plan.estate, &mut network);
    if let Some(data_centre) = &plan.estate.data_centre {
        let gateway = transit::gateway(plan, data_centre);
        network
            .transit_gateways
            .insert(TransitGatewayId::from(TRANSIT_GATEWAY), gateway);
    }
    for host in plan.outside.hosts.values() {
        network.interfaces.insert(
            host.interface(),
            Interface {
                host: host.id.clone(),
                place: Place::Site(host.site.clone()),
                addresses: host.addresses.clone(),
                public: None,
                groups: Vec::new(),
                source_dest_check: true,
            },
        );
    }
    firewall::draw(plan, &mut network);
    if let Some(vpc) = &plan.operator_vpc {
        operator::draw(plan, vpc, &mut network);
    }
    network
}

fn sites(estate: &Estate, network: &mut Network) {
    let mut insert = |name: &str, kind: SiteKind, prefixes: &[IpNet]| {
        network.sites.insert(
            SiteId::from(name),
            Site {
                kind,
                prefixes: prefixes.to_vec(),
            },
        );
    };
    insert(INTERNET, SiteKind::Internet, &[]);
    insert(OPERATOR, SiteKind::OnInternet, &estate.operator.networks);
    if let Some(data_centre) = &estate.data_centre {
        insert(DATA_CENTRE, SiteKind::Private, routed(data_centre));
    }
}

/// The machines outside AWS.
pub(crate) fn hosts(plan: &Plan<'_>) -> BTreeMap<HostId, Host> {
    plan.outside
        .hosts
        .values()
        .map(|host| {
            let machine = Host {
                environment: None,
                site: Some(host.site.clone()),
                role: host.role,
                name: host.name.clone(),
                machine: None,
                services: services(plan, host),
                uses: uses(plan, host),
            };
            (host.id.clone(), machine)
        })
        .chain(bastions::hosts(plan))
        .collect()
}

fn uses(plan: &Plan<'_>, host: &OutsideHost) -> Uses {
    if host.role == Role::CustomerClient {
        Uses {
            dns: zones::asked_by_clients(plan),
            ntp: plan.estate.ntp.servers.clone(),
            smtp: None,
            search: vec![plan.estate.dns.zone.clone()],
        }
    } else {
        Uses::default()
    }
}

/// What a machine outside AWS serves: one machine may play several parts.
fn services(plan: &Plan<'_>, host: &OutsideHost) -> Vec<Service> {
    let mut services = Vec::new();
    let mut serve = |name: &str, kind: ServiceKind| {
        services.push(Service {
            name: name.to_owned(),
            kind,
        });
    };
    if plan.outside.dns.contains(&host.id) {
        let kind = ServiceKind::Dns {
            zones: zones::of_customer(plan).into_iter().collect(),
            forwards: zones::forwards(plan),
        };
        serve("dns", kind);
    }
    if plan.outside.ntp.contains(&host.id) {
        serve("ntp", ServiceKind::Ntp);
    }
    if let Some(smtp) = plan.estate.customer_mail()
        && plan.outside.mail.as_ref() == Some(&host.id)
    {
        let kind = ServiceKind::Smtp {
            port: smtp.port,
            user: smtp.user.clone(),
            password: mail::password(plan.estate),
        };
        serve("smtp", kind);
    }
    for (name, server) in &plan.outside.outbound {
        if server == &host.id
            && let Some(outbound) = plan.estate.outbound.get(name)
        {
            let kind = ServiceKind::Web {
                port: outbound.port,
            };
            serve(name, kind);
        }
    }
    services
}
