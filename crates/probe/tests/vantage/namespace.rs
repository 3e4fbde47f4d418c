//! Network namespaces for a test: one thread lives in each and runs there what it is given.

use std::fmt::Display;
use std::fs;
use std::os::fd::AsFd;
use std::process::Command;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use nix::sched::{CloneFlags, unshare};
use nix::unistd::{Pid, getgid, gettid, getuid};
use probe::packets::Echo;

type Job = Box<dyn FnOnce() + Send>;

/// A thread in a network namespace of its own.
pub(crate) struct Namespace {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    /// The thread's number, by which links are given to its namespace.
    pub(crate) task: Pid,
}

impl Namespace {
    fn enter() -> Result<Self, String> {
        let (jobs, inbox) = channel::<Job>();
        let (told, task) = channel();
        let thread = std::thread::spawn(move || {
            let entered = unshare(CloneFlags::CLONE_NEWNET).map(|()| gettid());
            told.send(entered).expect("the test waits for it");
            for job in inbox {
                job();
            }
        });
        let task = task
            .recv()
            .expect("the thread tells")
            .map_err(|error| format!("no network namespace: {error}"))?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
            task,
        })
    }

    /// Runs the job in the namespace and waits for what it returns.
    pub(crate) fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        self.handle().run(job)
    }

    /// Another way to run jobs there. The namespace does not end before it.
    pub(crate) fn handle(&self) -> Handle {
        let jobs = self.jobs.as_ref().expect("it lives until it is dropped");
        Handle(jobs.clone())
    }

    /// Runs `ip` with these arguments in the namespace; returns what it prints.
    pub(crate) fn ip(&self, arguments: &str) -> Result<String, String> {
        let arguments = arguments.to_owned();
        self.run(move || {
            let output = Command::new("ip")
                .args(arguments.split_whitespace())
                .output()
                .map_err(|error| format!("the `ip` command does not run: {error}"))?;
            if output.status.success() {
                Ok(String::from_utf8_lossy(&output.stdout).into_owned())
            } else {
                let said = String::from_utf8_lossy(&output.stderr);
                Err(format!("`ip {arguments}`: {}", said.trim()))
            }
        })
    }

    /// Waits until `ip` with these arguments prints something that is `ready`.
    ///
    /// The kernel finishes both links and IPv6 addresses some time after it has taken them, and drops in silence until
    /// then.
    fn wait(&self, arguments: &str, ready: impl Fn(&str) -> bool) -> Result<(), String> {
        // Each look takes a millisecond; a busy machine may keep the kernel's work waiting for a second or two.
        for _ in 0..10_000 {
            if ready(&self.ip(arguments)?) {
                return Ok(());
            }
        }
        Err(format!("`ip {arguments}` does not come to what it should"))
    }

    fn sysctl(&self, name: &'static str, value: &'static str) -> Result<(), String> {
        self.run(move || {
            fs::write(format!("/proc/sys/net/{name}"), value)
                .map_err(|error| format!("sysctl {name}: {error}"))
        })
    }
}

/// Runs jobs in a namespace.
pub(crate) struct Handle(Sender<Job>);

impl Handle {
    /// Runs the job in the namespace and waits for what it returns.
    pub(crate) fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        let (done, result) = channel();
        let job = Box::new(move || {
            // The other end is there unless the test has failed already.
            let _ = done.send(job());
        });
        self.0.send(job).expect("the thread lives as long");
        result.recv().expect("the job did not panic")
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Two hosts, `a` and `b`, with a router between them that sends sentinels back.
pub(crate) struct Net {
    pub(crate) a: Namespace,
    pub(crate) b: Namespace,
    pub(crate) router: Namespace,
    /// Ends the router's echo.
    echo: Option<(std::os::fd::OwnedFd, JoinHandle<()>)>,
}

impl Net {
    /// Enters a user namespace and builds it all. Must be called while the process has one thread.
    pub(crate) fn build() -> Result<Self, String> {
        let (uid, gid) = (getuid(), getgid());
        unshare(CloneFlags::CLONE_NEWUSER).map_err(told("no user namespace"))?;
        fs::write("/proc/self/setgroups", "deny").map_err(told("setgroups"))?;
        fs::write("/proc/self/uid_map", format!("0 {uid} 1")).map_err(told("uid_map"))?;
        fs::write("/proc/self/gid_map", format!("0 {gid} 1")).map_err(told("gid_map"))?;

        let (a, b, router) = (
            Namespace::enter()?,
            Namespace::enter()?,
            Namespace::enter()?,
        );
        for namespace in [&a, &b, &router] {
            namespace.ip("link set lo up")?;
        }
        router.sysctl("ipv4/ip_forward", "1")?;
        router.sysctl("ipv6/conf/all/forwarding", "1")?;
        // In each a reverse route exists; but a looped packet comes back from where its source is not.
        router.sysctl("ipv4/conf/all/rp_filter", "0")?;
        router.sysctl("ipv4/conf/default/rp_filter", "0")?;
        join(&router, &a, 1)?;
        join(&router, &b, 2)?;
        let mut net = Self {
            a,
            b,
            router,
            echo: None,
        };
        net.start_echo();
        Ok(net)
    }

    fn start_echo(&mut self) {
        let (end, stop) = nix::unistd::pipe().expect("a pipe can be had");
        // Its sockets are the router's, wherever the thread is; they are open before the first packet.
        let echo = self
            .router
            .run(|| Echo::open().expect("raw sockets can be had"));
        let thread = std::thread::spawn(move || {
            echo.run(end.as_fd()).expect("sentinels are sent back");
        });
        self.echo = Some((stop, thread));
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.echo.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}

/// Joins a host to the router: `10.0.N.2` and `fd00:N::2` there, `.1` and `::1` here, neighbours known for good.
fn join(router: &Namespace, host: &Namespace, n: u8) -> Result<(), String> {
    let (here, there) = (
        format!("02:00:00:00:0{n}:01"),
        format!("02:00:00:00:0{n}:02"),
    );
    let task = host.task;
    router.ip(&format!(
        "link add to{n} address {here} type veth peer name eth0 address {there} netns {task}"
    ))?;
    for (namespace, link, own, other, mac) in [
        (router, format!("to{n}"), 1, 2, &there),
        (host, "eth0".to_owned(), 2, 1, &here),
    ] {
        namespace.ip(&format!("address add 10.0.{n}.{own}/24 dev {link}"))?;
        namespace.ip(&format!("address add fd00:{n}::{own}/64 dev {link} nodad"))?;
        namespace.ip(&format!("link set {link} up"))?;
        for address in [format!("10.0.{n}.{other}"), format!("fd00:{n}::{other}")] {
            namespace.ip(&format!(
                "neighbour replace {address} lladdr {mac} dev {link} nud permanent"
            ))?;
        }
    }
    for (namespace, link, own) in [(router, format!("to{n}"), 1), (host, "eth0".to_owned(), 2)] {
        let sends = |shown: &str| shown.contains("state UP") && !shown.contains(" noop ");
        namespace.wait(&format!("link show dev {link}"), sends)?;
        let address = format!("local fd00:{n}::{own} ");
        namespace.wait("-6 route show table local", |shown| {
            shown.contains(&address)
        })?;
    }
    host.ip(&format!("route add default via 10.0.{n}.1"))?;
    host.ip(&format!("-6 route add default via fd00:{n}::1"))?;
    Ok(())
}

fn told<E: Display>(what: &'static str) -> impl Fn(E) -> String {
    move |error| format!("{what}: {error}")
}
