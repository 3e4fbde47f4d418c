//! Names: what a DNS server says of one, how that differs from what it should say, and whole zones record by record.

mod exchange;
mod look_up;
mod mail_domain;
mod view;
mod zone;

pub(crate) use look_up::{Found, look_up, parse};
pub use mail_domain::verify_mail_domain;
pub use view::{Difference, Sets, compare};
pub use zone::{RecordFinding, RecordState, verify_zone};

/// The port that RFC 1035 assigns.
pub(crate) const PORT: u16 = 53;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
