//! strongSwan's daemon at one end of a tunnel.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use handover::link::strongswan::{connection_name, key_file, key_path, strongswan_tunnel};
use model::secret::Secret;
use model::vpn::VpnSide;
use nix::net::if_::if_nametoindex;

use super::sas::{self, Association};
use super::{EndPlan, VpnError};

/// The device that the daemon makes in its own network namespace, by the name that the plugin gives it.
pub(super) const DEVICE: &str = "ipsec0";

/// Loading a dozen plugins takes a fifth of a second; a machine that does several other things takes longer.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// `swanctl` says one thing to a daemon on the same machine.
const SWANCTL_LIMIT: Duration = Duration::from_secs(20);

/// Between two looks at what is not ready yet.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The most that is read of a log's end: a failing exchange is a few hundred bytes, tried again for minutes.
const LOG_LIMIT: u64 = 256 << 10;

/// The lines of a log that an error quotes: one failed exchange.
const LOG_LINES: usize = 12;

/// The priority of the rule that asks the daemon's own routing table, which `kernel-libipsec` fills whatever it is told.
/// The table `main` is asked at 32766 and has a default route: the daemon's is never reached, by which it would take its
/// own encrypted packets for some to be encrypted.
const AFTER_MAIN: u32 = 32767 + 1;

/// What either side writes into its log when the pre-shared keys differ.
const REFUSED: [&str; 2] = ["AUTHENTICATION_FAILED", "MAC mismatched"];

/// What the daemon may load. `kernel-libipsec` stands before `kernel-netlink`: the first that offers IPsec gives it.
const PLUGINS: &str = "random nonce openssl aes sha1 sha2 hmac kdf gmp curve25519 pem pkcs1 \
                       kernel-libipsec kernel-netlink socket-default vici";

/// A running daemon. Dropped, it is killed.
#[derive(Debug)]
pub(super) struct TunnelEnd {
    plan: EndPlan,
    child: Child,
    /// Where in the log the time of the current key begins.
    mark: u64,
}

impl TunnelEnd {
    /// Writes the configuration, starts the daemon and loads it. The tunnel comes up by itself then.
    pub(super) fn start(plan: EndPlan) -> Result<Self, VpnError> {
        let files = Files(&plan.data);
        write(&files.settings(), &settings(&plan.data), 0o600)?;
        write_tunnel(&plan)?;
        let program = &plan.installed.charon;
        let child = Command::new(program)
            .env("STRONGSWAN_CONF", files.settings())
            .stdin(Stdio::null())
            .spawn()
            .map_err(|source| VpnError::Start {
                program: program.clone(),
                source,
            })?;
        let mut end = Self {
            plan,
            child,
            mark: 0,
        };
        end.await_ready()?;
        end.swanctl("load its configuration", &["--load-all", "--noprompt"])?;
        Ok(end)
    }

    fn await_ready(&mut self) -> Result<(), VpnError> {
        let deadline = Instant::now() + READY_LIMIT;
        let socket = Files(&self.plan.data).socket();
        loop {
            let listens = UnixStream::connect(&socket).is_ok();
            if listens && if_nametoindex(DEVICE).is_ok() {
                return Ok(());
            }
            let what = match self.child.try_wait() {
                Ok(Some(status)) => format!("it ended with {status}"),
                _ if Instant::now() >= deadline && listens => format!("it made no {DEVICE}"),
                _ if Instant::now() >= deadline => "it does not listen".to_owned(),
                _ => {
                    thread::sleep(LOOK_AGAIN);
                    continue;
                }
            };
            return Err(VpnError::NotReady {
                daemon: "strongSwan",
                what,
                log: self.log(),
            });
        }
    }

    /// The tunnel's state.
    pub(super) fn association(&self) -> Result<Association, VpnError> {
        let raw = self.swanctl("list its associations", &["--list-sas", "--raw"])?;
        Ok(sas::read(&raw))
    }

    /// The line by which the daemon says that the other end has another key; none while there is none since the key was
    /// last changed here.
    pub(super) fn refused(&self) -> Option<String> {
        let log = read_end(&Files(&self.plan.data).log(), self.mark);
        let found = log
            .lines()
            .rev()
            .find(|line| REFUSED.iter().any(|words| line.contains(words)));
        found.map(str::to_owned)
    }

    /// The last lines of the log.
    pub(super) fn log(&self) -> String {
        let log = read_end(&Files(&self.plan.data).log(), 0);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join(" | ")
    }

    /// Takes another key and ends the associations that the old one made.
    pub(super) fn change_key(&mut self, key: Secret) -> Result<(), VpnError> {
        self.plan.key = key;
        write_tunnel(&self.plan)?;
        self.swanctl("load its key", &["--load-creds", "--clear", "--noprompt"])?;
        self.mark = fs::metadata(Files(&self.plan.data).log()).map_or(0, |log| log.len());
        let name = connection_name(&self.plan.tunnel);
        // Refused where there is none to end, which is as well.
        let _ = self.swanctl(
            "end its associations",
            &["--terminate", "--ike", &name, "--force", "--timeout", "5"],
        );
        Ok(())
    }

    /// Calls the other end, if this is the end that does; whether it answers is seen in the state.
    pub(super) fn call(&mut self) {
        if self.plan.side == VpnSide::Customer {
            self.mark = fs::metadata(Files(&self.plan.data).log()).map_or(0, |log| log.len());
            let name = connection_name(&self.plan.tunnel);
            let _ = self.swanctl(
                "call the other end",
                &["--initiate", "--child", &name, "--timeout", "1"],
            );
        }
    }

    fn swanctl(&self, doing: &'static str, arguments: &[&str]) -> Result<String, VpnError> {
        let files = Files(&self.plan.data);
        let program = &self.plan.installed.swanctl;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg("--uri")
            .arg(format!("unix://{}", files.socket().display()))
            .env("STRONGSWAN_CONF", files.settings())
            .env("SWANCTL_DIR", files.swanctl())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let fail = |said: String| VpnError::Swanctl { doing, said };
        let mut child = command.spawn().map_err(|source| VpnError::Start {
            program: program.clone(),
            source,
        })?;
        let deadline = Instant::now() + SWANCTL_LIMIT;
        loop {
            match child.try_wait() {
                Ok(Some(_)) => break,
                Ok(None) if Instant::now() < deadline => thread::sleep(LOOK_AGAIN),
                _ => {
                    // It is gone by itself, or is to be gone now.
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(fail("nothing, for too long".to_owned()));
                }
            }
        }
        let output = child
            .wait_with_output()
            .map_err(|error| fail(error.to_string()))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(fail(said.trim().replace('\n', " | ")))
        }
    }
}

impl Drop for TunnelEnd {
    fn drop(&mut self) {
        // It has ended, or ends now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the daemon's files are.
struct Files<'a>(&'a Path);

impl Files<'_> {
    fn settings(&self) -> PathBuf {
        self.0.join("strongswan.conf")
    }

    fn swanctl(&self) -> PathBuf {
        self.0.join("swanctl")
    }

    fn socket(&self) -> PathBuf {
        self.0.join("charon.vici")
    }

    fn log(&self) -> PathBuf {
        self.0.join("charon.log")
    }
}

/// `strongswan.conf`. A peer that is gone is given up after about eight seconds, where strongSwan's own default is near
/// three minutes: nobody wants to wait for that in a rehearsal.
fn settings(data: &Path) -> String {
    let files = Files(data);
    format!(
        "\
charon {{
  load = {PLUGINS}
  install_routes = no
  install_virtual_ip = no
  routing_table_prio = {AFTER_MAIN}
  retransmit_tries = 3
  retransmit_timeout = 1.0
  retransmit_base = 1.5
  plugins {{
    vici {{
      socket = unix://{}
    }}
  }}
  filelog {{
    log {{
      path = {}
      default = 1
      enc = 0
      net = 0
      flush_line = yes
    }}
  }}
}}
swanctl {{
  load = random nonce openssl aes sha1 sha2 hmac pem pkcs1
}}
",
        files.socket().display(),
        files.log().display()
    )
}

/// The tunnel's configuration and its key, as the handed-over file has them.
fn write_tunnel(plan: &EndPlan) -> Result<(), VpnError> {
    let (id, folder) = (&plan.tunnel, Files(&plan.data).swanctl());
    let tunnel = plan
        .tunnel()
        .ok_or_else(|| VpnError::NoSuchTunnel(id.clone()))?;
    let text = strongswan_tunnel(&plan.vpn, id, tunnel, plan.side);
    write(&folder.join("swanctl.conf"), &text, 0o600)?;
    write(
        &folder.join(key_path(id)),
        &key_file(plan.key.expose()),
        0o600,
    )
}

/// Writes a file and makes the folders that lead to it, for the owner alone.
pub(super) fn write(path: &Path, text: &str, mode: u32) -> Result<(), VpnError> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .and_then(|()| {
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(mode)
                .open(path)?;
            file.write_all(text.as_bytes())
        })
        .map_err(|source| VpnError::Write {
            path: path.to_owned(),
            source,
        })
}

/// A log from a place on, or its end where that is too long. A log that cannot be read is empty.
pub(super) fn read_end(path: &Path, from: u64) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(from.max(length.saturating_sub(LOG_LIMIT))))?;
        let mut bytes = Vec::new();
        file.take(LOG_LIMIT).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}
