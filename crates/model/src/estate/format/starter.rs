//! A first `estate.toml`: what must be decided is filled in with made-up values, everything else is shown as comments.

use std::collections::BTreeMap;

use super::describe::{Entry, Format, describe};
use super::words::ALIKE;
use crate::document::{ITEM, Kind, Need};

/// Where comments are broken, in columns.
const WIDTH: usize = 100;

/// What an editor that knows of schemas looks for; everybody else sees a comment.
const SCHEMA: &str = "#:schema ./estate.schema.json\n";

/// The tables that a first file has; all others stand in it as comments.
const TABLES: &[(&str, &[&str])] = &[
    ("", &[""]),
    ("account", &["account"]),
    ("operator", &["operator"]),
    ("data-centre", &["data-centre"]),
    ("data-centre.vpn", &["data-centre.vpn"]),
    ("dns", &["dns"]),
    ("ntp", &["ntp"]),
    ("smtp", &["smtp"]),
    ("environments.NAME", &["environments.production"]),
    (
        "environments.NAME.bastion",
        &["environments.production.bastion"],
    ),
    (
        "environments.NAME.products.NAME",
        &["environments.production.products.apim"],
    ),
    (
        "environments.NAME.database",
        &["environments.production.database"],
    ),
    ("outbound.NAME", &["outbound.ubuntu"]),
    ("certificates", &["certificates"]),
    (
        "people.NAME",
        &["people.mara", "people.tomas", "people.jonas", "people.ines"],
    ),
    ("recovery", &["recovery"]),
    ("change-windows[]", &["change-windows[]"]),
    ("alerts.NAME", &["alerts.on-call"]),
];

/// What a first file says beside what it must, or otherwise than the examples.
const VALUES: &[(&str, &str)] = &[
    ("data-centre.clients.erp", "\"10.200.20.10\""),
    ("data-centre.vpn.asn", "65010"),
    ("environments.production.production", "true"),
    ("environments.production.bastion.instance", "\"t3.micro\""),
    (
        "environments.production.products.apim.public",
        "[\"gateway-https\"]",
    ),
    (
        "environments.production.products.apim.internal",
        "[\"gateway-https\", \"management-https\"]",
    ),
    ("account.external-id", "\"acme-7f3a\""),
    ("alerts.on-call.mail", "\"on-call@northwind.example\""),
    ("people.mara.deputy", "\"tomas\""),
    ("people.tomas.name", "\"Tomás Ferreira\""),
    ("people.tomas.mail", "\"tomas.ferreira@northwind.example\""),
    ("people.tomas.roles", "[\"engineer\"]"),
    ("people.jonas.name", "\"Jonas Weber\""),
    ("people.jonas.mail", "\"jonas.weber@acme.example\""),
    ("people.jonas.deputy", "\"ines\""),
    ("people.jonas.side", "\"customer\""),
    (
        "people.jonas.roles",
        "[\"approver\", \"receiver\", \"console-admin\", \"declares-disaster\"]",
    ),
    ("people.ines.name", "\"Inês Carvalho\""),
    ("people.ines.mail", "\"ines.carvalho@acme.example\""),
    ("people.ines.side", "\"customer\""),
    ("people.ines.roles", "[\"console-admin\"]"),
    ("recovery.rpo-minutes", "1_560"),
];

/// The end of the file: an environment that is like the first.
const STAGING: &str = "\
# --- An environment that is like another says only what differs
#
# [environments.staging]
# like = \"production\"
# account = \"444455556666\"
# cidr = \"10.21.0.0/16\"
# products.apim.hostname = \"api-staging\"
";

/// What is worth asking somebody who begins an estate.
pub const QUESTIONS: &[&str] = &[
    "customer",
    "region",
    "zones",
    "private-zone",
    "operator.name",
    "operator.contact",
    "operator.networks",
    "data-centre.name",
    "data-centre.prefixes",
    "data-centre.vpn.gateway",
    "dns.zone",
    "dns.servers",
    "ntp.servers",
    "environments.production.account",
    "environments.production.cidr",
    "environments.production.bastion.port",
];

/// A first file in the making.
#[derive(Clone, Debug)]
pub struct Starter {
    name: String,
    format: Format,
    answers: BTreeMap<String, String>,
}

impl Starter {
    /// Begins a file for an estate of that name, which is a DNS label.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            format: describe(),
            answers: BTreeMap::new(),
        }
    }

    /// What a path means, and what is written there unless somebody says otherwise: as one answers, without the quotes and
    /// brackets of TOML.
    pub fn question(&self, path: &str) -> Option<(&'static str, String)> {
        let entry = self.format.entry(&pattern_of(path))?;
        let value = self.value(path, entry);
        let plain = value.trim_matches(['[', ']']).replace('"', "");
        Some((entry.meaning, plain))
    }

    /// Takes an answer for a path: the items of a list are separated by commas.
    pub fn answer(&mut self, path: &str, answer: &str) {
        let entry = self.format.entry(&pattern_of(path));
        let Some(crate::document::Shape::Value(kind)) = entry.map(|entry| &entry.shape) else {
            return;
        };
        let written = written(kind, answer);
        self.answers.insert(path.to_owned(), written);
    }

    /// The file.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{SCHEMA}\n{}",
            comment(&format!(
                "The managed cloud of {}. Every address and name in here is made up until you change it. `reeve check` says \
                 what it thinks of this file, `reeve check --explain KEY` what a key means and where its value comes from.",
                self.name
            ))
        );
        for pattern in self.format.tables() {
            text.push('\n');
            let known = TABLES.iter().find(|(known, _)| *known == pattern);
            if let Some((_, tables)) = known {
                for table in *tables {
                    text.push_str(&self.table(pattern, table));
                }
            } else if let Some((_, other)) = alike(pattern) {
                text.push_str(&comment(&format!("[{pattern}] is written like [{other}].")));
            } else {
                let table = self.table(pattern, pattern);
                text.extend(
                    table
                        .lines()
                        .map(|line| format!("# {line}").trim_end().to_owned() + "\n"),
                );
            }
        }
        text.push('\n');
        text.push_str(STAGING);
        text
    }

    /// A table with its values, the optional ones as comments.
    fn table(&self, pattern: &str, table: &str) -> String {
        let mut text = String::new();
        if let Some(entry) = self.format.entry(pattern) {
            text.push_str(&comment(entry.meaning));
            text.push_str(&match table.strip_suffix(ITEM) {
                Some(list) => format!("[[{list}]]\n"),
                None => format!("[{table}]\n"),
            });
        }
        for (key, entry) in self.format.values_in(pattern) {
            let key = self.named(table, key);
            let path = if table.is_empty() {
                key.clone()
            } else {
                format!("{table}.{key}")
            };
            let said =
                matches!(entry.need, Need::Required | Need::When(_)) || self.own(&path).is_some();
            let mark = if said { "" } else { "# " };
            text.push('\n');
            text.push_str(&comment(&explained(entry)));
            text.push_str(&format!("{mark}{key} = {}\n", self.value(&path, entry)));
        }
        text.push('\n');
        text
    }

    /// A key with the name that it has in the file, where one is given.
    fn named(&self, table: &str, key: &str) -> String {
        let Some(list) = key.strip_suffix("NAME") else {
            return key.to_owned();
        };
        let start = format!("{table}.{list}");
        let own = VALUES
            .iter()
            .find_map(|(path, _)| path.strip_prefix(&start));
        format!("{list}{}", own.unwrap_or("NAME"))
    }

    /// What is answered for a path, or what a first file says there.
    fn own(&self, path: &str) -> Option<String> {
        if let Some(answer) = self.answers.get(path) {
            return Some(answer.clone());
        }
        let derived = match path {
            "name" => Some(format!("{:?}", self.name)),
            "customer" => Some(format!("{:?}", capital(&self.name))),
            // Zones follow the region, and the recovery region must be another one.
            "zones" => self.answers.get("region").map(|region| {
                let region = region.trim_matches('"');
                format!("[\"{region}a\", \"{region}b\"]")
            }),
            "recovery.region"
                if self
                    .answers
                    .get("region")
                    .is_some_and(|region| region == "\"eu-west-1\"") =>
            {
                Some("\"eu-central-1\"".to_owned())
            }
            _ => None,
        };
        derived.or_else(|| {
            let value = VALUES.iter().find(|(known, _)| *known == path);
            value.map(|(_, value)| self.renamed(value))
        })
    }

    /// What is written at a path.
    fn value(&self, path: &str, entry: &Entry) -> String {
        self.own(path)
            .unwrap_or_else(|| self.renamed(entry.example))
    }

    /// An example, of this estate instead of ACME.
    fn renamed(&self, example: &str) -> String {
        let mut variable = self.name.to_uppercase().replace('-', "_");
        if variable.starts_with(|first: char| first.is_ascii_digit()) {
            // No shell can set a variable that begins with a digit.
            variable.insert(0, '_');
        }
        example
            .replace("ACME_", &format!("{variable}_"))
            .replace("ACME", &capital(&self.name))
            .replace("acme", &self.name)
    }
}

/// The table that one is worded like.
fn alike(pattern: &str) -> Option<(&'static str, &'static str)> {
    ALIKE.iter().copied().find(|(table, _)| *table == pattern)
}

/// The path of the format for a path of a first file.
fn pattern_of(path: &str) -> String {
    let known = TABLES
        .iter()
        .flat_map(|(pattern, tables)| tables.iter().map(move |table| (pattern, table)));
    let nearest = known
        .filter_map(|(pattern, table)| {
            Some((pattern, path.strip_prefix(table)?.strip_prefix('.')?))
        })
        .min_by_key(|(_, rest)| rest.len());
    match nearest {
        Some((pattern, rest)) => format!("{pattern}.{rest}"),
        None => path.to_owned(),
    }
}

/// The meaning of a value, its kind, and what counts when it is left out.
fn explained(entry: &Entry) -> String {
    let kind = match &entry.shape {
        crate::document::Shape::Value(Kind::Word(words)) => {
            format!(" One of: {}.", words.join(", "))
        }
        crate::document::Shape::Value(Kind::List(of)) => match of.as_ref() {
            Kind::Word(words) => format!(" Any of: {}.", words.join(", ")),
            _ => String::new(),
        },
        _ => String::new(),
    };
    let default = match &entry.need {
        Need::Default(value) => format!(" When not said: {value}."),
        Need::When(condition) => format!(" Needed when {condition}."),
        _ => String::new(),
    };
    format!("{}{kind}{default}", entry.meaning)
}

/// An answer as TOML.
fn written(kind: &Kind, answer: &str) -> String {
    match kind {
        Kind::Integer { .. } | Kind::Number | Kind::Switch | Kind::Date => answer.trim().to_owned(),
        Kind::List(of) => {
            let items = answer
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty());
            let items: Vec<_> = items.map(|item| written(of, item)).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Text | Kind::Spelt { .. } | Kind::Word(_) => {
            toml::Value::from(answer.trim()).to_string()
        }
    }
}

/// A name for people: a capital first.
fn capital(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(characters).collect()
}

/// Text as comments, broken between words.
fn comment(text: &str) -> String {
    let mut lines = String::new();
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        if line.chars().count() + word.chars().count() >= WIDTH && line.len() > 1 {
            lines.push_str(&line);
            lines.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    lines + &line + "\n"
}
