//! What the processes of a pid namespace take of memory.

use std::fs;
use std::io;
use std::path::Path;

use super::Memory;

/// Adds up all processes that the mounted `/proc` shows: those of this pid namespace.
pub(super) fn of_all() -> io::Result<Memory> {
    let mut memory = Memory::default();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let name = entry.file_name();
        if name
            .to_str()
            .is_none_or(|name| name.parse::<u32>().is_err())
        {
            continue;
        }
        memory.processes += 1;
        match pss(&entry.path()) {
            Some(bytes) => memory.pss += bytes,
            None => memory.unreadable += 1,
        }
    }
    Ok(memory)
}

fn pss(process: &Path) -> Option<u64> {
    parse(&fs::read_to_string(process.join("smaps_rollup")).ok()?)
}

/// The `Pss:` line of a `smaps_rollup`, in bytes.
fn parse(rollup: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_read_as_the_kernel_writes_it() {
        let check = |text: &str, wanted| assert_eq!(parse(text), wanted, "{text:?}");
        check(
            "5583-7ffc ---p 00000000 00:00 0 [rollup]\nRss: 100 kB\nPss:                 884 kB\nPss_Dirty: 1 kB\n",
            Some(884 * 1024),
        );
        check("Pss: 884\n", None);
        check("Pss: many kB\n", None);
        check("Rss: 884 kB\n", None);
        check("", None);
    }
}
