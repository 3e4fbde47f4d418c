//! What the customer's network team needs to join its site: the router's configuration, and the sheet that goes with it.
//!
//! Keys stand nowhere in what is written here. A configuration names each key by a placeholder that AWS never takes for
//! one, and its heading says where the key is to be had.

mod dialect;
mod direct_connect;
mod files;
mod parameters;
mod sheet;
pub mod strongswan;
mod view;

use std::collections::BTreeMap;

use model::SecretName;
use model::vpn::VpnConnection;

pub use dialect::Dialect;
pub use direct_connect::{DirectConnect, VirtualInterface};
pub use sheet::{NetworkSheet, Opening};

use crate::page::RenderError;
use view::View;

/// What a router's configuration says besides the connection itself.
#[derive(Clone, Debug)]
pub struct LinkContext<'a> {
    /// The estate's name.
    pub estate: &'a str,
    /// The customer's name.
    pub customer: &'a str,
    /// Where each key is to be had, in words for people: `file:secrets/vpn-1`, `AWS Secrets Manager: acme/vpn-1`.
    pub keys: &'a BTreeMap<SecretName, String>,
}

/// A file to hand over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// File name, in a folder of its own where that says so: `keys/vpn-1-tunnel-1.conf`.
    pub name: String,
    /// Content.
    pub text: String,
}

/// A router's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterFiles {
    /// The language it is written in.
    pub dialect: Dialect,
    /// What is to be said to whoever asked, where the router is not one that this version writes for.
    pub note: Option<String>,
    /// The files, the main one first.
    pub files: Vec<Document>,
}

/// Writes the configuration of the router at the customer's end of a connection, in the language of that router, or as
/// a sheet of parameters where the router is none that is known.
///
/// # Errors
/// Fails when a template does; no input makes it.
pub fn link(
    connection: &VpnConnection,
    context: &LinkContext<'_>,
) -> Result<RouterFiles, RenderError> {
    let gateway = &connection.gateway;
    let dialect = Dialect::of(gateway);
    let view = View::new(connection, context);
    Ok(RouterFiles {
        dialect,
        note: (dialect == Dialect::Generic).then(|| {
            format!(
                "{} is not a router that this version writes for: {} gets a sheet of parameters",
                view.router, view.id
            )
        }),
        files: files::write(dialect, connection, &view)?,
    })
}
