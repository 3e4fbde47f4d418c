//! A host's servers as one thing: all bound or none, stopped by being dropped.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use model::claim::Peer;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::balancer::{Pool, TargetState};
use crate::daemon::{Daemons, Standing};
use crate::fault::ServeError;
use crate::opening::{AssignedPorts, Opening};
use crate::plan::HostPlan;
use crate::smtp::{Mailbox, MailboxError, ReceivedMail};
use crate::ssh::{Login, SshServer};

/// What a listener receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Connections.
    Tcp,
    /// Datagrams.
    Udp,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

/// One listener of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    /// The service's name in the plan.
    pub service: String,
    /// What it receives.
    pub transport: Transport,
    /// The address bound.
    pub address: SocketAddr,
    /// What listens, by name and version, for evidence: a stand-in or a real daemon.
    pub peer: Peer,
}

/// Between two looks into the mailbox of a server that delivers after it has accepted.
const LOOK: Duration = Duration::from_millis(20);

/// A host's running servers. Dropping it stops all of them and ends every connection.
pub struct Serving {
    pub(crate) listening: Vec<Listening>,
    pub(crate) mailbox: Option<Arc<Mailbox>>,
    /// How long after its acceptance a mail may come into the mailbox.
    pub(crate) delivery: Duration,
    pub(crate) pools: Vec<(String, Arc<Pool>)>,
    pub(crate) ssh_servers: Vec<SshServer>,
    pub(crate) _standing: Vec<Standing>,
    pub(crate) _tasks: JoinSet<()>,
}

impl Serving {
    /// What is listened on, in the order of the plan.
    pub fn listening(&self) -> &[Listening] {
        &self.listening
    }

    /// Finds the newest received mail whose headers or body contain `token`. None when there is none, and on a host
    /// without a mail server. A real daemon's mail is waited for, a few seconds.
    ///
    /// # Errors
    /// Fails when what was kept cannot be read.
    pub async fn find_mail(&self, token: &str) -> Result<Option<ReceivedMail>, MailboxError> {
        let Some(mailbox) = &self.mailbox else {
            return Ok(None);
        };
        let end = Instant::now() + self.delivery;
        loop {
            let found = mailbox.find(token).await?;
            if found.is_some() || Instant::now() >= end {
                return Ok(found);
            }
            sleep(LOOK).await;
        }
    }

    /// The latest SSH logins and refusals on this host, oldest first.
    pub fn logins(&self) -> Vec<Login> {
        self.ssh_servers
            .iter()
            .flat_map(SshServer::logins)
            .collect()
    }

    /// What the host's balancers think of their targets, in the order of the plan.
    pub fn targets(&self) -> Vec<TargetState> {
        self.pools
            .iter()
            .flat_map(|(service, pool)| pool.states(service))
            .collect()
    }
}

/// Binds every listener of a plan, then serves. Every fault is reported together, and then nothing is served.
///
/// Must be called within a Tokio runtime with I/O and time; the servers run as its tasks.
///
/// # Errors
/// Says of each service what stops it: an address in use, a missing secret or certificate, an unknown database engine.
pub async fn serve(plan: HostPlan) -> Result<Serving, ServeError> {
    serve_with(plan, &Daemons::none()).await
}

/// As [`serve`], with real daemons in the place of the embedded servers for those services that they can play.
///
/// Their configuration and what they keep lie in the plan's private folder. The users of an SSH server are added to the
/// `/etc` of this mount namespace, which must be the host's own. Runs this very executable again, which must call
/// [`crate::daemon::main`] first thing for [`crate::daemon::SUBCOMMAND`].
///
/// # Errors
/// As [`serve`], and when a daemon ends or does not answer, with its last words.
pub async fn serve_with(plan: HostPlan, daemons: &Daemons) -> Result<Serving, ServeError> {
    Opening::of(&plan, AssignedPorts::STANDARD, daemons)
        .await
        .start()
}
