//! Blueprints: exactly what will exist, with no choice left open.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::claim::Claim;
use crate::digest::Digest;
use crate::estate::Image;
use crate::id::{EnvironmentId, HostId, SiteId};
use crate::network::Network;
use crate::secret::SecretName;
use crate::service::{Service, Zone};
use crate::vpn::VpnConnection;

/// One unit of an estate: an environment, or what environments share. Immutable, ordered, content-addressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blueprint {
    /// Which unit.
    pub unit: Unit,
    /// The unit's own part of the network.
    pub network: Network,
    /// The unit's hosts.
    pub hosts: BTreeMap<HostId, Host>,
    /// The zones that the unit's resolvers answer.
    pub zones: Vec<Zone>,
    /// The IPsec connections that join the data centre; none where it is joined otherwise or not at all.
    pub vpns: Vec<VpnConnection>,
    /// What must be shown to hold.
    pub claims: Vec<Claim>,
}

impl Blueprint {
    /// The blueprint's content address.
    ///
    /// # Errors
    /// Never in practice: every map here has textual keys.
    pub fn digest(&self) -> Result<Digest, serde_json::Error> {
        Digest::of(self)
    }
}

/// What a blueprint is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// What the environments share: the transit gateway, the sites outside AWS and what stands there.
    Account,
    /// One environment.
    Environment(EnvironmentId),
}

/// A machine, or what stands on the network like one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// The environment it belongs to; none outside AWS.
    pub environment: Option<EnvironmentId>,
    /// The site outside AWS where it stands; none in a VPC.
    pub site: Option<SiteId>,
    /// What it is for.
    pub role: Role,
    /// Fully qualified name, without the final dot.
    pub name: String,
    /// What it is made of, where the operator makes it: bastions and products' nodes.
    pub machine: Option<Machine>,
    /// What listens on it.
    pub services: Vec<Service>,
    /// Where it sends its questions.
    pub uses: Uses,
}

/// What a machine is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Instance type.
    pub instance: String,
    /// Size of its own volume, GiB; none: the image's.
    pub volume_gib: Option<u32>,
    /// The image it starts from.
    pub image: Image,
}

/// The servers that a host uses: its resolver configuration, clock source and mail relay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uses {
    /// Resolvers, in the order in which they are asked.
    pub dns: Vec<std::net::IpAddr>,
    /// Time servers.
    pub ntp: Vec<std::net::IpAddr>,
    /// The mail relay.
    pub smtp: Option<MailRelay>,
    /// Domains tried for short names.
    pub search: Vec<String>,
}

/// A mail relay as its clients know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRelay {
    /// Its name, which its certificate carries.
    pub name: String,
    /// Port.
    pub port: u16,
    /// The user that submits.
    pub user: String,
    /// The user's password.
    pub password: SecretName,
    /// The sender's address.
    pub sender: String,
}

/// What a host is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The only way in by SSH.
    Bastion,
    /// A node of a product.
    Product,
    /// A load balancer that the Internet may use.
    PublicBalancer,
    /// A load balancer for those inside and at the data centre.
    InternalBalancer,
    /// A Route 53 Resolver endpoint.
    Resolver,
    /// A database instance.
    Database,
    /// An interface endpoint of Amazon SES: mail leaves by it without the Internet.
    MailEndpoint,
    /// The customer's DNS server.
    CustomerDns,
    /// The customer's NTP server.
    CustomerNtp,
    /// The customer's mail server.
    CustomerMail,
    /// A server in the customer's data centre that the products use: a directory, a back-end.
    CustomerService,
    /// A server in the customer's data centre that uses the products.
    CustomerClient,
    /// The operator's workstation.
    Operator,
    /// Somebody on the Internet.
    InternetClient,
    /// A server on the Internet that hosts may use, such as a package mirror.
    InternetServer,
}
