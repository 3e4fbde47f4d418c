//! The catalogue of products: what their documentation says of ports, health, consoles, databases and patterns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::service::{HealthCheck, ProductPort};

/// Products by key: `wso2-apim`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalog {
    /// Products by key.
    pub products: BTreeMap<String, Product>,
}

/// One product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Name, for people.
    pub name: String,
    /// Versions that the entry holds for.
    pub versions: Vec<String>,
    /// Where the facts come from.
    pub source: String,
    /// Ports by name.
    pub ports: Vec<ProductPort>,
    /// Names of the ports that nodes of one product must reach on each other.
    pub cluster: Vec<String>,
    /// Name of the port that a calling product uses.
    pub called_on: String,
    /// How a node's health is asked.
    pub health: HealthCheck,
    /// Paths of the management consoles; empty where there is none.
    pub consoles: Vec<String>,
    /// Name of the consoles' port.
    pub console_port: Option<String>,
    /// Databases shared by all nodes.
    pub databases: Vec<String>,
    /// Database engines that it was tested with.
    pub engines: Vec<String>,
    /// The published default administrator's name and password, to be refused.
    pub default_admin: (String, String),
    /// Deployment patterns by name.
    pub patterns: BTreeMap<String, Pattern>,
}

/// A way to deploy a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pattern {
    /// Fewest nodes.
    pub min_nodes: u8,
    /// Most nodes.
    pub max_nodes: u8,
    /// Fewest zones.
    pub min_zones: u8,
    /// Whether clients must stay with one node.
    pub sticky: bool,
}
