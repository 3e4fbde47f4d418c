//! Logging in to a host of a kept twin, as people will: from the operator's workstation, through the bastion.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, IsTerminal};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use access::{ChannelError, ConnectError, Exit, Identity, Limits, Route, Size, Terminal};
use model::HostId;
use serde::{Deserialize, Serialize};

/// The hidden subcommand that runs on the workstation.
pub const SUBCOMMAND: &str = "steward-login";

/// What a person logs in with; left in the workstation's private folder, in memory, and nowhere else.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Login {
    /// Key, certificate, pinned authority.
    pub(crate) identity: Identity,
    /// The way to each host.
    pub(crate) routes: BTreeMap<HostId, Route>,
}

/// Why a login did not come about.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The workstation has no login.
    #[error("find the login of this workstation at {path}")]
    NoLogin {
        /// Where it is kept.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The login cannot be kept.
    #[error("keep the login of this workstation")]
    Leave(#[source] io::Error),
    /// There is no way to the host.
    #[error("find a way to `{host}`; there is one to {}", .known.join(", "))]
    NoRoute {
        /// The host.
        host: String,
        /// The hosts to which there is one.
        known: Vec<String>,
    },
    /// The way is closed.
    #[error("log in to {host}")]
    Connect {
        /// The host.
        host: HostId,
        /// Why.
        #[source]
        source: Box<ConnectError>,
    },
    /// The session broke.
    #[error("work on {host}")]
    Session {
        /// The host.
        host: HostId,
        /// Why.
        #[source]
        source: ChannelError,
    },
    /// The terminal of this side fails.
    #[error("use this terminal")]
    Terminal(#[source] io::Error),
}

impl Login {
    /// Leaves the login in the workstation's private folder, for its owner alone.
    pub(crate) fn leave(&self, folder: &Path) -> Result<(), KeptError> {
        let text = serde_json::to_vec(self).map_err(|error| KeptError::Leave(error.into()))?;
        fs::create_dir_all(folder).map_err(KeptError::Leave)?;
        let file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path_in(folder));
        file.and_then(|mut file| io::Write::write_all(&mut file, &text))
            .map_err(KeptError::Leave)
    }

    fn find(folder: &Path) -> Result<Self, KeptError> {
        let path = path_in(folder);
        let text = fs::read(&path);
        let login = text.and_then(|text| serde_json::from_slice(&text).map_err(io::Error::from));
        login.map_err(|source| KeptError::NoLogin { path, source })
    }

    /// The way to a host by its identifier, or by the part behind the environment where that is unique.
    fn route(&self, name: &str) -> Result<&Route, KeptError> {
        if let Some(route) = self.routes.get(&HostId::new(name)) {
            return Ok(route);
        }
        let mut alike = self
            .routes
            .iter()
            .filter(|(id, _)| id.as_str().rsplit('/').next() == Some(name));
        match (alike.next(), alike.next()) {
            (Some((_, route)), None) => Ok(route),
            _ => Err(KeptError::NoRoute {
                host: name.to_owned(),
                known: self.routes.keys().map(ToString::to_string).collect(),
            }),
        }
    }
}

fn path_in(folder: &Path) -> PathBuf {
    folder.join("login.json")
}

/// The command that the operator's workstation runs to log in to a host; without a command there, a shell.
pub fn login_command(host: &str, command: &[String]) -> Vec<String> {
    let mut argv = vec![
        "/proc/self/exe".to_owned(),
        SUBCOMMAND.to_owned(),
        host.to_owned(),
    ];
    argv.extend(command.iter().cloned());
    argv
}

/// Logs in to a host from the workstation that this process runs on, and returns the exit status of what ran there.
///
/// # Errors
/// Says what is missing, which step of the way is closed, or how the session ended.
pub fn enter_shell(host: &str, command: &[String]) -> Result<u8, KeptError> {
    let login = Login::find(Path::new(crate::staging::PRIVATE))?;
    let route = login.route(host)?.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(KeptError::Terminal)?;
    // A terminal that is being read cannot be left by waiting: the runtime must not wait for it either.
    let done = runtime.block_on(work(&login, &route, command));
    runtime.shutdown_background();
    done
}

async fn work(login: &Login, route: &Route, command: &[String]) -> Result<u8, KeptError> {
    let id = route.target.host.clone();
    let broken = |source| KeptError::Session {
        host: id.clone(),
        source,
    };
    let channel = access::connect(route, &login.identity, &Limits::default())
        .await
        .map_err(|source| KeptError::Connect {
            host: id.clone(),
            source: Box::new(source),
        })?;
    let exit = if command.is_empty() {
        interactive(&channel).await.map_err(|error| match error {
            Shell::Terminal(error) => KeptError::Terminal(error),
            Shell::Session(source) => broken(source),
        })?
    } else {
        let output = channel
            .exec(&command.join(" "), Vec::new())
            .await
            .map_err(broken)?;
        let shown = io::Write::write_all(&mut io::stdout(), &output.stdout)
            .and_then(|()| io::Write::write_all(&mut io::stderr(), &output.stderr));
        shown.map_err(KeptError::Terminal)?;
        output.exit
    };
    channel.close().await;
    Ok(match exit {
        Exit::Status(status) => u8::try_from(status).unwrap_or(u8::MAX),
        _ => 255,
    })
}

/// Why an interactive shell ended otherwise than by itself.
enum Shell {
    Terminal(io::Error),
    Session(ChannelError),
}

/// A shell with this side's terminal, which is put into raw mode meanwhile.
async fn interactive(channel: &access::HostChannel) -> Result<Exit, Shell> {
    let term = std::env::var("TERM").unwrap_or_else(|_| "dumb".to_owned());
    let (sizes, changes) = tokio::sync::watch::channel(size());
    let terminal = Terminal { term, size: size() };
    let raw = RawMode::enter().map_err(Shell::Terminal)?;
    let mut resized = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::window_change())
        .map_err(Shell::Terminal)?;
    let mut shell =
        std::pin::pin!(channel.shell(&terminal, changes, tokio::io::stdin(), tokio::io::stdout()));
    let exit = loop {
        tokio::select! {
            exit = &mut shell => break exit,
            // Nobody listens any more only when the shell has ended.
            _ = resized.recv() => { let _ = sizes.send(size()); }
        }
    };
    drop(raw);
    exit.map_err(Shell::Session)
}

/// The terminal's size; 80 by 24 where there is none.
fn size() -> Size {
    rustix::termios::tcgetwinsize(io::stdout())
        .map(|size| Size {
            columns: size.ws_col,
            rows: size.ws_row,
        })
        .unwrap_or(Size {
            columns: 80,
            rows: 24,
        })
}

/// The terminal in raw mode; dropping it restores what was before.
struct RawMode(Option<rustix::termios::Termios>);

impl RawMode {
    fn enter() -> io::Result<Self> {
        if !io::stdin().is_terminal() {
            return Ok(Self(None));
        }
        let before = rustix::termios::tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Now, &raw)?;
        Ok(Self(Some(before)))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // The terminal may be gone; then there is nothing to restore.
            let _ = rustix::termios::tcsetattr(
                io::stdin(),
                rustix::termios::OptionalActions::Now,
                before,
            );
        }
    }
}
