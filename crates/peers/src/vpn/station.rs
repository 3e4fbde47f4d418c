//! What runs in a network namespace of a VPN: a tunnel's end, or a router. It does what it is asked.

use std::sync::Arc;

use ipnet::Ipv4Net;
use model::secret::Secret;
use serde::{Deserialize, Serialize};

use super::bird::Router;
use super::charon::{DEVICE, TunnelEnd};
use super::wire::{Seen, Wire};
use super::{Association, EndPlan, RouterPlan, RouterState, VpnError};

/// The first message to a station: what it is. Nothing is started by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SetUp {
    /// A tunnel's end.
    End(Box<EndPlan>),
    /// A router.
    Router(Box<RouterPlan>),
}

/// A request to a station.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Start the daemon, unless it was. Answered with [`Reply::Done`].
    Start,
    /// Tell the tunnel's state. Answered with [`Reply::End`].
    End,
    /// Tell what the router knows. Answered with [`Reply::Router`].
    Router,
    /// Take another pre-shared key, at this end alone, and begin again with it. Answered with [`Reply::Done`].
    ChangeKey(Secret),
    /// Call the other end now. Answered with [`Reply::Done`].
    Call,
    /// Announce these prefixes beside this side's own; none ends it. Answered with [`Reply::Done`].
    Leak(Vec<Ipv4Net>),
}

/// A station's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// It was done.
    Done,
    /// To [`Request::End`].
    End(EndState),
    /// To [`Request::Router`].
    Router(RouterState),
}

/// One end of a tunnel, as its daemon sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndState {
    /// Its association with the other end.
    pub association: Association,
    /// What the daemon wrote when the other end had another key; none while that did not happen.
    pub refused: Option<String>,
    /// What passed outside the tunnel.
    pub wire: Seen,
    /// The last lines of the daemon's log.
    pub log: String,
}

/// A tunnel's end or a router, with its daemon once that was started.
#[derive(Debug)]
pub struct Station(Role);

#[derive(Debug)]
enum Role {
    End {
        plan: Box<EndPlan>,
        running: Option<Box<(TunnelEnd, Arc<Wire>)>>,
    },
    Router {
        plan: Box<RouterPlan>,
        running: Option<Box<Router>>,
    },
}

impl Station {
    /// A station that has started nothing yet.
    #[must_use]
    pub fn new(set_up: SetUp) -> Self {
        Self(match set_up {
            SetUp::End(plan) => Role::End {
                plan,
                running: None,
            },
            SetUp::Router(plan) => Role::Router {
                plan,
                running: None,
            },
        })
    }

    /// Does what is asked. It may take as long as a daemon takes to start.
    ///
    /// # Errors
    /// [`VpnError`]; a request that is not for this kind of station is [`VpnError::NotStarted`].
    pub fn answer(&mut self, request: Request) -> Result<Reply, VpnError> {
        match (&mut self.0, request) {
            (Role::End { plan, running }, Request::Start) => {
                if running.is_none() {
                    let wire = watch(plan)?;
                    let end = TunnelEnd::start(plan.as_ref().clone())?;
                    *running = Some(Box::new((end, wire)));
                }
                Ok(Reply::Done)
            }
            (Role::Router { plan, running }, Request::Start) => {
                if running.is_none() {
                    *running = Some(Box::new(Router::start(plan.as_ref().clone())?));
                }
                Ok(Reply::Done)
            }
            (
                Role::End {
                    running: Some(running),
                    ..
                },
                request,
            ) => {
                let (end, wire) = running.as_mut();
                of_end(end, wire, request)
            }
            (
                Role::Router {
                    running: Some(router),
                    ..
                },
                request,
            ) => of_router(router, request),
            _ => Err(VpnError::NotStarted),
        }
    }
}

fn watch(plan: &EndPlan) -> Result<Arc<Wire>, VpnError> {
    let tunnel = plan
        .tunnel()
        .ok_or_else(|| VpnError::NoSuchTunnel(plan.tunnel.clone()))?;
    let ends = [tunnel.outside, plan.vpn.gateway.address];
    Wire::watch(ends, DEVICE).map_err(VpnError::Watch)
}

fn of_end(end: &mut TunnelEnd, wire: &Wire, request: Request) -> Result<Reply, VpnError> {
    match request {
        Request::End => Ok(Reply::End(EndState {
            association: end.association()?,
            refused: end.refused(),
            wire: wire.seen(),
            log: end.log(),
        })),
        Request::ChangeKey(key) => {
            end.change_key(key)?;
            Ok(Reply::Done)
        }
        Request::Call => {
            end.call();
            Ok(Reply::Done)
        }
        Request::Start | Request::Router | Request::Leak(_) => Err(VpnError::NotStarted),
    }
}

fn of_router(router: &Router, request: Request) -> Result<Reply, VpnError> {
    match request {
        Request::Router => Ok(Reply::Router(router.state()?)),
        Request::Leak(prefixes) => {
            router.leak(&prefixes)?;
            Ok(Reply::Done)
        }
        Request::Start | Request::End | Request::ChangeKey(_) | Request::Call => {
            Err(VpnError::NotStarted)
        }
    }
}
