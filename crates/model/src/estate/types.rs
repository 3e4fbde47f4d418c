//! An estate after parsing: every value typed, every default filled in, environments declared *like* another unfolded.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::finding::{Awaited, Waiver};
use crate::id::EnvironmentId;
use crate::secret::SecretRef;

/// One customer's managed cloud, as its `estate.toml` says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estate {
    /// Short name, a DNS label: `acme`.
    pub name: String,
    /// The customer's name, for people.
    pub customer: String,
    /// Who builds and runs it.
    pub operator: Operator,
    /// The primary AWS region.
    pub region: String,
    /// Its availability zones, in the order in which they are filled.
    pub zones: Vec<String>,
    /// The private DNS zone under which environments get theirs: `acme.internal` gives `production.acme.internal`.
    pub private_zone: String,
    /// The customer's data centre, where one is joined.
    pub data_centre: Option<DataCentre>,
    /// Names.
    pub dns: Dns,
    /// Time.
    pub ntp: Ntp,
    /// Mail.
    pub smtp: Smtp,
    /// Environments by name.
    pub environments: BTreeMap<EnvironmentId, Environment>,
    /// Outbound dependencies on the Internet, by name: package mirrors and the like.
    pub outbound: BTreeMap<String, Outbound>,
    /// People by login name.
    pub people: BTreeMap<String, Person>,
    /// Disaster recovery, where the customer asked for it.
    pub recovery: Option<Recovery>,
    /// Findings that somebody has accepted for a time.
    pub waivers: Vec<Waiver>,
    /// What the customer has not given yet.
    pub awaited: Vec<Awaited>,
}

/// The operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// Name, for people.
    pub name: String,
    /// The networks from which bastions accept SSH: public ranges, IPv4 or IPv6.
    pub networks: Vec<IpNet>,
    /// Mail address that reports go to.
    pub contact: String,
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

/// The link to the data centre. (Direct Connect and static routing come with the next version of the format.)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// IPsec VPN.
    Vpn {
        /// The customer gateway's Internet-routable address.
        gateway: IpAddr,
        /// BGP autonomous system number, for dynamic routing.
        asn: Option<u32>,
        /// Prefixes for static routing.
        static_prefixes: Vec<IpNet>,
        /// The router's vendor.
        vendor: String,
        /// The router's model.
        model: String,
        /// The router's software version.
        software: String,
    },
}

/// Names: the customer's own servers, which the operator hands the mappings to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dns {
    /// The zone that the customer's servers keep: `acme.example`.
    pub zone: String,
    /// The customer's DNS servers.
    pub servers: Vec<IpAddr>,
}

/// Time: the customer's servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ntp {
    /// The customer's NTP servers.
    pub servers: Vec<IpAddr>,
}

/// Mail: the customer's own server.
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

/// One environment, with its own VPC and bastion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// The environment that it was declared like, if any.
    pub like: Option<EnvironmentId>,
    /// Whether it is production.
    pub production: bool,
    /// The twelve digits of the AWS account.
    pub account: String,
    /// The VPC's IPv4 range, /16 to /22.
    pub cidr: ipnet::Ipv4Net,
    /// Whether the VPC has IPv6 too.
    pub ipv6: bool,
    /// The bastion.
    pub bastion: Bastion,
    /// Products by a name that is unique in the environment: `apim`, `is`.
    pub products: BTreeMap<String, ProductUse>,
    /// The database, where the products need one.
    pub database: Option<Database>,
}

/// The bastion of an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bastion {
    /// The port on which it accepts SSH; not 22.
    pub port: u16,
    /// Instance type.
    pub instance: String,
}

/// A product that the customer purchased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductUse {
    /// Its key in the catalogue: `wso2-apim`.
    pub product: String,
    /// Version, one that the catalogue knows.
    pub version: String,
    /// Deployment pattern, one that the catalogue knows: `active-active`.
    pub pattern: String,
    /// Number of nodes.
    pub nodes: u8,
    /// Instance type.
    pub instance: String,
    /// Volume size, GiB.
    pub volume_gib: u32,
    /// The host name under the customer's zone by which clients know it: `api` gives `api.acme.example`.
    pub hostname: String,
    /// Names (in this environment) of the products that it calls: its key manager, for one.
    pub calls: Vec<String>,
    /// Catalogue port names that the Internet may use through the public load balancer.
    pub public: Vec<String>,
    /// Catalogue port names that the data centre may use through the internal load balancer.
    pub internal: Vec<String>,
    /// The console's administrator.
    pub admin_user: String,
}

/// The environment's database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// Engine, as AWS names it: `postgres`.
    pub engine: String,
    /// Engine version.
    pub version: String,
    /// Instance class.
    pub instance: String,
    /// Storage, GiB.
    pub storage_gib: u32,
    /// Whether a standby is kept in another zone.
    pub multi_az: bool,
    /// Days for which automated backups are kept.
    pub backup_days: u16,
}

/// Something on the Internet that hosts need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbound {
    /// Name, resolved on the Internet.
    pub name: String,
    /// Port; TLS is spoken there.
    pub port: u16,
    /// Why it is needed.
    pub purpose: String,
}

/// Somebody who works with the estate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Name, for people.
    pub name: String,
    /// Mail address.
    pub mail: String,
    /// On whose side.
    pub side: Side,
    /// What they may do.
    pub roles: Vec<PersonRole>,
}

/// On whose side a person is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The operator's.
    Operator,
    /// The customer's.
    Customer,
}

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PersonRole {
    /// Log in to hosts, through the bastion.
    Engineer,
    /// Approve changes.
    Approver,
    /// Use the products' management consoles as administrator.
    ConsoleAdmin,
    /// Receive the handover.
    Receiver,
    /// Declare a disaster.
    DeclaresDisaster,
}

/// Disaster recovery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// The recovery region, other than the primary.
    pub region: String,
    /// Login name of the person who may declare a disaster.
    pub declared_by: String,
    /// By which criterion.
    pub criterion: String,
    /// How often backups go to the recovery region, hours.
    pub copy_every_hours: u32,
    /// Recovery point objective, minutes, where there is one.
    pub rpo_minutes: Option<u32>,
    /// Recovery time objective, minutes, where there is one.
    pub rto_minutes: Option<u32>,
    /// Since when it is agreed.
    pub agreed: Option<Date>,
}
