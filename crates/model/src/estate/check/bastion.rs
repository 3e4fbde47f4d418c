//! Bastions: SSH on a port that nothing else uses and nobody expects, on ground from which hosts are reached.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::addresses::{Purpose, purpose_of};
use super::environment_path;
use crate::catalog::Catalog;
use crate::document::{Check, Report, quote};
use crate::estate::{BastionPlace, Environment, Estate};

const ON_22: Check = Check::error(
    "bastion-on-22",
    "A bastion accepts SSH on port 22, where every scanner knocks.",
);
const ON_ZERO: Check = Check::fatal("bastion-on-0", "A bastion's port is 0.");
const ON_PRODUCT_PORT: Check = Check::error(
    "bastion-on-product-port",
    "A bastion's port is one of a product's.",
);
const WITHOUT_DATA_CENTRE: Check = Check::fatal(
    "bastion-without-data-centre",
    "A bastion is to stand in the customer's data centre, and none is joined.",
);
const OUTSIDE: Check = Check::fatal(
    "bastion-outside-data-centre",
    "A bastion's address lies outside the data centre's prefixes.",
);
const NOT_PUBLIC: Check = Check::error(
    "bastion-address-not-public",
    "The address at which the operator reaches a bastion does not exist on the Internet.",
);
const FAMILY: Check = Check::fatal(
    "bastion-family",
    "A bastion has an IPv6 address, and its environment IPv4 alone.",
);
const OUT_OF_REACH: Check = Check::fatal(
    "operator-cannot-reach",
    "A bastion is reached by IPv4 alone, and the operator has networks of IPv6 alone.",
);

pub(super) const CHECKS: &[Check] = &[
    ON_22,
    ON_ZERO,
    ON_PRODUCT_PORT,
    WITHOUT_DATA_CENTRE,
    OUTSIDE,
    NOT_PUBLIC,
    FAMILY,
    OUT_OF_REACH,
];

pub(super) fn check(estate: &Estate, catalog: &Catalog, report: &mut Report) {
    for (name, environment) in &estate.environments {
        let path = format!("{}.bastion.port", environment_path(name));
        let port = environment.bastion.port;
        match port {
            0 => report.add(
                ON_ZERO,
                &path,
                "nothing listens on 0",
                "Port 0 cannot be listened on.",
                "Choose a port from 1024 to 65535.",
            ),
            22 => report.add(
                ON_22,
                &path,
                "the standard port",
                "The bastion would accept SSH on port 22. What was agreed is a non-standard port: every scanner knocks on 22.",
                "Choose another port from 1024 to 65535, for example 40022.",
            ),
            _ => {}
        }
        if let Some((product, port_name)) = product_on(environment, catalog, port) {
            report.add(
                ON_PRODUCT_PORT,
                &path,
                "a product's port",
                format!(
                    "{port} is {} of {}: who reads a rule for it could not tell which is meant.",
                    quote(&port_name),
                    quote(&product)
                ),
                "Choose a port that no product of the environment has.",
            );
        }
        if let BastionPlace::DataCentre {
            address,
            public_address,
        } = environment.bastion.place
        {
            let place = InDataCentre {
                estate,
                environment,
                path: format!("{}.bastion", environment_path(name)),
            };
            place.check(address, public_address, report);
        }
    }
    out_of_reach(estate, report);
}

/// A bastion that is a machine of the customer's, in its data centre.
struct InDataCentre<'e> {
    estate: &'e Estate,
    environment: &'e Environment,
    path: String,
}

impl InDataCentre<'_> {
    fn check(&self, address: IpAddr, public: Ipv4Addr, report: &mut Report) {
        let path = format!("{}.address", self.path);
        match &self.estate.data_centre {
            None if !report.doubts("data-centre") => report.add(
                WITHOUT_DATA_CENTRE,
                &format!("{}.place", self.path),
                "none is joined",
                "The bastion is to stand in the customer's data centre, and the estate joins none: it would reach no host.",
                "Add `[data-centre]`, or let the bastion stand in the environment's own VPC.",
            ),
            Some(centre)
                if !centre.prefixes.iter().any(|net| net.contains(&address))
                    && !report.doubts("data-centre.prefixes") =>
            {
                report.add(
                    OUTSIDE,
                    &path,
                    "not in `data-centre.prefixes`",
                    format!("{address} lies in none of the data centre's prefixes: no answer of a host would find its way back to the bastion."),
                    "Correct the address, or add its prefix to `data-centre.prefixes`.",
                );
            }
            _ => {}
        }
        if address.is_ipv6() && !self.environment.ipv6 {
            report.add(
                FAMILY,
                &path,
                "IPv6 alone",
                format!("{address} is an IPv6 address, and the environment has IPv4 alone: the bastion would reach no host."),
                "Write the bastion's IPv4 address, or `ipv6 = true` in the environment.",
            );
        }
        let what = match purpose_of(IpAddr::V4(public)) {
            Purpose::Public => return,
            Purpose::Private => "private networks",
            Purpose::Special(what) => what,
        };
        report.add(
            NOT_PUBLIC,
            &format!("{}.public-address", self.path),
            "not on the Internet",
            format!("{public} is kept for {what}: the operator's engineers, who come over the Internet, would not reach the bastion."),
            "Ask the customer for the public address that its firewall translates to the bastion.",
        );
    }
}

/// Only a bastion in a VPC that has IPv6 is reached by it.
fn out_of_reach(estate: &Estate, report: &mut Report) {
    let mut environments = estate.environments.iter();
    let by_ipv4 = environments.find(|(_, environment)| {
        !environment.ipv6 || !matches!(environment.bastion.place, BastionPlace::Vpc { .. })
    });
    let networks = &estate.operator.networks;
    let all_ipv6 = networks
        .iter()
        .all(|network| matches!(network, IpNet::V6(_)));
    // Without any network, that is said.
    if let Some((name, _)) = by_ipv4.filter(|_| all_ipv6 && !networks.is_empty()) {
        report.add(
            OUT_OF_REACH,
            "operator.networks",
            "IPv6 alone",
            format!("The bastion of {name} is reached by IPv4 alone, and all networks of the operator's are of IPv6."),
            "Add an IPv4 network of the operator's.",
        );
    }
}

/// The product of the environment that has this port, and the port's name.
fn product_on(environment: &Environment, catalog: &Catalog, port: u16) -> Option<(String, String)> {
    environment.products.iter().find_map(|(name, product)| {
        let ports = &catalog.products.get(&product.product)?.ports;
        let taken = ports.iter().find(|candidate| candidate.port == port)?;
        Some((name.clone(), taken.name.clone()))
    })
}
