//! Memory and limits of the machine and the user.

use std::fs;

use nix::sys::resource::{Resource, getrlimit, rlim_t};

use super::Capability;

/// What the twin of an estate with fifty hosts takes, generously: about 5 MB a host, and PID 1.
const MEMORY_NEEDED: u64 = 512 << 20;

/// Eight descriptors a host for fifty hosts, and those of routers.
const FILES_NEEDED: rlim_t = 1024;

/// A process and a few threads a host for fifty hosts.
const PROCESSES_NEEDED: rlim_t = 1024;

pub(super) fn all() -> Vec<Capability> {
    vec![
        memory(&fs::read_to_string("/proc/meminfo").unwrap_or_default()),
        limit(
            "open files",
            getrlimit(Resource::RLIMIT_NOFILE),
            FILES_NEEDED,
            "ulimit -Hn",
        ),
        limit(
            "processes",
            getrlimit(Resource::RLIMIT_NPROC),
            PROCESSES_NEEDED,
            "ulimit -Hu",
        ),
    ]
}

fn memory(meminfo: &str) -> Capability {
    const NAME: &str = "memory";
    let available = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))
        .and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    let Some(kib) = available else {
        return Capability::unknown(NAME, "/proc/meminfo does not say what is available");
    };
    let found = format!("{} MiB available", kib >> 10);
    if kib << 10 < MEMORY_NEEDED {
        let needed = MEMORY_NEEDED >> 20;
        return Capability::fails(
            NAME,
            format!("{found}, {needed} MiB are enough for fifty hosts"),
            "end other programs, or use a larger machine",
        );
    }
    Capability::holds(NAME, found)
}

/// A hard limit: the soft one is raised to it where that is needed.
fn limit(
    name: &str,
    found: nix::Result<(rlim_t, rlim_t)>,
    needed: rlim_t,
    command: &str,
) -> Capability {
    match found {
        Err(errno) => Capability::unknown(name, errno.desc()),
        Ok((_, rlim_t::MAX)) => Capability::holds(name, "no limit"),
        Ok((_, hard)) if hard < needed => Capability::fails(
            name,
            format!("at most {hard}, {needed} are enough for fifty hosts"),
            format!("`{command} {needed}` as root, or in limits.conf"),
        ),
        Ok((_, hard)) => Capability::holds(name, format!("at most {hard}")),
    }
}

#[cfg(test)]
mod tests {
    use model::Verdict;
    use nix::errno::Errno;

    use super::*;

    #[test]
    fn too_little_is_said() {
        let check = |capability: Capability, wanted| {
            assert_eq!(capability.verdict, wanted, "{capability:?}");
            let remedied = capability.remedy.is_some();
            assert_eq!(remedied, wanted == Verdict::Fails, "{capability:?}");
        };
        check(memory("MemAvailable:   99999 kB\n"), Verdict::Fails);
        check(
            memory("MemTotal: 1 kB\nMemAvailable: 9999999 kB\n"),
            Verdict::Holds,
        );
        check(memory("MemAvailable: much\n"), Verdict::Unknown);
        check(memory(""), Verdict::Unknown);
        check(limit("x", Ok((1, 10)), 11, "ulimit"), Verdict::Fails);
        check(limit("x", Ok((1, 11)), 11, "ulimit"), Verdict::Holds);
        check(
            limit("x", Ok((1, rlim_t::MAX)), 11, "ulimit"),
            Verdict::Holds,
        );
        check(
            limit("x", Err(Errno::EPERM), 11, "ulimit"),
            Verdict::Unknown,
        );
    }
}
