//! The ends of a packet's way.

use std::fmt;

use model::id::{InterfaceId, SiteId};

/// One end of a packet's way: an interface with its own addresses, or anybody at a site outside AWS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// An interface.
    Interface(InterfaceId),
    /// A site with its whole address space.
    Site(SiteId),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface(id) => write!(f, "{id}"),
            Self::Site(id) => write!(f, "{id}"),
        }
    }
}

impl From<InterfaceId> for Endpoint {
    fn from(id: InterfaceId) -> Self {
        Self::Interface(id)
    }
}

impl From<SiteId> for Endpoint {
    fn from(id: SiteId) -> Self {
        Self::Site(id)
    }
}
