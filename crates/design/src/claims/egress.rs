//! What leaves an environment: at every address of a site, whether or not a host is known there, nothing but what was
//! declared.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use model::blueprint::Role;
use model::id::SiteId;
use model::intent::{Outflow, Rule};
use model::packet::Traffic;

use super::draft::Draft;
use super::vantages::interfaces;
use crate::environment::{anywhere, data_centre_prefixes};
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

    fn site(self) -> SiteId {
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
enum Senders {
    Nodes,
    Resolvers,
    /// The bastion, the balancers and the database, which open no connection to the outside. The bastion's clock is
    /// AWS's own service on the link (169.254.169.123), which is no site's and which no group, ACL or route touches: its
    /// tier has no way to the customer's servers.
    Others,
}

impl Senders {
    const ALL: [Self; 3] = [Self::Nodes, Self::Resolvers, Self::Others];

    const fn name(self) -> &'static str {
        match self {
            Self::Nodes => "The nodes",
            Self::Resolvers => "The resolvers",
            Self::Others => "The bastion, the balancers and the database",
        }
    }

    fn has(self, host: &HostPlan) -> bool {
        self == match host.role {
            Role::Product => Self::Nodes,
            Role::Resolver => Self::Resolvers,
            _ => Self::Others,
        }
    }

    /// What they may ask of the customer's servers.
    fn asked(self, plan: &EnvironmentPlan<'_>) -> Vec<Outflow> {
        let estate = plan.estate;
        let flow = |address: IpAddr, traffic: Traffic| Outflow {
            to: IpNet::from(address),
            traffic,
        };
        match self {
            Self::Nodes => {
                let times = estate.ntp.servers.iter();
                let mut flows: Vec<Outflow> = times
                    .map(|server| flow(*server, Traffic::udp(NTP)))
                    .collect();
                let mail = estate.customer_mail();
                flows.extend(mail.map(|mail| flow(mail.address, Traffic::tcp(mail.port))));
                // The ACL lets the resolvers through to the customer's DNS servers and cannot tell a node from them: what
                // keeps nodes away is their group, which a port declared for the whole Internet opens.
                if outbound_ports(plan).contains(&DNS) {
                    let servers = zones::asked(estate).iter();
                    flows.extend(servers.map(|server| flow(*server, Traffic::tcp(DNS))));
                }
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
        if self == Self::Nodes {
            let (prefixes, ports) = match to {
                Beyond::Internet => (anywhere(plan), outbound_ports(plan)),
                Beyond::Operator => (Vec::new(), BTreeSet::new()),
                Beyond::DataCentre => (data_centre_prefixes(plan), unfenced_ports(plan)),
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

/// The ports declared for the Internet. What listens there is known by name alone, so that they are open to all of it.
pub(super) fn outbound_ports(plan: &EnvironmentPlan<'_>) -> BTreeSet<u16> {
    let outbound = plan.estate.outbound.values();
    outbound.map(|outbound| outbound.port).collect()
}

/// Those of them that the ACL cannot keep from the data centre, since replies go to them too. They are left to the data
/// centre's own firewall.
pub(super) fn unfenced_ports(plan: &EnvironmentPlan<'_>) -> BTreeSet<u16> {
    let mut ports = outbound_ports(plan);
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
        for senders in Senders::ALL {
            let from = interfaces(plan.hosts.iter().filter(|host| senders.has(host)));
            if from.is_empty() {
                continue;
            }
            let allowed = senders.flows(plan, *place);
            let title = title(senders, *place, &allowed);
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
fn title(senders: Senders, to: Beyond, allowed: &[Outflow]) -> String {
    let (who, place) = (senders.name(), to.name());
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
