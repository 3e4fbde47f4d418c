//! What stands outside AWS: the customer's servers, the operator, and stand-ins for the rest of the Internet.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use model::Lock;
use model::blueprint::Role;
use model::estate::{BastionPlace, Estate, Link};
use model::finding::Finding;
use model::id::{HostId, InterfaceId, SiteId};

use crate::address::{INTERNET_STAND_INS, INTERNET_STAND_INS6, embed, first_host, usable};
use crate::allot::{Allotted, allot};
use crate::check::declared_ranges;
use crate::placing::no_room;

/// The Internet at large.
pub(crate) const INTERNET: &str = "internet";
/// The operator's networks.
pub(crate) const OPERATOR: &str = "operator";
/// The customer's data centre.
pub(crate) const DATA_CENTRE: &str = "data-centre";
/// Where the data centre meets the Internet: the public addresses of bastions there.
pub(crate) const DATA_CENTRE_EDGE: &str = "data-centre-edge";

/// A machine outside AWS.
#[derive(Clone, Debug)]
pub(crate) struct OutsideHost {
    pub(crate) id: HostId,
    pub(crate) site: SiteId,
    pub(crate) role: Role,
    /// Fully qualified name.
    pub(crate) name: String,
    /// At most one of each family, IPv4 first.
    pub(crate) addresses: Vec<IpAddr>,
}

impl OutsideHost {
    /// Its interface, which is called as the host is.
    pub(crate) fn interface(&self) -> InterfaceId {
        InterfaceId::new(self.id.as_str())
    }
}

/// Everything outside AWS. A machine that plays several parts (one server for names and time, say) stands here once.
#[derive(Clone, Debug, Default)]
pub(crate) struct OutsidePlan {
    pub(crate) hosts: BTreeMap<HostId, OutsideHost>,
    pub(crate) dns: Vec<HostId>,
    pub(crate) ntp: Vec<HostId>,
    pub(crate) mail: Option<HostId>,
    /// Servers in the data centre that use the products.
    pub(crate) clients: Vec<HostId>,
    /// The operator's workstation.
    pub(crate) workstation: Option<HostId>,
    /// Somebody on the Internet.
    pub(crate) stranger: Option<HostId>,
    /// Servers on the Internet by the names of the estate's outbound dependencies.
    pub(crate) outbound: BTreeMap<String, HostId>,
}

impl OutsidePlan {
    /// A host by its identifier.
    pub(crate) fn host(&self, id: Option<&HostId>) -> Option<&OutsideHost> {
        id.and_then(|id| self.hosts.get(id))
    }

    /// Somebody in the data centre from whom things are asked: a client of the products, else any server.
    pub(crate) fn in_data_centre(&self) -> Option<&OutsideHost> {
        self.host(self.clients.first()).or_else(|| {
            self.hosts
                .values()
                .find(|host| host.site.as_str() == DATA_CENTRE)
        })
    }

    /// Adds a machine, or finds the one that has the address already.
    fn add(&mut self, host: OutsideHost) -> HostId {
        let same = self
            .hosts
            .values()
            .find(|other| other.addresses.first() == host.addresses.first())
            .map(|other| other.id.clone());
        same.unwrap_or_else(|| {
            let id = host.id.clone();
            self.hosts.insert(id.clone(), host);
            id
        })
    }
}

/// Whether an address is in the customer's data centre.
pub(crate) fn in_data_centre(estate: &Estate, address: IpAddr) -> bool {
    estate
        .data_centre
        .iter()
        .flat_map(|data_centre| &data_centre.prefixes)
        .any(|prefix| prefix.contains(&address))
}

/// The addresses of bastions that stand in the customer's data centre.
pub(crate) fn bastions_in_data_centre(estate: &Estate) -> impl Iterator<Item = IpAddr> {
    let environments = estate.environments.values();
    environments.filter_map(|environment| match environment.bastion.place {
        BastionPlace::DataCentre { address, .. } => Some(address),
        BastionPlace::Vpc { .. } | BastionPlace::OperatorVpc { .. } => None,
    })
}

/// Places everything outside AWS.
pub(crate) fn place(
    estate: &Estate,
    held: &Lock,
    lock: &mut Lock,
    findings: &mut Vec<Finding>,
) -> OutsidePlan {
    let mut plan = OutsidePlan::default();
    customers(estate, &mut plan);
    operator(estate, &mut plan);
    internet(estate, &mut plan, held, lock, findings);
    plan
}

/// The customer's servers stand where their addresses say: in the data centre, else on the Internet.
fn customers(estate: &Estate, plan: &mut OutsidePlan) {
    let zone = &estate.dns.zone;
    let server = |name: &str, role: Role, fqdn: String, address: IpAddr| {
        let site = if in_data_centre(estate, address) {
            DATA_CENTRE
        } else {
            INTERNET
        };
        OutsideHost {
            id: HostId::new(format!("{site}/{name}")),
            site: SiteId::from(site),
            role,
            name: fqdn,
            addresses: vec![address],
        }
    };
    for (number, address) in (1..).zip(&estate.dns.servers) {
        let name = format!("dns-{number}");
        let id = plan.add(server(
            &name,
            Role::CustomerDns,
            format!("{name}.{zone}"),
            *address,
        ));
        plan.dns.push(id);
    }
    for (number, address) in (1..).zip(&estate.ntp.servers) {
        let name = format!("ntp-{number}");
        let id = plan.add(server(
            &name,
            Role::CustomerNtp,
            format!("{name}.{zone}"),
            *address,
        ));
        plan.ntp.push(id);
    }
    if let Some(mail) = estate.customer_mail() {
        plan.mail = Some(plan.add(server(
            "mail",
            Role::CustomerMail,
            mail.name.clone(),
            mail.address,
        )));
    }
    clients(estate, plan, &server);
    for (name, outbound) in &estate.outbound {
        let Some(address) = outbound.address else {
            continue;
        };
        let role = if in_data_centre(estate, address) {
            Role::CustomerService
        } else {
            Role::InternetServer
        };
        let mut service = server(name, role, outbound.name.clone(), address);
        if plan.hosts.contains_key(&service.id) {
            // A client, or a server that the estate has anyway, is called so.
            service.id = HostId::new(format!("{}-service", service.id));
        }
        let id = plan.add(service);
        plan.outbound.insert(name.clone(), id);
    }
}

/// Servers in the data centre that use the products.
fn clients(
    estate: &Estate,
    plan: &mut OutsidePlan,
    server: &dyn Fn(&str, Role, String, IpAddr) -> OutsideHost,
) {
    let zone = &estate.dns.zone;
    let clients = estate.data_centre.iter().flat_map(|centre| &centre.clients);
    for (name, address) in clients {
        let fqdn = format!("{name}.{zone}");
        let mut client = server(name, Role::CustomerClient, fqdn, *address);
        if plan.hosts.contains_key(&client.id) {
            // The estate calls a client as a server is called here: `mail`, `dns-1`.
            client.id = HostId::new(format!("{}-client", client.id));
        }
        let id = plan.add(client);
        plan.clients.push(id);
    }
}

fn operator(estate: &Estate, plan: &mut OutsidePlan) {
    let first = |v4: bool| {
        estate
            .operator
            .networks
            .iter()
            .find(|network| matches!(network, IpNet::V4(_)) == v4)
            .map(|network| first_host(*network))
    };
    let addresses: Vec<IpAddr> = first(true).into_iter().chain(first(false)).collect();
    plan.workstation = Some(plan.add(OutsideHost {
        id: HostId::new(format!("{OPERATOR}/workstation")),
        site: SiteId::from(OPERATOR),
        role: Role::Operator,
        name: "workstation.operator.example".to_owned(),
        addresses,
    }));
}

/// Somebody on the Internet, and the servers there that hosts need, under stand-in addresses.
fn internet(
    estate: &Estate,
    plan: &mut OutsidePlan,
    held: &Lock,
    lock: &mut Lock,
    findings: &mut Vec<Finding>,
) {
    let mut declared: Vec<IpNet> = declared_ranges(estate)
        .into_iter()
        .map(|(_, net)| net)
        .collect();
    if let Some(Link::Vpn(vpn)) = estate.data_centre.as_ref().map(|joined| &joined.link) {
        let gateways = vpn.gateways.iter();
        declared.extend(gateways.map(|gateway| IpNet::from(gateway.address)));
    }
    let taken: BTreeSet<IpAddr> = plan
        .hosts
        .values()
        .flat_map(|host| host.addresses.iter().copied())
        .collect();
    let free = |address: &Ipv4Addr| {
        let address = IpAddr::V4(*address);
        !taken.contains(&address) && !declared.iter().any(|net| net.contains(&address))
    };
    let stranger = format!("{INTERNET}/client");
    let mut names = vec![stranger.clone()];
    let by_name = || {
        let all = estate.outbound.iter();
        all.filter(|(_, outbound)| outbound.address.is_none())
    };
    names.extend(by_name().map(|(name, _)| server_name(name)));
    let held: BTreeMap<String, Ipv4Addr> = held
        .addresses
        .iter()
        .filter_map(|(name, address)| match address {
            IpAddr::V4(address) => Some((name.clone(), *address)),
            IpAddr::V6(_) => None,
        })
        .collect();
    let Allotted { given, unplaced } = allot(
        &names,
        &held,
        |_, address| INTERNET_STAND_INS.iter().any(|net| net.contains(address)) && free(address),
        |_, _| {
            INTERNET_STAND_INS
                .into_iter()
                .flat_map(usable)
                .filter(&free)
        },
    );
    no_room(
        &unplaced,
        "an address",
        "the ranges kept for documentation",
        findings,
    );
    let dual = estate
        .environments
        .values()
        .any(|environment| environment.ipv6);
    let host = |id: &str, role: Role, name: String, address: Ipv4Addr| {
        let mut addresses = vec![IpAddr::V4(address)];
        if dual {
            addresses.push(IpAddr::V6(embed(INTERNET_STAND_INS6, address)));
        }
        OutsideHost {
            id: HostId::new(id),
            site: SiteId::from(INTERNET),
            role,
            name,
            addresses,
        }
    };
    if let Some(address) = given.get(&stranger) {
        let name = "client.internet.example".to_owned();
        plan.stranger = Some(plan.add(host(&stranger, Role::InternetClient, name, *address)));
    }
    for (name, outbound) in by_name() {
        let id = server_name(name);
        if let Some(address) = given.get(&id) {
            let server = host(&id, Role::InternetServer, outbound.name.clone(), *address);
            let id = plan.add(server);
            plan.outbound.insert(name.clone(), id);
        }
    }
    lock.addresses.extend(
        given
            .into_iter()
            .map(|(name, address)| (name, IpAddr::V4(address))),
    );
}

/// The identifier of a server on the Internet. What the estate calls like somebody who stands there anyway
/// (`client`, `mail`, `dns-1`) is told apart.
fn server_name(outbound: &str) -> String {
    let taken = outbound == "client" || outbound == "mail";
    let numbered = outbound.starts_with("dns-") || outbound.starts_with("ntp-");
    if taken || numbered {
        format!("{INTERNET}/{outbound}-server")
    } else {
        format!("{INTERNET}/{outbound}")
    }
}
