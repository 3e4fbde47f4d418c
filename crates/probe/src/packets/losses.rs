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
        Self::of(&read(BACKLOGS)?)
    }

    fn of(table: &str) -> Result<Self, LossError> {
        let mut dropped: u64 = 0;
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
        add(&mut drops, file, &read(file)?)?;
    }
    Ok(drops)
}

fn add(drops: &mut BTreeMap<u64, u64>, file: &'static str, table: &str) -> Result<(), LossError> {
    // sl local remote st queues timer retransmits uid timeout inode references pointer drops
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
        let (Some(inode), Some(dropped)) = (number(9), number(12)) else {
            return Err(misread(file, line));
        };
        drops.insert(inode, dropped);
    }
    Ok(())
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

/// How many packets were dropped on each socket between two readings of the kernel's counts.
///
/// # Errors
/// Names the socket, by its inode, that the kernel does not list.
pub(super) fn since(
    before: &BTreeMap<u64, u64>,
    now: &BTreeMap<u64, u64>,
) -> Result<BTreeMap<u64, u64>, u64> {
    before
        .iter()
        .map(|(inode, old)| match now.get(inode) {
            Some(new) => Ok((*inode, new.wrapping_sub(*old))),
            None => Err(*inode),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backlogs_are_added_up() {
        let check = |table: &str, wanted: Option<u64>| {
            let got = Backlog::of(table).ok().map(|backlog| backlog.dropped);
            assert_eq!(got, wanted, "{table}");
        };
        check(
            "0000000d 00000000 00000001\n00001b3c 000000ff 00000002\n",
            Some(255),
        );
        check("00000001 0000000a\n00000001 00000001\n", Some(11));
        check("", Some(0));
        check("0000000d\n", None);
        check("0000000d xyz\n", None);
        check("0000000d 00000000\n\n", None);
    }

    const HEADER: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n";

    #[test]
    fn drops_are_read_by_socket() {
        let check = |rows: &str, wanted: Option<&[(u64, u64)]>| {
            let mut drops = BTreeMap::new();
            let read = add(&mut drops, RAW_TABLES[0], &format!("{HEADER}{rows}"));
            let got = read.ok().map(|()| drops);
            assert_eq!(
                got,
                wanted.map(|pairs| pairs.iter().copied().collect()),
                "{rows}"
            );
        };
        let good = "   6: 00000000:0006 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 8123 2 0000000000000000 42\n";
        check(good, Some(&[(8123, 42)]));
        check("", Some(&[]));
        check("   6: 00000000:0006\n", None);
        check(&good.replace("8123", "inode"), None);
        check(&good.replace(" 42", ""), None);
        check(&format!("{good}garbage\n"), None);
    }

    #[test]
    fn what_grew_is_told_and_what_is_missing_too() {
        let table = |pairs: &[(u64, u64)]| pairs.iter().copied().collect::<BTreeMap<_, _>>();
        let before = table(&[(1, 5), (2, 0)]);
        assert_eq!(
            since(&before, &table(&[(1, 5), (2, 3), (9, 9)])),
            Ok(table(&[(1, 0), (2, 3)]))
        );
        assert_eq!(since(&before, &table(&[(1, 5)])), Err(2));
        assert_eq!(since(&table(&[]), &table(&[(1, 5)])), Ok(table(&[])));
    }
}
