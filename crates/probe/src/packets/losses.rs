//! What the kernel says it dropped for want of room, so that it is not taken for loss.

use std::collections::BTreeMap;
use std::fs;
use std::io;

/// What keeps the kernel's own losses from being told.
#[derive(Debug, thiserror::Error)]
pub enum LossError {
    /// The table cannot be read.
    #[error("read the kernel's losses in {file}")]
    Read {
        /// Path of the table.
        file: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The table is not as the kernel writes it.
    #[error("understand the kernel's losses in {file}: `{line}`")]
    Table {
        /// Path of the table.
        file: &'static str,
        /// The line that is not understood.
        line: String,
    },
}

/// Packets dropped so far because a CPU's backlog was full (`net.core.netdev_max_backlog`), over the whole machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backlog {
    dropped: u64,
}

/// One line per CPU, hexadecimal, the second field being the packets dropped.
const BACKLOGS: &str = "/proc/net/softnet_stat";

impl Backlog {
    pub(crate) fn now() -> Result<Self, LossError> {
        let table = read(BACKLOGS)?;
        let mut dropped = 0;
        for line in table.lines() {
            dropped += line
                .split_whitespace()
                .nth(1)
                .and_then(|field| u64::from_str_radix(field, 16).ok())
                .ok_or_else(|| misread(BACKLOGS, line))?;
        }
        Ok(Self { dropped })
    }

    /// How many were dropped since.
    pub(crate) fn grown_since(self, before: Self) -> u64 {
        self.dropped.wrapping_sub(before.dropped)
    }
}

/// The tables of raw sockets in the calling thread's network namespace.
const RAW_TABLES: [&str; 2] = ["/proc/thread-self/net/raw", "/proc/thread-self/net/raw6"];

/// Packets dropped so far by each raw socket of this network namespace, by the socket's inode.
pub(super) fn raw_sockets() -> Result<BTreeMap<u64, u64>, LossError> {
    let mut drops = BTreeMap::new();
    for file in RAW_TABLES {
        // sl local remote st queues timer retransmits uid timeout inode references pointer drops
        for line in read(file)?.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
            let (Some(inode), Some(dropped)) = (number(9), number(12)) else {
                return Err(misread(file, line));
            };
            drops.insert(inode, dropped);
        }
    }
    Ok(drops)
}

fn read(file: &'static str) -> Result<String, LossError> {
    fs::read_to_string(file).map_err(|source| LossError::Read { file, source })
}

fn misread(file: &'static str, line: &str) -> LossError {
    LossError::Table {
        file,
        line: line.to_owned(),
    }
}
