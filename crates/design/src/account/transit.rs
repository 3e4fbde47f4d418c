//! The transit gateway: it joins each environment with the data centre, and no environment with another.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use model::estate::{DataCentre, Link};
use model::id::{AttachmentId, SiteId, TransitTableId};
use model::network::{AttachedTo, Attachment, TransitGateway, TransitRoute};

use crate::address::Tier;
use crate::outside::DATA_CENTRE;
use crate::plan::{EnvironmentPlan, Plan};

/// The transit gateway's name, where there is a data centre to reach.
pub(crate) const TRANSIT_GATEWAY: &str = "account/transit";
/// The table for what comes from environments: to the data centre and nowhere else, so that they never meet.
const ENVIRONMENTS_TABLE: &str = "account/environments";
/// The table for what comes from the data centre: to each environment's app tier.
const DATA_CENTRE_TABLE: &str = "account/data-centre";
/// The VPN's attachment.
pub(crate) const VPN: &str = "data-centre/vpn";
/// Direct Connect's attachment.
const DIRECT_CONNECT: &str = "data-centre/direct-connect";

/// The transit gateway to a data centre.
pub(super) fn gateway(plan: &Plan<'_>, data_centre: &DataCentre) -> TransitGateway {
    let link = AttachmentId::from(match &data_centre.link {
        Link::Vpn(_) => VPN,
        Link::DirectConnect(_) => DIRECT_CONNECT,
    });
    let environments = TransitTableId::from(ENVIRONMENTS_TABLE);
    let from_link = TransitTableId::from(DATA_CENTRE_TABLE);
    let to_environments = plan
        .environments
        .values()
        .flat_map(|environment| {
            // Static: an attachment would propagate the whole VPC, and the data centre needs the app tier alone.
            offered(environment).into_iter().map(|range| TransitRoute {
                destination: range,
                attachment: Some(attachment(environment)),
                propagated: false,
            })
        })
        .collect();
    let mut attachments: BTreeMap<AttachmentId, Attachment> = plan
        .environments
        .values()
        .map(|environment| {
            let attached = Attachment {
                to: AttachedTo::Vpc {
                    vpc: environment.vpc(),
                    subnets: environment
                        .tier(Tier::Transit)
                        .map(|subnet| subnet.id.clone())
                        .collect(),
                },
                table: Some(environments.clone()),
            };
            (attachment(environment), attached)
        })
        .collect();
    let to_data_centre = routes(data_centre, &link);
    attachments.insert(
        link,
        Attachment {
            to: AttachedTo::Site(SiteId::from(DATA_CENTRE)),
            table: Some(from_link.clone()),
        },
    );
    TransitGateway {
        region: plan.estate.region.clone(),
        attachments,
        tables: BTreeMap::from([(environments, to_data_centre), (from_link, to_environments)]),
    }
}

/// Whether routes are learnt over the link: Direct Connect always speaks BGP.
fn is_dynamic(link: &Link) -> bool {
    match link {
        Link::Vpn(vpn) => vpn.gateways.iter().any(|gateway| gateway.asn.is_some()),
        Link::DirectConnect(_) => true,
    }
}

/// The data centre's prefixes, as far as the link leads to them: by BGP all, else those that are declared for the VPN. What
/// else is in the data centre has no part in the network: nothing could answer it.
pub(crate) fn routed(data_centre: &DataCentre) -> &[IpNet] {
    match &data_centre.link {
        Link::Vpn(vpn) if !is_dynamic(&data_centre.link) => &vpn.static_prefixes,
        Link::Vpn(_) | Link::DirectConnect(_) => &data_centre.prefixes,
    }
}

/// The routes to the data centre: what BGP announces the gateway propagates; what is declared stands there.
fn routes(data_centre: &DataCentre, link: &AttachmentId) -> Vec<TransitRoute> {
    let propagated = is_dynamic(&data_centre.link);
    routed(data_centre)
        .iter()
        .map(|prefix| TransitRoute {
            destination: *prefix,
            attachment: Some(link.clone()),
            propagated,
        })
        .collect()
}

fn attachment(environment: &EnvironmentPlan<'_>) -> AttachmentId {
    AttachmentId::new(environment.named("transit"))
}

/// The ranges of an environment that the data centre is routed to: its app subnets, in the families that the data
/// centre has.
pub(crate) fn offered(environment: &EnvironmentPlan<'_>) -> BTreeSet<IpNet> {
    let prefixes = environment.estate.data_centre.iter().flat_map(routed);
    let families: BTreeSet<bool> = prefixes.map(|net| matches!(net, IpNet::V4(_))).collect();
    environment
        .tier(Tier::App)
        .flat_map(|subnet| subnet.ranges())
        .filter(|range| families.contains(&matches!(range, IpNet::V4(_))))
        .collect()
}
