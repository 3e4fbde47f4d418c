//! What stands outside the VPCs: the operator, the data centre, the servers of names, time and mail, dependencies.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::link::Link;
use crate::secret::SecretRef;

/// The operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// Name, for people.
    pub name: String,
    /// The networks from which bastions accept SSH: public ranges, IPv4 or IPv6.
    pub networks: Vec<IpNet>,
    /// Mail address that reports go to.
    pub contact: String,
    /// The operator's own VPC, where bastions stand in it.
    pub vpc: Option<OperatorVpc>,
}

/// A VPC of the operator's that is peered with those of the environments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorVpc {
    /// The twelve digits of its AWS account.
    pub account: String,
    /// Its IPv4 range.
    pub cidr: ipnet::Ipv4Net,
}

/// The customer's data centre.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataCentre {
    /// Name, for people.
    pub name: String,
    /// The prefixes that are routed to it.
    pub prefixes: Vec<IpNet>,
    /// How it is joined.
    pub link: Link,
    /// Servers there that use the products, by name.
    pub clients: BTreeMap<String, IpAddr>,
}

/// Names: who keeps the zone that clients use, and which servers of the customer's there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dns {
    /// The zone of the names that clients use: `acme.example`.
    pub zone: String,
    /// Who keeps it.
    pub keeper: DnsKeeper,
    /// The customer's DNS servers. Where the operator keeps the zone they pass its questions on, and there may be none.
    pub servers: Vec<IpAddr>,
}

/// Who keeps the zone of the names that clients use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DnsKeeper {
    /// The operator, in Route 53.
    Route53,
    /// The customer's servers, which the operator hands the mappings to.
    Customer(HandOver),
}

/// What is handed over for a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HandOver {
    /// Its addresses, which must be fixed.
    Address,
    /// Another name, which follows the addresses.
    Alias,
}

/// Time: the customer's servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ntp {
    /// The customer's NTP servers.
    pub servers: Vec<IpAddr>,
}

/// Who takes the products' mails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mail {
    /// The customer's own server.
    Customer(Smtp),
    /// Amazon SES.
    Ses(Ses),
}

impl Mail {
    /// The sender's address.
    pub fn sender(&self) -> &str {
        match self {
            Self::Customer(smtp) => &smtp.sender,
            Self::Ses(ses) => &ses.sender,
        }
    }
}

/// Amazon SES, in the estate's region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ses {
    /// The domain that is verified and signed with DKIM: the sender's, or one above it.
    pub domain: String,
    /// The sender's address.
    pub sender: String,
    /// The subdomain that bounces come back to (custom MAIL FROM), where SPF is to be aligned.
    pub mail_from: Option<String>,
    /// Where DMARC reports go.
    pub reports: Option<String>,
}

/// The customer's own mail server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Smtp {
    /// Its name, which its certificate carries.
    pub name: String,
    /// Its address.
    pub address: IpAddr,
    /// Submission port.
    pub port: u16,
    /// User.
    pub user: String,
    /// Where the password is.
    pub password: SecretRef,
    /// The sender's address.
    pub sender: String,
}

/// Something outside the estate that hosts need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbound {
    /// What it is.
    pub kind: OutboundKind,
    /// Name.
    pub name: String,
    /// Its address, where it stands in the data centre; none: it is on the Internet, and the name is resolved there.
    pub address: Option<IpAddr>,
    /// Port.
    pub port: u16,
    /// Whether TLS is spoken there from the first byte.
    pub tls: bool,
    /// Products that need it; none named: every host does.
    pub products: Vec<String>,
    /// Why it is needed.
    pub purpose: String,
}

impl Outbound {
    /// Whether the nodes of a product need it.
    pub fn is_for(&self, product: &str) -> bool {
        self.products.is_empty() || self.products.iter().any(|name| name == product)
    }
}

/// What an outbound dependency is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutboundKind {
    /// A mirror of packages or updates.
    Mirror,
    /// A directory of users.
    Ldap,
    /// A back-end service that products call.
    BackEnd,
    /// A proxy through which hosts reach the Internet.
    Proxy,
    /// Anything else.
    Other,
}

/// The certificates of the names that clients use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificates {
    /// Who issues them.
    pub issuer: CertificateIssuer,
    /// How the issuer makes sure that the names are the customer's.
    pub validation: CertificateValidation,
    /// Login of who does that.
    pub validated_by: String,
    /// Days before the end at which a new one is asked for.
    pub renew_days: u16,
}

/// Who issues certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateIssuer {
    /// AWS Certificate Manager.
    Acm,
    /// The customer's own authority.
    Customer,
    /// A public authority.
    Public,
}

/// How an issuer makes sure whose a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateValidation {
    /// A record that is published in DNS.
    Dns,
    /// A mail to the domain's owner.
    Mail,
    /// By hand, as an own authority does.
    Manual,
}
