//! What a refusal by the kernel means, and what to do about it.

use std::fs;

use nix::errno::Errno;

use crate::control::order::Failure;

/// A step that a machine may refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A user namespace is made.
    User,
    /// The caller's user is mapped to root in it.
    Map,
    /// The other namespaces are made in it, and used.
    Others,
    /// `/proc` is mounted for the pid namespace.
    Proc,
}

/// A refusal in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What is not allowed.
    pub(crate) what: String,
    /// What to do.
    pub(crate) remedy: String,
}

/// The kernel's switches that decide on namespaces; none where the kernel has no such switch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Switches {
    max_user_namespaces: Option<u64>,
    unprivileged_userns_clone: Option<u64>,
    apparmor_restrict_unprivileged_userns: Option<u64>,
}

impl Switches {
    /// Reads them.
    pub(crate) fn read() -> Self {
        let switch = |path: &str| fs::read_to_string(path).ok()?.trim().parse().ok();
        Self {
            max_user_namespaces: switch("/proc/sys/user/max_user_namespaces"),
            unprivileged_userns_clone: switch("/proc/sys/kernel/unprivileged_userns_clone"),
            apparmor_restrict_unprivileged_userns: switch(
                "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
            ),
        }
    }

    /// Says what the kernel's answer to a step means; none when it is no refusal by the machine's settings.
    pub(crate) fn explain(&self, step: Step, errno: Errno) -> Option<Refusal> {
        let refusal = |what: &str, remedy: &str| {
            Some(Refusal {
                what: what.to_owned(),
                remedy: remedy.to_owned(),
            })
        };
        let denied = matches!(errno, Errno::EPERM | Errno::EACCES);
        match (step, errno) {
            (Step::User, _) if self.max_user_namespaces == Some(0) => refusal(
                "user namespaces are switched off (user.max_user_namespaces is 0)",
                "run `sysctl user.max_user_namespaces=10000` as root",
            ),
            (Step::User, _) if denied && self.unprivileged_userns_clone == Some(0) => refusal(
                "user namespaces are for root only (kernel.unprivileged_userns_clone is 0)",
                "run `sysctl kernel.unprivileged_userns_clone=1` as root",
            ),
            (Step::User, Errno::ENOSPC) => refusal(
                "the limit for user namespaces is reached",
                "end other users of namespaces, or raise `sysctl user.max_user_namespaces` as root",
            ),
            (Step::User, Errno::EUSERS) => refusal(
                "user namespaces are nested too deeply",
                "run it in fewer containers within one another",
            ),
            (Step::User, Errno::EINVAL | Errno::ENOSYS) => refusal(
                "the kernel has no user namespaces",
                "use a kernel built with CONFIG_USER_NS",
            ),
            (Step::User, _) if denied => refusal(
                "a user namespace is refused, as in a container with a seccomp filter or in a chroot",
                "run it outside the container, or with `--security-opt seccomp=unconfined`",
            ),
            (Step::Map | Step::Others, _)
                if denied
                    && self
                        .apparmor_restrict_unprivileged_userns
                        .is_some_and(|v| v > 0) =>
            {
                refusal(
                    "AppArmor grants a user namespace but no capabilities in it \
                     (kernel.apparmor_restrict_unprivileged_userns is 1, as in Ubuntu 23.10 and later)",
                    "run `sysctl kernel.apparmor_restrict_unprivileged_userns=0` as root, \
                     or give the executable an AppArmor profile with `userns,`",
                )
            }
            (Step::Map | Step::Others, _) if denied => refusal(
                "a user namespace is granted, but no capabilities in it: a security module forbids them",
                "allow unprivileged user namespaces in the machine's security policy, \
                 or run it outside the container",
            ),
            (Step::Others, Errno::ENOSPC) => refusal(
                "the limit for namespaces is reached (user.max_*_namespaces)",
                "end other users of namespaces, or raise the `sysctl user.max_…_namespaces` that is low as root",
            ),
            (Step::Others, Errno::EINVAL | Errno::ENOSYS) => refusal(
                "the kernel lacks a kind of namespace",
                "use a kernel built with CONFIG_NET_NS, CONFIG_PID_NS, CONFIG_UTS_NS and CONFIG_IPC_NS",
            ),
            (Step::Proc, _) if denied => refusal(
                "a fresh /proc may not be mounted, as in a container that hides parts of its own",
                "run it outside the container, or with `--security-opt systempaths=unconfined`",
            ),
            _ => None,
        }
    }
}

/// The failure that a step's error is.
pub(super) fn failure(step: Step, doing: &str, errno: Errno) -> Failure {
    match Switches::read().explain(step, errno) {
        Some(Refusal { what, remedy }) => Failure::CannotRunHere { what, remedy },
        None => Failure::Twin(format!("{doing}: {}", errno.desc())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(switches: Switches, step: Step, errno: Errno, wanted: Option<(&str, &str)>) {
        let got = switches.explain(step, errno);
        match (&got, wanted) {
            (None, None) => {}
            (Some(refusal), Some((what, remedy))) => {
                assert!(refusal.what.contains(what), "{refusal:?}");
                assert!(refusal.remedy.contains(remedy), "{refusal:?}");
            }
            _ => panic!("{step:?} {errno:?}: {got:?}, wanted {wanted:?}"),
        }
    }

    #[test]
    fn every_refusal_names_its_switch() {
        let none = Switches::default();
        let off = Switches {
            max_user_namespaces: Some(0),
            ..none
        };
        let root_only = Switches {
            unprivileged_userns_clone: Some(0),
            ..none
        };
        let ubuntu = Switches {
            apparmor_restrict_unprivileged_userns: Some(1),
            ..none
        };
        let allowed = Switches {
            max_user_namespaces: Some(100),
            unprivileged_userns_clone: Some(1),
            apparmor_restrict_unprivileged_userns: Some(0),
        };
        check(
            off,
            Step::User,
            Errno::ENOSPC,
            Some(("switched off", "max_user_namespaces")),
        );
        check(
            off,
            Step::User,
            Errno::EPERM,
            Some(("switched off", "max_user_namespaces")),
        );
        check(
            root_only,
            Step::User,
            Errno::EPERM,
            Some(("root only", "unprivileged_userns_clone=1")),
        );
        check(allowed, Step::User, Errno::ENOSPC, Some(("limit", "raise")));
        check(
            allowed,
            Step::User,
            Errno::EPERM,
            Some(("container", "seccomp")),
        );
        check(none, Step::User, Errno::EUSERS, Some(("nested", "fewer")));
        check(
            none,
            Step::User,
            Errno::EINVAL,
            Some(("no user namespaces", "CONFIG_USER_NS")),
        );
        check(
            ubuntu,
            Step::Map,
            Errno::EPERM,
            Some(("AppArmor", "restrict_unprivileged_userns=0")),
        );
        check(
            ubuntu,
            Step::Others,
            Errno::EPERM,
            Some(("AppArmor", "profile")),
        );
        check(
            ubuntu,
            Step::Others,
            Errno::EACCES,
            Some(("AppArmor", "profile")),
        );
        check(
            allowed,
            Step::Others,
            Errno::EPERM,
            Some(("security module", "policy")),
        );
        check(none, Step::Others, Errno::ENOSPC, Some(("limit", "raise")));
        check(
            none,
            Step::Others,
            Errno::EINVAL,
            Some(("lacks", "CONFIG_NET_NS")),
        );
        check(
            none,
            Step::Proc,
            Errno::EPERM,
            Some(("/proc", "systempaths")),
        );
    }

    #[test]
    fn other_errors_are_no_refusals() {
        for step in [Step::User, Step::Map, Step::Others, Step::Proc] {
            check(Switches::default(), step, Errno::EIO, None);
            check(Switches::default(), step, Errno::ENOMEM, None);
        }
    }
}
