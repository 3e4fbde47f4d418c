//! The link to a data centre: VPN or Direct Connect.

use std::net::IpAddr;

use crate::document::{Field, Report, Table};
use crate::estate::{CustomerRouter, DirectConnect, Link, Vpn};

/// The link that must be there.
pub(super) fn required(joined: &mut Table<'_, '_>, report: &mut Report) -> Link {
    let tables = joined.one_table(["vpn", "direct-connect"], report);
    either(tables, report).unwrap_or_else(|| {
        Link::Vpn(Vpn {
            gateways: vec![CustomerRouter {
                address: IpAddr::placeholder(),
                asn: None,
                vendor: String::new(),
                model: String::new(),
                software: String::new(),
            }],
            static_prefixes: Vec::new(),
            keys: Vec::new(),
        })
    })
}

/// A link that may be there.
pub(super) fn optional(joined: &mut Table<'_, '_>, report: &mut Report) -> Option<Link> {
    let tables = joined.one_table_at_most(["vpn", "direct-connect"], report);
    either(tables, report)
}

/// Reads whatever is there, and takes the first.
fn either([vpn_table, direct]: [Option<Table<'_, '_>>; 2], report: &mut Report) -> Option<Link> {
    let vpn = vpn_table.map(|table| Link::Vpn(vpn(table, report)));
    let direct = direct.map(|table| Link::DirectConnect(direct_connect(table, report)));
    vpn.or(direct)
}

fn vpn(mut table: Table<'_, '_>, report: &mut Report) -> Vpn {
    let first = CustomerRouter {
        address: table.required("gateway", report),
        asn: table.optional("asn", report),
        vendor: table.required("vendor", report),
        model: table.required("model", report),
        software: table.required("software", report),
    };
    let second = table.optional_table("second", report).map(|mut second| {
        let router = CustomerRouter {
            address: second.required("gateway", report),
            asn: second.optional("asn", report).or(first.asn),
            vendor: second.or("vendor", first.vendor.clone(), report),
            model: second.or("model", first.model.clone(), report),
            software: second.or("software", first.software.clone(), report),
        };
        second.finish(report);
        router
    });
    let vpn = Vpn {
        gateways: std::iter::once(first).chain(second).collect(),
        static_prefixes: table.or("static-prefixes", Vec::new(), report),
        keys: table.or("keys", Vec::new(), report),
    };
    table.finish(report);
    vpn
}

fn direct_connect(mut table: Table<'_, '_>, report: &mut Report) -> DirectConnect {
    let direct = DirectConnect {
        provider: table.required("provider", report),
        location: table.required("location", report),
        vlan: table.required("vlan", report),
        asn: table.required("asn", report),
        bandwidth: table.required("bandwidth", report),
        connections: table.or("connections", 1, report),
        bgp_key: table.optional("bgp-key", report),
    };
    table.finish(report);
    direct
}
