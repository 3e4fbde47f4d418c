//! The VPN of a twin: staged with it, raised once the plain link has been compared, and asked.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use model::claim::{Expect, Probe, Question};
use model::vpn::{TunnelId, VpnConnection, VpnSide};
use model::{Claim, Evidence, HostId, Network, Peer, Secret, SecretName, Verdict};
use peers::vpn::{
    EndPlace, EndPlan, Ground, Installed, Leg, RaiseError, Reply as StationReply,
    Request as StationRequest, RouterPlace, RouterPlan, SetUp, Station, Table, TunnelState, Vpn,
    VpnPlan,
};
use serde::Serialize;
use serde_json::Value;
use twin::{Program, Twin};

use crate::asking::{Closed, Site, evidence, request};
use crate::flow::Interruption;
use crate::host::{chain, exit_code};
use crate::message::{Reply, Request};

/// The hidden subcommand that runs in the places of a VPN.
pub const SUBCOMMAND: &str = "steward-vpn";

/// A station may start a daemon before it answers.
const STATION_LIMIT: Duration = Duration::from_secs(60);

/// Why the link to the data centre stays plain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plain {
    /// In words, as they stand behind a semicolon.
    pub(crate) why: String,
    /// What to do about it.
    pub(crate) remedy: String,
}

/// The VPN connections of a design as the twin is to have them.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(crate) vpns: Vec<VpnConnection>,
    pub(crate) programs: BTreeMap<HostId, Program>,
    plan: VpnPlan,
    installed: Installed,
}

impl Staged {
    /// Stages the VPN connections; none where the design has none.
    ///
    /// # Errors
    /// [`Plain`]: this machine, or this version, cannot raise them. The link is then rehearsed without IPsec.
    pub(crate) fn new(
        network: &Network,
        vpns: &[VpnConnection],
        secrets: &BTreeMap<SecretName, Secret>,
    ) -> Result<Option<Self>, Plain> {
        if vpns.is_empty() {
            return Ok(None);
        }
        let all = vpns.iter();
        let mut prefixes = all.flat_map(|vpn| vpn.site_prefixes.iter().chain(&vpn.cloud_prefixes));
        if prefixes.any(|prefix| prefix.addr().is_ipv6())
            && vpns
                .iter()
                .any(|vpn| vpn.site_prefixes.iter().any(|it| it.addr().is_ipv6()))
        {
            return Err(Plain {
                why: "the twin's tunnels carry IPv4 alone, and the data centre has IPv6".to_owned(),
                remedy: "ask the live site".to_owned(),
            });
        }
        let installed = Installed::find().map_err(|missing| Plain {
            why: missing.to_string(),
            remedy: missing.remedy,
        })?;
        let places = twin::vpn::places(network, vpns);
        let of = |tunnel: &TunnelId| vpns.iter().find(|vpn| vpn.id == tunnel.vpn).cloned();
        let mut programs = BTreeMap::new();
        for end in &places.ends {
            let Some(vpn) = of(&end.tunnel) else { continue };
            let key = vpn
                .named_tunnels()
                .find(|(id, _)| *id == end.tunnel)
                .and_then(|(_, tunnel)| secrets.get(&tunnel.key).cloned());
            let Some(key) = key else { continue };
            let set_up = SetUp::End(Box::new(EndPlan {
                vpn,
                tunnel: end.tunnel.clone(),
                side: end.side,
                key,
                data: PathBuf::from(twin::DATA),
                installed: installed.clone(),
            }));
            programs.insert(end.program.clone(), program(&set_up)?);
        }
        for router in &places.routers {
            let legs = router.legs.iter().filter_map(|(tunnel, device)| {
                Some(Leg {
                    vpn: of(tunnel)?,
                    tunnel: tunnel.clone(),
                    device: device.clone(),
                })
            });
            let tables = router.tables.iter().map(|table| Table {
                number: table.number,
                learns: table.learns.clone(),
                fixed: table.fixed.clone(),
            });
            let set_up = SetUp::Router(Box::new(RouterPlan {
                side: router.side,
                legs: legs.collect(),
                tables: tables.collect(),
                data: PathBuf::from(twin::DATA),
                installed: installed.clone(),
            }));
            programs.insert(router.program.clone(), program(&set_up)?);
        }
        let ends = places.ends.iter().map(|end| EndPlace {
            station: end.program.clone(),
            tunnel: end.tunnel.clone(),
            side: end.side,
        });
        let routers = places.routers.iter().map(|router| RouterPlace {
            station: router.program.clone(),
            side: router.side,
            tunnels: router.legs.iter().map(|(id, _)| id.clone()).collect(),
        });
        Ok(Some(Self {
            vpns: vpns.to_vec(),
            plan: VpnPlan {
                connections: vpns.to_vec(),
                ends: ends.collect(),
                routers: routers.collect(),
            },
            programs,
            installed,
        }))
    }

    /// Raises the VPN: from then on everything between the VPCs and the data centre goes through it.
    ///
    /// # Errors
    /// [`RaiseError`]; the plain link then still stands.
    pub(crate) fn raise<'a>(&self, ground: &'a Standing<'a>) -> Result<Vpn<'a>, RaiseError> {
        Vpn::raise(ground, self.plan.clone())
    }

    /// How many tunnels there are.
    pub(crate) fn tunnels(&self) -> usize {
        self.vpns.iter().map(|vpn| vpn.tunnels.len()).sum()
    }

    /// Who plays the two ends.
    pub(crate) fn peer(&self) -> Peer {
        Peer::Real(format!(
            "{}, {}",
            self.installed.ipsec, self.installed.routing
        ))
    }
}

fn program(set_up: &impl Serialize) -> Result<Program, Plain> {
    Ok(Program {
        argv: vec!["/proc/self/exe".to_owned(), SUBCOMMAND.to_owned()],
        hostname: "vpn".to_owned(),
        dns: Vec::new(),
        search: Vec::new(),
        hosts_file: Vec::new(),
        input: serde_json::to_value(set_up).map_err(|error| Plain {
            why: format!("the set-up of a tunnel has no JSON form: {error}"),
            remedy: "tell Reeve's makers".to_owned(),
        })?,
    })
}

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
    fn ask(&self, station: &HostId, request: &StationRequest) -> Result<StationReply, String> {
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

/// Whether a question is about the tunnels themselves.
pub(crate) const fn is_about_tunnels(question: &Question) -> bool {
    matches!(
        question,
        Question::Tunnel { .. } | Question::TunnelLoss { .. }
    )
}

/// Whether what is asked must get through by way of the tunnels: to the site from elsewhere, or from the site.
///
/// What must not get through is stopped by filters and routes, which are the same on the plain link, and there its loss
/// can be accounted for without waiting.
pub(crate) fn crosses(vpns: &[VpnConnection], network: &Network, probe: &Probe) -> bool {
    if probe.expect == Expect::NoWay || is_about_tunnels(&probe.question) {
        return false;
    }
    let in_site = |address: IpAddr| {
        let mut prefixes = vpns.iter().flat_map(|vpn| &vpn.site_prefixes);
        prefixes.any(|prefix| prefix.contains(&address))
    };
    let Some(target) = crate::asking::target(&probe.question) else {
        return false;
    };
    let interfaces = network.interfaces_of(&probe.vantage);
    let addresses: Vec<IpAddr> = interfaces
        .flat_map(|(_, interface)| interface.addresses.iter().copied())
        .collect();
    let from_site = addresses.iter().copied().any(in_site);
    from_site != in_site(target.ip())
}

/// Answers the questions about tunnels while the VPN stands.
pub(crate) fn ask(
    site: &Site<'_>,
    claims: &[Claim],
    staged: &Staged,
    vpn: &Vpn<'_>,
) -> Vec<Evidence> {
    let states = vpn.tunnels();
    let mut all = Vec::new();
    for (claim, probe) in about_tunnels(claims) {
        let (verdict, detail) = match &probe.question {
            Question::Tunnel { tunnel } => match &states {
                Ok(states) => state(states, tunnel),
                Err(error) => (Verdict::Unknown, chain(error)),
            },
            Question::TunnelLoss { tunnels, target } => {
                let tunnels: Vec<_> = tunnels.iter().collect();
                lost(site, vpn, &tunnels, *target, probe)
            }
            _ => continue,
        };
        all.push(evidence(
            site,
            &claim.id,
            probe,
            verdict,
            staged.peer(),
            detail,
        ));
    }
    all
}

/// What is said of the tunnels where the link is plain.
pub(crate) fn untold(site: &Site<'_>, claims: &[Claim], plain: &Plain) -> Vec<Evidence> {
    about_tunnels(claims)
        .map(|(claim, probe)| {
            let detail = format!("the link to the data centre is plain here: {}", plain.why);
            let mut told = evidence(site, &claim.id, probe, Verdict::Unknown, Peer::None, detail);
            told.remedy = Some(plain.remedy.clone());
            told
        })
        .collect()
}

fn about_tunnels(claims: &[Claim]) -> impl Iterator<Item = (&Claim, &Probe)> {
    claims.iter().flat_map(|claim| {
        let probes = claim.probes.iter();
        let probes = probes.filter(|probe| is_about_tunnels(&probe.question));
        probes.map(move |probe| (claim, probe))
    })
}

/// What is to be said of a tunnel: both ends, what passes, and what is announced by it.
fn state(states: &[TunnelState], tunnel: &TunnelId) -> (Verdict, String) {
    let Some(state) = states.iter().find(|state| state.tunnel == *tunnel) else {
        return (Verdict::Unknown, format!("nobody runs {tunnel}"));
    };
    if let Some(why) = state.refused() {
        return (
            Verdict::Fails,
            format!("{tunnel} is refused: the pre-shared keys of its ends differ ({why})"),
        );
    }
    if !state.is_established() {
        let (amazon, customer) = (state.amazon.association.up, state.customer.association.up);
        let end = |up: bool| if up { "up" } else { "down" };
        return (
            Verdict::Fails,
            format!(
                "{tunnel}: AWS's end is {}, the customer's {}",
                end(amazon),
                end(customer)
            ),
        );
    }
    if !state.carries {
        return (
            Verdict::Fails,
            format!("{tunnel} stands, and the routers do not meet through it"),
        );
    }
    if !state.leaked.is_empty() {
        let leaked: Vec<_> = state.leaked.iter().map(ToString::to_string).collect();
        return (
            Verdict::Fails,
            format!(
                "by {tunnel} the customer's router announces {}, which is not its own",
                leaked.join(", ")
            ),
        );
    }
    let clear = state.amazon.wire.clear + state.customer.wire.clear;
    if clear > 0 {
        return (
            Verdict::Fails,
            format!("{clear} packets of {tunnel} went over the Internet in clear"),
        );
    }
    let learnt: Vec<_> = state.learnt.iter().map(ToString::to_string).collect();
    (
        Verdict::Holds,
        format!(
            "{tunnel} is up at both ends with {}{}; {} packets of it crossed the Internet, all encrypted; AWS's end leads {} into it",
            state.customer.association.ciphers,
            if state.customer.association.in_udp {
                " in UDP"
            } else {
                ""
            },
            state.customer.wire.encrypted,
            learnt.join(", "),
        ),
    )
}

/// Takes tunnels away while connections go on, asks, and gives them back.
fn lost(
    site: &Site<'_>,
    vpn: &Vpn<'_>,
    tunnels: &[&TunnelId],
    target: SocketAddr,
    probe: &Probe,
) -> (Verdict, String) {
    let begun = request(site.twin, &probe.vantage, &Request::BeginFlow(target));
    let taken: Result<(), RaiseError> = tunnels.iter().try_for_each(|tunnel| vpn.lose(tunnel));
    let (verdict, mut words) = match taken {
        Ok(()) => {
            let connect = Question::Connect { target };
            let asked = Request::Ask(connect, Closed::ByDeadline);
            match request(site.twin, &probe.vantage, &asked) {
                Ok(Reply::Answer(answer)) => (probe::judge(&probe.expect, &answer), answer.detail),
                Ok(_) => (
                    Verdict::Unknown,
                    "the vantage replied to another request".to_owned(),
                ),
                Err(why) => (Verdict::Unknown, format!("could not be asked: {why}")),
            }
        }
        Err(error) => (Verdict::Unknown, chain(&error)),
    };
    if let (Ok(_), Ok(Reply::Flow(seen))) =
        (begun, request(site.twin, &probe.vantage, &Request::EndFlow))
    {
        words = format!("{words}; {}", interruption(&seen));
    }
    let names: Vec<_> = tunnels.iter().map(ToString::to_string).collect();
    let mut told = (verdict, format!("without {}: {words}", names.join(" and ")));
    for tunnel in tunnels {
        if let Err(error) = vpn.restore(tunnel) {
            told.0 = told.0.and(Verdict::Unknown);
            told.1 = format!("{}; {tunnel} did not come back: {}", told.1, chain(&error));
        }
    }
    told
}

fn interruption(seen: &Interruption) -> String {
    format!(
        "while it was lost, {} of {} connections came about, the longest gap was {} ms by the twin's quick timers, which says nothing of AWS's",
        seen.came_about, seen.tried, seen.longest_gap_ms
    )
}
