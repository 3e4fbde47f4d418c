//! Tries namespaces, links, filters and mounts for real, in processes that are thrown away.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use model::Verdict;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};
use nix::unistd;

use super::Capability;
use crate::control::order::Failure;
use crate::supervise::{Refusal, Step, Switches, fence, uid_range};
use crate::{hidden, mounts, stand};

/// All of it is milliseconds; a kernel module that loads takes a second or two.
const LIMIT: Duration = Duration::from_secs(30);

/// A report is a few lines; a child that writes without end is not believed.
const MAX_REPORT: u64 = 64 << 10;

const USER: &str = "user namespaces";
const RANGE: &str = "a range of users";
const OTHERS: &str = "other namespaces";
const PROC: &str = "fresh /proc";
const OVERLAY: &str = "overlays";
const NETWORK: &str = "links and filters";
const RAW: &str = "raw sockets";
const TUN: &str = "/dev/net/tun";

/// What the machine grants, as two processes in new namespaces found it. What they did not come to is unknown.
pub(super) fn run() -> Vec<Capability> {
    let (mut found, why) = match ask() {
        Ok(found) => (
            found,
            "not tried: it needs what is missing above".to_owned(),
        ),
        Err(error) => (Vec::new(), format!("not tried: {error}")),
    };
    for name in [USER, RANGE, OTHERS, PROC, OVERLAY, NETWORK, RAW, TUN] {
        if found.iter().all(|capability| capability.name != name) {
            let unknown = Capability::unknown(name, why.as_str());
            found.push(match name {
                RANGE | OVERLAY | TUN => unknown.optional(),
                _ => unknown,
            });
        }
    }
    found
}

fn ask() -> io::Result<Vec<Capability>> {
    let mut child = Command::new("/proc/self/exe")
        .arg0("reeve")
        .arg(hidden::PROBE)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let report = listen(&mut child);
    // It has ended, or is to end now.
    let _ = child.kill();
    child.wait()?;
    report?
        .lines()
        .map(|line| serde_json::from_str(line).map_err(io::Error::from))
        .collect()
}

fn listen(child: &mut Child) -> io::Result<String> {
    let Some(mut pipe) = child.stdout.take() else {
        return Ok(String::new());
    };
    let deadline = Instant::now() + LIMIT;
    let mut report = Vec::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)], left) {
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            Ok(_) => {}
            Err(Errno::EINTR) => continue,
            Err(errno) => return Err(errno.into()),
        }
        let mut bytes = [0; 4096];
        let length = pipe.read(&mut bytes)?;
        if length == 0 || report.len() as u64 > MAX_REPORT {
            return String::from_utf8(report).map_err(io::Error::other);
        }
        report.extend_from_slice(&bytes[..length]);
    }
}

/// Is the probe outside the pid namespace that it makes.
pub(crate) fn outside() -> ExitCode {
    match try_fence() {
        Ok(range) => {
            say(&Capability::holds(
                USER,
                "granted to this user, with capabilities",
            ));
            say(&range.optional());
            say(&Capability::holds(
                OTHERS,
                "mount, pid, network, UTS and IPC",
            ));
        }
        Err((name, detail, remedy)) => {
            say(&Capability::fails(name, detail, remedy));
            return ExitCode::SUCCESS;
        }
    }
    let child = Command::new("/proc/self/exe")
        .arg0("reeve")
        .arg(hidden::PROBE_INIT)
        .status();
    match child {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            say(&Capability::unknown(PROC, error.to_string()));
            ExitCode::FAILURE
        }
    }
}

fn try_fence() -> Result<Capability, (&'static str, String, String)> {
    let prepared = fence().and_then(|range| {
        let refused = |errno| match Switches::read().explain(Step::Others, errno) {
            Some(Refusal { what, remedy }) => Failure::CannotRunHere { what, remedy },
            None => Failure::Twin(errno.desc().to_owned()),
        };
        mounts::detach().map_err(refused)?;
        unistd::sethostname("probe").map_err(refused)?;
        Ok(range)
    });
    match prepared {
        Ok(range) => Ok(range_of_users(range)),
        Err(Failure::CannotRunHere { what, remedy }) => Err((USER, what, remedy)),
        Err(Failure::Twin(detail) | Failure::Network(detail) | Failure::Program { detail, .. }) => {
            Err((OTHERS, detail, "see the kernel's log".to_owned()))
        }
    }
}

fn range_of_users(mapped: Result<(), Refusal>) -> Capability {
    match (mapped, uid_range()) {
        (Ok(()), Some(range)) => Capability::holds(
            RANGE,
            format!(
                "{} to {} beside root, for daemons that change users",
                range.start(),
                range.end()
            ),
        ),
        (Ok(()), None) => Capability::unknown(RANGE, "it was mapped, but is not there"),
        (Err(Refusal { what, remedy }), _) => Capability::fails(
            RANGE,
            format!("{what}; only daemons that change users need it"),
            remedy,
        ),
    }
}

/// Is the probe inside: PID 1 of a pid namespace.
pub(crate) fn inside() -> ExitCode {
    for capability in [
        proc(),
        overlay().optional(),
        network(),
        raw_sockets(),
        tun().optional(),
    ] {
        say(&capability);
    }
    ExitCode::SUCCESS
}

fn proc() -> Capability {
    match mounts::fresh_proc() {
        Ok(()) => Capability::holds(PROC, "mounted"),
        Err(errno) => match Switches::read().explain(Step::Proc, errno) {
            Some(Refusal { what, remedy }) => Capability::fails(PROC, what, remedy),
            None => Capability::unknown(PROC, errno.desc()),
        },
    }
}

fn overlay() -> Capability {
    match mounts::try_overlay() {
        Ok(()) => Capability::holds(OVERLAY, "hosts have an /etc of their own"),
        Err(error) => Capability::fails(
            OVERLAY,
            format!(
                "{}; single files of /etc are covered instead",
                crate::explain(&error)
            ),
            "use Linux 5.11 or later with CONFIG_OVERLAY_FS",
        ),
    }
}

fn network() -> Capability {
    match stand::up(&sample::network()) {
        Ok(_) => Capability::holds(NETWORK, "veth, bridge and nf_tables, over netlink"),
        Err(error) => Capability::fails(
            NETWORK,
            crate::explain(&error),
            "load the kernel's modules: `modprobe -a veth bridge nf_tables nft_ct nft_nat` as root",
        ),
    }
}

fn raw_sockets() -> Capability {
    let opened = socket(
        AddressFamily::Inet,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::Icmp,
    );
    match opened {
        Ok(_) => Capability::holds(RAW, "opened"),
        Err(errno) => Capability::fails(
            RAW,
            errno.desc(),
            "allow CAP_NET_RAW in user namespaces in the machine's security policy",
        ),
    }
}

fn tun() -> Capability {
    match File::options().read(true).write(true).open(TUN) {
        Ok(_) => Capability::holds(TUN, "opened"),
        Err(error) => Capability::fails(
            TUN,
            format!("{error}; only tunnels of real daemons need it"),
            "run `modprobe tun` as root, or give the container the device",
        ),
    }
}

fn say(capability: &Capability) {
    debug_assert!(
        capability.verdict != Verdict::Fails || capability.remedy.is_some(),
        "what fails has a remedy"
    );
    if let Ok(line) = serde_json::to_string(capability) {
        // The one who asked may be gone.
        let _ = writeln!(io::stdout(), "{line}");
    }
}

/// The smallest network that needs every kind of link and filter.
mod sample {
    use std::net::Ipv4Addr;

    use ipnet::{IpNet, Ipv4Net};
    use model::network::{
        GroupHome, Interface, Network, NetworkAcl, Place, Route, RouteTable, RouteTarget,
        SecurityGroup, Subnet, Vpc,
    };

    /// A VPC with one subnet, one host in it and one group around it.
    pub(super) fn network() -> Network {
        let range: IpNet = Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 24).into();
        let mut network = Network::default();
        network.vpcs.insert(
            "vpc".into(),
            Vpc {
                region: "here".to_owned(),
                cidrs: vec![range],
            },
        );
        network.route_tables.insert(
            "table".into(),
            RouteTable {
                vpc: "vpc".into(),
                routes: vec![Route {
                    destination: range,
                    target: RouteTarget::Local,
                    propagated: false,
                }],
            },
        );
        network.acls.insert(
            "acl".into(),
            NetworkAcl {
                vpc: "vpc".into(),
                ingress: Vec::new(),
                egress: Vec::new(),
            },
        );
        network.subnets.insert(
            "subnet".into(),
            Subnet {
                vpc: "vpc".into(),
                zone: "a".to_owned(),
                cidrs: vec![range],
                route_table: "table".into(),
                acl: "acl".into(),
            },
        );
        network.groups.insert(
            "group".into(),
            SecurityGroup {
                home: GroupHome::Vpc("vpc".into()),
                default: false,
                ingress: Vec::new(),
                egress: Vec::new(),
            },
        );
        network.interfaces.insert(
            "interface".into(),
            Interface {
                host: "host".into(),
                place: Place::Subnet("subnet".into()),
                addresses: vec![Ipv4Addr::new(10, 0, 0, 10).into()],
                public: None,
                groups: vec!["group".into()],
                source_dest_check: true,
            },
        );
        network
    }
}
