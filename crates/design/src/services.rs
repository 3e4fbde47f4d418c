//! Port numbers that are the same everywhere.

/// SSH on every host but bastions.
pub(crate) const SSH: u16 = 22;
/// Names.
pub(crate) const DNS: u16 = 53;
/// Time.
pub(crate) const NTP: u16 = 123;
