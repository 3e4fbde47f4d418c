//! What drawing relies on: ranges that are apart, and addresses that are in their place and nobody else's.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use model::id::{SubnetId, VpcId};
use model::network::{Interface, Place, SiteKind, Subnet};

use super::LayoutError;
use super::lookup::{Lookup, find, private, router_address, same_vpc};
use crate::filter::Family;

/// Checks each subnet: its VPC, its ranges, its router's address, and that no two of a VPC overlap.
pub(super) fn subnets(lookup: &Lookup<'_>) -> Result<(), LayoutError> {
    let network = lookup.network;
    let mut seen: BTreeMap<&VpcId, Vec<(&SubnetId, &Subnet)>> = BTreeMap::new();
    for (id, subnet) in &network.subnets {
        let by = || format!("subnet {id}");
        find(&network.vpcs, "VPC", &subnet.vpc, by())?;
        let acl = find(&network.acls, "ACL", &subnet.acl, by())?;
        same_vpc(&acl.vpc, &subnet.vpc, "ACL", &subnet.acl, by())?;
        let table = find(
            &network.route_tables,
            "route table",
            &subnet.route_table,
            by(),
        )?;
        same_vpc(
            &table.vpc,
            &subnet.vpc,
            "route table",
            &subnet.route_table,
            by(),
        )?;
        let count = |family| {
            let of_family = |range: &&IpNet| Family::of_net(range) == family;
            subnet.cidrs.iter().filter(of_family).count()
        };
        if count(Family::V4) != 1 || count(Family::V6) > 1 {
            return Err(LayoutError::SubnetRanges(id.clone()));
        }
        for range in &subnet.cidrs {
            if router_address(range).is_none() {
                return Err(LayoutError::SubnetTooSmall {
                    subnet: id.clone(),
                    range: *range,
                });
            }
        }
        let neighbours = seen.entry(&subnet.vpc).or_default();
        for (other, held) in neighbours.iter() {
            if overlap(&held.cidrs, &subnet.cidrs) {
                return Err(LayoutError::SubnetsOverlap((*other).clone(), id.clone()));
            }
        }
        neighbours.push((id, subnet));
    }
    Ok(())
}

/// Whether some ranges share addresses with others.
pub(super) fn overlap(some: &[IpNet], others: &[IpNet]) -> bool {
    some.iter().any(|one| {
        others
            .iter()
            .any(|other| one.contains(other) || other.contains(one))
    })
}

/// Who has which address, in each place where addresses must differ.
#[derive(Default)]
struct Holders {
    places: BTreeMap<Scope, BTreeMap<IpAddr, String>>,
}

/// Where two things with one address would meet.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    Place(Place),
    Internet,
}

impl Holders {
    fn take(&mut self, scope: Scope, address: IpAddr, owner: &str) -> Result<(), LayoutError> {
        let place = self.places.entry(scope).or_default();
        if let Some(holder) = place.insert(address, owner.to_owned()) {
            return Err(LayoutError::AddressTaken {
                owner: owner.to_owned(),
                address,
                holder,
            });
        }
        Ok(())
    }
}

/// Checks each interface's and NAT gateway's addresses.
pub(super) fn addresses(lookup: &Lookup<'_>) -> Result<(), LayoutError> {
    let mut holders = Holders::default();
    for (id, subnet) in &lookup.network.subnets {
        for range in &subnet.cidrs {
            let scope = Scope::Place(Place::Subnet(id.clone()));
            if let Some(address) = router_address(range) {
                holders.take(scope.clone(), address, "the VPC's router")?;
            }
        }
    }
    for (id, nat) in &lookup.network.nat_gateways {
        let owner = format!("NAT gateway {id}");
        let place = Place::Subnet(nat.subnet.clone());
        let address = IpAddr::V4(nat.address);
        let ranges = &lookup.subnet(&nat.subnet, &owner)?.cidrs;
        inside(ranges, address, &owner, &place)?;
        holders.take(Scope::Place(place), address, &owner)?;
        if let Some(public) = nat.public {
            holders.take(Scope::Internet, IpAddr::V4(public), &owner)?;
        }
    }
    for (id, interface) in &lookup.network.interfaces {
        let owner = format!("interface {id}");
        of_families(interface).map_err(|()| LayoutError::SecondAddress(id.clone()))?;
        for address in &interface.addresses {
            let open = placed(lookup, interface, *address, &owner)?;
            let scope = Scope::Place(interface.place.clone());
            holders.take(scope, *address, &owner)?;
            if open {
                holders.take(Scope::Internet, *address, &owner)?;
            }
        }
        let Some(public) = interface.public else {
            continue;
        };
        if !Lookup::in_aws(interface) {
            return Err(LayoutError::OutsideAws {
                interface: id.clone(),
                what: "a translated public address",
            });
        }
        if private(interface).is_none() {
            return Err(LayoutError::PublicWithoutPrivate(id.clone()));
        }
        holders.take(Scope::Internet, IpAddr::V4(public), &owner)?;
    }
    Ok(())
}

/// At most one address of each family.
fn of_families(interface: &Interface) -> Result<(), ()> {
    for family in Family::BOTH {
        let of_family = |address: &&IpAddr| Family::of(**address) == family;
        if interface.addresses.iter().filter(of_family).count() > 1 {
            return Err(());
        }
    }
    Ok(())
}

/// That an address is in its place; whether it is on the Internet as it stands.
fn placed(
    lookup: &Lookup<'_>,
    interface: &Interface,
    address: IpAddr,
    owner: &str,
) -> Result<bool, LayoutError> {
    match &interface.place {
        Place::Subnet(subnet) => {
            let ranges = &lookup.subnet(subnet, owner)?.cidrs;
            inside(ranges, address, owner, &interface.place)?;
            Ok(false)
        }
        Place::Site(site) => {
            let site = find(&lookup.network.sites, "site", site, owner)?;
            if site.kind != SiteKind::Internet {
                inside(&site.prefixes, address, owner, &interface.place)?;
            }
            Ok(site.kind != SiteKind::Private)
        }
    }
}

fn inside(
    ranges: &[IpNet],
    address: IpAddr,
    owner: &str,
    place: &Place,
) -> Result<(), LayoutError> {
    if ranges.iter().any(|range| range.contains(&address)) {
        return Ok(());
    }
    Err(LayoutError::AddressOutside {
        owner: owner.to_owned(),
        address,
        place: match place {
            Place::Subnet(subnet) => format!("subnet {subnet}"),
            Place::Site(site) => format!("site {site}"),
        },
    })
}
