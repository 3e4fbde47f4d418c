//! From a catalogue's files to products.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use toml::Spanned;
use toml::de::DeValue;

use crate::catalog::{CatalogReading, Pattern, Product};
use crate::document::{
    Check, Field, Report, Table, WRONG_VALUE, described_words, did_you_mean, list, parse, quote,
    quote_key, read_format,
};
use crate::service::{HealthCheck, PortProtocol, ProductPort};

/// The format of a catalogue's file that this version reads.
const FORMAT: u32 = 1;

const UNKNOWN_PORT: Check = Check::fatal(
    "unknown-port",
    "A port is named that the product does not have.",
);
const PRODUCT_REPEATED: Check = Check::fatal(
    "product-repeated",
    "Two files of one catalogue describe the same product.",
);
const PORT_REPEATED: Check = Check::fatal(
    "port-repeated",
    "Two ports of a product have the same number.",
);
const BAD_PATTERN: Check = Check::fatal("bad-pattern", "A deployment pattern can never be met.");

/// Reads files, one product each.
pub(super) fn files(files: &[(&str, &str)]) -> CatalogReading {
    let mut reading = CatalogReading::default();
    for (name, text) in files {
        let mut report = Report::default();
        if let Some((key, product)) = file(name, text, &mut report) {
            match reading.catalog.products.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(product);
                }
                Entry::Occupied(place) => report.add(
                    PRODUCT_REPEATED,
                    "key",
                    "stands in another file too",
                    format!(
                        "{} is described by two files of this catalogue.",
                        quote(place.key())
                    ),
                    "Remove one of the files.",
                ),
            }
        }
        let findings = report.finish();
        if !findings.is_empty() {
            reading.findings.insert((*name).to_owned(), findings);
        }
    }
    reading
}

/// Reads one file; none if any of it cannot be read.
fn file(name: &str, text: &str, report: &mut Report) -> Option<(String, Product)> {
    let root = parse(name, text.as_bytes(), 0, report)?;
    let mut root = Table::root(&root);
    if !read_format(&mut root, FORMAT, report) {
        return None;
    }
    let key: String = root.required("key", report);
    let product = product(root, report);
    (!report.is_faulty()).then_some((key, product))
}

fn product(mut root: Table<'_, '_>, report: &mut Report) -> Product {
    let ports = ports(&mut root, report);
    let consoles = consoles(&mut root, &ports, report);
    let product = Product {
        name: root.required("name", report),
        versions: root.required("versions", report),
        source: root.required("source", report),
        cluster: cluster(&mut root, &ports, report),
        called_on: port_name(&mut root, "called-on", &ports, report),
        health: health(&mut root, &ports, report),
        consoles: consoles.paths,
        console_port: consoles.port,
        console_aliases: consoles.aliases,
        databases: root.required("databases", report),
        engines: root.required("engines", report),
        default_admin: default_admin(&mut root, report),
        patterns: patterns(&mut root, report),
        ports,
    };
    root.finish(report);
    product
}

/// Ports ordered by number.
fn ports(root: &mut Table<'_, '_>, report: &mut Report) -> Vec<ProductPort> {
    let mut ports: Vec<ProductPort> = Vec::new();
    for (name, mut table) in root.named("ports", report) {
        let port = ProductPort {
            port: table.required("port", report),
            protocol: table.required("protocol", report),
            name,
        };
        if let Some(other) = ports.iter().find(|other| other.port == port.port) {
            report.add(
                PORT_REPEATED,
                &table.path("port"),
                "taken already",
                format!(
                    "{} and {} are the same port.",
                    quote(&other.name),
                    quote(&port.name)
                ),
                "Give the port one name.",
            );
        }
        table.finish(report);
        ports.push(port);
    }
    ports.sort_by_key(|port| port.port);
    ports
}

/// The table of the consoles; empty where a product has none.
#[derive(Default)]
struct Consoles {
    paths: Vec<String>,
    port: Option<String>,
    aliases: Vec<String>,
}

fn consoles(root: &mut Table<'_, '_>, ports: &[ProductPort], report: &mut Report) -> Consoles {
    let Some(mut table) = root.optional_table("consoles", report) else {
        return Consoles::default();
    };
    let paths = table.required("paths", report);
    let port = port_name(&mut table, "port", ports, report);
    let aliases: Vec<String> = table.or("aliases", Vec::new(), report);
    for (index, name) in aliases.iter().enumerate() {
        known_port(
            &format!("{}[{index}]", table.path("aliases")),
            name,
            ports,
            report,
        );
    }
    table.finish(report);
    Consoles {
        paths,
        port: Some(port),
        aliases,
    }
}

fn health(root: &mut Table<'_, '_>, ports: &[ProductPort], report: &mut Report) -> HealthCheck {
    let nothing = HealthCheck {
        port: 0,
        protocol: PortProtocol::Tcp,
        path: String::new(),
    };
    let Some(mut table) = root.table("health", report) else {
        return nothing;
    };
    let name = port_name(&mut table, "port", ports, report);
    let path = table.required("path", report);
    table.finish(report);
    match ports.iter().find(|port| port.name == name) {
        Some(port) => HealthCheck {
            port: port.port,
            protocol: port.protocol,
            path,
        },
        None => nothing,
    }
}

fn cluster(root: &mut Table<'_, '_>, ports: &[ProductPort], report: &mut Report) -> Vec<String> {
    let names: Vec<String> = root.required("cluster", report);
    for (index, name) in names.iter().enumerate() {
        known_port(&format!("cluster[{index}]"), name, ports, report);
    }
    names
}

fn port_name(
    table: &mut Table<'_, '_>,
    key: &'static str,
    ports: &[ProductPort],
    report: &mut Report,
) -> String {
    let name: String = table.required(key, report);
    known_port(&table.path(key), &name, ports, report);
    name
}

/// Refuses the name of a port that the product does not have.
fn known_port(path: &str, name: &str, ports: &[ProductPort], report: &mut Report) {
    if report.doubts(path) || ports.iter().any(|port| port.name == name) {
        return;
    }
    let names = || ports.iter().map(|port| port.name.as_str());
    let label = did_you_mean(name, names()).map_or_else(
        || "no such port".to_owned(),
        |meant| format!("did you mean `{meant}`?"),
    );
    let span = report.span_of(path).map(|span| span.start..span.end);
    report.refuse(
        UNKNOWN_PORT,
        path,
        span,
        &label,
        format!("{} is not among the product's ports.", quote(name)),
        format!("Name one of {}.", list(names())),
    );
}

fn default_admin(root: &mut Table<'_, '_>, report: &mut Report) -> (String, String) {
    let Some(mut table) = root.table("default-admin", report) else {
        return (String::new(), String::new());
    };
    let admin = (
        table.required("user", report),
        table.required("password", report),
    );
    table.finish(report);
    admin
}

fn patterns(root: &mut Table<'_, '_>, report: &mut Report) -> BTreeMap<String, Pattern> {
    let mut patterns = BTreeMap::new();
    for (name, mut table) in root.named("patterns", report) {
        let pattern = Pattern {
            min_nodes: table.required("min-nodes", report),
            max_nodes: table.required("max-nodes", report),
            min_zones: table.required("min-zones", report),
            sticky: table.required("sticky", report),
        };
        if pattern.min_nodes == 0 || pattern.max_nodes < pattern.min_nodes {
            report.add(
                BAD_PATTERN,
                &format!("patterns.{}", quote_key(&name)),
                "no number of nodes fits",
                format!(
                    "{} wants at least {} and at most {} nodes.",
                    quote(&name),
                    pattern.min_nodes,
                    pattern.max_nodes
                ),
                "Give at least one node, and no fewer at most than at least.",
            );
        }
        table.finish(report);
        patterns.insert(name, pattern);
    }
    patterns
}

impl PortProtocol {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("https", Self::Https),
        ("http", Self::Http),
        ("tcp", Self::Tcp),
    ];
}

described_words!(PortProtocol);

impl Field for PortProtocol {
    const WANTED: &'static str = "`https`, `http` or `tcp`";

    fn read(value: &Spanned<DeValue<'_>>, path: &str, report: &mut Report) -> Self {
        if let DeValue::String(text) = value.get_ref()
            && let Some((_, known)) = Self::WORDS.iter().find(|(word, _)| word == text)
        {
            return *known;
        }
        report.refuse(
            WRONG_VALUE,
            path,
            Some(value.span()),
            "not a protocol",
            format!("{} must be {}.", quote(path), Self::WANTED),
            format!("Write {}, in quotes.", Self::WANTED),
        );
        Self::placeholder()
    }

    fn placeholder() -> Self {
        Self::Tcp
    }
}
