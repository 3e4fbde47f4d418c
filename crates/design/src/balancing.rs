//! Which port of a product stands behind which port of a balancer.

use std::collections::BTreeMap;

use model::Catalog;
use model::catalog::Product;
use model::estate::{Environment, Estate};
use model::id::EnvironmentId;
use model::service::{PortProtocol, ProductPort};

use crate::allot::{Allotted, allot};
use crate::roster::has_internal_balancer;

/// Who uses a balancer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Face {
    /// The Internet.
    Public,
    /// The data centre.
    Internal,
}

impl Face {
    /// The face's name in the lock.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
        }
    }
}

/// One port of a balancer, and the product's port behind it.
#[derive(Clone, Debug)]
pub(crate) struct ListenerPlan {
    pub(crate) face: Face,
    /// The product's name in the environment.
    pub(crate) product: String,
    /// The product's port.
    pub(crate) target: ProductPort,
    /// The balancer's port.
    pub(crate) listen: u16,
}

/// The port that the first public `https` port gets.
const HTTPS: u16 = 443;

/// The listeners of an environment's balancers.
#[derive(Default)]
pub(crate) struct Listeners {
    pub(crate) plans: Vec<ListenerPlan>,
    /// What the lock is to keep of them.
    pub(crate) entries: BTreeMap<String, u16>,
    /// Those for which no port is left.
    pub(crate) unplaced: Vec<String>,
}

/// Plans the listeners of an environment's balancers. Names that the catalogue does not know were refused before.
pub(crate) fn listeners(
    estate: &Estate,
    id: &EnvironmentId,
    environment: &Environment,
    catalog: &Catalog,
    held: &BTreeMap<String, u16>,
) -> Listeners {
    let mut listeners = Listeners::default();
    for face in [Face::Public, Face::Internal] {
        if face == Face::Internal && !has_internal_balancer(estate, environment) {
            continue;
        }
        let wanted = wanted(id, environment, catalog, face);
        let names: Vec<String> = wanted.keys().cloned().collect();
        let Allotted { given, unplaced } = allot(
            &names,
            held,
            |_, listen| *listen != 0,
            |name, _| {
                let port = wanted.get(name).map(|(_, port)| port);
                let first = port
                    .filter(|port| face == Face::Public && port.protocol == PortProtocol::Https)
                    .map(|_| HTTPS);
                // Counting up as the products' own port offsets do; it ends with the last port.
                let own = port.map_or(1, |port| port.port);
                first.into_iter().chain(own..=u16::MAX)
            },
        );
        for (name, listen) in given {
            if let Some((product, target)) = wanted.get(&name) {
                listeners.plans.push(ListenerPlan {
                    face,
                    product: product.clone(),
                    target: target.clone(),
                    listen,
                });
            }
            listeners.entries.insert(name, listen);
        }
        listeners.unplaced.extend(unplaced);
    }
    listeners
}

/// The ports that are to stand behind a balancer, by their names in the lock.
fn wanted(
    id: &EnvironmentId,
    environment: &Environment,
    catalog: &Catalog,
    face: Face,
) -> BTreeMap<String, (String, ProductPort)> {
    let mut wanted = BTreeMap::new();
    for (name, product_use) in &environment.products {
        let ports = match face {
            Face::Public => &product_use.public,
            Face::Internal => &product_use.internal,
        };
        let product = catalog.products.get(&product_use.product);
        for port in ports {
            if let Some(target) = product.and_then(|product| port_of(product, port)) {
                wanted.insert(
                    format!("{id}/{}/{name}/{port}", face.name()),
                    (name.clone(), target.clone()),
                );
            }
        }
    }
    wanted
}

fn port_of<'a>(product: &'a Product, name: &str) -> Option<&'a ProductPort> {
    product.ports.iter().find(|port| port.name == name)
}
