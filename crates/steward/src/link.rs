//! What the customer's network team needs to join its site: a folder for each link, put together from the design.

use std::collections::BTreeMap;

use design::Design;
use handover::RenderError;
use handover::link::{
    Dialect, DirectConnect, Document, LinkContext, NetworkSheet, Opening, VirtualInterface,
};
use model::estate::Link;
use model::{Estate, SecretName, VpnConnection};

/// Everything to hand over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkPack {
    /// One folder for each connection.
    pub folders: Vec<LinkFolder>,
    /// What is to be known besides: stand-ins, keys, what is not designed.
    pub notes: Vec<String>,
}

/// What belongs to one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkFolder {
    /// The connection's name, and the folder's: `vpn-1`, `direct-connect`.
    pub name: String,
    /// What it is, in one line.
    pub about: String,
    /// The router's configuration first, where there is one, and the sheet for the network team.
    pub files: Vec<Document>,
}

/// Writes what the customer's network team needs. An estate without a data centre has no folder, and a note says so.
///
/// # Errors
/// Fails when a template does; no input makes it.
pub fn link_pack(estate: &Estate, design: &Design) -> Result<LinkPack, RenderError> {
    let keys = keys(design);
    let openings: Vec<Opening> = design::openings(design)
        .into_iter()
        .map(|opening| Opening {
            from: opening.from,
            to: opening.to,
            traffic: opening.traffic,
            why: opening.why,
        })
        .collect();
    let pack = Pack {
        estate,
        context: LinkContext {
            estate: &estate.name,
            customer: &estate.customer,
            keys: &keys,
        },
        openings: &openings,
    };
    let connections: Vec<&VpnConnection> = design
        .blueprints
        .values()
        .flat_map(|blueprint| &blueprint.vpns)
        .collect();
    let mut notes = Vec::new();
    let mut folders = Vec::new();
    for connection in &connections {
        folders.push(pack.vpn(connection, &mut notes)?);
    }
    if let Some(direct) = direct_connect(estate, design) {
        folders.push(pack.line(&direct)?);
    }
    if !connections.is_empty() {
        notes.push("AWS's outside addresses are stand-ins out of 198.18.0.0/15 until AWS allots real ones: open no firewall for them, and write the files anew then".to_owned());
    }
    if folders.is_empty() {
        notes.push("no data centre is joined: there is nothing to configure".to_owned());
    } else {
        notes.push(
            "no file holds a key: each names a placeholder, and where the key is to be had"
                .to_owned(),
        );
    }
    notes.extend(recovery(estate));
    Ok(LinkPack { folders, notes })
}

/// Where each key is to be had, in words.
fn keys(design: &Design) -> BTreeMap<SecretName, String> {
    design
        .secrets
        .iter()
        .map(|(name, reference)| {
            let from = reference.as_ref().map_or_else(
                || "AWS, which makes it with the connection: ask the operator".to_owned(),
                ToString::to_string,
            );
            (name.clone(), from)
        })
        .collect()
}

/// What every folder is made of.
struct Pack<'a> {
    estate: &'a Estate,
    context: LinkContext<'a>,
    openings: &'a [Opening],
}

impl Pack<'_> {
    fn vpn(
        &self,
        connection: &VpnConnection,
        notes: &mut Vec<String>,
    ) -> Result<LinkFolder, RenderError> {
        let written = handover::link::link(connection, &self.context)?;
        notes.extend(written.note);
        let mut files = written.files;
        files.push(self.sheet(std::slice::from_ref(connection), None)?);
        let gateway = &connection.gateway;
        let language = match written.dialect {
            Dialect::Generic => "a sheet of parameters".to_owned(),
            known => format!("configuration for {known}"),
        };
        Ok(LinkFolder {
            name: connection.id.to_string(),
            about: format!(
                "IPsec VPN to {} {} at {}, two tunnels: {language}",
                gateway.vendor, gateway.model, gateway.address
            ),
            files,
        })
    }

    fn line(&self, direct: &DirectConnect) -> Result<LinkFolder, RenderError> {
        Ok(LinkFolder {
            name: "direct-connect".to_owned(),
            about: format!(
                "Direct Connect by {} at {}, {}, {} virtual interfaces",
                direct.provider,
                direct.location,
                direct.bandwidth,
                direct.interfaces.len()
            ),
            files: vec![self.sheet(&[], Some(direct))?],
        })
    }

    fn sheet(
        &self,
        connections: &[VpnConnection],
        direct_connect: Option<&DirectConnect>,
    ) -> Result<Document, RenderError> {
        NetworkSheet {
            context: self.context.clone(),
            region: &self.estate.region,
            connections,
            direct_connect,
            openings: self.openings,
        }
        .document()
    }
}

/// The data centre's lines, where a provider brings them.
fn direct_connect(estate: &Estate, design: &Design) -> Option<DirectConnect> {
    let Link::DirectConnect(wanted) = &estate.data_centre.as_ref()?.link else {
        return None;
    };
    let lines = design::lines(estate, design);
    let first = lines.first()?;
    Some(DirectConnect {
        provider: wanted.provider.clone(),
        location: wanted.location.clone(),
        bandwidth: wanted.bandwidth.clone(),
        site_prefixes: first.site_prefixes.clone(),
        cloud_prefixes: first.cloud_prefixes.clone(),
        interfaces: lines
            .into_iter()
            .map(|line| VirtualInterface {
                connection: line.name,
                vlan: line.vlan,
                customer_asn: line.customer_asn,
                amazon_asn: line.amazon_asn,
                peers: line.peers,
                key: line.key,
            })
            .collect(),
    })
}

/// The recovery site's link: declared, and designed with the recovery itself.
fn recovery(estate: &Estate) -> Option<String> {
    let recovery = estate.wanted_recovery()?;
    let declared = match recovery.link.as_ref()? {
        Link::Vpn(vpn) => {
            let gateways: Vec<String> = vpn
                .gateways
                .iter()
                .map(|gateway| {
                    format!(
                        "{} {} at {}",
                        gateway.vendor, gateway.model, gateway.address
                    )
                })
                .collect();
            format!("a VPN to {}", gateways.join(" and "))
        }
        Link::DirectConnect(direct) => format!(
            "Direct Connect by {} at {}, VLAN {}, AS {}",
            direct.provider, direct.location, direct.vlan, direct.asn
        ),
    };
    Some(format!(
        "the recovery site in {} is to be joined by {declared}; its addresses are not designed yet, so it has no file here",
        recovery.region
    ))
}
