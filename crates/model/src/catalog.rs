//! The catalogue of products: what their documentation says of ports, health, consoles, databases and patterns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod read;

use crate::finding::Finding;
use crate::service::{HealthCheck, ProductPort};

/// The catalogue's files as they come with Reeve, by name.
const EMBEDDED: [(&str, &str); 4] = [
    (
        "catalog/wso2-apim.toml",
        include_str!("../../../catalog/wso2-apim.toml"),
    ),
    (
        "catalog/wso2-ei.toml",
        include_str!("../../../catalog/wso2-ei.toml"),
    ),
    (
        "catalog/wso2-is.toml",
        include_str!("../../../catalog/wso2-is.toml"),
    ),
    (
        "catalog/wso2-mi.toml",
        include_str!("../../../catalog/wso2-mi.toml"),
    ),
];

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
    /// Names of further ports on which the consoles answer, in clear for one.
    #[serde(default)]
    pub console_aliases: Vec<String>,
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

/// What came of reading a catalogue's files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogReading {
    /// The products that could be read.
    pub catalog: Catalog,
    /// What was found, by file; spans are those of that file.
    pub findings: BTreeMap<String, Vec<Finding>>,
}

impl Catalog {
    /// The catalogue that comes with Reeve.
    pub fn embedded() -> Self {
        Self::parse(&EMBEDDED).catalog
    }

    /// Reads files, given as name and text, one product each. A product that stands in two of them is a finding.
    pub fn parse(files: &[(&str, &str)]) -> CatalogReading {
        read::files(files)
    }

    /// Takes in another catalogue: its products replace those of the same key, and new ones come along.
    pub fn merge(&mut self, other: Self) {
        self.products.extend(other.products);
    }
}

impl Product {
    /// The port of that name.
    pub fn port(&self, name: &str) -> Option<&ProductPort> {
        self.ports.iter().find(|port| port.name == name)
    }

    /// Whether the management consoles answer on the port of that name.
    pub fn has_consoles_on(&self, name: &str) -> bool {
        let aliases = self.console_aliases.iter();
        aliases.chain(&self.console_port).any(|port| port == name)
    }

    /// Whether it keeps anything in a database.
    pub fn needs_database(&self) -> bool {
        !self.databases.is_empty()
    }
}
