//! Environments: bastion, products, database, images.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

use crate::id::EnvironmentId;
use crate::secret::SecretRef;

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
    /// What kind of load balancers stand before the products.
    pub balancer: BalancerKind,
    /// The image of hosts that name none of their own, a key of [`Estate::images`](super::Estate::images).
    pub image: Option<String>,
    /// The bastion.
    pub bastion: Bastion,
    /// Products by a name that is unique in the environment: `apim`, `is`.
    pub products: BTreeMap<String, ProductUse>,
    /// The database, where the products need one.
    pub database: Option<Database>,
}

/// What kind of load balancers an environment has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BalancerKind {
    /// Network load balancers: their addresses are fixed.
    Network,
    /// Application load balancers: their addresses move.
    Application,
}

/// The bastion of an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bastion {
    /// The port on which it accepts SSH; not 22.
    pub port: u16,
    /// Where it stands.
    pub place: BastionPlace,
    /// Its image, a key of [`Estate::images`](super::Estate::images); none: the environment's.
    pub image: Option<String>,
}

/// Where a bastion stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BastionPlace {
    /// In the environment's own VPC.
    Vpc {
        /// Instance type.
        instance: String,
    },
    /// In the operator's VPC, which is peered with the environment's.
    OperatorVpc {
        /// Instance type.
        instance: String,
    },
    /// In the customer's data centre, as a machine of the customer's.
    DataCentre {
        /// Its address there.
        address: IpAddr,
        /// Its address on the Internet, at which the customer's firewall lets the operator's networks in.
        public_address: Ipv4Addr,
    },
}

impl Bastion {
    /// The instance type; none for a machine of the customer's.
    pub fn instance(&self) -> Option<&str> {
        match &self.place {
            BastionPlace::Vpc { instance } | BastionPlace::OperatorVpc { instance } => {
                Some(instance)
            }
            BastionPlace::DataCentre { .. } => None,
        }
    }
}

/// A machine image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Operating system.
    pub system: System,
    /// Its version: `24.04`, `9.4`.
    pub version: String,
    /// How it is hardened.
    pub hardening: Hardening,
    /// Where its patches come from, a key of [`Estate::outbound`](super::Estate::outbound).
    pub patches: Option<String>,
    /// Where the activation key of the customer's subscription is; Red Hat gives patches to subscribers alone.
    pub subscription: Option<SecretRef>,
}

impl Image {
    /// What hosts start from where nothing is said: Ubuntu's long-term release as it is published.
    pub fn published() -> Self {
        Self {
            system: System::Ubuntu,
            version: "24.04".to_owned(),
            hardening: Hardening::None,
            patches: None,
            subscription: None,
        }
    }
}

/// An operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum System {
    /// Ubuntu LTS.
    Ubuntu,
    /// Red Hat Enterprise Linux.
    RedHat,
}

/// How an image is hardened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hardening {
    /// As it is published.
    None,
    /// By CIS's benchmark, level 1.
    CisLevel1,
    /// By CIS's benchmark, level 2.
    CisLevel2,
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
    /// Its nodes' image, a key of [`Estate::images`](super::Estate::images); none: the environment's.
    pub image: Option<String>,
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
