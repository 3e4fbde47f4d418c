//! Bastions in each of their three places: the same intents hold for all.

use std::collections::BTreeSet;

use design::{Design, design};
use model::claim::{Expect, Question};
use model::estate::{Bastion, BastionPlace, Estate, OperatorVpc};
use model::id::{EnvironmentId, HostId, InterfaceId, VpcId};
use model::network::{GroupHome, Place, RouteTarget};
use model::{Catalog, Lock};

use crate::estates::{acme, designed};
use crate::proofs::broken;

/// Where the bastions stand, as a test names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ground {
    Vpc,
    OperatorVpc,
    DataCentre,
}

impl Ground {
    pub(crate) const ALL: [Self; 3] = [Self::Vpc, Self::OperatorVpc, Self::DataCentre];

    /// The place of the bastion of the environment with this number.
    pub(crate) fn place(self, number: u8) -> BastionPlace {
        let instance = "t3.micro".to_owned();
        match self {
            Self::Vpc => BastionPlace::Vpc { instance },
            Self::OperatorVpc => BastionPlace::OperatorVpc { instance },
            Self::DataCentre => BastionPlace::DataCentre {
                address: [10, 200, 9, number].into(),
                public_address: [203, 0, 113, 100 + number].into(),
            },
        }
    }
}

/// Puts the bastions of an estate somewhere, the first environment's first.
pub(crate) fn put(estate: &mut Estate, grounds: &[Ground]) {
    estate.operator.vpc = Some(OperatorVpc {
        account: "777788889999".to_owned(),
        cidr: "10.90.0.0/24".parse().expect("a range"),
    });
    for ((number, ground), environment) in (1..).zip(grounds).zip(estate.environments.values_mut())
    {
        environment.bastion = Bastion {
            place: ground.place(number),
            ..environment.bastion.clone()
        };
    }
}

/// acme with its bastions at these places, and IPv6 or not.
fn acme_at(grounds: &[Ground], ipv6: bool) -> Design {
    let mut estate = acme();
    put(&mut estate, grounds);
    for environment in estate.environments.values_mut() {
        environment.ipv6 = ipv6;
    }
    designed(&estate, &Lock::default())
}

#[test]
fn every_intent_holds_wherever_the_bastions_stand() {
    for production in Ground::ALL {
        for staging in Ground::ALL {
            let ipv6 = production != staging;
            let broken = broken(&acme_at(&[production, staging], ipv6));
            assert!(
                broken.is_empty(),
                "{production:?}, {staging:?}: {broken:#?}"
            );
        }
    }
}

/// What is asked of remote access, as names of claims, vantage and the wanted answer.
fn asked(design: &Design) -> BTreeSet<String> {
    let claims = design.claims().into_iter();
    let of_ssh = claims.filter(|claim| claim.id.as_str().starts_with("production/ssh/"));
    of_ssh
        .flat_map(|claim| {
            let probes = claim.probes.into_iter();
            let id = claim.id;
            probes.map(move |probe| {
                let what = match probe.question {
                    Question::Ssh { .. } => "ssh",
                    _ => "connect",
                };
                format!("{id} {what} from {}: {:?}", probe.vantage, probe.expect)
            })
        })
        .collect()
}

#[test]
fn the_same_is_asked_wherever_the_bastion_stands() {
    let usual = asked(&acme_at(&[Ground::Vpc, Ground::Vpc], false));
    assert!(usual.len() > 40, "{usual:#?}");
    for ground in [Ground::OperatorVpc, Ground::DataCentre] {
        let elsewhere = asked(&acme_at(&[ground, ground], false));
        assert_eq!(elsewhere, usual, "{ground:?}");
    }
}

#[test]
fn logins_go_by_the_address_that_the_operator_knows() {
    for (ground, door) in [
        (Ground::Vpc, "198.18."),
        (Ground::OperatorVpc, "198.18."),
        (Ground::DataCentre, "203.0.113.101:40022"),
    ] {
        let design = acme_at(&[ground, ground], false);
        let claims = design.claims();
        let claim = claims
            .iter()
            .find(|claim| claim.id.as_str() == "production/ssh/apim-1/through-bastion")
            .expect("every node has such a claim");
        let [probe] = &claim.probes[..] else {
            panic!("one login: {claim:#?}");
        };
        let Question::Ssh { via: Some(hop), .. } = &probe.question else {
            panic!("a login: {probe:?}");
        };
        assert_eq!(probe.expect, Expect::Works);
        assert_eq!(hop.host, HostId::from("production/bastion"));
        assert!(hop.target.to_string().starts_with(door), "{}", hop.target);
    }
}

#[test]
fn a_vpc_without_a_bastion_takes_no_ssh_from_the_internet() {
    for ground in [Ground::OperatorVpc, Ground::DataCentre] {
        let design = acme_at(&[ground, ground], true);
        let unit = &design.blueprints["production"];
        let bastions = unit
            .hosts
            .keys()
            .filter(|id| id.as_str().ends_with("bastion"));
        assert_eq!(bastions.count(), 0, "{ground:?}");
        for acl in unit.network.acls.values() {
            let ports = [22, 40022].map(model::Traffic::tcp);
            for entry in acl
                .ingress
                .iter()
                .filter(|entry| ports.contains(&entry.traffic))
            {
                assert!(entry.prefix.prefix_len() >= 32, "{ground:?}: {entry:?}");
            }
        }
        let bastion = design.hosts()[&HostId::from("production/bastion")].clone();
        assert_eq!(bastion.environment, Some(EnvironmentId::from("production")));
    }
}

#[test]
fn a_bastion_in_the_data_centre_has_two_legs_behind_the_firewall() {
    let network = acme_at(&[Ground::DataCentre, Ground::Vpc], false).network();
    let leg = |id: &str| network.interfaces[&InterfaceId::from(id)].clone();
    for (id, site, address) in [
        ("production/bastion", "data-centre", "10.200.9.1"),
        (
            "production/bastion/outside",
            "data-centre-edge",
            "203.0.113.101",
        ),
    ] {
        let leg = leg(id);
        assert_eq!(leg.host, HostId::from("production/bastion"));
        assert_eq!(leg.place, Place::Site(site.into()));
        assert_eq!(leg.addresses[0].to_string(), address);
        let [group] = &leg.groups[..] else {
            panic!("one firewall: {leg:?}");
        };
        let group = &network.groups[group];
        assert_eq!(group.home, GroupHome::Site(site.into()));
    }
}

#[test]
fn peerings_lead_to_one_environment_each_and_by_exact_routes() {
    let design = acme_at(&[Ground::OperatorVpc, Ground::OperatorVpc], true);
    let network = design.network();
    assert_eq!(network.peerings.len(), 2);
    for (id, peering) in &network.peerings {
        assert!(
            peering.other(&VpcId::from("operator-vpc")).is_some(),
            "{id}"
        );
    }
    for (id, table) in &network.route_tables {
        for route in &table.routes {
            if let RouteTarget::Peering(peering) = &route.target {
                let wanted = if id.as_str().starts_with("operator-vpc/") {
                    let environment = peering.as_str().split('/').next().expect("a name");
                    let subnets = network.subnets.iter();
                    let mut app = subnets
                        .filter(|(id, _)| id.as_str().starts_with(&format!("{environment}/app-")));
                    app.any(|(_, subnet)| subnet.cidrs.contains(&route.destination))
                } else {
                    id.as_str().contains("/app-") && route.destination.to_string() == "10.90.0.0/24"
                };
                assert!(wanted, "{id}: {route:?}");
            }
        }
    }
    // Nothing of the operator's belongs to an environment's unit.
    for unit in ["production", "staging"] {
        let network = &design.blueprints[unit].network;
        assert!(network.peerings.is_empty() && network.vpcs.len() == 1);
    }
}

#[test]
fn a_bastion_that_moves_keeps_its_name_and_moves_nobody() {
    let usual = acme_at(&[Ground::Vpc, Ground::Vpc], false);
    let mut estate = acme();
    put(&mut estate, &[Ground::OperatorVpc, Ground::Vpc]);
    let moved = designed(&estate, &usual.lock);
    let changed: Vec<&String> = usual
        .lock
        .addresses
        .iter()
        .filter(|(name, address)| moved.lock.addresses.get(*name) != Some(address))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(changed, ["production/bastion"]);
    let public = "production/bastion";
    assert_eq!(moved.lock.public[public], usual.lock.public[public]);
    // And back again.
    put(&mut estate, &[Ground::Vpc, Ground::Vpc]);
    assert_eq!(designed(&estate, &moved.lock).lock, usual.lock);
}

/// Spoils acme with its bastions at these places, and expects the finding.
fn check(grounds: &[Ground], rule: &str, subject: &str, spoil: impl FnOnce(&mut Estate)) {
    let mut estate = acme();
    put(&mut estate, grounds);
    spoil(&mut estate);
    let findings = design(&estate, &Catalog::embedded(), &Lock::default())
        .expect_err("the estate cannot be designed");
    let found = findings
        .iter()
        .any(|finding| finding.rule == rule && finding.subject == subject);
    assert!(found, "{rule} of {subject}: {findings:#?}");
}

const PLACE: &str = "environments.production.bastion.place";
const ADDRESS: &str = "environments.production.bastion.address";
const PUBLIC: &str = "environments.production.bastion.public-address";

#[test]
fn refuses_an_operators_vpc_that_cannot_be() {
    let check_range = |rule: &str, cidr: &str| {
        check(
            &[Ground::OperatorVpc],
            rule,
            "operator.vpc.cidr",
            |estate| {
                let vpc = estate.operator.vpc.as_mut().expect("it has one");
                vpc.cidr = cidr.parse().expect("a range");
            },
        );
    };
    check_range("range-size", "10.90.0.0/29");
    check_range("range-size", "11.0.0.0/8");
    check_range("ranges-overlap", "10.21.8.0/24");
    check_range("ranges-overlap", "10.200.0.0/24");
    check(
        &[Ground::OperatorVpc],
        "operator-vpc-missing",
        PLACE,
        |estate| {
            estate.operator.vpc = None;
        },
    );
}

#[test]
fn refuses_a_bastion_in_the_data_centre_that_cannot_be() {
    let check_at = |rule: &str, subject: &str, address: &str, public: [u8; 4]| {
        check(&[Ground::DataCentre; 2], rule, subject, |estate| {
            let centre = estate.data_centre.as_mut().expect("acme has one");
            centre
                .prefixes
                .push("2001:db8:7::/48".parse().expect("a range"));
            let production = EnvironmentId::from("production");
            let environment = estate.environments.get_mut(&production);
            environment.expect("acme has it").bastion.place = BastionPlace::DataCentre {
                address: address.parse().expect("an address"),
                public_address: public.into(),
            };
        });
    };
    let free = [203, 0, 113, 101];
    check_at("bastion-outside-data-centre", ADDRESS, "10.201.0.1", free);
    check_at("bastion-family", ADDRESS, "2001:db8:7::1", free);
    // A server's, and the other bastion's.
    check_at("address-taken", ADDRESS, "10.200.0.53", free);
    let other = "environments.staging.bastion.address";
    check_at("address-taken", other, "10.200.9.2", free);
    // The gateway's; a host's in a VPC.
    check_at("address-taken", PUBLIC, "10.200.9.1", [203, 0, 113, 10]);
    check_at("ranges-overlap", PUBLIC, "10.200.9.1", [10, 20, 9, 1]);
    check(
        &[Ground::DataCentre],
        "data-centre-missing",
        PLACE,
        |estate| {
            estate.data_centre = None;
        },
    );
}

#[test]
fn refuses_an_operator_who_has_no_way_to_the_bastion() {
    for ground in Ground::ALL {
        check(
            &[ground],
            "operator-cannot-reach",
            "operator.networks",
            |estate| {
                estate.operator.networks = vec!["2001:db8:ffff::/48".parse().expect("a range")];
            },
        );
    }
}
