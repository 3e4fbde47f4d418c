//! What environments share: the transit gateway, the places outside AWS, and what stands there.

mod bastions;
mod firewall;
mod operator;

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use model::Network;
use model::blueprint::{Host, Role, Uses};
use model::estate::{Estate, Link, PersonRole, Side};
use model::id::{AttachmentId, HostId, SiteId, TransitGatewayId, TransitTableId};
use model::network::{
    AttachedTo, Attachment, Interface, Place, Site, SiteKind, TransitGateway, TransitRoute,
};
use model::service::{Service, ServiceKind};

use crate::address::Tier;
use crate::mail;
use crate::outside::{DATA_CENTRE, INTERNET, OPERATOR, OutsideHost};
use crate::plan::{EnvironmentPlan, Plan};
use crate::zones;

pub(crate) use bastions::clocks;
pub(crate) use operator::peering;

/// The transit gateway, where there is a data centre to reach.
pub(crate) const TRANSIT_GATEWAY: &str = "account/transit";
/// The table for what comes from environments: to the data centre and nowhere else, so that they never meet.
const ENVIRONMENTS_TABLE: &str = "account/environments";
/// The table for what comes from the data centre: to each environment's app tier.
const DATA_CENTRE_TABLE: &str = "account/data-centre";
/// The VPN's attachment.
const VPN: &str = "data-centre/vpn";

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
        let gateway = transit_gateway(plan, &data_centre.prefixes, &data_centre.link);
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
        insert(DATA_CENTRE, SiteKind::Private, &data_centre.prefixes);
    }
}

fn transit_gateway(plan: &Plan<'_>, prefixes: &[IpNet], link: &Link) -> TransitGateway {
    let vpn = AttachmentId::from(VPN);
    let environments = TransitTableId::from(ENVIRONMENTS_TABLE);
    let data_centre = TransitTableId::from(DATA_CENTRE_TABLE);
    // Direct Connect always speaks BGP.
    let dynamic = match link {
        Link::Vpn(vpn) => vpn.gateways.iter().any(|gateway| gateway.asn.is_some()),
        Link::DirectConnect(_) => true,
    };
    let to_data_centre = prefixes
        .iter()
        .map(|prefix| TransitRoute {
            destination: *prefix,
            attachment: Some(vpn.clone()),
            // What BGP announces, the gateway propagates.
            propagated: dynamic,
        })
        .collect();
    let to_environments = plan
        .environments
        .values()
        .flat_map(|environment| {
            // Static: an attachment would propagate the whole VPC, and the data centre needs the app tier alone.
            offered(environment).into_iter().map(|range| TransitRoute {
                destination: range,
                attachment: Some(attachment(environment)),
                propagated: false,
            })
        })
        .collect();
    let mut attachments: BTreeMap<AttachmentId, Attachment> = plan
        .environments
        .values()
        .map(|environment| {
            let attached = Attachment {
                to: AttachedTo::Vpc {
                    vpc: environment.vpc(),
                    subnets: environment
                        .tier(Tier::Transit)
                        .map(|subnet| subnet.id.clone())
                        .collect(),
                },
                table: Some(environments.clone()),
            };
            (attachment(environment), attached)
        })
        .collect();
    attachments.insert(
        vpn,
        Attachment {
            to: AttachedTo::Site(SiteId::from(DATA_CENTRE)),
            table: Some(data_centre.clone()),
        },
    );
    TransitGateway {
        region: plan.estate.region.clone(),
        attachments,
        tables: BTreeMap::from([
            (environments, to_data_centre),
            (data_centre, to_environments),
        ]),
    }
}

fn attachment(environment: &EnvironmentPlan<'_>) -> AttachmentId {
    AttachmentId::new(environment.named("transit"))
}

/// The ranges of an environment that the data centre is routed to: its app subnets, in the families that the data
/// centre has.
pub(crate) fn offered(environment: &EnvironmentPlan<'_>) -> BTreeSet<IpNet> {
    let prefixes = environment
        .estate
        .data_centre
        .iter()
        .flat_map(|data_centre| &data_centre.prefixes);
    let families: BTreeSet<bool> = prefixes.map(|net| matches!(net, IpNet::V4(_))).collect();
    environment
        .tier(Tier::App)
        .flat_map(|subnet| subnet.ranges())
        .filter(|range| families.contains(&matches!(range, IpNet::V4(_))))
        .collect()
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
