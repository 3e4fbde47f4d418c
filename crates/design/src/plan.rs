//! The plan: every name, address and port decided, before the network is drawn from it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use model::blueprint::Role;
use model::catalog::Product;
use model::estate::{Environment, Estate, Outbound, ProductUse};
use model::finding::Finding;
use model::id::{EnvironmentId, GroupId, HostId, InterfaceId, NatId, SubnetId, VpcId};
use model::{Catalog, Lock};

use crate::address::Tier;
use crate::balancing::{Face, ListenerPlan};
use crate::bastion::{BastionPlan, Stand};
use crate::check::{check, port_named};
use crate::names::{private_zone, public_name};
use crate::operator_vpc::{self, OperatorVpcPlan};
use crate::outside::OutsidePlan;
use crate::roster::short_zones;

/// The whole estate with every choice made.
pub(crate) struct Plan<'a> {
    pub(crate) estate: &'a Estate,
    pub(crate) environments: BTreeMap<&'a EnvironmentId, EnvironmentPlan<'a>>,
    /// The operator's VPC, where a bastion stands in it.
    pub(crate) operator_vpc: Option<OperatorVpcPlan>,
    pub(crate) outside: OutsidePlan,
    pub(crate) lock: Lock,
}

/// One environment with every choice made.
pub(crate) struct EnvironmentPlan<'a> {
    pub(crate) id: &'a EnvironmentId,
    pub(crate) estate: &'a Estate,
    pub(crate) environment: &'a Environment,
    pub(crate) ipv6: Option<Ipv6Net>,
    pub(crate) subnets: Vec<SubnetPlan>,
    /// The machines in the VPC, the bastion among them where it stands there.
    pub(crate) hosts: Vec<HostPlan>,
    /// The bastion, wherever it stands; none where it found no place, which is a finding.
    pub(crate) bastion: Option<BastionPlan>,
    pub(crate) nats: Vec<NatPlan>,
    pub(crate) products: BTreeMap<&'a str, ProductPlan<'a>>,
    pub(crate) listeners: Vec<ListenerPlan>,
    pub(crate) database_port: Option<u16>,
}

/// A subnet with its ranges.
#[derive(Clone, Debug)]
pub(crate) struct SubnetPlan {
    pub(crate) id: SubnetId,
    pub(crate) tier: Tier,
    /// The zone, by its position in the estate.
    pub(crate) zone: usize,
    pub(crate) ipv4: Ipv4Net,
    pub(crate) ipv6: Option<Ipv6Net>,
}

impl SubnetPlan {
    /// The subnet's ranges, IPv4 first.
    pub(crate) fn ranges(&self) -> Vec<IpNet> {
        let mut ranges = vec![IpNet::V4(self.ipv4)];
        ranges.extend(self.ipv6.map(IpNet::V6));
        ranges
    }
}

/// A machine in an environment, with its addresses.
#[derive(Clone, Debug)]
pub(crate) struct HostPlan {
    /// Its name within the environment: `apim-1`.
    pub(crate) name: String,
    pub(crate) id: HostId,
    pub(crate) role: Role,
    /// The product's name in the environment, of a product's node.
    pub(crate) product: Option<String>,
    pub(crate) group: GroupId,
    pub(crate) subnet: SubnetId,
    /// Its private address. Of the database and of a public balancer it is a stand-in for what AWS picks: an RDS instance
    /// is known by its endpoint's name, whose address changes when the standby takes over, and the private addresses of an
    /// Internet-facing network load balancer cannot be chosen. No filter names them: groups go by group, ACLs by tier.
    pub(crate) ipv4: Ipv4Addr,
    pub(crate) ipv6: Option<Ipv6Addr>,
    pub(crate) public: Option<Ipv4Addr>,
}

impl HostPlan {
    /// Its own addresses, IPv4 first.
    pub(crate) fn addresses(&self) -> Vec<IpAddr> {
        let mut addresses = vec![IpAddr::V4(self.ipv4)];
        addresses.extend(self.ipv6.map(IpAddr::V6));
        addresses
    }

    /// Its interface, which is called as the host is.
    pub(crate) fn interface(&self) -> InterfaceId {
        InterfaceId::new(self.id.as_str())
    }

    /// Whether the operator logs in to it: what AWS runs has no login.
    pub(crate) fn managed(&self) -> bool {
        matches!(self.role, Role::Bastion | Role::Product)
    }
}

/// A NAT gateway with its addresses.
#[derive(Clone, Debug)]
pub(crate) struct NatPlan {
    pub(crate) id: NatId,
    pub(crate) zone: usize,
    pub(crate) subnet: SubnetId,
    pub(crate) address: Ipv4Addr,
    pub(crate) public: Option<Ipv4Addr>,
}

/// A product of an environment, with its ports by number.
pub(crate) struct ProductPlan<'a> {
    pub(crate) wanted: &'a ProductUse,
    pub(crate) product: &'a Product,
    /// The fully qualified name by which clients know it.
    pub(crate) public_name: String,
    pub(crate) called_on: u16,
    pub(crate) cluster: Vec<u16>,
    pub(crate) console_port: Option<u16>,
    /// Further ports on which the consoles answer.
    pub(crate) console_aliases: Vec<u16>,
}

impl<'a> ProductPlan<'a> {
    /// Looks a product's ports up; none when the catalogue lacks something, which [`check`] has said.
    pub(crate) fn new(
        estate: &Estate,
        environment: &EnvironmentId,
        wanted: &'a ProductUse,
        catalog: &'a Catalog,
    ) -> Option<Self> {
        let product = catalog.products.get(&wanted.product)?;
        let mut cluster: Vec<u16> = product
            .cluster
            .iter()
            .filter_map(|name| port_named(product, name))
            .collect();
        cluster.sort_unstable();
        Some(Self {
            wanted,
            product,
            public_name: public_name(estate, environment, &wanted.hostname),
            called_on: port_named(product, &product.called_on)?,
            cluster,
            console_port: product
                .console_port
                .as_deref()
                .and_then(|name| port_named(product, name)),
            console_aliases: product
                .console_aliases
                .iter()
                .filter_map(|name| port_named(product, name))
                .collect(),
        })
    }

    /// Whether it keeps anything in the database.
    pub(crate) fn uses_database(&self) -> bool {
        !self.product.databases.is_empty()
    }
}

impl<'a> EnvironmentPlan<'a> {
    /// The full name of something in the environment.
    pub(crate) fn named(&self, name: &str) -> String {
        format!("{}/{name}", self.id)
    }

    /// The VPC, which is called as the environment is.
    pub(crate) fn vpc(&self) -> VpcId {
        VpcId::new(self.id.as_str())
    }

    /// A security group of the environment.
    pub(crate) fn group(&self, name: &str) -> GroupId {
        GroupId::new(self.named(name))
    }

    /// The environment's private zone.
    pub(crate) fn private_zone(&self) -> String {
        private_zone(self.estate, self.id)
    }

    /// The VPC's ranges, IPv4 first.
    pub(crate) fn ranges(&self) -> Vec<IpNet> {
        let mut ranges = vec![IpNet::V4(self.environment.cidr)];
        ranges.extend(self.ipv6.map(IpNet::V6));
        ranges
    }

    /// The ranges that hold every subnet of a tier, IPv4 first.
    pub(crate) fn tier_ranges(&self, tier: Tier) -> Vec<IpNet> {
        let mut ranges = Vec::new();
        ranges.extend(tier.range(self.environment.cidr).map(IpNet::V4));
        ranges.extend(self.ipv6.map(|all| IpNet::V6(tier.range6(all))));
        ranges
    }

    /// The subnets of a tier, by zone.
    pub(crate) fn tier(&self, tier: Tier) -> impl Iterator<Item = &SubnetPlan> {
        self.subnets
            .iter()
            .filter(move |subnet| subnet.tier == tier)
    }

    /// The hosts of a role, in order of their numbers.
    pub(crate) fn hosts_of(&self, role: Role) -> impl Iterator<Item = &HostPlan> {
        self.hosts.iter().filter(move |host| host.role == role)
    }

    /// The nodes of a product.
    pub(crate) fn nodes<'b>(&'b self, product: &'b str) -> impl Iterator<Item = &'b HostPlan> {
        self.hosts
            .iter()
            .filter(move |host| host.product.as_deref() == Some(product))
    }

    /// Whether the bastion stands there.
    pub(crate) fn bastion_stands(&self, stand: Stand) -> bool {
        let bastion = self.bastion.as_ref();
        bastion.is_some_and(|bastion| bastion.stand == stand)
    }

    /// The listeners of a balancer.
    pub(crate) fn listeners(&self, face: Face) -> impl Iterator<Item = &ListenerPlan> {
        self.listeners
            .iter()
            .filter(move |listener| listener.face == face)
    }

    /// The balancers of a face.
    pub(crate) fn balancers(&self, face: Face) -> impl Iterator<Item = &HostPlan> {
        self.hosts_of(match face {
            Face::Public => Role::PublicBalancer,
            Face::Internal => Role::InternalBalancer,
        })
    }

    /// The names of the products that call a product.
    pub(crate) fn callers<'b>(&'b self, callee: &'b str) -> impl Iterator<Item = &'b str> {
        self.products
            .iter()
            .filter(move |(_, product)| product.wanted.calls.iter().any(|name| name == callee))
            .map(|(name, _)| *name)
    }

    /// The ports of a product that a balancer uses: those behind its listeners, and the one on which it asks for health.
    pub(crate) fn balanced_ports(&self, face: Face, product: &str) -> Vec<u16> {
        let mut ports: Vec<u16> = self
            .listeners(face)
            .filter(|listener| listener.product == product)
            .map(|listener| listener.target.port)
            .collect();
        if !ports.is_empty() {
            ports.extend(
                self.products
                    .get(product)
                    .map(|plan| plan.product.health.port),
            );
        }
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    /// Outbound dependencies that are known by name alone: what has them may stand anywhere on the Internet.
    pub(crate) fn outbound_by_name(&self) -> impl Iterator<Item = &'a Outbound> {
        let all = self.estate.outbound.values();
        all.filter(|outbound| outbound.address.is_none())
    }

    /// The addresses of the environment's resolver endpoints.
    pub(crate) fn resolvers(&self) -> Vec<IpAddr> {
        self.hosts_of(Role::Resolver)
            .map(|host| IpAddr::V4(host.ipv4))
            .collect()
    }
}

/// Makes every choice.
///
/// # Errors
/// Everything that stands in the way, at once.
pub(crate) fn plan<'a>(
    estate: &'a Estate,
    catalog: &'a Catalog,
    held: &Lock,
) -> Result<Plan<'a>, Vec<Finding>> {
    let findings = check(estate, catalog);
    if !findings.is_empty() {
        return Err(findings);
    }
    let mut findings = Vec::new();
    let mut lock = Lock::default();
    let ranges6 = crate::placing::ranges6(estate, held, &mut lock, &mut findings);
    let public = crate::placing::public_addresses(estate, held, &mut lock, &mut findings);
    crate::vpn::insides(estate, held, &mut lock, &mut findings);
    let operator_vpc = operator_vpc::place(estate, held, &mut lock, &mut findings);
    let zones = short_zones(estate);
    let mut environments = BTreeMap::new();
    for (id, environment) in &estate.environments {
        let mut placing = crate::placing::Placing {
            estate,
            id,
            environment,
            zones: &zones,
            ipv6: ranges6.get(id.as_str()).copied(),
            public: &public,
            operator_vpc: operator_vpc.as_ref(),
            held,
            lock: &mut lock,
            findings: &mut findings,
        };
        environments.insert(id, placing.environment(catalog));
    }
    let outside = crate::outside::place(estate, held, &mut lock, &mut findings);
    if findings.is_empty() {
        Ok(Plan {
            estate,
            environments,
            operator_vpc,
            outside,
            lock,
        })
    } else {
        Err(findings)
    }
}
