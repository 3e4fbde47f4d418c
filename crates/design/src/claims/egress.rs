//! What leaves an environment: at every address of a site, whether or not a host is known there, nothing but what was
//! declared.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use model::blueprint::Role;
use model::estate::Outbound;
use model::id::SiteId;
use model::intent::{Outflow, Rule};
use model::packet::Traffic;

use super::draft::Draft;
use super::vantages::interfaces;
use crate::environment::{anywhere, customers, data_centre_prefixes};
use crate::outside::{DATA_CENTRE, INTERNET, OPERATOR, in_data_centre};
use crate::plan::{EnvironmentPlan, HostPlan};
use crate::services::{DNS, FIRST_EPHEMERAL, NTP};
use crate::zones;

/// A place outside the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beyond {
    Internet,
    Operator,
    DataCentre,
}

impl Beyond {
    pub(super) const ALL: [Self; 3] = [Self::Internet, Self::Operator, Self::DataCentre];

    pub(super) fn site(self) -> SiteId {
        SiteId::from(match self {
            Self::Internet => INTERNET,
            Self::Operator => OPERATOR,
            Self::DataCentre => DATA_CENTRE,
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Internet => "the Internet",
            Self::Operator => "the operator",
            Self::DataCentre => "the data centre",
        }
    }

    /// Where an address is.
    fn of(plan: &EnvironmentPlan<'_>, address: IpAddr) -> Self {
        let of_operator = |network: &IpNet| network.contains(&address);
        if in_data_centre(plan.estate, address) {
            Self::DataCentre
        } else if plan.estate.operator.networks.iter().any(of_operator) {
            Self::Operator
        } else {
            Self::Internet
        }
    }
}

/// Hosts that are declared to send the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Senders<'a> {
    Nodes,
    /// Where dependencies are not the same for all products.
    NodesOf(&'a str),
    Resolvers,
    /// The bastion, the balancers and the database, which open no connection to the outside. The bastion's clock is
    /// AWS's own service on the link (169.254.169.123), which is no site's and which no group, ACL or route touches: its
    /// tier has no way to the customer's servers.
    Others,
}

impl<'a> Senders<'a> {
    /// Every kind of sender of an environment.
    fn all(plan: &'a EnvironmentPlan<'_>) -> Vec<Self> {
        let mut all = if plan
            .estate
            .outbound
            .values()
            .all(|it| it.products.is_empty())
        {
            vec![Self::Nodes]
        } else {
            plan.products
                .keys()
                .map(|name| Self::NodesOf(name))
                .collect()
        };
        all.extend([Self::Resolvers, Self::Others]);
        all
    }

    fn name(self, plan: &EnvironmentPlan<'_>) -> String {
        match self {
            Self::Nodes => "The nodes".to_owned(),
            Self::NodesOf(product) => format!("The nodes of {product}"),
            Self::Resolvers => "The resolvers".to_owned(),
            Self::Others => others(plan),
        }
    }

    fn has(self, host: &HostPlan) -> bool {
        match self {
            Self::Nodes => host.role == Role::Product,
            Self::NodesOf(product) => host.product.as_deref() == Some(product),
            Self::Resolvers => host.role == Role::Resolver,
            Self::Others => !matches!(host.role, Role::Product | Role::Resolver),
        }
    }

    /// Whether they need a dependency.
    fn need(self, outbound: &Outbound) -> bool {
        match self {
            Self::Nodes => true,
            Self::NodesOf(product) => outbound.is_for(product),
            Self::Resolvers | Self::Others => false,
        }
    }

    /// The ports that they may use on the whole Internet.
    fn ports(self, plan: &EnvironmentPlan<'_>) -> BTreeSet<u16> {
        let needed = plan
            .outbound_by_name()
            .filter(|outbound| self.need(outbound));
        needed.map(|outbound| outbound.port).collect()
    }

    /// What they may ask of the customer's servers.
    fn asked(self, plan: &EnvironmentPlan<'_>) -> Vec<Outflow> {
        let estate = plan.estate;
        let flow = |address: IpAddr, traffic: Traffic| Outflow {
            to: IpNet::from(address),
            traffic,
        };
        match self {
            Self::Nodes | Self::NodesOf(_) => {
                let times = estate.ntp.servers.iter();
                let mut flows: Vec<Outflow> = times
                    .map(|server| flow(*server, Traffic::udp(NTP)))
                    .collect();
                let mail = estate.customer_mail();
                flows.extend(mail.map(|mail| flow(mail.address, Traffic::tcp(mail.port))));
                let outbound = estate.outbound.values().filter(|it| self.need(it));
                flows.extend(outbound.filter_map(|outbound| {
                    let address = outbound.address?;
                    Some(flow(address, Traffic::tcp(outbound.port)))
                }));
                // The ACL lets others through to servers that are declared by address, the resolvers to the customer's
                // DNS servers for one, and cannot tell a node from them: what keeps nodes away is their group, which a
                // port declared for the whole Internet opens.
                let ports = self.ports(plan);
                let open =
                    |traffic: &Traffic| ports.iter().any(|port| *traffic == Traffic::tcp(*port));
                let passed = customers(plan)
                    .into_iter()
                    .filter(|(traffic, _)| open(traffic));
                flows.extend(passed.map(|(traffic, to)| Outflow { to, traffic }));
                flows.sort();
                flows.dedup();
                flows
            }
            Self::Resolvers => {
                let servers = zones::asked(estate).iter();
                servers
                    .flat_map(|server| {
                        [Traffic::udp(DNS), Traffic::tcp(DNS)].map(|traffic| flow(*server, traffic))
                    })
                    .collect()
            }
            Self::Others => Vec::new(),
        }
    }

    /// Everything that they are declared to send to a place.
    fn flows(self, plan: &EnvironmentPlan<'_>, to: Beyond) -> Vec<Outflow> {
        let mut flows = self.asked(plan);
        flows.retain(|flow| Beyond::of(plan, flow.to.addr()) == to);
        if matches!(self, Self::Nodes | Self::NodesOf(_)) {
            let (prefixes, ports) = match to {
                Beyond::Internet => (anywhere(plan), self.ports(plan)),
                Beyond::Operator => (Vec::new(), BTreeSet::new()),
                Beyond::DataCentre => (data_centre_prefixes(plan), unfenced(self.ports(plan))),
            };
            flows.extend(prefixes.into_iter().flat_map(|to| {
                ports.iter().map(move |port| Outflow {
                    to,
                    traffic: Traffic::tcp(*port),
                })
            }));
        }
        flows
    }
}

/// Who [`Senders::Others`] are, as far as they stand in the VPC.
fn others(plan: &EnvironmentPlan<'_>) -> String {
    let parts = [
        (Role::Bastion, "bastion"),
        (Role::PublicBalancer, "balancers"),
        (Role::InternalBalancer, "balancers"),
        (Role::Database, "database"),
        (Role::MailEndpoint, "mail endpoints"),
    ];
    let there = parts.into_iter();
    let mut names: Vec<&str> = there
        .filter(|(role, _)| plan.hosts_of(*role).next().is_some())
        .map(|(_, name)| name)
        .collect();
    names.dedup();
    match names.split_last() {
        Some((last, [])) => format!("The {last}"),
        Some((last, first)) => format!("The {} and the {last}", first.join(", the ")),
        None => "Nobody else".to_owned(),
    }
}

/// The ports declared for the Internet. What listens there is known by name alone, so that they are open to all of it.
pub(super) fn outbound_ports(plan: &EnvironmentPlan<'_>) -> BTreeSet<u16> {
    let outbound = plan.outbound_by_name();
    outbound.map(|outbound| outbound.port).collect()
}

/// Those of them that the ACL cannot keep from the data centre, since replies go to them too. They are left to the data
/// centre's own firewall.
pub(super) fn unfenced_ports(plan: &EnvironmentPlan<'_>) -> BTreeSet<u16> {
    unfenced(outbound_ports(plan))
}

fn unfenced(mut ports: BTreeSet<u16>) -> BTreeSet<u16> {
    ports.retain(|port| *port >= FIRST_EPHEMERAL);
    ports
}

/// What a title must admit of ports that a claim speaks of and that are declared for the Internet too; else nothing.
pub(super) fn but_for(plan: &EnvironmentPlan<'_>, ports: impl IntoIterator<Item = u16>) -> String {
    let declared = outbound_ports(plan);
    let ports: BTreeSet<u16> = ports.into_iter().collect();
    let both: Vec<String> = ports.intersection(&declared).map(u16::to_string).collect();
    if both.is_empty() {
        String::new()
    } else {
        format!(
            ", but for port {}, declared for the whole Internet",
            both.join(", ")
        )
    }
}

/// Adds what every host of the environment may send to these places: exactly the declared flows, each named in the
/// title.
pub(super) fn prove(mut draft: Draft, plan: &EnvironmentPlan<'_>, places: &[Beyond]) -> Draft {
    for place in places {
        if *place == Beyond::DataCentre && plan.estate.data_centre.is_none() {
            continue;
        }
        for senders in Senders::all(plan) {
            let from = interfaces(plan.hosts.iter().filter(|host| senders.has(host)));
            if from.is_empty() {
                continue;
            }
            let allowed = senders.flows(plan, *place);
            let title = title(&senders.name(plan), *place, &allowed);
            draft = draft.prove(
                title,
                Rule::OnlyOutbound {
                    from,
                    site: place.site(),
                    allowed,
                },
            );
        }
    }
    draft
}

/// The sentence of an intent: it names every flow, so that nobody reads more into it than is proved.
pub(super) fn title(who: &str, to: Beyond, allowed: &[Outflow]) -> String {
    let place = to.name();
    if allowed.is_empty() {
        return format!("{who} send nothing to {place}");
    }
    let flows: Vec<String> = allowed
        .iter()
        .map(|flow| {
            let (traffic, to) = (flow.traffic, flow.to);
            if to.prefix_len() == to.max_prefix_len() {
                format!("{traffic} to {}", to.addr())
            } else {
                format!("{traffic} to any address in {to}")
            }
        })
        .collect();
    format!(
        "{who} send to {place} {}, and nothing else",
        flows.join(", ")
    )
}
