//! The operator's VPC: a subnet for bastions, and a peering with each environment whose bastion stands there.
//!
//! A peering leads from the bastions to one environment and no further, so that environments never meet here. Groups and
//! routes say so once more: each bastion sends to its own environment's app tier, which has a route to the bastions'
//! subnet and to nothing else of this VPC.

use std::net::IpAddr;

use ipnet::IpNet;
use model::Network;
use model::id::{AclId, GatewayId, GroupId, PeeringId, RouteTableId};
use model::network::{
    GroupHome, Interface, InternetGateway, NetworkAcl, Peering, Place, RouteTable, RouteTarget,
    RulePeer, SecurityGroup, Subnet, Vpc,
};
use model::packet::{PortRange, Traffic};

use crate::address::Tier;
use crate::bastion::{BastionPlan, Stand};
use crate::environment::{ANY_V4, route};
use crate::filters::{Entries, Rules};
use crate::operator_vpc::{OPERATOR_VPC, OperatorVpcPlan};
use crate::plan::{EnvironmentPlan, Plan};
use crate::services::{DNS, SSH};

/// The peering by which an environment's bastion reaches it.
pub(crate) fn peering(environment: &EnvironmentPlan<'_>) -> PeeringId {
    PeeringId::new(environment.named(OPERATOR_VPC))
}

/// Adds the VPC with everything in it.
pub(super) fn draw(plan: &Plan<'_>, vpc: &OperatorVpcPlan, network: &mut Network) {
    let named = |name: &str| format!("{OPERATOR_VPC}/{name}");
    let gateway = GatewayId::new(named("internet"));
    let table = RouteTableId::new(named("public"));
    let acl = AclId::new(named("public"));
    network.vpcs.insert(
        OperatorVpcPlan::vpc(),
        Vpc {
            region: plan.estate.region.clone(),
            cidrs: vec![IpNet::V4(vpc.cidr)],
        },
    );
    network.subnets.insert(
        OperatorVpcPlan::subnet(),
        Subnet {
            vpc: OperatorVpcPlan::vpc(),
            zone: plan.estate.zones.first().cloned().unwrap_or_default(),
            cidrs: vec![IpNet::V4(vpc.subnet)],
            route_table: table.clone(),
            acl: acl.clone(),
        },
    );
    network.internet_gateways.insert(
        gateway.clone(),
        InternetGateway {
            vpc: OperatorVpcPlan::vpc(),
            egress_only: false,
        },
    );
    let routes = routes(plan, vpc, gateway);
    network.route_tables.insert(table, routes);
    network.acls.insert(acl, filter(plan));
    insert(network, GroupId::new(named("default")), Rules::default());
    for (environment, bastion) in guests(plan) {
        peer(environment, network);
        let group = GroupId::new(bastion.id.as_str());
        insert(network, group.clone(), rules(environment, bastion));
        network.interfaces.insert(
            bastion.interface(),
            Interface {
                host: bastion.id.clone(),
                place: Place::Subnet(OperatorVpcPlan::subnet()),
                addresses: bastion.addresses.clone(),
                public: bastion.doors.iter().find_map(|door| match door {
                    IpAddr::V4(door) => Some(*door),
                    IpAddr::V6(_) => None,
                }),
                groups: vec![group],
                source_dest_check: true,
            },
        );
    }
}

/// The environments whose bastions stand here.
fn guests<'a>(
    plan: &'a Plan<'_>,
) -> impl Iterator<Item = (&'a EnvironmentPlan<'a>, &'a BastionPlan)> {
    plan.environments.values().filter_map(|environment| {
        let bastion = environment.bastion.as_ref()?;
        (bastion.stand == Stand::OperatorVpc).then_some((environment, bastion))
    })
}

fn peer(environment: &EnvironmentPlan<'_>, network: &mut Network) {
    let vpcs = [OperatorVpcPlan::vpc(), environment.vpc()];
    let id = peering(environment);
    network.peerings.insert(id, Peering { vpcs });
}

fn insert(network: &mut Network, id: GroupId, rules: Rules) {
    let group = SecurityGroup {
        home: GroupHome::Vpc(OperatorVpcPlan::vpc()),
        default: id.as_str().ends_with("/default"),
        ingress: rules.ingress,
        egress: rules.egress,
    };
    network.groups.insert(id, group);
}

/// The app tier of an environment, in the one family that this VPC has.
fn app_tier(environment: &EnvironmentPlan<'_>) -> Vec<IpNet> {
    let subnets = environment.tier(Tier::App);
    subnets.map(|subnet| IpNet::V4(subnet.ipv4)).collect()
}

fn routes(plan: &Plan<'_>, vpc: &OperatorVpcPlan, gateway: GatewayId) -> RouteTable {
    let mut routes = vec![
        route(IpNet::V4(vpc.cidr), RouteTarget::Local),
        route(ANY_V4, RouteTarget::InternetGateway(gateway)),
    ];
    for (environment, _) in guests(plan) {
        let target = RouteTarget::Peering(peering(environment));
        let app = app_tier(environment).into_iter();
        routes.extend(app.map(|range| route(range, target.clone())));
    }
    RouteTable {
        vpc: OperatorVpcPlan::vpc(),
        routes,
    }
}

/// The operator's networks, in the one family that this VPC has.
fn operator_networks(plan: &Plan<'_>) -> Vec<IpNet> {
    let networks = plan.estate.operator.networks.iter().copied();
    networks
        .filter(|network| matches!(network, IpNet::V4(_)))
        .collect()
}

fn dns() -> [Traffic; 2] {
    [Traffic::udp(DNS), Traffic::tcp(DNS)]
}

/// A bastion takes the operator in, and goes on to the app tier of its own environment. Prefixes stand for groups, which
/// are known over a peering only within a region and as long as it stands.
fn rules(environment: &EnvironmentPlan<'_>, bastion: &BastionPlan) -> Rules {
    let mut rules = Rules::default();
    let networks = environment.estate.operator.networks.iter();
    for network in networks.filter(|network| matches!(network, IpNet::V4(_))) {
        let peer = RulePeer::Prefix(*network);
        rules.accept(Traffic::tcp(bastion.port), peer, "SSH from the operator");
    }
    for range in app_tier(environment) {
        let why = format!("SSH to the hosts of {}", environment.id);
        rules.send(Traffic::tcp(SSH), RulePeer::Prefix(range), why);
    }
    for resolver in environment.resolvers() {
        for traffic in dns() {
            rules.send(traffic, RulePeer::Prefix(IpNet::from(resolver)), "names");
        }
    }
    rules
}

/// The ACL of the bastions' subnet.
fn filter(plan: &Plan<'_>) -> NetworkAcl {
    let mut ingress = Entries::default();
    let mut egress = Entries::default();
    let operator = operator_networks(plan);
    let replies = [Traffic::Tcp(PortRange::EPHEMERAL)];
    for (environment, bastion) in guests(plan) {
        ingress.allow(&[Traffic::tcp(bastion.port)], &operator);
        let app: Vec<IpNet> = Tier::App
            .range(environment.environment.cidr)
            .map(IpNet::V4)
            .into_iter()
            .collect();
        ingress.allow_replies(&app);
        egress.allow(&[Traffic::tcp(SSH)], &app);
        egress.allow(&dns(), &app);
    }
    egress.allow(&replies, &operator);
    ingress.allow_too_large(&[ANY_V4]);
    egress.allow_too_large(&[ANY_V4]);
    NetworkAcl {
        vpc: OperatorVpcPlan::vpc(),
        ingress: ingress.0,
        egress: egress.0,
    }
}
