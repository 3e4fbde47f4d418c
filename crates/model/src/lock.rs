//! The lock: what a design has allotted, kept beside the estate so that adding one thing moves no other.
//!
//! Every allotment is kept under a stable name (`production/app-a`, `production/apim-1`). A name that is no longer
//! wanted frees its slot; it never moves another.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Write as _};
use std::net::{IpAddr, Ipv4Addr};

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

/// The version of the format that this code writes.
pub const FORMAT: u32 = 1;

/// The longest lock that is read. An allotment takes some 50 bytes: this is about 20,000 of them, far above any estate.
pub const MAX_BYTES: usize = 1024 * 1024;

/// What was allotted, by stable names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Version of the format.
    pub format: u32,
    /// IPv6 ranges (/56) of environments' VPCs, where they have any.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ipv6: BTreeMap<String, Ipv6Net>,
    /// IPv4 ranges of subnets: `production/app-a`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub subnets: BTreeMap<String, Ipv4Net>,
    /// Own addresses of hosts and NAT gateways: `production/apim-1`, `production/nat-a`, `internet/client`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub addresses: BTreeMap<String, IpAddr>,
    /// Stand-ins for the public addresses that AWS will allot: `production/bastion`, `data-centre/vpn-1/tunnel-1`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub public: BTreeMap<String, Ipv4Addr>,
    /// Ranges inside the VPN's tunnels and of Direct Connect's BGP peers: `data-centre/vpn-1/tunnel-1`,
    /// `data-centre/direct-connect-1`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tunnels: BTreeMap<String, Ipv4Net>,
    /// Ports that balancers listen on: `production/public/apim/gateway-https`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub listeners: BTreeMap<String, u16>,
}

impl Default for Lock {
    fn default() -> Self {
        Self {
            format: FORMAT,
            ipv6: BTreeMap::new(),
            subnets: BTreeMap::new(),
            addresses: BTreeMap::new(),
            public: BTreeMap::new(),
            tunnels: BTreeMap::new(),
            listeners: BTreeMap::new(),
        }
    }
}

/// Why a lock cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// It is longer than any lock can be.
    #[error("read the lock: {0} bytes are more than the {MAX_BYTES} that a lock may have")]
    TooLong(usize),
    /// It is not TOML, or not of a lock's shape.
    #[error("read the lock")]
    Malformed(#[source] toml::de::Error),
    /// A newer Reeve wrote it.
    #[error(
        "read the lock: it has format {0}, this version of Reeve reads format {FORMAT}; use the version that wrote it"
    )]
    Format(u32),
    /// One thing was given to two.
    #[error("read the lock: {what} {value} is allotted to both `{first}` and `{second}`")]
    Twice {
        /// What was allotted: "address", "range".
        what: &'static str,
        /// The thing itself.
        value: String,
        /// One holder.
        first: String,
        /// The other.
        second: String,
    },
}

/// The part of a lock that every version has.
#[derive(Deserialize)]
struct Versioned {
    format: u32,
}

impl Lock {
    /// Parses a lock.
    ///
    /// # Errors
    /// Fails on a text that is too long, malformed, of another version, or that gives one thing to two.
    pub fn parse(text: &str) -> Result<Self, LockError> {
        if text.len() > MAX_BYTES {
            return Err(LockError::TooLong(text.len()));
        }
        // The version comes first: a newer lock is told from a broken one.
        let Versioned { format } = toml::from_str(text).map_err(LockError::Malformed)?;
        if format != FORMAT {
            return Err(LockError::Format(format));
        }
        let lock: Self = toml::from_str(text).map_err(LockError::Malformed)?;
        once("range", &lock.ipv6)?;
        once("range", &lock.subnets)?;
        once("address", &lock.addresses)?;
        once("public address", &lock.public)?;
        once("range", &lock.tunnels)?;
        Ok(lock)
    }

    /// Renders the lock: equal locks give equal bytes, one allotment to a line.
    pub fn render(&self) -> String {
        let mut text = format!(
            "# What `reeve design` has allotted. Commit this file; do not edit it.\nformat = {}\n",
            self.format
        );
        section(&mut text, "ipv6", &self.ipv6, true);
        section(&mut text, "subnets", &self.subnets, true);
        section(&mut text, "addresses", &self.addresses, true);
        section(&mut text, "public", &self.public, true);
        section(&mut text, "tunnels", &self.tunnels, true);
        section(&mut text, "listeners", &self.listeners, false);
        text
    }
}

/// Adds a table of a lock, unless it is empty.
fn section<T: Display>(text: &mut String, name: &str, entries: &BTreeMap<String, T>, quoted: bool) {
    if entries.is_empty() {
        return;
    }
    // Writing to a String cannot fail.
    let _ = write!(text, "\n[{name}]\n");
    for (key, value) in entries {
        let key = toml::Value::String(key.clone());
        let _ = if quoted {
            writeln!(text, "{key} = \"{value}\"")
        } else {
            writeln!(text, "{key} = {value}")
        };
    }
}

/// Refuses a value that has two holders.
fn once<T: Ord + Display>(
    what: &'static str,
    entries: &BTreeMap<String, T>,
) -> Result<(), LockError> {
    let mut seen: BTreeSet<&T> = BTreeSet::new();
    for (second, value) in entries {
        if !seen.insert(value) {
            let first = entries
                .iter()
                .find(|(_, other)| *other == value)
                .map_or_else(String::new, |(name, _)| name.clone());
            return Err(LockError::Twice {
                what,
                value: value.to_string(),
                first,
                second: second.clone(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, wanted: &str) {
        let error = Lock::parse(text).expect_err("the text is no lock");
        let mut chain = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            chain = format!("{chain}: {cause}");
            source = cause.source();
        }
        assert!(chain.contains(wanted), "{chain:?} lacks {wanted:?}");
    }

    #[test]
    fn refuses_what_is_no_lock() {
        check("", "missing field `format`");
        check("format = 2", "format 2");
        check("format = 2\n[future]\nx = 1", "format 2");
        check("format = \"1\"", "invalid type");
        check("format = 1\n[hosts]", "unknown field `hosts`");
        check("format = 1\n[public]\nx = \"10.0.0.300\"", "invalid IP");
        check("format = 1\n[subnets]\nx = \"10.0.0.0/33\"", "invalid");
        check("format = 1\n[listeners]\nx = 70000", "invalid value");
        check(
            "format = 1\n[public]\na = \"198.18.0.1\"\nb = \"198.18.0.1\"",
            "both `a` and `b`",
        );
        check(
            "format = 1\n[tunnels]\na = \"169.254.6.0/30\"\nb = \"169.254.6.0/30\"",
            "both `a` and `b`",
        );
        check(&format!("#{}", "x".repeat(MAX_BYTES)), "are more than");
    }

    #[test]
    fn renders_what_it_reads() {
        let mut lock = Lock::default();
        assert_eq!(Lock::parse(&lock.render()).expect("empty lock"), lock);
        lock.ipv6.insert(
            "production".into(),
            "2001:db8:0:100::/56".parse().expect("a range"),
        );
        lock.subnets.insert(
            "production/app-a".into(),
            "10.20.0.0/19".parse().expect("a range"),
        );
        lock.addresses.insert(
            "production/odd \"name\"".into(),
            "10.20.0.4".parse().expect("an address"),
        );
        lock.tunnels.insert(
            "data-centre/vpn-1/tunnel-1".into(),
            "169.254.6.0/30".parse().expect("a range"),
        );
        lock.listeners
            .insert("production/public/apim/https".into(), 443);
        let text = lock.render();
        let read = Lock::parse(&text).expect("own rendering");
        assert_eq!(read, lock);
        assert_eq!(read.render(), text);
    }
}
