//! Route tables: where packets that leave a subnet go.

use std::collections::BTreeMap;

use ipnet::IpNet;
use model::id::{RouteTableId, TransitGatewayId};
use model::network::{Route, RouteTable, RouteTarget};

use super::{
    ANY_V4, ANY_V6, data_centre_prefixes, egress_only_gateway, internet_gateway, route_table,
};
use crate::account::{TRANSIT_GATEWAY, peering};
use crate::address::Tier;
use crate::bastion::Stand;
use crate::operator_vpc::OperatorVpcPlan;
use crate::plan::{EnvironmentPlan, SubnetPlan};

/// The environment's route tables.
pub(super) fn tables(
    plan: &EnvironmentPlan<'_>,
    operator_vpc: Option<&OperatorVpcPlan>,
) -> BTreeMap<RouteTableId, RouteTable> {
    plan.subnets
        .iter()
        .map(|subnet| {
            let table = RouteTable {
                vpc: plan.vpc(),
                routes: routes(plan, operator_vpc, subnet),
            };
            (route_table(plan, subnet), table)
        })
        .collect()
}

/// The routes of a subnet. Only the public tier has the Internet gateway, only the app tier knows the data centre
/// and a bastion in the operator's VPC, and the others know nothing but the VPC.
fn routes(
    plan: &EnvironmentPlan<'_>,
    operator_vpc: Option<&OperatorVpcPlan>,
    subnet: &SubnetPlan,
) -> Vec<Route> {
    let mut routes: Vec<Route> = plan
        .ranges()
        .into_iter()
        .map(|range| route(range, RouteTarget::Local))
        .collect();
    match subnet.tier {
        Tier::Public => {
            let gateway = RouteTarget::InternetGateway(internet_gateway(plan));
            routes.push(route(ANY_V4, gateway.clone()));
            if plan.ipv6.is_some() {
                routes.push(route(ANY_V6, gateway));
            }
        }
        Tier::App => {
            // The zone's own gateway: the loss of another zone takes nothing away here.
            let nat = plan.nats.iter().find(|nat| nat.zone == subnet.zone);
            routes.extend(nat.map(|nat| route(ANY_V4, RouteTarget::NatGateway(nat.id.clone()))));
            if plan.ipv6.is_some() {
                let gateway = RouteTarget::EgressOnlyGateway(egress_only_gateway(plan));
                routes.push(route(ANY_V6, gateway));
            }
            let transit = TransitGatewayId::from(TRANSIT_GATEWAY);
            routes.extend(
                data_centre_prefixes(plan)
                    .into_iter()
                    .map(|prefix| route(prefix, RouteTarget::TransitGateway(transit.clone()))),
            );
            if let Some(operator_vpc) = operator_vpc
                && plan.bastion_stands(Stand::OperatorVpc)
            {
                let bastions = IpNet::V4(operator_vpc.subnet);
                routes.push(route(bastions, RouteTarget::Peering(peering(plan))));
            }
        }
        Tier::Data | Tier::Transit => {}
    }
    routes
}

pub(crate) fn route(destination: IpNet, target: RouteTarget) -> Route {
    Route {
        destination,
        target,
        propagated: false,
    }
}
