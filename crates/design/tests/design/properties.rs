//! What holds for every estate: nothing overlaps, the same input gives the same bytes, what is allotted stays, and every
//! host is reached by its declared consumers and by nobody else.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use model::blueprint::{Host, Role};
use model::catalog::Product;
use model::estate::{Environment, Estate};
use model::id::{EnvironmentId, HostId, InterfaceId};
use model::network::Place;
use model::packet::Transport;
use model::service::{Service, ServiceKind};
use model::{Catalog, Lock};
use proptest::prelude::*;

use crate::estates::{Shape, designed, shape};
use crate::filters::{answered, delivered};

/// Generated estates for each property: enough to meet every combination of the small choices several times.
const CASES: u32 = 32;

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Everything that a lock holds, as text, by kind and name.
fn entries(lock: &Lock) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut add = |kind: &str, name: &String, value: String| {
        all.insert(format!("{kind} {name}"), value);
    };
    for (name, value) in &lock.ipv6 {
        add("ipv6", name, value.to_string());
    }
    for (name, value) in &lock.subnets {
        add("subnet", name, value.to_string());
    }
    for (name, value) in &lock.addresses {
        add("address", name, value.to_string());
    }
    for (name, value) in &lock.public {
        add("public", name, value.to_string());
    }
    for (name, value) in &lock.tunnels {
        add("tunnel", name, value.to_string());
    }
    for (name, value) in &lock.listeners {
        add("listener", name, value.to_string());
    }
    all
}

/// Whatever stands in both locks stands at the same place.
fn unmoved(before: &Lock, after: &Lock) -> Result<(), TestCaseError> {
    let after = entries(after);
    for (name, value) in entries(before) {
        if let Some(now) = after.get(&name) {
            prop_assert_eq!(now, &value, "{} moved", name);
        }
    }
    Ok(())
}

fn nothing_overlaps(estate: &Estate) -> Result<(), TestCaseError> {
    let design = designed(estate, &Lock::default());
    let network = design.network();
    let ranges: Vec<(&str, IpNet)> = network
        .subnets
        .iter()
        .flat_map(|(id, subnet)| subnet.cidrs.iter().map(|net| (id.as_str(), *net)))
        .collect();
    for (position, (left, range)) in ranges.iter().enumerate() {
        for (right, other) in ranges.iter().skip(position + 1) {
            let apart = !range.contains(other) && !other.contains(range);
            prop_assert!(apart, "{left} {range} and {right} {other}");
        }
    }
    for (id, subnet) in &network.subnets {
        let vpc = &network.vpcs[&subnet.vpc];
        for range in &subnet.cidrs {
            let inside = vpc.cidrs.iter().any(|all| all.contains(range));
            prop_assert!(inside, "{} is outside its VPC", id);
        }
    }
    let nats = network.nat_gateways.values();
    let mut seen: BTreeSet<IpAddr> = nats.clone().map(|nat| IpAddr::V4(nat.address)).collect();
    let mut public: BTreeSet<_> = nats.filter_map(|nat| nat.public).collect();
    prop_assert_eq!(seen.len(), network.nat_gateways.len());
    for (id, interface) in &network.interfaces {
        for address in &interface.addresses {
            prop_assert!(seen.insert(*address), "{} is {}'s too", address, id);
            if let Place::Subnet(subnet) = &interface.place {
                let ranges = &network.subnets[subnet].cidrs;
                prop_assert!(ranges.iter().any(|range| range.contains(address)));
            }
        }
        if let Some(address) = interface.public {
            prop_assert!(public.insert(address), "{} is {}'s too", address, id);
        }
    }
    Ok(())
}

/// One port that a host is meant to open on another.
type Flow = (HostId, HostId, Transport);

const EPHEMERAL: u16 = 40_000;

fn tcp(destination: u16) -> Transport {
    Transport::Tcp {
        source: EPHEMERAL,
        destination,
    }
}

fn udp(destination: u16) -> Transport {
    Transport::Udp {
        source: EPHEMERAL,
        destination,
    }
}

/// What the estate declares, read from the estate itself and from the services that the hosts offer.
struct Declared<'a> {
    estate: &'a Estate,
    environment: &'a Environment,
    catalog: &'a Catalog,
    hosts: &'a BTreeMap<HostId, Host>,
}

impl Declared<'_> {
    fn product(&self, name: &str) -> &Product {
        &self.catalog.products[&self.environment.products[name].product]
    }

    fn product_of(&self, id: &HostId) -> Option<&str> {
        let name = id.as_str().split('/').nth(1)?.rsplit_once('-')?.0;
        self.environment
            .products
            .get_key_value(name)
            .map(|(name, _)| name.as_str())
    }

    fn port(&self, product: &str, port: &str) -> u16 {
        self.product(product)
            .port(port)
            .expect("a port of the catalogue")
            .port
    }

    fn balanced(&self, product: &str, listed: &[String]) -> BTreeSet<u16> {
        let mut ports: BTreeSet<u16> = listed.iter().map(|port| self.port(product, port)).collect();
        if !ports.is_empty() {
            ports.insert(self.product(product).health.port);
        }
        ports
    }

    /// The TCP and UDP ports that one host may open on another.
    fn ports(&self, from: &HostId, to: &HostId) -> (BTreeSet<u16>, BTreeSet<u16>) {
        let (sender, receiver) = (self.hosts[from].role, self.hosts[to].role);
        let asks_names = matches!(sender, Role::Bastion | Role::Product);
        match receiver {
            Role::Resolver if asks_names => (BTreeSet::from([53]), BTreeSet::from([53])),
            Role::Database if sender == Role::Product => {
                let product = self.product_of(from).expect("a node has a product");
                let uses = self.product(product).needs_database();
                (uses.then_some(5432).into_iter().collect(), BTreeSet::new())
            }
            Role::MailEndpoint if sender == Role::Product => {
                (BTreeSet::from([587]), BTreeSet::new())
            }
            Role::Product => (self.on_product(from, to), BTreeSet::new()),
            // What it serves to the whole Internet it serves to a node that may open that port to the Internet.
            Role::PublicBalancer if sender == Role::Product => (self.listened(to), BTreeSet::new()),
            _ => (BTreeSet::new(), BTreeSet::new()),
        }
    }

    fn listened(&self, balancer: &HostId) -> BTreeSet<u16> {
        let outbound: BTreeSet<u16> = self
            .estate
            .outbound
            .values()
            .filter(|outbound| outbound.address.is_none())
            .map(|outbound| outbound.port)
            .collect();
        self.hosts[balancer]
            .services
            .iter()
            .flat_map(|service| match &service.kind {
                ServiceKind::Balancer { listeners } => listeners.as_slice(),
                _ => &[],
            })
            .map(|listener| listener.port)
            .filter(|port| outbound.contains(port))
            .collect()
    }

    fn on_product(&self, from: &HostId, to: &HostId) -> BTreeSet<u16> {
        let callee = self.product_of(to).expect("a node has a product");
        let wanted = &self.environment.products[callee];
        let product = self.product(callee);
        match self.hosts[from].role {
            Role::Bastion => BTreeSet::from([22]),
            Role::PublicBalancer => self.balanced(callee, &wanted.public),
            Role::InternalBalancer => self.balanced(callee, &wanted.internal),
            Role::Product => {
                let caller = self.product_of(from).expect("a node has a product");
                let calls = &self.environment.products[caller].calls;
                let mut ports = BTreeSet::new();
                if calls.iter().any(|name| name == callee) {
                    ports.insert(self.port(callee, &product.called_on));
                }
                if caller == callee {
                    ports.extend(product.cluster.iter().map(|port| self.port(callee, port)));
                }
                ports
            }
            _ => BTreeSet::new(),
        }
    }
}

/// Ports worth asking for: all that anything listens on, and those beside them.
fn interesting(services: impl Iterator<Item = Service>) -> BTreeSet<u16> {
    let mut ports = BTreeSet::from([22, 25, 53, 80, 123, 443, 587, 3306, 5432, 8080]);
    for service in services {
        match service.kind {
            ServiceKind::Ssh { port, .. } | ServiceKind::Database { port, .. } => {
                ports.insert(port);
            }
            ServiceKind::Product(product) => {
                ports.extend(product.ports.iter().map(|port| port.port));
            }
            ServiceKind::Balancer { listeners } => {
                ports.extend(listeners.iter().map(|listener| listener.port));
            }
            _ => {}
        }
    }
    ports
        .iter()
        .flat_map(|port| [port - 1, *port, port + 1])
        .collect()
}

/// Compares what gets through with what is declared, for every pair of hosts of one environment.
fn only_declared_consumers(
    estate: &Estate,
    id: &EnvironmentId,
    environment: &Environment,
) -> Result<(), TestCaseError> {
    let catalog = Catalog::embedded();
    let design = designed(estate, &Lock::default());
    let network = design.network();
    let hosts = &design.blueprints[id.as_str()].hosts;
    let declared = Declared {
        estate,
        environment,
        catalog: &catalog,
        hosts,
    };
    let services = hosts.values().flat_map(|host| host.services.clone());
    let ports = interesting(services);
    let mut wrong: Vec<(Flow, &str)> = Vec::new();
    for from in hosts.keys() {
        for to in hosts.keys().filter(|to| *to != from) {
            let (tcp_ports, udp_ports) = declared.ports(from, to);
            let (sender, receiver) = (
                InterfaceId::new(from.as_str()),
                InterfaceId::new(to.as_str()),
            );
            for port in &ports {
                for (packet, wanted) in [
                    (tcp(*port), tcp_ports.contains(port)),
                    (udp(*port), udp_ports.contains(port)),
                ] {
                    let found = delivered(&network, &sender, &receiver, packet);
                    if found != wanted {
                        let what = if found { "undeclared" } else { "lost" };
                        wrong.push(((from.clone(), to.clone(), packet), what));
                    } else if found && !answered(&network, &sender, &receiver, packet) {
                        wrong.push(((from.clone(), to.clone(), packet), "unanswered"));
                    }
                }
            }
        }
    }
    prop_assert!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_address_is_given_twice(shape in shape()) {
        nothing_overlaps(&shape.estate())?;
    }

    #[test]
    fn same_input_same_bytes(shape in shape()) {
        let estate = shape.estate();
        let first = designed(&estate, &Lock::default());
        let again = designed(&estate, &Lock::default());
        prop_assert_eq!(first.digest(), again.digest());
        prop_assert_eq!(first.lock.render(), again.lock.render());
        // Its own lock changes nothing, through the file too.
        let read = Lock::parse(&first.lock.render()).expect("the lock can be read");
        prop_assert_eq!(&read, &first.lock);
        let locked = designed(&estate, &read);
        prop_assert_eq!(&locked, &first);
    }

    /// From any estate to any other: whatever both have keeps its place. A range that changed frees what was in it.
    #[test]
    fn change_moves_nothing_that_stays(before in shape(), after in shape()) {
        let mut after: Shape = after;
        for (new, old) in after.environments.iter_mut().zip(&before.environments) {
            new.prefix = old.prefix;
            new.ground = old.ground;
        }
        // The names of balanced ports stay with the estate; the internal balancer and its ports go with the data centre.
        let lock = designed(&before.estate(), &Lock::default()).lock;
        let changed = designed(&after.estate(), &lock);
        let mut old = lock.clone();
        if after.zones < before.zones {
            // What stood in the zone that is gone has to move.
            let gone: BTreeSet<IpNet> = lock
                .subnets
                .iter()
                .filter(|(name, _)| name.ends_with("-c"))
                .map(|(_, range)| IpNet::V4(*range))
                .collect();
            old.addresses
                .retain(|_, address| !gone.iter().any(|range| range.contains(&*address)));
        }
        unmoved(&old, &changed.lock)?;
        nothing_overlaps(&after.estate())?;
    }

    /// Every host is reached by its declared consumers and by nobody else.
    #[test]
    fn reached_by_declared_consumers_alone(shape in shape()) {
        let estate = shape.estate();
        for (id, environment) in &estate.environments {
            only_declared_consumers(&estate, id, environment)?;
        }
    }

    #[test]
    fn claims_have_names_of_their_own(shape in shape()) {
        let design = designed(&shape.estate(), &Lock::default());
        let claims = design.claims();
        let names: BTreeSet<_> = claims.iter().map(|claim| &claim.id).collect();
        prop_assert_eq!(names.len(), claims.len());
        let hosts = design.hosts();
        let network = design.network();
        for claim in &claims {
            prop_assert!(!claim.required_settings().is_empty(), "{} asks for nothing", claim.id);
            prop_assert!(!claim.rows.is_empty(), "{} answers no row", claim.id);
            for probe in &claim.probes {
                prop_assert!(hosts.contains_key(&probe.vantage), "{} from nowhere", claim.id);
            }
        }
        for host in hosts.keys() {
            prop_assert!(network.interfaces.contains_key(&InterfaceId::new(host.as_str())));
        }
    }
}
