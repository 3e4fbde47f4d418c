//! A network read once: what stands at which address, and every filter and table as a set.

mod outside;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use model::Network;
use model::id::{
    AclId, AttachmentId, InterfaceId, NatId, RouteTableId, SiteId, SubnetId, TransitGatewayId,
    TransitTableId, VpcId,
};
use model::network::{AttachedTo, Interface, NatGateway, Place, RouteTarget, TransitRoute};

use crate::addresses::AddressSet;
use crate::boxes::TooManyBoxes;
use crate::family::Family;
use crate::filter::{Filter, Side};
use crate::landing::Landing;
use crate::routes::{Claims, transit_claims, vpc_claims};

/// What has an address in a VPC.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Holder<'n> {
    /// An interface, in a subnet.
    Interface(&'n InterfaceId, &'n SubnetId),
    /// A NAT gateway.
    Nat(&'n NatId, &'n NatGateway),
}

impl<'n> Holder<'n> {
    /// The subnet where it stands.
    pub(crate) fn subnet(self) -> &'n SubnetId {
        match self {
            Self::Interface(_, subnet) => subnet,
            Self::Nat(_, nat) => &nat.subnet,
        }
    }
}

/// Where the Internet takes a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beyond<'n> {
    /// To a VPC's Internet gateway.
    Vpc(&'n VpcId),
    /// To a site on the Internet, or the Internet's own hosts.
    Site(&'n SiteId),
}

/// A filter for each side; failed when it has too many boxes.
#[derive(Debug)]
pub(crate) struct Filters {
    pub(crate) ingress: Result<Filter, TooManyBoxes>,
    pub(crate) egress: Result<Filter, TooManyBoxes>,
}

impl Filters {
    pub(crate) fn on(&self, side: Side) -> Result<&Filter, TooManyBoxes> {
        match side {
            Side::Ingress => self.ingress.as_ref(),
            Side::Egress => self.egress.as_ref(),
        }
        .map_err(|error| *error)
    }
}

/// A network read once.
pub(crate) struct Atlas<'n> {
    pub(crate) network: &'n Network,
    /// By VPC and private address.
    holders: BTreeMap<(&'n VpcId, IpAddr), Holder<'n>>,
    /// Public addresses that an Internet gateway translates: whose VPC, and the private address.
    privates: BTreeMap<Ipv4Addr, (&'n VpcId, Ipv4Addr)>,
    /// The same by VPC: private address, public address.
    publics: BTreeMap<&'n VpcId, Vec<(Ipv4Addr, Ipv4Addr)>>,
    /// VPCs with a plain Internet gateway.
    open: BTreeMap<&'n VpcId, ()>,
    /// Where the Internet takes which addresses; disjoint.
    pub(crate) beyond: Claims<Beyond<'n>>,
    /// Every site's addresses.
    spaces: BTreeMap<&'n SiteId, AddressSet>,
    /// Interfaces at sites, by address.
    residents: BTreeMap<(&'n SiteId, IpAddr), &'n InterfaceId>,
    /// Those of them that their site's firewall filters, with their addresses.
    guarded: BTreeMap<&'n SiteId, Vec<(&'n InterfaceId, AddressSet)>>,
    /// The attachments of sites.
    exits: BTreeMap<&'n SiteId, Vec<(&'n TransitGatewayId, &'n AttachmentId)>>,
    /// The attachments of VPCs to each transit gateway.
    attachments: BTreeMap<(&'n TransitGatewayId, &'n VpcId), Vec<&'n AttachmentId>>,
    acls: BTreeMap<&'n AclId, Filters>,
    groups: BTreeMap<&'n InterfaceId, Filters>,
    tables: BTreeMap<&'n RouteTableId, Claims<&'n RouteTarget>>,
    /// How packets land that an attachment with several subnets brings into a VPC.
    landings: BTreeMap<(&'n TransitGatewayId, &'n AttachmentId), Landing>,
    transit_tables: BTreeMap<(&'n TransitGatewayId, &'n TransitTableId), Claims<&'n TransitRoute>>,
}

impl<'n> Atlas<'n> {
    /// Reads a network.
    pub(crate) fn new(network: &'n Network) -> Self {
        let mut atlas = Self {
            network,
            holders: BTreeMap::new(),
            privates: BTreeMap::new(),
            publics: BTreeMap::new(),
            open: network
                .internet_gateways
                .values()
                .filter(|gateway| !gateway.egress_only)
                .map(|gateway| (&gateway.vpc, ()))
                .collect(),
            beyond: Vec::new(),
            spaces: BTreeMap::new(),
            residents: BTreeMap::new(),
            guarded: BTreeMap::new(),
            exits: BTreeMap::new(),
            attachments: BTreeMap::new(),
            acls: BTreeMap::new(),
            groups: BTreeMap::new(),
            tables: BTreeMap::new(),
            landings: BTreeMap::new(),
            transit_tables: BTreeMap::new(),
        };
        atlas.read_interfaces();
        atlas.read_nats();
        atlas.read_transit();
        atlas.read_filters();
        atlas.read_landings();
        atlas.read_sites();
        atlas.read_beyond();
        atlas
    }

    fn read_interfaces(&mut self) {
        for (id, interface) in &self.network.interfaces {
            match &interface.place {
                Place::Site(site) => self.read_resident(id, interface, site),
                Place::Subnet(subnet) => {
                    let Some(vpc) = self.network.vpc_of(interface) else {
                        continue;
                    };
                    for address in &interface.addresses {
                        let holder = Holder::Interface(id, subnet);
                        self.holders.entry((vpc, *address)).or_insert(holder);
                    }
                    if let (Some(private), Some(public)) = (primary(interface), interface.public) {
                        self.translate(vpc, private, public);
                    }
                }
            }
        }
    }

    fn read_resident(&mut self, id: &'n InterfaceId, interface: &'n Interface, site: &'n SiteId) {
        let mut own = AddressSet::none();
        for address in &interface.addresses {
            if *self.residents.entry((site, *address)).or_insert(id) == id {
                own.insert_address(*address);
            }
        }
        if is_filtered(interface) {
            self.guarded.entry(site).or_default().push((id, own));
        }
    }

    fn read_nats(&mut self) {
        for (id, nat) in &self.network.nat_gateways {
            let Some(subnet) = self.network.subnets.get(&nat.subnet) else {
                continue;
            };
            self.holders
                .entry((&subnet.vpc, nat.address.into()))
                .or_insert(Holder::Nat(id, nat));
            if let Some(public) = nat.public {
                self.translate(&subnet.vpc, nat.address, public);
            }
        }
    }

    /// Notes that a VPC's Internet gateway, if it has one, translates an address.
    fn translate(&mut self, vpc: &'n VpcId, private: Ipv4Addr, public: Ipv4Addr) {
        if self.open.contains_key(vpc) {
            self.privates.entry(public).or_insert((vpc, private));
            self.publics.entry(vpc).or_default().push((private, public));
        }
    }

    fn read_transit(&mut self) {
        for (id, gateway) in &self.network.transit_gateways {
            for (attachment, leg) in &gateway.attachments {
                match &leg.to {
                    AttachedTo::Vpc { vpc, .. } => self
                        .attachments
                        .entry((id, vpc))
                        .or_default()
                        .push(attachment),
                    AttachedTo::Site(site) => {
                        self.exits.entry(site).or_default().push((id, attachment));
                    }
                }
            }
            for (table, routes) in &gateway.tables {
                self.transit_tables
                    .insert((id, table), transit_claims(routes));
            }
        }
    }

    fn read_filters(&mut self) {
        let network = self.network;
        self.tables = network
            .route_tables
            .iter()
            .map(|(id, table)| (id, vpc_claims(&table.routes)))
            .collect();
        self.acls = network
            .acls
            .iter()
            .map(|(id, acl)| {
                let filters = Filters {
                    ingress: Filter::of_entries(&acl.ingress, Side::Ingress),
                    egress: Filter::of_entries(&acl.egress, Side::Egress),
                };
                (id, filters)
            })
            .collect();
        self.groups = network
            .interfaces
            .iter()
            .filter(|(_, interface)| is_filtered(interface))
            .map(|(id, interface)| {
                let filters = Filters {
                    ingress: Filter::of_groups(network, interface, Side::Ingress),
                    egress: Filter::of_groups(network, interface, Side::Egress),
                };
                (id, filters)
            })
            .collect();
    }

    fn read_landings(&mut self) {
        self.landings = self.landings_among_several().collect();
    }

    /// What has an address in a VPC.
    pub(crate) fn holder(&self, vpc: &'n VpcId, address: IpAddr) -> Option<Holder<'n>> {
        self.holders.get(&(vpc, address)).copied()
    }

    /// The interface at a site that has an address.
    pub(crate) fn resident(&self, site: &'n SiteId, address: IpAddr) -> Option<&'n InterfaceId> {
        self.residents.get(&(site, address)).copied()
    }

    /// The interfaces at a site that its firewall filters, with their addresses.
    pub(crate) fn guarded(&self, site: &SiteId) -> &[(&'n InterfaceId, AddressSet)] {
        self.guarded.get(site).map_or(&[], Vec::as_slice)
    }

    /// The private address behind a public one that a VPC's Internet gateway translates.
    pub(crate) fn private_of(&self, public: Ipv4Addr) -> Option<Ipv4Addr> {
        self.privates.get(&public).map(|(_, private)| *private)
    }

    /// A VPC's pairs of private and public addresses.
    pub(crate) fn translations(&self, vpc: &VpcId) -> &[(Ipv4Addr, Ipv4Addr)] {
        self.publics.get(vpc).map_or(&[], Vec::as_slice)
    }

    /// Whether a VPC has an Internet gateway that lets packets in.
    pub(crate) fn is_open(&self, vpc: &VpcId) -> bool {
        self.open.contains_key(vpc)
    }

    /// A site's addresses; none for a site that is not there.
    pub(crate) fn space(&self, site: &SiteId) -> &AddressSet {
        const NONE: &AddressSet = &AddressSet::none();
        self.spaces.get(site).unwrap_or(NONE)
    }

    /// The attachments by which packets leave a site.
    pub(crate) fn exits(&self, site: &SiteId) -> &[(&'n TransitGatewayId, &'n AttachmentId)] {
        self.exits.get(site).map_or(&[], Vec::as_slice)
    }

    /// A VPC's attachments to a transit gateway.
    pub(crate) fn attachments(
        &self,
        gateway: &'n TransitGatewayId,
        vpc: &'n VpcId,
    ) -> &[&'n AttachmentId] {
        self.attachments
            .get(&(gateway, vpc))
            .map_or(&[], Vec::as_slice)
    }

    /// The subnets by which an attachment joins a VPC; none for an attachment that is not there, or of a site.
    pub(crate) fn attached(
        &self,
        gateway: &TransitGatewayId,
        attachment: &AttachmentId,
    ) -> &'n [SubnetId] {
        let gateway = self.network.transit_gateways.get(gateway);
        let attachment = gateway.and_then(|gateway| gateway.attachments.get(attachment));
        match attachment.map(|attachment| &attachment.to) {
            Some(AttachedTo::Vpc { subnets, .. }) => subnets,
            Some(AttachedTo::Site(_)) | None => &[],
        }
    }

    /// How packets land that an attachment brings into a VPC; none where it has no two subnets to choose from.
    pub(crate) fn landing(
        &self,
        gateway: &'n TransitGatewayId,
        attachment: &'n AttachmentId,
    ) -> Option<&Landing> {
        self.landings.get(&(gateway, attachment))
    }

    /// Whether there are subnets, and all of them are known.
    pub(crate) fn are_known(&self, subnets: &[SubnetId]) -> bool {
        let mut known = subnets.iter().map(|id| self.network.subnets.get(id));
        !subnets.is_empty() && known.all(|subnet| subnet.is_some())
    }

    /// A subnet's zone.
    pub(crate) fn zone_of(&self, subnet: &SubnetId) -> Option<&'n str> {
        let subnet = self.network.subnets.get(subnet);
        subnet.map(|subnet| subnet.zone.as_str())
    }

    /// The subnet of a zone.
    pub(crate) fn in_zone(&self, subnets: &'n [SubnetId], zone: &str) -> Option<&'n SubnetId> {
        let mut subnets = subnets.iter();
        subnets.find(|id| self.zone_of(id) == Some(zone))
    }

    /// A VPC's own addresses.
    pub(crate) fn ranges(&self, vpc: &VpcId) -> AddressSet {
        let vpc = self.network.vpcs.get(vpc);
        AddressSet::of_prefixes(vpc.into_iter().flat_map(|vpc| &vpc.cidrs))
    }

    /// A subnet's own addresses.
    pub(crate) fn range(&self, subnet: &SubnetId) -> AddressSet {
        let subnet = self.network.subnets.get(subnet);
        AddressSet::of_prefixes(subnet.into_iter().flat_map(|subnet| &subnet.cidrs))
    }

    pub(crate) fn acl(&self, acl: &AclId) -> Option<&Filters> {
        self.acls.get(acl)
    }

    /// What an interface's groups let through; none for an interface that nothing filters.
    pub(crate) fn groups(&self, interface: &InterfaceId) -> Option<&Filters> {
        self.groups.get(interface)
    }

    pub(crate) fn table(&self, table: &RouteTableId) -> Option<&Claims<&'n RouteTarget>> {
        self.tables.get(table)
    }

    pub(crate) fn transit_table(
        &self,
        gateway: &'n TransitGatewayId,
        table: &'n TransitTableId,
    ) -> Option<&Claims<&'n TransitRoute>> {
        self.transit_tables.get(&(gateway, table))
    }
}

/// Whether something filters an interface: in a subnet its groups always do, at a site only where it names some.
pub(crate) fn is_filtered(interface: &Interface) -> bool {
    match interface.place {
        Place::Subnet(_) => true,
        Place::Site(_) => !interface.groups.is_empty(),
    }
}

/// The IPv4 address that a public one stands for.
pub(crate) fn primary(interface: &Interface) -> Option<Ipv4Addr> {
    interface
        .addresses
        .iter()
        .find_map(|address| match address {
            IpAddr::V4(address) => Some(*address),
            IpAddr::V6(_) => None,
        })
}

/// The addresses to which packets for an interface may be sent: its own, and its public one.
pub(crate) fn targets(interface: &Interface, family: Family) -> Vec<IpAddr> {
    let own = interface.addresses.iter().copied();
    own.chain(interface.public.map(IpAddr::V4))
        .filter(|address| Family::of(*address) == family)
        .collect()
}
