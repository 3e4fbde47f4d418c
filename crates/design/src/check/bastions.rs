//! Whether each bastion has ground to stand on, and the operator a way to it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use model::estate::{BastionPlace, Environment, Estate, Link};
use model::finding::Finding;
use model::id::EnvironmentId;

use super::{error, servers};
use crate::operator_vpc::hosts_bastion_of;
use crate::outside::in_data_centre;

/// The range sizes that AWS takes for a VPC.
const VPC_SIZES: std::ops::RangeInclusive<u8> = 16..=28;

pub(super) fn check(estate: &Estate, findings: &mut Vec<Finding>) {
    let mut taken = taken(estate);
    for (id, environment) in &estate.environments {
        let subject = format!("environments.{id}.bastion");
        match &environment.bastion.place {
            BastionPlace::Vpc { .. } => {}
            BastionPlace::OperatorVpc { .. } => in_operator_vpc(estate, &subject, findings),
            BastionPlace::DataCentre {
                address,
                public_address,
            } => {
                let own = [
                    (format!("{subject}.address"), *address),
                    (
                        format!("{subject}.public-address"),
                        IpAddr::V4(*public_address),
                    ),
                ];
                for (subject, address) in own {
                    take(&mut taken, subject, address, findings);
                }
                let place = Ground {
                    estate,
                    environment,
                    subject: &subject,
                };
                place.in_data_centre(*address, findings);
            }
        }
        doors(estate, id, environment, findings);
    }
    if let Some(vpc) = &estate.operator.vpc
        && estate.environments.values().any(hosts_bastion_of)
        && !VPC_SIZES.contains(&vpc.cidr.prefix_len())
    {
        findings.push(error(
            "range-size",
            "operator.vpc.cidr",
            format!(
                "{} is a /{}; AWS takes a /{} to a /{} for a VPC",
                vpc.cidr,
                vpc.cidr.prefix_len(),
                VPC_SIZES.start(),
                VPC_SIZES.end()
            ),
            "choose a range of that size",
        ));
    }
}

/// The addresses of other machines of the customer's, with where each is declared.
fn taken(estate: &Estate) -> BTreeMap<IpAddr, String> {
    let mut taken = BTreeMap::new();
    for (subject, address) in servers(estate) {
        taken.entry(address).or_insert(subject);
    }
    if let Some(data_centre) = &estate.data_centre
        && let Link::Vpn(vpn) = &data_centre.link
    {
        for gateway in &vpn.gateways {
            let subject = || "data-centre.vpn.gateway".to_owned();
            taken.entry(gateway.address).or_insert_with(subject);
        }
    }
    taken
}

/// Takes an address for a bastion; two machines cannot have one.
fn take(
    taken: &mut BTreeMap<IpAddr, String>,
    subject: String,
    address: IpAddr,
    findings: &mut Vec<Finding>,
) {
    if let Some(other) = taken.get(&address) {
        findings.push(error(
            "address-taken",
            subject,
            format!("{address} is the address of another machine ({other})"),
            "give the bastion an address of its own",
        ));
    } else {
        taken.insert(address, subject);
    }
}

fn in_operator_vpc(estate: &Estate, subject: &str, findings: &mut Vec<Finding>) {
    if estate.operator.vpc.is_none() {
        findings.push(error(
            "operator-vpc-missing",
            format!("{subject}.place"),
            "the bastion is to stand in the operator's VPC, and the estate speaks of none",
            "add [operator.vpc] with its account and range",
        ));
    }
}

/// A bastion in the data centre, and what must be there for it.
struct Ground<'a> {
    estate: &'a Estate,
    environment: &'a Environment,
    subject: &'a str,
}

impl Ground<'_> {
    fn in_data_centre(&self, address: IpAddr, findings: &mut Vec<Finding>) {
        let subject = self.subject;
        if self.estate.data_centre.is_none() {
            findings.push(error(
                "data-centre-missing",
                format!("{subject}.place"),
                "the bastion is to stand in the customer's data centre, and none is joined",
                "add [data-centre], or let the bastion stand in a VPC",
            ));
        } else if !in_data_centre(self.estate, address) {
            findings.push(error(
                "bastion-outside-data-centre",
                format!("{subject}.address"),
                format!("{address} is in none of the data centre's prefixes"),
                "correct the address, or add its prefix to data-centre.prefixes",
            ));
        }
        if address.is_ipv6() && !self.environment.ipv6 {
            findings.push(error(
                "bastion-family",
                format!("{subject}.address"),
                format!("{address} is an IPv6 address, and the environment has IPv4 alone"),
                "give the bastion an IPv4 address, or the environment IPv6",
            ));
        }
    }
}

/// Whether the operator has a network of a family in which the bastion has a door.
fn doors(
    estate: &Estate,
    id: &EnvironmentId,
    environment: &Environment,
    findings: &mut Vec<Finding>,
) {
    let ipv6 = environment.ipv6 && matches!(environment.bastion.place, BastionPlace::Vpc { .. });
    let networks = &estate.operator.networks;
    let reaches = |network: &IpNet| ipv6 || matches!(network, IpNet::V4(_));
    // Without any network, that is said.
    if !networks.is_empty() && !networks.iter().any(reaches) {
        findings.push(error(
            "operator-cannot-reach",
            "operator.networks",
            format!("the bastion of {id} is reached by IPv4 alone, and the operator's networks are all of IPv6"),
            "add an IPv4 network of the operator's",
        ));
    }
}
