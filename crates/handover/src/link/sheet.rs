//! The sheet for the customer's network team: what stands at AWS's end, and what it is asked to open and to order.

use askama::Template;
use ipnet::IpNet;
use model::Traffic;
use model::vpn::VpnConnection;

use super::direct_connect::InterfaceView;
use super::view::{View, line};
use super::{DirectConnect, Document, LinkContext};
use crate::page::RenderError;

/// One opening that the customer's firewall needs: who opens a connection to whom, and what for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    /// Who opens the connection: a host with its addresses, or a prefix.
    pub from: String,
    /// To whom.
    pub to: String,
    /// Protocol and destination ports. A stateful firewall lets the answers through; any other needs them too.
    pub traffic: Traffic,
    /// What for.
    pub why: String,
}

/// What the sheet is made of.
#[derive(Clone, Debug)]
pub struct NetworkSheet<'a> {
    /// The estate, and where keys are to be had.
    pub context: LinkContext<'a>,
    /// AWS's region.
    pub region: &'a str,
    /// VPN connections, one for each gateway of the customer's.
    pub connections: &'a [VpnConnection],
    /// Direct Connect, where it is wanted.
    pub direct_connect: Option<&'a DirectConnect>,
    /// Openings besides those of the tunnels themselves.
    pub openings: &'a [Opening],
}

#[derive(Template)]
#[template(path = "link/network-sheet.txt", escape = "none")]
struct Page<'a> {
    estate: String,
    customer: String,
    region: String,
    connections: Vec<View>,
    dialects: Vec<super::Dialect>,
    direct: Option<Direct<'a>>,
    openings: Vec<[String; 4]>,
    stand_ins: bool,
}

/// Direct Connect as the template sees it.
struct Direct<'a> {
    link: &'a DirectConnect,
    provider: String,
    location: String,
    bandwidth: String,
    interfaces: Vec<InterfaceView>,
    too_many: bool,
}

/// The most prefixes that AWS takes from the customer over one transit virtual interface: with one more the BGP session
/// goes down. (Direct Connect quotas.)
const MOST_ANNOUNCED: usize = 100;

impl NetworkSheet<'_> {
    /// Writes the sheet, in Markdown.
    ///
    /// # Errors
    /// Fails when the template does; no input makes it.
    pub fn document(&self) -> Result<Document, RenderError> {
        let connections: Vec<_> = self
            .connections
            .iter()
            .map(|connection| View::new(connection, &self.context))
            .collect();
        let page = Page {
            estate: line(self.context.estate),
            customer: line(self.context.customer),
            region: line(self.region),
            stand_ins: connections.iter().any(|view| view.stand_ins),
            dialects: self
                .connections
                .iter()
                .map(|connection| super::Dialect::of(&connection.gateway))
                .collect(),
            openings: connections
                .iter()
                .flat_map(own_openings)
                .chain(self.openings.iter().map(|opening| {
                    [
                        cell(&opening.from),
                        cell(&opening.to),
                        opening.traffic.to_string(),
                        cell(&opening.why),
                    ]
                }))
                .collect(),
            connections,
            direct: self.direct_connect.map(|link| Direct {
                link,
                provider: line(&link.provider),
                location: line(&link.location),
                bandwidth: line(&link.bandwidth),
                interfaces: link
                    .interfaces
                    .iter()
                    .map(|interface| InterfaceView::new(interface, &self.context))
                    .collect(),
                too_many: link.site_prefixes.len() > MOST_ANNOUNCED,
            }),
        };
        Ok(Document {
            name: "network.md".to_owned(),
            text: page.render()?,
        })
    }
}

/// What the tunnels themselves need, both ways, between the outside addresses.
fn own_openings(view: &View) -> Vec<[String; 4]> {
    let needs = [
        (Traffic::udp(500), "IKE"),
        (
            Traffic::udp(4500),
            "IKE and ESP through address translation",
        ),
        (Traffic::Protocol(50), "ESP"),
    ];
    let mut rows = Vec::new();
    for tunnel in &view.tunnels {
        for (traffic, what) in needs {
            rows.push([
                format!("{} and back", view.gateway),
                tunnel.outside.to_string(),
                traffic.to_string(),
                format!("{what}, tunnel {}", tunnel.name),
            ]);
        }
    }
    rows
}

/// Prefixes in one line.
fn list(prefixes: &[IpNet]) -> String {
    prefixes
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

/// A text as a cell of a Markdown table.
pub(super) fn cell(text: &str) -> String {
    line(text).replace('|', "\\|")
}
