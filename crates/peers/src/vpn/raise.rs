//! Directs the stations of a VPN from outside: raises it, tells its state, breaks and mends it.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use ipnet::{IpNet, Ipv4Net};
use model::HostId;
use model::secret::Secret;
use model::vpn::{TunnelId, VpnConnection, VpnSide};

use super::charon::DEVICE;
use super::{EndState, Reply, Request, RouterState};

/// A key exchange takes some milliseconds; one that began before the other end listened is tried again after seconds.
const EXCHANGE_LIMIT: Duration = Duration::from_secs(90);

/// An exchange that meets the moment in which a device changes its namespace leaves an association without a tunnel, which
/// nobody asks for again unasked. What still lacks after this time is called once more: later than the daemons' own first
/// retransmission after four seconds, which would have mended a lost datagram.
const CALL_AGAIN: Duration = Duration::from_secs(6);

/// BGP begins after a second, and again a second or two after each failure.
const ROUTES_LIMIT: Duration = Duration::from_secs(90);

/// Between two looks at what is not there yet. A look starts a process for each end of a tunnel.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// What the network under a VPN does for it, and the way to its stations.
pub trait Ground {
    /// Asks a station. It answers within the time that a daemon may take to start, 60 s.
    ///
    /// # Errors
    /// Why there is no answer, in words.
    fn ask(&self, station: &HostId, request: &Request) -> Result<Reply, String>;

    /// Takes the device of a tunnel's end into the namespace of the router on that side, under the name by which the
    /// router's plan knows it, gives it the inside address and raises it.
    ///
    /// # Errors
    /// Why not, in words.
    fn adopt(&self, tunnel: &TunnelId, side: VpnSide, device: &str) -> Result<(), String>;

    /// Takes away the plain links for which the tunnels stand.
    ///
    /// # Errors
    /// Why not, in words.
    fn cut(&self) -> Result<(), String>;

    /// Has the Internet drop everything from and to AWS's end of a tunnel, or no more.
    ///
    /// # Errors
    /// Why not, in words.
    fn sever(&self, tunnel: &TunnelId, severed: bool) -> Result<(), String>;
}

/// The stations of all VPN connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VpnPlan {
    /// The connections.
    pub connections: Vec<VpnConnection>,
    /// Both ends of each tunnel.
    pub ends: Vec<EndPlace>,
    /// The routers on both sides.
    pub routers: Vec<RouterPlace>,
}

/// Where one end of a tunnel is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndPlace {
    /// Its station.
    pub station: HostId,
    /// The tunnel.
    pub tunnel: TunnelId,
    /// Whose end.
    pub side: VpnSide,
}

/// Where a router is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterPlace {
    /// Its station.
    pub station: HostId,
    /// Whose.
    pub side: VpnSide,
    /// The tunnels that end at it.
    pub tunnels: Vec<TunnelId>,
}

/// A tunnel as its two ends and the routers behind them see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TunnelState {
    /// Which.
    pub tunnel: TunnelId,
    /// AWS's end.
    pub amazon: EndState,
    /// The customer's end.
    pub customer: EndState,
    /// Whether the routers on both sides answer each other through it.
    pub carries: bool,
    /// The destinations that AWS has learnt by it.
    pub learnt: BTreeSet<Ipv4Net>,
    /// Those of them that are not of the site: routes that the customer's router leaks.
    pub leaked: BTreeSet<Ipv4Net>,
}

impl TunnelState {
    /// Whether both ends hold an association.
    #[must_use]
    pub fn is_established(&self) -> bool {
        self.amazon.association.up && self.customer.association.up
    }

    /// What a daemon wrote when the other end had another pre-shared key.
    #[must_use]
    pub fn refused(&self) -> Option<&str> {
        // The end that was called knows why; the other one only that.
        let told = [&self.amazon, &self.customer].map(|end| end.refused.as_deref());
        told.into_iter().flatten().next()
    }
}

/// Why a VPN could not be raised, or asked.
#[derive(Debug, thiserror::Error)]
pub enum RaiseError {
    /// A station does not do what it is asked.
    #[error("have {station} {doing}: {why}")]
    Station {
        /// Which.
        station: HostId,
        /// What it was asked.
        doing: &'static str,
        /// What came back.
        why: String,
    },
    /// The network under the VPN does not do what it is asked.
    #[error("{doing}: {why}")]
    Ground {
        /// What it was asked.
        doing: String,
        /// What came back.
        why: String,
    },
    /// A tunnel neither came up nor was refused.
    #[error(
        "establish {tunnel} within {seconds} s; AWS's end wrote: {amazon}; the customer's wrote: {customer}"
    )]
    NotEstablished {
        /// Which.
        tunnel: TunnelId,
        /// How long it had.
        seconds: u64,
        /// The end of the log at AWS's end.
        amazon: String,
        /// The end of the log at the customer's end.
        customer: String,
    },
    /// A tunnel stands, and the routers do not meet through it.
    #[error("have the routers meet through {tunnel} within {seconds} s: {what}")]
    NoRoutes {
        /// Which.
        tunnel: TunnelId,
        /// How long it had.
        seconds: u64,
        /// What was seen instead.
        what: &'static str,
    },
    /// There is no such tunnel.
    #[error("find {0} among the tunnels")]
    NoSuchTunnel(TunnelId),
}

/// A VPN that was raised.
pub struct Vpn<'a> {
    ground: &'a dyn Ground,
    plan: VpnPlan,
}

impl<'a> Vpn<'a> {
    /// Starts the daemons, waits until every tunnel is established or refused for its key, has the routers meet through
    /// the former, and cuts the plain links: from then on the tunnels carry all that passes, or nothing does.
    ///
    /// A tunnel that is refused is no error: [`Vpn::tunnels`] tells.
    ///
    /// # Errors
    /// [`RaiseError`]; the plain links then still stand.
    pub fn raise(ground: &'a dyn Ground, plan: VpnPlan) -> Result<Self, RaiseError> {
        let vpn = Self { ground, plan };
        // AWS's ends listen before the customer's call.
        for side in [VpnSide::Amazon, VpnSide::Customer] {
            for end in vpn.plan.ends.iter().filter(|end| end.side == side) {
                vpn.order(&end.station, "start strongSwan", &Request::Start)?;
                ground
                    .adopt(&end.tunnel, side, DEVICE)
                    .map_err(|why| RaiseError::Ground {
                        doing: format!("give the device of {} to {side}'s router", end.tunnel),
                        why,
                    })?;
            }
        }
        for router in &vpn.plan.routers {
            vpn.order(&router.station, "start BIRD", &Request::Start)?;
        }
        let established = vpn.await_exchange()?;
        for tunnel in established {
            vpn.await_carrying(&tunnel, true)?;
        }
        ground.cut().map_err(|why| RaiseError::Ground {
            doing: "cut the plain links".to_owned(),
            why,
        })?;
        Ok(vpn)
    }

    /// Waits until each tunnel is established or refused; those that are established.
    fn await_exchange(&self) -> Result<Vec<TunnelId>, RaiseError> {
        let deadline = Instant::now() + EXCHANGE_LIMIT;
        let mut called = Instant::now();
        loop {
            let states = self.ends()?;
            let open = states.iter().find(|(_, [amazon, customer])| {
                let up = amazon.association.up && customer.association.up;
                !up && amazon.refused.is_none() && customer.refused.is_none()
            });
            match open {
                None => {
                    let up = |(tunnel, [amazon, customer]): (TunnelId, [EndState; 2])| {
                        (amazon.association.up && customer.association.up).then_some(tunnel)
                    };
                    return Ok(states.into_iter().filter_map(up).collect());
                }
                Some((tunnel, [amazon, customer])) if Instant::now() >= deadline => {
                    return Err(RaiseError::NotEstablished {
                        tunnel: tunnel.clone(),
                        seconds: EXCHANGE_LIMIT.as_secs(),
                        amazon: amazon.log.clone(),
                        customer: customer.log.clone(),
                    });
                }
                Some((tunnel, _)) => {
                    if called.elapsed() >= CALL_AGAIN {
                        self.call(tunnel)?;
                        called = Instant::now();
                    }
                    thread::sleep(LOOK_AGAIN);
                }
            }
        }
    }

    /// Waits until the routers on both sides answer each other through a tunnel and have learnt each other's prefixes by
    /// it, or until neither does any more.
    ///
    /// # Errors
    /// [`RaiseError::NoRoutes`] after 90 s.
    pub fn await_carrying(&self, tunnel: &TunnelId, wanted: bool) -> Result<(), RaiseError> {
        let vpn = self.connection(tunnel)?;
        let deadline = Instant::now() + ROUTES_LIMIT;
        loop {
            let routers = self.routers(tunnel)?;
            let sides = [
                (VpnSide::Amazon, &vpn.site_prefixes),
                (VpnSide::Customer, &vpn.cloud_prefixes),
            ];
            let done = sides.iter().all(|(side, prefixes)| {
                let Some(state) = routers.get(side) else {
                    return false;
                };
                let learnt = state.learnt.get(tunnel);
                let offers = |net: &Ipv4Net| learnt.is_some_and(|learnt| learnt.contains(net));
                if wanted {
                    state.carrying.contains(tunnel) && v4(prefixes).all(|net| offers(&net))
                } else {
                    !state.carrying.contains(tunnel) && !v4(prefixes).any(|net| offers(&net))
                }
            });
            if done {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(RaiseError::NoRoutes {
                    tunnel: tunnel.clone(),
                    seconds: ROUTES_LIMIT.as_secs(),
                    what: if wanted {
                        "they do not"
                    } else {
                        "they still do, though it was to stop"
                    },
                });
            }
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// The state of every tunnel, in the order of the connections.
    ///
    /// # Errors
    /// [`RaiseError`].
    pub fn tunnels(&self) -> Result<Vec<TunnelState>, RaiseError> {
        let mut all = Vec::new();
        for (tunnel, [amazon, customer]) in self.ends()? {
            let routers = self.routers(&tunnel)?;
            let carries = routers.len() == 2
                && routers
                    .values()
                    .all(|state| state.carrying.contains(&tunnel));
            let learnt = routers
                .get(&VpnSide::Amazon)
                .and_then(|state| state.learnt.get(&tunnel))
                .cloned()
                .unwrap_or_default();
            let vpn = self.connection(&tunnel)?;
            let leaked = learnt
                .iter()
                .filter(|net| !v4(&vpn.site_prefixes).any(|own| own.contains(*net)))
                .copied()
                .collect();
            all.push(TunnelState {
                tunnel,
                amazon,
                customer,
                carries,
                learnt,
                leaked,
            });
        }
        Ok(all)
    }

    /// Has the Internet drop everything between the ends of tunnels, and waits until the routers have noticed.
    ///
    /// # Errors
    /// [`RaiseError`].
    pub fn lose<'t>(
        &self,
        tunnels: impl IntoIterator<Item = &'t TunnelId> + Clone,
    ) -> Result<(), RaiseError> {
        for tunnel in tunnels.clone() {
            self.sever(tunnel, true)?;
        }
        let mut all = tunnels.into_iter();
        all.try_for_each(|tunnel| self.await_carrying(tunnel, false))
    }

    /// Has the Internet carry lost tunnels' packets again, and waits until the routers meet through each. All are given
    /// back, whichever of them fails.
    ///
    /// # Errors
    /// [`RaiseError`] of the first that fails.
    pub fn restore<'t>(
        &self,
        tunnels: impl IntoIterator<Item = &'t TunnelId> + Clone,
    ) -> Result<(), RaiseError> {
        let all = tunnels.clone().into_iter();
        let given: Vec<Result<(), RaiseError>> =
            all.map(|tunnel| self.sever(tunnel, false)).collect();
        for (tunnel, given) in tunnels.into_iter().zip(given) {
            given?;
            // A loss shorter than the ends' patience leaves the association as it was.
            let stands = [VpnSide::Amazon, VpnSide::Customer]
                .into_iter()
                .map(|side| self.end_state(tunnel, side))
                .collect::<Result<Vec<_>, _>>()?;
            if !stands.iter().all(|end| end.association.up) {
                self.call(tunnel)?;
            }
            self.await_carrying(tunnel, true)?;
        }
        Ok(())
    }

    /// Has the Internet drop everything between a tunnel's ends, or no more, and returns at once: for a stream of
    /// questions that shall meet the loss.
    ///
    /// # Errors
    /// [`RaiseError`].
    pub fn sever(&self, tunnel: &TunnelId, severed: bool) -> Result<(), RaiseError> {
        self.ground
            .sever(tunnel, severed)
            .map_err(|why| RaiseError::Ground {
                doing: format!("drop the packets of {tunnel}"),
                why,
            })
    }

    /// Changes the pre-shared key at one end of a tunnel alone, and has the tunnel begin again.
    ///
    /// # Errors
    /// [`RaiseError`].
    pub fn change_key(
        &self,
        tunnel: &TunnelId,
        side: VpnSide,
        key: &Secret,
    ) -> Result<(), RaiseError> {
        let station = self.end(tunnel, side)?;
        self.order(station, "change its key", &Request::ChangeKey(key.clone()))?;
        self.call(tunnel)
    }

    /// Waits until a tunnel is refused for its key; the line that the daemon wrote.
    ///
    /// # Errors
    /// [`RaiseError::NotEstablished`] when neither happens for 90 s, or it is established after all.
    pub fn await_refusal(&self, tunnel: &TunnelId) -> Result<String, RaiseError> {
        let deadline = Instant::now() + EXCHANGE_LIMIT;
        loop {
            let amazon = self.end_state(tunnel, VpnSide::Amazon)?;
            let customer = self.end_state(tunnel, VpnSide::Customer)?;
            let up = amazon.association.up || customer.association.up;
            match (amazon.refused.or(customer.refused), up) {
                (Some(line), false) => return Ok(line),
                _ if Instant::now() >= deadline => {
                    return Err(RaiseError::NotEstablished {
                        tunnel: tunnel.clone(),
                        seconds: EXCHANGE_LIMIT.as_secs(),
                        amazon: amazon.log,
                        customer: customer.log,
                    });
                }
                _ => thread::sleep(LOOK_AGAIN),
            }
        }
    }

    /// Has the router on one side announce prefixes beside its own; none ends it.
    ///
    /// # Errors
    /// [`RaiseError`].
    pub fn leak(&self, side: VpnSide, prefixes: &[Ipv4Net]) -> Result<(), RaiseError> {
        for router in self.plan.routers.iter().filter(|one| one.side == side) {
            let request = Request::Leak(prefixes.to_vec());
            self.order(&router.station, "announce prefixes", &request)?;
        }
        Ok(())
    }

    fn call(&self, tunnel: &TunnelId) -> Result<(), RaiseError> {
        let station = self.end(tunnel, VpnSide::Customer)?;
        self.order(station, "call AWS's end", &Request::Call)
    }

    fn ends(&self) -> Result<Vec<(TunnelId, [EndState; 2])>, RaiseError> {
        let tunnels = self
            .plan
            .connections
            .iter()
            .flat_map(VpnConnection::named_tunnels);
        tunnels
            .map(|(tunnel, _)| {
                let amazon = self.end_state(&tunnel, VpnSide::Amazon)?;
                let customer = self.end_state(&tunnel, VpnSide::Customer)?;
                Ok((tunnel, [amazon, customer]))
            })
            .collect()
    }

    fn end_state(&self, tunnel: &TunnelId, side: VpnSide) -> Result<EndState, RaiseError> {
        let (station, doing) = (self.end(tunnel, side)?, "tell its tunnel's state");
        match self.ask(station, doing, &Request::End)? {
            Reply::End(state) => Ok(state),
            other => Err(misunderstood(station, doing, &other)),
        }
    }

    /// What the routers on both sides of a tunnel know.
    fn routers(&self, tunnel: &TunnelId) -> Result<BTreeMap<VpnSide, RouterState>, RaiseError> {
        let doing = "tell its routes";
        self.plan
            .routers
            .iter()
            .filter(|router| router.tunnels.contains(tunnel))
            .map(
                |router| match self.ask(&router.station, doing, &Request::Router)? {
                    Reply::Router(state) => Ok((router.side, state)),
                    other => Err(misunderstood(&router.station, doing, &other)),
                },
            )
            .collect()
    }

    fn end(&self, tunnel: &TunnelId, side: VpnSide) -> Result<&HostId, RaiseError> {
        let wanted = |end: &&EndPlace| end.tunnel == *tunnel && end.side == side;
        let found = self.plan.ends.iter().find(wanted);
        found
            .map(|end| &end.station)
            .ok_or_else(|| RaiseError::NoSuchTunnel(tunnel.clone()))
    }

    fn connection(&self, tunnel: &TunnelId) -> Result<&VpnConnection, RaiseError> {
        let found = self.plan.connections.iter();
        found
            .into_iter()
            .find(|vpn| vpn.id == tunnel.vpn)
            .ok_or_else(|| RaiseError::NoSuchTunnel(tunnel.clone()))
    }

    fn order(
        &self,
        station: &HostId,
        doing: &'static str,
        request: &Request,
    ) -> Result<(), RaiseError> {
        match self.ask(station, doing, request)? {
            Reply::Done => Ok(()),
            other => Err(misunderstood(station, doing, &other)),
        }
    }

    fn ask(
        &self,
        station: &HostId,
        doing: &'static str,
        request: &Request,
    ) -> Result<Reply, RaiseError> {
        self.ground
            .ask(station, request)
            .map_err(|why| RaiseError::Station {
                station: station.clone(),
                doing,
                why,
            })
    }
}

fn misunderstood(station: &HostId, doing: &'static str, reply: &Reply) -> RaiseError {
    RaiseError::Station {
        station: station.clone(),
        doing,
        why: format!("it answered {reply:?}"),
    }
}

/// AWS carries one family in a tunnel, and these are IPv4's.
fn v4(prefixes: &[IpNet]) -> impl Iterator<Item = Ipv4Net> {
    prefixes.iter().filter_map(|net| match net {
        IpNet::V4(net) => Some(net.trunc()),
        IpNet::V6(_) => None,
    })
}
