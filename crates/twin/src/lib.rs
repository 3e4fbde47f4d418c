//! (charter)

mod layout;
pub mod stand;
