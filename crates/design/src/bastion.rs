//! Bastions, wherever they stand: how hosts know one, and how the operator does.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::IpNet;
use model::blueprint::Role;
use model::estate::{BastionPlace, Environment};
use model::id::{EnvironmentId, HostId, InterfaceId};

use crate::operator_vpc::OperatorVpcPlan;
use crate::plan::HostPlan;

/// Where a bastion stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stand {
    /// In the environment's VPC.
    Vpc,
    /// In the operator's VPC, on the far side of a peering.
    OperatorVpc,
    /// In the customer's data centre, on the far side of the link.
    DataCentre,
}

/// The bastion of an environment.
#[derive(Clone, Debug)]
pub(crate) struct BastionPlan {
    pub(crate) id: HostId,
    pub(crate) stand: Stand,
    pub(crate) port: u16,
    /// The addresses from which it opens connections to hosts, IPv4 first.
    pub(crate) addresses: Vec<IpAddr>,
    /// The addresses by which the operator reaches it, IPv4 first.
    pub(crate) doors: Vec<IpAddr>,
}

impl BastionPlan {
    /// The bastion of an environment; none where it found no address, which is said elsewhere.
    pub(crate) fn new(
        id: &EnvironmentId,
        environment: &Environment,
        hosts: &[HostPlan],
        operator_vpc: Option<&OperatorVpcPlan>,
        public: &BTreeMap<String, Ipv4Addr>,
    ) -> Option<Self> {
        let name = seat_name(id);
        let (stand, addresses, doors) = match &environment.bastion.place {
            BastionPlace::Vpc { .. } => {
                let host = hosts.iter().find(|host| host.role == Role::Bastion)?;
                let ipv4 = host.public.map(IpAddr::V4);
                let doors = ipv4.into_iter().chain(host.ipv6.map(IpAddr::V6));
                (Stand::Vpc, host.addresses(), doors.collect())
            }
            BastionPlace::OperatorVpc { .. } => {
                let address = operator_vpc?.addresses.get(&name)?;
                let door = public.get(&name)?;
                let only = |address: &Ipv4Addr| vec![IpAddr::V4(*address)];
                (Stand::OperatorVpc, only(address), only(door))
            }
            BastionPlace::DataCentre {
                address,
                public_address,
            } => (
                Stand::DataCentre,
                vec![*address],
                vec![IpAddr::V4(*public_address)],
            ),
        };
        Some(Self {
            id: HostId::new(name),
            stand,
            port: environment.bastion.port,
            addresses,
            doors,
        })
    }

    /// The interface from which it opens connections to hosts, which is called as the host is.
    pub(crate) fn interface(&self) -> InterfaceId {
        InterfaceId::new(self.id.as_str())
    }

    /// The interface at which the operator arrives. In a VPC it is the same: the Internet gateway translates.
    pub(crate) fn front(&self) -> InterfaceId {
        match self.stand {
            Stand::Vpc | Stand::OperatorVpc => self.interface(),
            Stand::DataCentre => InterfaceId::new(format!("{}/outside", self.id)),
        }
    }

    /// All its interfaces.
    pub(crate) fn interfaces(&self) -> BTreeSet<InterfaceId> {
        BTreeSet::from([self.interface(), self.front()])
    }

    /// Its own addresses on the side of the hosts, each as one range.
    pub(crate) fn prefixes(&self) -> Vec<IpNet> {
        self.addresses.iter().copied().map(IpNet::from).collect()
    }

    /// Where a port of it is for those inside.
    pub(crate) fn ends(&self, port: u16) -> Vec<SocketAddr> {
        let addresses = self.addresses.iter();
        addresses.map(|it| SocketAddr::new(*it, port)).collect()
    }

    /// Where a port of it is for those on the Internet.
    pub(crate) fn doors(&self, port: u16) -> Vec<SocketAddr> {
        let doors = self.doors.iter();
        doors.map(|it| SocketAddr::new(*it, port)).collect()
    }
}

/// The bastion's name in the lock, which is its identifier too: it keeps it when it moves.
pub(crate) fn seat_name(environment: &EnvironmentId) -> String {
    format!("{environment}/bastion")
}
