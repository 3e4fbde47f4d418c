//! The VPN connections of a design, staged: which programs run in which places of the twin, and what each is told.

use std::collections::BTreeMap;
use std::path::PathBuf;

use model::vpn::{TunnelId, VpnConnection};
use model::{HostId, Network, Peer, Secret, SecretName};
use peers::vpn::{
    EndPlace, EndPlan, Installed, Leg, RaiseError, RouterPlace, RouterPlan, SetUp, Table, Vpn,
    VpnPlan,
};
use twin::Program;
use twin::vpn::{End, Places, Router};

use super::Plain;
use super::station::{SUBCOMMAND, Standing};

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
        let mut behind = vpns.iter().flat_map(|vpn| &vpn.site_prefixes);
        if behind.any(|prefix| prefix.addr().is_ipv6()) {
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
        let setting = Setting {
            vpns,
            secrets,
            installed: &installed,
        };
        let mut programs = BTreeMap::new();
        for end in &places.ends {
            programs.insert(end.program.clone(), program(&setting.end(end)?)?);
        }
        for router in &places.routers {
            programs.insert(router.program.clone(), program(&setting.router(router)?)?);
        }
        Ok(Some(Self {
            vpns: vpns.to_vec(),
            plan: stations(vpns, &places),
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

/// What the programs of a VPN are made from.
struct Setting<'a> {
    vpns: &'a [VpnConnection],
    secrets: &'a BTreeMap<SecretName, Secret>,
    installed: &'a Installed,
}

impl Setting<'_> {
    fn connection(&self, tunnel: &TunnelId) -> Result<&VpnConnection, Plain> {
        let found = self.vpns.iter().find(|vpn| vpn.id == tunnel.vpn);
        found.ok_or_else(|| unmade(format!("{tunnel} belongs to no connection of the design")))
    }

    fn key(&self, tunnel: &TunnelId) -> Result<&Secret, Plain> {
        let mut named = self.connection(tunnel)?.named_tunnels();
        let found = named.find(|(id, _)| id == tunnel);
        found
            .and_then(|(_, tunnel)| self.secrets.get(&tunnel.key))
            .ok_or_else(|| unmade(format!("{tunnel} has no pre-shared key")))
    }

    fn end(&self, end: &End) -> Result<SetUp, Plain> {
        Ok(SetUp::End(Box::new(EndPlan {
            vpn: self.connection(&end.tunnel)?.clone(),
            tunnel: end.tunnel.clone(),
            side: end.side,
            key: self.key(&end.tunnel)?.clone(),
            data: PathBuf::from(twin::DATA),
            installed: self.installed.clone(),
        })))
    }

    fn router(&self, router: &Router) -> Result<SetUp, Plain> {
        let legs = router.legs.iter().map(|(tunnel, device)| {
            Ok(Leg {
                vpn: self.connection(tunnel)?.clone(),
                tunnel: tunnel.clone(),
                device: device.clone(),
            })
        });
        let tables = router.tables.iter().map(|table| Table {
            number: table.number,
            learns: table.learns.clone(),
            fixed: table.fixed.clone(),
        });
        Ok(SetUp::Router(Box::new(RouterPlan {
            side: router.side,
            legs: legs.collect::<Result<_, Plain>>()?,
            tables: tables.collect(),
            data: PathBuf::from(twin::DATA),
            installed: self.installed.clone(),
        })))
    }
}

/// Where the stations are that raise the VPN.
fn stations(vpns: &[VpnConnection], places: &Places) -> VpnPlan {
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
    VpnPlan {
        connections: vpns.to_vec(),
        ends: ends.collect(),
        routers: routers.collect(),
    }
}

fn program(set_up: &SetUp) -> Result<Program, Plain> {
    Ok(Program {
        argv: vec!["/proc/self/exe".to_owned(), SUBCOMMAND.to_owned()],
        hostname: "vpn".to_owned(),
        dns: Vec::new(),
        search: Vec::new(),
        hosts_file: Vec::new(),
        input: serde_json::to_value(set_up)
            .map_err(|error| unmade(format!("the set-up of a tunnel has no JSON form: {error}")))?,
    })
}

/// What a design that is sound never comes to.
fn unmade(why: String) -> Plain {
    Plain {
        why,
        remedy: "tell Reeve's makers".to_owned(),
    }
}
