//! A standing twin with a VPN in it, as [`peers::vpn`] wants it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use model::HostId;
use model::secret::Secret;
use model::vpn::{TunnelId, VpnConnection, VpnRouting, VpnSide};
use peers::vpn::{
    EndPlace, EndPlan, Ground, Installed, Interruption, Leg, Reply, Request, RouterPlace,
    RouterPlan, SetUp, Table, TunnelState, Vpn, VpnPlan,
};
use serde::Serialize;
use serde_json::Value;
use tempfile::TempDir;
use twin::{Plan, Program, Twin};

use crate::program::{self, Ask};
use crate::site;

/// A station may start a daemon before it answers.
const STATION_LIMIT: Duration = Duration::from_secs(60);

/// What a test waits for comes within seconds, on a machine that does much else within a minute.
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) struct Standing {
    twin: Twin,
    plan: VpnPlan,
    _folder: TempDir,
}

/// A stream that was begun.
pub(crate) struct Begun<'a>(&'a Standing);

impl Standing {
    /// Stands the network up, its VPN connection not yet raised. The keys are AWS's and the customer's.
    pub(crate) fn start(
        routing: VpnRouting,
        connections: u8,
        installed: &Installed,
        [amazon, customer]: [[&str; 2]; 2],
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let network = site::network(routing);
        let connection = |which| site::connection(routing, which);
        let vpns: Vec<VpnConnection> = (1..=connections).map(connection).collect();
        let places = twin::vpn::places(&network, &vpns);
        let key = |end: &twin::vpn::End| {
            let keys = match end.side {
                VpnSide::Amazon => amazon,
                VpnSide::Customer => customer,
            };
            Secret::new(keys[usize::from(end.tunnel.number) - 1])
        };
        let mut programs: BTreeMap<HostId, Program> = BTreeMap::new();
        for end in &places.ends {
            let set_up = SetUp::End(Box::new(EndPlan {
                vpn: connection_of(&vpns, &end.tunnel),
                tunnel: end.tunnel.clone(),
                side: end.side,
                key: key(end),
                data: PathBuf::from(twin::DATA),
                installed: installed.clone(),
            }));
            programs.insert(end.program.clone(), program(program::STATION, &set_up));
        }
        for router in &places.routers {
            let leg = |(tunnel, device): &(TunnelId, String)| Leg {
                vpn: connection_of(&vpns, tunnel),
                tunnel: tunnel.clone(),
                device: device.clone(),
            };
            let table = |table: &twin::vpn::Table| Table {
                number: table.number,
                learns: table.learns.clone(),
                fixed: table.fixed.clone(),
            };
            let set_up = SetUp::Router(Box::new(RouterPlan {
                side: router.side,
                legs: router.legs.iter().map(leg).collect(),
                tables: router.tables.iter().map(table).collect(),
                data: PathBuf::from(twin::DATA),
                installed: installed.clone(),
            }));
            programs.insert(router.program.clone(), program(program::STATION, &set_up));
        }
        let (_, port) = site::ECHO;
        for host in ["app", "client"] {
            programs.insert(host.into(), program(program::HOST, &Ask::Echo(port)));
        }
        let plan = VpnPlan {
            connections: vpns.clone(),
            ends: places
                .ends
                .iter()
                .map(|end| EndPlace {
                    station: end.program.clone(),
                    tunnel: end.tunnel.clone(),
                    side: end.side,
                })
                .collect(),
            routers: places
                .routers
                .iter()
                .map(|router| RouterPlace {
                    station: router.program.clone(),
                    side: router.side,
                    tunnels: router.legs.iter().map(|(id, _)| id.clone()).collect(),
                })
                .collect(),
        };
        let twin = Twin::start(Plan {
            network,
            vpns,
            programs,
            run_dir: folder.path().join("run"),
            label: "vpn".to_owned(),
            keep: false,
        })
        .expect("the twin stands");
        Self {
            twin,
            plan,
            _folder: folder,
        }
    }

    pub(crate) fn plan(&self) -> VpnPlan {
        self.plan.clone()
    }

    /// Whether the VPC's host answers the data centre's: all of several questions, or none at all.
    pub(crate) fn is_answered(&self) -> bool {
        let seen = self.questions();
        // A busy machine may lose one in a buffer.
        assert!(
            seen.answered == 0 || seen.answered + 1 >= seen.sent,
            "{seen:?}"
        );
        seen.answered > 0
    }

    fn questions(&self) -> Interruption {
        let ask = Ask::Questions(echo(), site::QUESTIONS);
        serde_json::from_value(self.client(&ask)).expect("it tells what it saw")
    }

    /// Whether long packets pass in both directions.
    pub(crate) fn carries_long_packets(&self) -> bool {
        const LENGTH: usize = 200_000;
        self.client(&Ask::Transfer(echo(), LENGTH)) == LENGTH
    }

    /// Begins to ask without end; some are answered when this returns.
    pub(crate) fn begin_stream(&self) -> Begun<'_> {
        self.client(&Ask::Begin(echo()));
        assert!(self.is_answered(), "before anything happens");
        Begun(self)
    }

    fn client(&self, ask: &Ask) -> Value {
        let ask = serde_json::to_value(ask).expect("it has a JSON form");
        self.twin.ask(&"client".into(), &ask).expect("it answers")
    }
}

impl Begun<'_> {
    pub(crate) fn end(self) -> Interruption {
        let seen = self.0.client(&Ask::End);
        serde_json::from_value(seen).expect("it tells what it saw")
    }
}

impl Ground for Standing {
    fn ask(&self, station: &HostId, request: &Request) -> Result<Reply, String> {
        let request = serde_json::to_value(request).map_err(|error| error.to_string())?;
        let reply = self.twin.ask_within(station, &request, STATION_LIMIT);
        let reply = reply.map_err(|error| format!("{error:?}"))?;
        serde_json::from_value(reply).map_err(|error| error.to_string())
    }

    fn adopt(&self, tunnel: &TunnelId, side: VpnSide, device: &str) -> Result<(), String> {
        let done = self.twin.adopt_tunnel(tunnel, side, device);
        done.map_err(|error| format!("{error:?}"))
    }

    fn cut(&self) -> Result<(), String> {
        let done = self.twin.cut_plain_links();
        done.map_err(|error| format!("{error:?}"))
    }

    fn sever(&self, tunnel: &TunnelId, severed: bool) -> Result<(), String> {
        let done = self.twin.sever_tunnel(tunnel, severed);
        done.map_err(|error| format!("{error:?}"))
    }
}

/// Waits until the tunnels are as wanted.
pub(crate) fn await_state(vpn: &Vpn<'_>, what: &str, wanted: impl Fn(&[TunnelState]) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let states = vpn.tunnels().expect("the tunnels' state");
        if wanted(&states) {
            return;
        }
        assert!(Instant::now() < deadline, "{what}: {states:?}");
        thread::sleep(Duration::from_millis(100));
    }
}

fn echo() -> String {
    let (address, port) = site::ECHO;
    format!("{address}:{port}")
}

fn connection_of(vpns: &[VpnConnection], tunnel: &TunnelId) -> VpnConnection {
    let found = vpns.iter().find(|vpn| vpn.id == tunnel.vpn);
    found.expect("a tunnel is of a connection").clone()
}

fn program(word: &str, input: &impl Serialize) -> Program {
    Program {
        argv: ["/proc/self/exe", word].map(str::to_owned).to_vec(),
        hostname: "vpn".to_owned(),
        dns: Vec::new(),
        search: Vec::new(),
        hosts_file: Vec::new(),
        input: serde_json::to_value(input).expect("it has a JSON form"),
    }
}
