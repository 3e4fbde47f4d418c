//! What listens on a host: the contract between a design, the peers that play it and the probes that ask it.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::secret::SecretName;

/// One listening service of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// A name that is unique on the host: `ssh`, `dns`, `apim`.
    pub name: String,
    /// The protocol and what it serves.
    pub kind: ServiceKind,
}

/// The protocol of a service and what it serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceKind {
    /// An SSH server that accepts only certificates of the operator's authority.
    Ssh {
        /// Port, never 22 on a bastion.
        port: u16,
        /// Whether clients may open connections onward through it: on bastions only.
        forwarding: bool,
        /// Login names that certificates may name.
        users: Vec<String>,
    },
    /// A DNS server, authoritative for its zones and forwarding for others; everything else is refused.
    Dns {
        /// Zones that it answers from its own data.
        zones: Vec<Zone>,
        /// Zones whose questions it passes on.
        forwards: Vec<Forward>,
    },
    /// An NTP server, UDP 123.
    Ntp,
    /// A mail submission server with STARTTLS and AUTH, which keeps what it receives.
    Smtp {
        /// Port, most often 587.
        port: u16,
        /// The user that may submit.
        user: String,
        /// The user's password.
        password: SecretName,
    },
    /// A server product: HTTPS and HTTP ports, a health path, consoles behind a login.
    Product(ProductService),
    /// A load balancer's listeners, passing TCP to targets that answer.
    Balancer {
        /// What is listened on, and to whom it goes.
        listeners: Vec<Listener>,
    },
    /// A database server.
    Database {
        /// Port.
        port: u16,
        /// Engine, as AWS names it: `postgres`, `mysql`.
        engine: String,
        /// Databases that must be there.
        databases: Vec<String>,
        /// The unprivileged user of the products.
        user: String,
        /// The user's password.
        password: SecretName,
    },
    /// Any web server over TLS, such as a package mirror on the Internet.
    Web {
        /// Port.
        port: u16,
    },
}

/// What a product's node serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductService {
    /// The product's key in the catalogue: `wso2-apim`.
    pub product: String,
    /// The product's version.
    pub version: String,
    /// Ports by name, ordered by number.
    pub ports: Vec<ProductPort>,
    /// How its health is asked.
    pub health: HealthCheck,
    /// Paths of its management consoles on [`ProductService::console_port`]; empty where it has none.
    pub consoles: Vec<String>,
    /// The port of the consoles.
    pub console_port: Option<u16>,
    /// The console's administrator.
    pub admin_user: String,
    /// The administrator's password.
    pub admin_password: SecretName,
}

/// One port of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductPort {
    /// What the product's documentation calls it.
    pub name: String,
    /// Number.
    pub port: u16,
    /// What is spoken there.
    pub protocol: PortProtocol,
}

/// What is spoken on a product's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PortProtocol {
    /// HTTP over TLS.
    Https,
    /// HTTP in clear.
    Http,
    /// Anything else over TCP.
    Tcp,
}

/// How a node's health is asked: a GET that answers 200 when all is well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// Port.
    pub port: u16,
    /// What is spoken there.
    pub protocol: PortProtocol,
    /// Path.
    pub path: String,
}

/// A zone and its records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// Fully qualified, without the final dot.
    pub name: String,
    /// Records, ordered by name; a name may have several of the kinds that DNS lets stand together.
    pub records: Vec<Record>,
}

/// A name and what is recorded under it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Record {
    /// Fully qualified, without the final dot.
    pub name: String,
    /// What it stands for.
    pub data: RecordData,
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordData {
    /// IPv4 addresses become A records, IPv6 addresses AAAA records.
    Addresses(Vec<IpAddr>),
    /// CNAME: another name, fully qualified, without the final dot.
    Alias(String),
    /// TXT: one text, which goes on the wire in pieces of at most 255 bytes.
    Text(String),
    /// MX: where mail for the name goes.
    Mail {
        /// Lower ones are tried first.
        preference: u16,
        /// The server's name, fully qualified, without the final dot.
        exchange: String,
    },
}

impl Record {
    /// A name's addresses.
    pub fn addresses(name: impl Into<String>, addresses: Vec<IpAddr>) -> Self {
        Self {
            name: name.into(),
            data: RecordData::Addresses(addresses),
        }
    }

    /// The addresses that stand under the name itself; none for what is not an address.
    pub fn own_addresses(&self) -> &[IpAddr] {
        match &self.data {
            RecordData::Addresses(addresses) => addresses,
            RecordData::Alias(_) | RecordData::Text(_) | RecordData::Mail { .. } => &[],
        }
    }
}

/// A zone whose questions are passed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forward {
    /// Fully qualified, without the final dot.
    pub zone: String,
    /// Servers asked in turn, port 53.
    pub servers: Vec<IpAddr>,
}

/// One listener of a load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// The port that clients use.
    pub port: u16,
    /// The targets' addresses and ports.
    pub targets: Vec<SocketAddr>,
    /// How a target's health is asked; the port and path are the target's.
    pub health: HealthCheck,
    /// Whether a client's connections all go to one target, chosen by the client's address, as long as it answers.
    pub sticky: bool,
    /// Addresses that may use the listener, for those who read it; the filters enforce it.
    pub clients: Vec<IpNet>,
}
