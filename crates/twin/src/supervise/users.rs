//! Who exists in a twin: the users and groups of the machine for which the twin's own stand.
//!
//! A twin's user 0 is its caller. It has every capability inside, and none over the machine: what it may do to a file of
//! the machine is what the caller may, who for root is root; a capability helps only with files whose owner and group
//! both exist in the twin. That is why everything mounted is read-only there ([`crate::mounts::seal`]), but for the
//! run folder that PID 1 alone sees and for what hosts have in memory. This keeps programs from changing the machine by
//! mistake. A program that is out to do harm could mount things writable again, and then do what the caller can.
//!
//! Where the machine grants a range, users and groups 1 up exist too. They stand for ones that own nothing on the
//! machine: a daemon that drops its privileges to one of them can do less than its caller, never more. Files of whoever
//! has no counterpart in the twin show as the kernel's overflow user's, 65534; being user 65534 there opens none of them.

mod mapper;

use std::fs;
use std::ops::RangeInclusive;

use nix::unistd::{Gid, Uid, User};

use super::refusal::Refusal;

pub(crate) use mapper::{Mapper, mapper};

/// Users that a twin has beside root: with it, all that 16 bits can name, and so every user of a distribution's packages
/// and the traditional nobody, 65534.
const MOST: u32 = 65_535;

/// Where root's twins have them unless `/etc/subuid` says otherwise. No range of a distribution's tools or of systemd's
/// table of users comes near: containers end below 0x7000_0000, dynamic and foreign users are elsewhere.
const ROOTS: Extent = Extent {
    first: 0x7000_0000,
    count: MOST,
};

/// Where ranges of `/etc/subuid` begin by custom (`SUB_UID_MIN` of login.defs).
const FIRST_SUBORDINATE: u32 = 100_000;

const SUBUID: &str = "/etc/subuid";
const SUBGID: &str = "/etc/subgid";

/// Consecutive users, or groups, of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Extent {
    first: u32,
    count: u32,
}

/// The users and groups of the machine that a twin's own, from 1 up, stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Share {
    users: Extent,
    groups: Extent,
}

/// How a share becomes a namespace's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    /// By writing it: for who has the capabilities.
    Written,
    /// By `newuidmap` and `newgidmap`, which have them and go by the same files.
    Helped,
}

/// What of the machine decides on a caller's share.
struct Machine<'a> {
    caller: &'a str,
    uid: u32,
    /// The caller's own `uid_map` and `gid_map`.
    maps: [&'a str; 2],
    /// `/etc/subuid` and `/etc/subgid`.
    files: [&'a str; 2],
    helpers: bool,
}

/// The users that exist in the caller's user namespace beside root, each with a group of the same number; none where a
/// process cannot become another user and drop its groups. A host's program has those of the twin.
#[must_use]
pub fn uid_range() -> Option<RangeInclusive<u32>> {
    let read = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).ok();
    // A kernel without the file knows no such ban.
    if read("setgroups").is_some_and(|word| word.trim() == "deny") {
        return None;
    }
    let last = last_of(&read("uid_map")?)?.min(last_of(&read("gid_map")?)?);
    (last > 0).then_some(1..=last)
}

/// The last identifier up to which all exist, by a `uid_map`.
fn last_of(map: &str) -> Option<u32> {
    let mut lines: Vec<[u32; 3]> = map.lines().filter_map(map_line).collect();
    lines.sort_unstable();
    let end = lines.iter().fold(0, |end, [inside, _, count]| {
        if *inside == end {
            inside.saturating_add(*count)
        } else {
            end
        }
    });
    end.checked_sub(1)
}

/// First inside, first outside, count.
fn map_line(line: &str) -> Option<[u32; 3]> {
    let numbers: Option<Vec<u32>> = line
        .split_whitespace()
        .map(|word| word.parse().ok())
        .collect();
    numbers?.try_into().ok()
}

/// The share of the calling process, or why it has none.
fn choose() -> Result<(Share, Means), Refusal> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let uid = Uid::effective();
    let name = User::from_uid(uid).ok().flatten().map(|user| user.name);
    let maps = ["/proc/self/uid_map", "/proc/self/gid_map"].map(read);
    let files = [SUBUID, SUBGID].map(read);
    Machine {
        caller: name.as_deref().unwrap_or_default(),
        uid: uid.as_raw(),
        maps: maps.each_ref().map(String::as_str),
        files: files.each_ref().map(String::as_str),
        helpers: mapper::helpers_are_there(),
    }
    .share()
}

impl Machine<'_> {
    fn share(&self) -> Result<(Share, Means), Refusal> {
        let [users, groups] = self.files.map(|file| self.granted(file));
        let granted = users.zip(groups);
        let share = granted.map(|(users, groups)| Share { users, groups });
        if self.uid == 0 {
            let fixed = Share {
                users: ROOTS,
                groups: ROOTS,
            };
            let possible = share.into_iter().chain([fixed]);
            return possible
                .into_iter()
                .find(|share| self.has(share))
                .map(|share| (share, Means::Written))
                .ok_or_else(|| Refusal {
                    what: "root has itself only a part of the machine's users, as in a container"
                        .to_owned(),
                    remedy: format!("{}, within those that it has", self.grant()),
                });
        }
        let Some(share) = share else {
            return Err(Refusal {
                what: format!(
                    "{} has no range in {SUBUID} and {SUBGID}",
                    self.caller_in_words()
                ),
                remedy: self.grant(),
            });
        };
        if !self.helpers {
            return Err(Refusal {
                what: "newuidmap and newgidmap are not installed".to_owned(),
                remedy: "install the package uidmap (shadow-utils on Red Hat)".to_owned(),
            });
        }
        Ok((share, Means::Helped))
    }

    /// The longest range that a file of subordinate identifiers grants the caller.
    fn granted(&self, file: &str) -> Option<Extent> {
        let uid = self.uid.to_string();
        subordinates(file)
            .filter(|(owner, _)| *owner == uid || *owner == self.caller)
            .map(|(_, extent)| Extent {
                count: extent.count.min(MOST),
                ..extent
            })
            .max_by_key(|extent| extent.count)
    }

    /// Whether the caller's own namespace has all of a share.
    fn has(&self, share: &Share) -> bool {
        let covers = |map: &str, extent: Extent| {
            map.lines()
                .filter_map(map_line)
                .any(|[inside, _, count]| extent.is_within(inside, count))
        };
        covers(self.maps[0], share.users) && covers(self.maps[1], share.groups)
    }

    /// The remedy that gives the caller ranges which nobody has yet.
    fn grant(&self) -> String {
        let ends = self.files.into_iter().flat_map(subordinates);
        let free = ends
            .filter_map(|(_, extent)| extent.first.checked_add(extent.count))
            .fold(FIRST_SUBORDINATE, u32::max);
        let owner = if self.caller.is_empty() {
            self.uid.to_string()
        } else {
            self.caller.to_owned()
        };
        format!("add the line `{owner}:{free}:65536` to {SUBUID} and to {SUBGID} as root")
    }

    fn caller_in_words(&self) -> String {
        if self.caller.is_empty() {
            format!("user {}", self.uid)
        } else {
            format!("user {}", self.caller)
        }
    }
}

impl Extent {
    fn is_within(self, first: u32, count: u32) -> bool {
        let end = |first: u32, count: u32| u64::from(first) + u64::from(count);
        self.first >= first && end(self.first, self.count) <= end(first, count)
    }
}

/// The lines of a file of subordinate identifiers: whose, and which. Lines that are none are passed over, as `newuidmap`
/// does.
fn subordinates(file: &str) -> impl Iterator<Item = (&str, Extent)> {
    file.lines().filter_map(|line| {
        let mut fields = line.trim().splitn(3, ':');
        let owner = fields.next()?;
        let mut number = || fields.next()?.parse::<u32>().ok();
        let (first, count) = (number()?, number()?);
        (count > 0).then_some((owner, Extent { first, count }))
    })
}

/// The caller, and what it has beside itself, as `newuidmap` takes them: inside, outside, count, of each extent.
fn arguments(own: u32, beside: Extent) -> String {
    let Extent { first, count } = beside;
    format!("0 {own} 1 1 {first} {count}")
}

/// Both maps of a share.
fn both(share: &Share) -> [String; 2] {
    [
        arguments(Uid::effective().as_raw(), share.users),
        arguments(Gid::effective().as_raw(), share.groups),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "         0          0 4294967295\n";

    fn extent(first: u32, count: u32) -> Extent {
        Extent { first, count }
    }

    /// What a caller has, by the machine's files; or words of the refusal and of its remedy.
    fn check(
        (caller, uid): (&str, u32),
        map: &str,
        files: [&str; 2],
        helpers: bool,
        wanted: Result<(Extent, Extent, Means), (&str, &str)>,
    ) {
        let machine = Machine {
            caller,
            uid,
            maps: [map; 2],
            files,
            helpers,
        };
        match (machine.share(), wanted) {
            (Ok((share, means)), Ok(wanted)) => {
                assert_eq!((share.users, share.groups, means), wanted);
            }
            (Err(refusal), Err((what, remedy))) => {
                assert!(refusal.what.contains(what), "{refusal:?}");
                assert!(refusal.remedy.contains(remedy), "{refusal:?}");
            }
            (got, wanted) => panic!("{caller} {map} {files:?}: {got:?}, wanted {wanted:?}"),
        }
    }

    #[test]
    fn root_writes_what_nobody_else_has() {
        use Means::Written;
        let root = ("root", 0);
        check(root, WHOLE, ["", ""], false, Ok((ROOTS, ROOTS, Written)));
        let granted = "ann:100000:65536\nroot:200000:65536\n";
        let own = extent(200_000, MOST);
        check(root, WHOLE, [granted; 2], true, Ok((own, own, Written)));
        // Users without groups are no use.
        check(
            root,
            WHOLE,
            [granted, ""],
            true,
            Ok((ROOTS, ROOTS, Written)),
        );
        let container = "0 100000 65536\n";
        check(
            root,
            container,
            ["", ""],
            true,
            Err(("container", "`root:100000:65536`")),
        );
        check(root, container, [granted; 2], true, Err(("container", "")));
        let within = "root:1000:60000";
        let some = extent(1000, 60_000);
        check(
            root,
            container,
            [within; 2],
            true,
            Ok((some, some, Written)),
        );
        check(root, "", ["", ""], true, Err(("container", "")));
    }

    #[test]
    fn others_need_ranges_and_helpers() {
        let ann = ("ann", 1000);
        let (users, groups) = (
            "ann:100000:65536\n",
            "bob:1:2\n1000:300000:9\nann:400000:10\n",
        );
        let both = [extent(100_000, MOST), extent(400_000, 10)];
        check(
            ann,
            WHOLE,
            [users, groups],
            true,
            Ok((both[0], both[1], Means::Helped)),
        );
        check(
            ann,
            WHOLE,
            [users, groups],
            false,
            Err(("newuidmap", "uidmap")),
        );
        check(
            ann,
            WHOLE,
            [users, "bob:200000:65536"],
            true,
            Err(("user ann", "`ann:265536:65536`")),
        );
        check(
            ("", 1000),
            WHOLE,
            ["", ""],
            false,
            Err(("user 1000", "`1000:100000:65536`")),
        );
        for nonsense in [
            "ann",
            "ann:",
            "ann:1",
            "ann:x:5",
            "ann:1:0",
            "ann:-1:5",
            "ann:99999999999:5",
            "ann:1:5:9",
            ":1:5",
            "#ann:1:5",
            "\0",
        ] {
            check(ann, WHOLE, [nonsense; 2], true, Err(("no range", "ann:")));
        }
    }

    #[test]
    fn a_range_ends_at_the_first_gap() {
        let check = |map: &str, wanted| assert_eq!(last_of(map), wanted, "{map:?}");
        check(WHOLE, Some(u32::MAX - 1));
        check("0 1000 1\n", Some(0));
        check("0 1000 1\n1 100000 65535\n", Some(65_535));
        check("1 100000 65535\n0 1000 1\n", Some(65_535));
        check("0 1000 1\n2 100000 65535\n", Some(0));
        check("1 100000 65535\n", None);
        check("", None);
        check("0 0\n", None);
        check("0 0 -1\n", None);
        check("0 0 4294967295\n4294967295 7 9\n", Some(u32::MAX - 1));
    }
}
