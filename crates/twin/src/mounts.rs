//! Mounts: what a twin sees of the machine's files, and what a host in it sees as its own.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};

/// The folder that a host's program has for its data. It is in memory, and gone with the host.
pub const DATA: &str = "/run/reeve";

/// Memory that one host may fill with files, a stand-in's mails and a real daemon's small state: enough for those, and
/// too little to bring the machine down.
const FILES_LIMIT: &str = "size=256m,nr_inodes=64k";

/// What of the kernel's own is not a namespace's, and is closed to writing even where root started the twin.
const MACHINES_OWN: [&str; 5] = [
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sysrq-trigger",
    "/proc/acpi",
];

/// A step that failed, in words.
#[derive(Debug, thiserror::Error)]
#[error("{doing}")]
pub(crate) struct MountError {
    pub(crate) doing: String,
    #[source]
    pub(crate) source: io::Error,
}

/// The files of a host's own in `/etc`, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Etc(pub(crate) Vec<(&'static str, String)>);

/// Cuts the mounts of this namespace off from those of the machine: nothing mounted here appears there.
pub(crate) fn detach() -> nix::Result<()> {
    mount(
        None::<&str>,
        "/",
        None::<&str>,
        MsFlags::MS_REC | MsFlags::MS_PRIVATE,
        None::<&str>,
    )
}

/// Mounts the `/proc` of the current pid namespace.
pub(crate) fn fresh_proc() -> nix::Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, None::<&str>)
}

/// Makes all that is mounted read-only, but for `/proc` and the run folder: as root, the twin's processes own the
/// machine's files.
pub(crate) fn seal(run_dir: &Path) -> Result<(), MountError> {
    bind(run_dir, run_dir)?;
    let table = fs::read("/proc/self/mountinfo").map_err(doing("read the mounts"))?;
    for (point, flags) in mount_points(&table) {
        if point == Path::new("/proc") || point == run_dir {
            continue;
        }
        match remount_read_only(&point, flags) {
            Ok(()) => {}
            // The root must be sealed. What another mount covers, or the caller may not enter, he cannot write to.
            Err(error) if point == Path::new("/") => {
                return Err(doing("make / read-only")(error.into()));
            }
            Err(_) => {}
        }
    }
    for path in MACHINES_OWN {
        cover_read_only(Path::new(path))?;
    }
    Ok(())
}

/// Gives the current mount namespace, a copy of PID 1's, the files of one host.
pub(crate) fn dress(run_dir: &Path, etc: &Etc) -> Result<(), MountError> {
    // The twin's own folder is not the hosts' business; below it is the sealed one.
    umount2(run_dir, MntFlags::MNT_DETACH)
        .map_err(|errno| doing("let go of the run folder")(errno.into()))?;
    cover_read_only(Path::new("/proc/sys"))?;
    own_sys();
    // Scratch space, which the host's own /tmp then covers.
    let scratch = Path::new("/tmp");
    tmpfs(scratch, "mode=700")?;
    own_etc(scratch, etc)?;
    tmpfs(Path::new("/run"), "mode=755")?;
    DirBuilder::new()
        .mode(0o700)
        .create(DATA)
        .map_err(doing("make the data folder"))?;
    tmpfs(scratch, "mode=1777")?;
    if Path::new("/dev/shm").is_dir() {
        tmpfs(Path::new("/dev/shm"), "mode=1777")?;
    }
    Ok(())
}

/// Mounts a `/sys` that shows the links of the host and not those of the machine.
fn own_sys() {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC | MsFlags::MS_RDONLY;
    // Where parts of the machine's are hidden, as in a container, the kernel grants none. The machine's then stays, sealed.
    let _ = mount(Some("sysfs"), "/sys", Some("sysfs"), flags, None::<&str>);
}

/// Tries whether `/etc` can be overlaid here. To be called in a mount namespace that is thrown away.
pub(crate) fn try_overlay() -> Result<(), MountError> {
    let scratch = Path::new("/tmp");
    tmpfs(scratch, "mode=700")?;
    overlay_etc(scratch, &Etc(Vec::new()))?.map_err(|errno| doing("overlay /etc")(errno.into()))
}

/// Lays the host's files over `/etc`; where the kernel or the machine's file system has no overlays, over each single
/// file.
fn own_etc(scratch: &Path, etc: &Etc) -> Result<(), MountError> {
    if overlay_etc(scratch, etc)?.is_ok() {
        return Ok(());
    }
    for (name, _) in &etc.0 {
        let target = Path::new("/etc").join(name);
        // A link would lead into /run, which is about to be covered: what is bound over its end would be lost.
        let target = fs::canonicalize(&target).map_err(doing(format!(
            "cover {}, on a kernel without overlays",
            target.display()
        )))?;
        if target.starts_with("/run") || target.starts_with("/tmp") {
            return Err(MountError {
                doing: format!("cover {}, on a kernel without overlays", target.display()),
                source: Errno::EXDEV.into(),
            });
        }
        bind(&upper(scratch).join(name), &target)?;
    }
    Ok(())
}

/// Writes the host's files and lays them over `/etc`; the inner result is the kernel's answer to the overlay.
fn overlay_etc(scratch: &Path, etc: &Etc) -> Result<nix::Result<()>, MountError> {
    let upper = upper(scratch);
    let work = scratch.join("work");
    for folder in [&upper, &work] {
        DirBuilder::new()
            .mode(0o755)
            .create(folder)
            .map_err(doing("make a folder for /etc"))?;
    }
    for (name, text) in &etc.0 {
        write(&upper.join(name), text)?;
    }
    let options = format!(
        "lowerdir=/etc,upperdir={},workdir={},userxattr",
        upper.display(),
        work.display()
    );
    Ok(mount(
        Some("overlay"),
        "/etc",
        Some("overlay"),
        MsFlags::MS_NOSUID | MsFlags::MS_NODEV,
        Some(options.as_str()),
    ))
}

fn upper(scratch: &Path) -> PathBuf {
    scratch.join("etc")
}

fn write(path: &Path, text: &str) -> Result<(), MountError> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(path)
        .map_err(doing(format!("make {}", path.display())))?;
    io::Write::write_all(&mut file, text.as_bytes())
        .map_err(doing(format!("write {}", path.display())))
}

fn tmpfs(at: &Path, mode: &str) -> Result<(), MountError> {
    let options = format!("{mode},{FILES_LIMIT}");
    mount(
        Some("tmpfs"),
        at,
        Some("tmpfs"),
        MsFlags::MS_NOSUID | MsFlags::MS_NODEV,
        Some(options.as_str()),
    )
    .map_err(|errno| {
        doing(format!("mount a file system in memory on {}", at.display()))(errno.into())
    })
}

fn bind(from: &Path, to: &Path) -> Result<(), MountError> {
    mount(Some(from), to, None::<&str>, MsFlags::MS_BIND, None::<&str>)
        .map_err(|errno| doing(format!("bind {}", to.display()))(errno.into()))
}

/// Binds a path over itself, read-only; a path that the kernel does not have needs none.
fn cover_read_only(path: &Path) -> Result<(), MountError> {
    if !path.exists() {
        return Ok(());
    }
    bind(path, path)?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    remount_read_only(path, flags)
        .map_err(|errno| doing(format!("make {} read-only", path.display()))(errno.into()))
}

fn remount_read_only(at: &Path, flags: MsFlags) -> nix::Result<()> {
    let flags = flags | MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
    mount(None::<&str>, at, None::<&str>, flags, None::<&str>)
}

/// The mount points of a `mountinfo`, with those of their flags that a namespace's owner may not take away.
fn mount_points(table: &[u8]) -> impl Iterator<Item = (PathBuf, MsFlags)> {
    table.split(|byte| *byte == b'\n').filter_map(|line| {
        let mut fields = line.split(|byte| *byte == b' ').skip(4);
        let point = unescape(fields.next()?);
        let flags = fields
            .next()?
            .split(|byte| *byte == b',')
            .map(|option| match option {
                b"nosuid" => MsFlags::MS_NOSUID,
                b"nodev" => MsFlags::MS_NODEV,
                b"noexec" => MsFlags::MS_NOEXEC,
                _ => MsFlags::empty(),
            })
            .collect();
        Some((PathBuf::from(OsString::from_vec(point)), flags))
    })
}

/// Undoes the octal escapes by which the kernel writes blanks, tabs, line ends and backslashes.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let escaped = after
            .split_at_checked(3)
            .filter(|_| *first == b'\\')
            .and_then(|(digits, after)| {
                let digits = std::str::from_utf8(digits).ok()?;
                Some((u8::from_str_radix(digits, 8).ok()?, after))
            });
        let (byte, after) = escaped.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    bytes
}

fn doing(what: impl Into<String>) -> impl FnOnce(io::Error) -> MountError {
    let doing = what.into();
    move |source| MountError { doing, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, wanted: Option<(&str, MsFlags)>) {
        let got: Vec<_> = mount_points(line.as_bytes()).collect();
        let wanted: Vec<_> = wanted
            .into_iter()
            .map(|(path, flags)| (PathBuf::from(path), flags))
            .collect();
        assert_eq!(got, wanted, "{line}");
    }

    #[test]
    fn mount_points_are_read_as_the_kernel_writes_them() {
        check(
            "22 28 0:21 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw",
            Some((
                "/sys",
                MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC,
            )),
        );
        check(
            "40 28 8:1 / /media/a\\040b\\134c ro,noatime - ext4 /dev/sda1 rw",
            Some(("/media/a b\\c", MsFlags::empty())),
        );
        check(
            "40 28 8:1 / /media/odd\\04 rw",
            Some(("/media/odd\\04", MsFlags::empty())),
        );
        check("40 28 8:1 /", None);
        check("", None);
    }
}
