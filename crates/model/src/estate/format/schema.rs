//! The format as JSON Schema, 2020-12, for editors and other programs.
//!
//! What stands where is said plainly, so that an editor can complete it. What *must* stand is said apart and under a
//! condition: a file that extends another may leave anything out, an environment that is like another nearly anything.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

use super::describe::{Entry, Format};
use super::tree::{Node, tree};
use crate::document::{Kind, Need, Shape};
use crate::estate::like::ITS_OWN;

/// Longest text, as the reader has it.
const LONGEST_TEXT: usize = 1000;

/// A JSON value whose keys keep their order, whatever `serde_json` was built with.
enum Json {
    Plain(Value),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Format {
    /// The JSON Schema, pretty, with a newline at its end.
    ///
    /// # Errors
    /// None in practice: every key is a text.
    pub fn schema(&self) -> Result<String, serde_json::Error> {
        let root = tree(self);
        let mut schema = vec![
            plain("$schema", "https://json-schema.org/draft/2020-12/schema"),
            plain("title", "estate.toml"),
            plain(
                "description",
                "What one customer's managed cloud is to be, for Reeve.",
            ),
        ];
        schema.extend(object(&root));
        schema.push(plain("required", json!(["format"])));
        schema.push(("if".to_owned(), lacks("extends")));
        schema.push(("then".to_owned(), Json::Object(needs(&root))));
        let mut text = serde_json::to_string_pretty(&Json::Object(schema))?;
        text.push('\n');
        Ok(text)
    }
}

/// What may stand at a place.
fn place(title: &str, node: &Node<'_>) -> Json {
    let mut schema = Vec::new();
    if let Some(entry) = node.entry {
        schema.push(plain("title", title));
        schema.push(plain("description", entry.meaning));
        if let Shape::Value(kind) = &entry.shape {
            schema.extend(of_kind(kind));
            schema.extend(said(entry));
            return Json::Object(schema);
        }
    }
    if let Some(items) = &node.items {
        let mut item = match place(title, items) {
            Json::Object(item) => item,
            other => return other,
        };
        // A list is taken as a whole, so that what an entry needs is needed in every file.
        item.extend(needs(items));
        schema.push(plain("type", "array"));
        schema.push(("items".to_owned(), Json::Object(item)));
        return Json::Object(schema);
    }
    schema.extend(object(node));
    Json::Object(schema)
}

/// A table: its keys, or what stands at any name.
fn object(node: &Node<'_>) -> Vec<(String, Json)> {
    let mut schema = vec![plain("type", "object")];
    if !node.keys.is_empty() {
        let keys = node.keys.iter();
        let places = keys.map(|(key, below)| ((*key).to_owned(), place(key, below)));
        schema.push(("properties".to_owned(), Json::Object(places.collect())));
    }
    let others = match &node.names {
        Some(below) => place("NAME", below),
        None => Json::Plain(false.into()),
    };
    schema.push(("additionalProperties".to_owned(), others));
    schema
}

fn of_kind(kind: &Kind) -> Vec<(String, Json)> {
    match kind {
        Kind::Text => vec![
            plain("type", "string"),
            plain("pattern", r"\S"),
            plain("maxLength", LONGEST_TEXT),
        ],
        Kind::Switch => vec![plain("type", "boolean")],
        Kind::Integer { least, most } => vec![
            plain("type", "integer"),
            plain("minimum", *least),
            plain("maximum", *most),
        ],
        Kind::Number => vec![plain("type", "number")],
        Kind::Date => vec![plain("type", "string"), plain("format", "date")],
        Kind::Spelt { pattern, .. } => vec![plain("type", "string"), plain("pattern", *pattern)],
        Kind::Word(words) => vec![plain("type", "string"), plain("enum", words.clone())],
        Kind::List(of) => vec![
            plain("type", "array"),
            ("items".to_owned(), Json::Object(of_kind(of))),
        ],
    }
}

/// The default and the example of a value.
fn said(entry: &Entry) -> Vec<(String, Json)> {
    let mut schema = Vec::new();
    if let Need::Default(value) = &entry.need {
        schema.push(plain("default", value.clone()));
    }
    if let Some(example) = example(entry.example) {
        schema.push(plain("examples", vec![example]));
    }
    schema
}

/// An example, which is TOML, as JSON.
pub(super) fn example(text: &str) -> Option<Value> {
    let document: toml::Table = toml::from_str(&format!("example = {text}")).ok()?;
    json_of(document.get("example")?)
}

fn json_of(value: &toml::Value) -> Option<Value> {
    Some(match value {
        toml::Value::String(text) => text.as_str().into(),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Float(number) => (*number).into(),
        toml::Value::Boolean(yes) => (*yes).into(),
        toml::Value::Datetime(datetime) => datetime.to_string().into(),
        toml::Value::Array(items) => items.iter().map(json_of).collect::<Option<Value>>()?,
        toml::Value::Table(_) => return None,
    })
}

/// What must stand in a table and in those that are in it, and nothing else.
fn needs(node: &Node<'_>) -> Vec<(String, Json)> {
    let mut schema = Vec::new();
    let required = node.keys.iter().filter(|(_, below)| is_required(below));
    let required: Vec<_> = required.map(|(key, _)| *key).collect();
    if !required.is_empty() {
        schema.push(plain("required", required));
    }
    let choices = choices(node);
    if !choices.is_empty() {
        schema.push(("allOf".to_owned(), Json::List(choices)));
    }
    let below = node.keys.iter().filter_map(|(key, below)| {
        let needed = needs(below);
        (!needed.is_empty() && below.items.is_none())
            .then(|| ((*key).to_owned(), Json::Object(needed)))
    });
    let below: Vec<_> = below.collect();
    if !below.is_empty() {
        schema.push(("properties".to_owned(), Json::Object(below)));
    }
    if let Some(names) = &node.names {
        let named = match names.keys.iter().any(|(key, _)| *key == "like") {
            true => unless_like(names),
            false => needs(names),
        };
        if !named.is_empty() {
            schema.push(("additionalProperties".to_owned(), Json::Object(named)));
        }
    }
    schema
}

/// What an environment must say: all of it, or what it never takes over.
fn unless_like(environment: &Node<'_>) -> Vec<(String, Json)> {
    let keys = environment.keys.iter();
    let own: Vec<_> = keys
        .filter(|(key, below)| ITS_OWN.contains(key) && is_required(below))
        .map(|(key, _)| *key)
        .collect();
    vec![
        ("if".to_owned(), lacks("like")),
        ("then".to_owned(), Json::Object(needs(environment))),
        (
            "else".to_owned(),
            Json::Object(vec![plain("required", own)]),
        ),
    ]
}

fn is_required(node: &Node<'_>) -> bool {
    node.entry.is_some_and(|entry| entry.need == Need::Required)
}

/// The sets of keys of which exactly one must be there.
fn choices(node: &Node<'_>) -> Vec<Json> {
    let mut sets: Vec<&[&str]> = Vec::new();
    for (_, below) in &node.keys {
        if let Some(Need::OneOf(keys)) = below.entry.map(|entry| &entry.need)
            && !sets.contains(&keys.as_slice())
        {
            sets.push(keys);
        }
    }
    let choice = |keys: &[&str]| {
        let one = keys
            .iter()
            .map(|key| Json::Object(vec![plain("required", vec![*key])]));
        Json::Object(vec![("oneOf".to_owned(), Json::List(one.collect()))])
    };
    sets.into_iter().map(choice).collect()
}

/// That a key is not there.
fn lacks(key: &str) -> Json {
    Json::Plain(json!({ "not": { "required": [key] } }))
}

fn plain(key: &str, value: impl Into<Value>) -> (String, Json) {
    (key.to_owned(), Json::Plain(value.into()))
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(value) => value.serialize(serializer),
            Self::List(items) => items.serialize(serializer),
            Self::Object(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}
