//! Machines: what listens on each, which servers it uses, and the zone that names them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use model::blueprint::{Host, Machine, Role, Uses};
use model::estate::Image;
use model::secret::SecretName;
use model::service::{Forward, Listener, ProductService, Record, Service, ServiceKind, Zone};

use super::{anywhere, data_centre_prefixes};
use crate::account::logins;
use crate::balancing::Face;
use crate::mail;
use crate::plan::{EnvironmentPlan, HostPlan, Plan};
use crate::services::SSH;
use crate::zones;

/// The unprivileged user by which products open the database.
pub(crate) const DATABASE_USER: &str = "products";

/// A machine of an environment.
pub(super) fn machine(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>, host: &HostPlan) -> Host {
    Host {
        environment: Some(plan.id.clone()),
        site: None,
        role: host.role,
        name: format!("{}.{}", host.name, plan.private_zone()),
        machine: made_of(plan, host),
        services: services(plan, whole, host),
        uses: uses(plan, whole, host),
    }
}

fn services(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>, host: &HostPlan) -> Vec<Service> {
    let ssh = |port: u16, forwarding: bool| {
        service(
            "ssh",
            ServiceKind::Ssh {
                port,
                forwarding,
                users: logins(plan.estate),
            },
        )
    };
    match host.role {
        Role::Bastion => vec![ssh(plan.environment.bastion.port, true)],
        Role::Product => {
            let mut all = vec![ssh(SSH, false)];
            all.extend(product(plan, host));
            all
        }
        Role::PublicBalancer => vec![service("balancer", balancer(plan, Face::Public))],
        Role::InternalBalancer => vec![service("balancer", balancer(plan, Face::Internal))],
        Role::Resolver => vec![service("dns", dns(plan, whole))],
        Role::Database => database(plan).into_iter().collect(),
        Role::MailEndpoint => vec![service("smtp", submission(plan))],
        // These stand outside every environment.
        Role::CustomerDns
        | Role::CustomerNtp
        | Role::CustomerMail
        | Role::CustomerService
        | Role::CustomerClient
        | Role::Operator
        | Role::InternetClient
        | Role::InternetServer => Vec::new(),
    }
}

fn service(name: &str, kind: ServiceKind) -> Service {
    Service {
        name: name.to_owned(),
        kind,
    }
}

fn product(plan: &EnvironmentPlan<'_>, host: &HostPlan) -> Option<Service> {
    let name = host.product.as_deref()?;
    let product = plan.products.get(name)?;
    let mut ports = product.product.ports.clone();
    ports.sort_by(|left, right| (left.port, &left.name).cmp(&(right.port, &right.name)));
    let kind = ServiceKind::Product(ProductService {
        product: product.wanted.product.clone(),
        version: product.wanted.version.clone(),
        ports,
        health: product.product.health.clone(),
        consoles: product.product.consoles.clone(),
        console_port: product.console_port,
        admin_user: product.wanted.admin_user.clone(),
        admin_password: admin_password(plan, name),
    });
    Some(service(name, kind))
}

/// The name of a console administrator's password: one for all nodes of a product, which share their user store.
pub(crate) fn admin_password(plan: &EnvironmentPlan<'_>, product: &str) -> SecretName {
    SecretName(plan.named(&format!("{product}/admin")))
}

/// The name of the database user's password.
pub(crate) fn database_password(plan: &EnvironmentPlan<'_>) -> SecretName {
    SecretName(plan.named(&format!("database/{DATABASE_USER}")))
}

fn balancer(plan: &EnvironmentPlan<'_>, face: Face) -> ServiceKind {
    let clients = match face {
        Face::Public => anywhere(plan),
        Face::Internal => data_centre_prefixes(plan),
    };
    let listeners = plan.listeners(face).filter_map(|listener| {
        let product = plan.products.get(listener.product.as_str())?;
        Some(Listener {
            port: listener.listen,
            targets: plan
                .nodes(&listener.product)
                .map(|node| SocketAddr::new(IpAddr::V4(node.ipv4), listener.target.port))
                .collect(),
            health: product.product.health.clone(),
            sticky: product
                .product
                .patterns
                .get(&product.wanted.pattern)
                .is_some_and(|pattern| pattern.sticky),
            clients: clients.clone(),
        })
    });
    let mut listeners: Vec<Listener> = listeners.collect();
    listeners.sort_by_key(|listener| listener.port);
    ServiceKind::Balancer { listeners }
}

/// A resolver endpoint: the environment's own names, and the way to the customer's.
fn dns(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>) -> ServiceKind {
    let customers = zones::asked(plan.estate);
    let forward = (!customers.is_empty()).then(|| Forward {
        zone: plan.estate.dns.zone.clone(),
        servers: customers.to_vec(),
    });
    ServiceKind::Dns {
        zones: std::iter::once(zone(plan))
            .chain(mail_zone(plan))
            .chain(zones::of_operator(whole))
            .collect(),
        forwards: forward.into_iter().collect(),
    }
}

/// SES as its endpoint in the VPC shows it.
fn submission(plan: &EnvironmentPlan<'_>) -> ServiceKind {
    let relay = mail::relay(plan.estate);
    ServiceKind::Smtp {
        port: relay.port,
        user: relay.user,
        password: relay.password,
    }
}

/// What the operator makes a host of; AWS makes the others.
fn made_of(plan: &EnvironmentPlan<'_>, host: &HostPlan) -> Option<Machine> {
    match host.role {
        Role::Bastion => bastion_machine(plan),
        Role::Product => {
            let wanted = plan.products.get(host.product.as_deref()?)?.wanted;
            let volume = Some(wanted.volume_gib);
            let image = wanted.image.as_ref();
            Some(of_image(plan, &wanted.instance, volume, image))
        }
        _ => None,
    }
}

/// What the operator makes a bastion of; in the data centre it is a machine of the customer's.
pub(crate) fn bastion_machine(plan: &EnvironmentPlan<'_>) -> Option<Machine> {
    let bastion = &plan.environment.bastion;
    let instance = bastion.instance()?;
    Some(of_image(plan, instance, None, bastion.image.as_ref()))
}

fn of_image(
    plan: &EnvironmentPlan<'_>,
    instance: &str,
    volume_gib: Option<u32>,
    image: Option<&String>,
) -> Machine {
    let image = image.or(plan.environment.image.as_ref());
    let image = image.and_then(|name| plan.estate.images.get(name));
    Machine {
        instance: instance.to_owned(),
        volume_gib,
        image: image.cloned().unwrap_or_else(Image::published),
    }
}

fn database(plan: &EnvironmentPlan<'_>) -> Option<Service> {
    let database = plan.environment.database.as_ref()?;
    let databases: BTreeSet<String> = plan
        .products
        .values()
        .flat_map(|product| product.product.databases.iter().cloned())
        .collect();
    let kind = ServiceKind::Database {
        port: plan.database_port?,
        engine: database.engine.clone(),
        databases: databases.into_iter().collect(),
        user: DATABASE_USER.to_owned(),
        password: database_password(plan),
    };
    Some(service("database", kind))
}

fn uses(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>, host: &HostPlan) -> Uses {
    if !host.managed() {
        return Uses::default();
    }
    let mut uses = Uses {
        dns: plan.resolvers(),
        search: vec![plan.private_zone()],
        ..Uses::default()
    };
    if host.role == Role::Product {
        uses.ntp.clone_from(&whole.estate.ntp.servers);
        uses.smtp = Some(mail::relay(whole.estate));
    }
    uses
}

/// SES's name, which the endpoint takes over inside the VPC (its "private DNS").
pub(crate) fn mail_zone(plan: &EnvironmentPlan<'_>) -> Option<Zone> {
    let endpoints = plan.hosts_of(Role::MailEndpoint);
    let addresses: Vec<IpAddr> = endpoints.flat_map(HostPlan::addresses).collect();
    (!addresses.is_empty()).then(|| {
        let name = mail::relay(plan.estate).name;
        Zone {
            name: name.clone(),
            records: vec![Record::addresses(name, addresses)],
        }
    })
}

/// The environment's private zone: every machine by its name, every product by all its nodes.
pub(crate) fn zone(plan: &EnvironmentPlan<'_>) -> Zone {
    let name = plan.private_zone();
    let mut records: BTreeMap<String, Vec<IpAddr>> = BTreeMap::new();
    if let Some(bastion) = &plan.bastion {
        let addresses = bastion.addresses.clone();
        records.insert(format!("bastion.{name}"), addresses);
    }
    for host in plan.hosts.iter().filter(|host| host.role != Role::Bastion) {
        let fqdn = format!("{}.{name}", host.name);
        records.entry(fqdn).or_default().extend(host.addresses());
        if let Some(product) = &host.product {
            let fqdn = format!("{product}.{name}");
            records.entry(fqdn).or_default().extend(host.addresses());
        }
    }
    let mut records: Vec<Record> = records
        .into_iter()
        .map(|(name, addresses)| Record::addresses(name, addresses))
        .chain(zones::entries(plan))
        .collect();
    records.sort();
    Zone { name, records }
}
