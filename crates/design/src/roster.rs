//! Who will stand in an environment, before anybody has an address.

use std::collections::BTreeSet;

use model::blueprint::Role;
use model::estate::{BastionPlace, Environment, Estate, Mail};
pub(crate) use model::estate::{RESERVED_ENVIRONMENTS, RESERVED_PRODUCTS as RESERVED};

use crate::address::Tier;

/// A place in an environment for one machine or gateway.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    /// Its name within the environment: `apim-1`.
    pub(crate) name: String,
    /// Those among which it is spread over zones: `apim`. Also the name of its security group.
    pub(crate) family: String,
    /// What sits there; none for a NAT gateway.
    pub(crate) role: Option<Role>,
    /// The product, of a product's node.
    pub(crate) product: Option<String>,
    /// The tier that it stands in.
    pub(crate) tier: Tier,
    /// The zone that it must stand in, by its position in the estate; none when it is spread.
    pub(crate) zone: Option<usize>,
    /// Whether it has a public address.
    pub(crate) public: bool,
}

/// Every seat of an environment, in the order in which new ones take addresses.
pub(crate) fn roster(estate: &Estate, environment: &Environment, zones: &[String]) -> Vec<Seat> {
    let mut seats = Vec::new();
    if matches!(environment.bastion.place, BastionPlace::Vpc { .. }) {
        seats.push(seat(
            "bastion",
            "bastion",
            Role::Bastion,
            Tier::Public,
            true,
        ));
    }
    if environment
        .products
        .values()
        .any(|product| !product.public.is_empty())
    {
        seats.extend(
            numbered("balancer-public", "public-balancer", zones.len()).map(|(name, family)| {
                seat(&name, family, Role::PublicBalancer, Tier::Public, true)
            }),
        );
    }
    if has_internal_balancer(estate, environment) {
        seats.extend(
            numbered("balancer-internal", "internal-balancer", zones.len()).map(
                |(name, family)| seat(&name, family, Role::InternalBalancer, Tier::App, false),
            ),
        );
    }
    seats.extend(
        numbered("resolver", "resolver", zones.len())
            .map(|(name, family)| seat(&name, family, Role::Resolver, Tier::App, false)),
    );
    if matches!(estate.mail, Mail::Ses(_)) {
        seats.extend(
            numbered("mail-endpoint", "mail-endpoint", zones.len())
                .map(|(name, family)| seat(&name, family, Role::MailEndpoint, Tier::App, false)),
        );
    }
    for (name, product) in &environment.products {
        seats.extend(
            numbered(name, name, usize::from(product.nodes)).map(|(node, family)| Seat {
                product: Some(name.clone()),
                ..seat(&node, family, Role::Product, Tier::App, false)
            }),
        );
    }
    if environment.database.is_some() {
        seats.push(seat(
            "database",
            "database",
            Role::Database,
            Tier::Data,
            false,
        ));
    }
    for (position, zone) in zones.iter().enumerate() {
        seats.push(Seat {
            name: format!("nat-{zone}"),
            family: "nat".to_owned(),
            role: None,
            product: None,
            tier: Tier::Public,
            zone: Some(position),
            public: true,
        });
    }
    seats
}

/// Whether the environment has a balancer for the data centre: somebody must be there to use it.
pub(crate) fn has_internal_balancer(estate: &Estate, environment: &Environment) -> bool {
    estate.data_centre.is_some()
        && environment
            .products
            .values()
            .any(|product| !product.internal.is_empty())
}

/// Names that two seats of the environment would share, or a seat and a product.
pub(crate) fn shared_names<'a>(
    seats: &'a [Seat],
    environment: &'a Environment,
) -> BTreeSet<&'a str> {
    let mut seen: BTreeSet<&str> = environment.products.keys().map(String::as_str).collect();
    seats
        .iter()
        .map(|seat| seat.name.as_str())
        .filter(|name| !seen.insert(*name))
        .collect()
}

/// The short names of zones, as identifiers carry them: `a` for `eu-central-1a` in `eu-central-1`.
pub(crate) fn short_zones(estate: &Estate) -> Vec<String> {
    estate
        .zones
        .iter()
        .map(|zone| match zone.strip_prefix(&estate.region) {
            Some(short) if !short.is_empty() => short.trim_start_matches('-').to_owned(),
            _ => zone.clone(),
        })
        .collect()
}

fn numbered<'a>(
    name: &str,
    family: &'a str,
    count: usize,
) -> impl Iterator<Item = (String, &'a str)> {
    (1..=count).map(move |number| (format!("{name}-{number}"), family))
}

fn seat(name: &str, family: &str, role: Role, tier: Tier, public: bool) -> Seat {
    Seat {
        name: name.to_owned(),
        family: family.to_owned(),
        role: Some(role),
        product: None,
        tier,
        zone: None,
        public,
    }
}
