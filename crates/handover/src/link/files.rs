//! The templates, one for each language.

use askama::Template;
use model::vpn::VpnConnection;

use super::parameters as p;
use super::view::View;
use super::{Dialect, Document, strongswan};
use crate::page::RenderError;

/// Declares templates, each of which sees a connection as `v`.
macro_rules! templates {
    ($($name:ident: $path:literal;)*) => {$(
        #[derive(Template)]
        #[template(path = $path, escape = "none")]
        struct $name<'a> {
            v: &'a View,
        }
    )*};
}

templates! {
    CiscoIos: "link/cisco-ios.txt";
    CiscoAsa: "link/cisco-asa.txt";
    Junos: "link/junos.txt";
    FortiOs: "link/fortios.txt";
    PanOs: "link/panos.txt";
    Generic: "link/generic.txt";
    Bird: "link/bird.txt";
}

/// Renders the files of one router.
pub(super) fn write(
    dialect: Dialect,
    connection: &VpnConnection,
    v: &View,
) -> Result<Vec<Document>, RenderError> {
    let main = match dialect {
        Dialect::CiscoIos => CiscoIos { v }.render()?,
        Dialect::CiscoAsa => CiscoAsa { v }.render()?,
        Dialect::Junos => Junos { v }.render()?,
        Dialect::FortiOs => FortiOs { v }.render()?,
        Dialect::PanOs => PanOs { v }.render()?,
        Dialect::StrongSwan => strongswan::strongswan(connection),
        Dialect::Generic => Generic { v }.render()?,
    };
    let mut files = vec![Document {
        name: format!("{}.{}", v.id, dialect.extension()),
        text: main,
    }];
    if dialect == Dialect::StrongSwan {
        files.push(Document {
            name: format!("{}.bird.conf", v.id),
            text: Bird { v }.render()?,
        });
        for ((id, _), tunnel) in connection.named_tunnels().zip(&v.tunnels) {
            files.push(Document {
                name: strongswan::key_path(&id),
                text: format!(
                    "# From {}\n{}",
                    tunnel.key_from,
                    strongswan::key_file(&tunnel.key)
                ),
            });
        }
    }
    Ok(files)
}
