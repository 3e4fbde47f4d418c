//! Port numbers that are the same everywhere.

use model::packet::PortRange;

/// SSH on every host but bastions.
pub(crate) const SSH: u16 = 22;
/// Names.
pub(crate) const DNS: u16 = 53;
/// Time.
pub(crate) const NTP: u16 = 123;
/// Replies go to ports from here up; below, an entry of an ACL can name a service.
pub(crate) const FIRST_EPHEMERAL: u16 = PortRange::EPHEMERAL.first;
