//! The templates, one for each language.

use askama::Template;

use super::parameters as p;
use super::view::View;
use super::{Dialect, Document};
use crate::page::RenderError;

/// Declares a template that sees a connection as `v` and says of itself what it takes for granted.
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
pub(super) fn write(dialect: Dialect, v: &View) -> Result<Vec<Document>, RenderError> {
    let main = match dialect {
        Dialect::CiscoIos => CiscoIos { v }.render(),
        Dialect::CiscoAsa => CiscoAsa { v }.render(),
        Dialect::Junos => Junos { v }.render(),
        Dialect::FortiOs => FortiOs { v }.render(),
        Dialect::PanOs => PanOs { v }.render(),
        Dialect::StrongSwan | Dialect::Generic => Generic { v }.render(),
    };
    let mut files = vec![Document {
        name: format!("{}.{}", v.id, dialect.extension()),
        text: main.map_err(RenderError::from)?,
    }];
    if dialect == Dialect::StrongSwan {
        files.push(Document {
            name: format!("{}.bird.conf", v.id),
            text: Bird { v }.render().map_err(RenderError::from)?,
        });
    }
    Ok(files)
}
