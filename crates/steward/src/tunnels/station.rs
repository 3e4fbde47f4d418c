//! The two sides of a VPN's stations: what runs in a place of the twin, and the standing twin as they are reached in it.

use std::process::ExitCode;
use std::time::Duration;

use model::HostId;
use model::vpn::{TunnelId, VpnSide};
use peers::vpn::{Ground, Reply, Request, SetUp, Station};
use serde_json::Value;
use twin::Twin;

use crate::host::{chain, exit_code};

/// The hidden subcommand that runs in the places of a VPN.
pub const SUBCOMMAND: &str = "steward-vpn";

/// A station may start a daemon before it answers.
const STATION_LIMIT: Duration = Duration::from_secs(60);

/// What runs in the places of a VPN: it does what it is asked until the twin ends.
pub fn main() -> ExitCode {
    exit_code((|| {
        let mut channel = twin::host::channel()?;
        let mut station = None;
        while let Ok(Some(request)) = channel.recv() {
            let answer = match &mut station {
                None => serde_json::from_value::<SetUp>(request.body)
                    .map(|set_up| {
                        station = Some(Station::new(set_up));
                        Value::Null
                    })
                    .map_err(|error| chain(&error)),
                Some(station) => serde_json::from_value(request.body)
                    .map_err(|error| chain(&error))
                    .and_then(|asked| station.answer(asked).map_err(|error| chain(&error)))
                    .and_then(|reply| serde_json::to_value(reply).map_err(|error| chain(&error))),
            };
            channel.send(request.id, answer.as_ref().map_err(String::as_str))?;
        }
        Ok(())
    })())
}

/// A standing twin as what a VPN is raised on.
pub(crate) struct Standing<'a>(pub(crate) &'a Twin);

impl Ground for Standing<'_> {
    fn ask(&self, station: &HostId, request: &Request) -> Result<Reply, String> {
        let request = serde_json::to_value(request).map_err(|error| chain(&error))?;
        let reply = self.0.ask_within(station, &request, STATION_LIMIT);
        let reply = reply.map_err(|error| chain(&error))?;
        serde_json::from_value(reply).map_err(|error| chain(&error))
    }

    fn adopt(&self, tunnel: &TunnelId, side: VpnSide, device: &str) -> Result<(), String> {
        let done = self.0.adopt_tunnel(tunnel, side, device);
        done.map_err(|error| chain(&error))
    }

    fn cut(&self) -> Result<(), String> {
        self.0.cut_plain_links().map_err(|error| chain(&error))
    }

    fn sever(&self, tunnel: &TunnelId, severed: bool) -> Result<(), String> {
        let done = self.0.sever_tunnel(tunnel, severed);
        done.map_err(|error| chain(&error))
    }
}
