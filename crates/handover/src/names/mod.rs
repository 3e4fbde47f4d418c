//! Names to hand over: zone files, lists, what mail asks to be published, and what came of asking for all of it.

mod lists;
mod mail;
mod reverse;
mod spelling;
mod table;
mod verification;
mod zone;

pub use lists::{csv, listing};
pub use mail::{Publication, SesDomain, Stand, publications};
pub use reverse::reverse_zones;
pub use verification::{NameVerdict, VerifiedName, verification_html, verification_text};
pub use zone::{Authority, ZoneForm, zone_file};
