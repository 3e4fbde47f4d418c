//! Who and what stands outside AWS: the operator, the data centre, the customer's servers, the Internet.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use crate::document::{Field, Report, Table};
use crate::estate::{DataCentre, Dns, Link, Ntp, Operator, Outbound, Smtp};
use crate::secret::SecretRef;

pub(super) fn operator(root: &mut Table<'_, '_>, report: &mut Report) -> Operator {
    let Some(mut table) = root.table("operator", report) else {
        return Operator {
            name: String::new(),
            networks: Vec::new(),
            contact: String::new(),
        };
    };
    let operator = Operator {
        name: table.required("name", report),
        networks: table.required("networks", report),
        contact: table.required("contact", report),
    };
    table.finish(report);
    operator
}

pub(super) fn data_centre(root: &mut Table<'_, '_>, report: &mut Report) -> Option<DataCentre> {
    let mut table = root.optional_table("data-centre", report)?;
    let data_centre = DataCentre {
        name: table.required("name", report),
        prefixes: table.required("prefixes", report),
        clients: table.values("clients", report).into_iter().collect(),
        link: link(&mut table, report),
    };
    table.finish(report);
    Some(data_centre)
}

fn link(data_centre: &mut Table<'_, '_>, report: &mut Report) -> Link {
    let Some(mut table) = data_centre.table("vpn", report) else {
        return Link::Vpn {
            gateway: IpAddr::placeholder(),
            asn: None,
            static_prefixes: Vec::new(),
            vendor: String::new(),
            model: String::new(),
            software: String::new(),
        };
    };
    let link = Link::Vpn {
        gateway: table.required("gateway", report),
        asn: table.optional("asn", report),
        static_prefixes: table.or("static-prefixes", Vec::new(), report),
        vendor: table.required("vendor", report),
        model: table.required("model", report),
        software: table.required("software", report),
    };
    table.finish(report);
    link
}

pub(super) fn dns(root: &mut Table<'_, '_>, report: &mut Report) -> Dns {
    let Some(mut table) = root.table("dns", report) else {
        return Dns {
            zone: String::new(),
            servers: Vec::new(),
        };
    };
    let dns = Dns {
        zone: table.required("zone", report),
        servers: table.required("servers", report),
    };
    table.finish(report);
    dns
}

pub(super) fn ntp(root: &mut Table<'_, '_>, report: &mut Report) -> Ntp {
    let Some(mut table) = root.table("ntp", report) else {
        return Ntp {
            servers: Vec::new(),
        };
    };
    let ntp = Ntp {
        servers: table.required("servers", report),
    };
    table.finish(report);
    ntp
}

pub(super) fn smtp(root: &mut Table<'_, '_>, report: &mut Report) -> Smtp {
    let Some(mut table) = root.table("smtp", report) else {
        return Smtp {
            name: String::new(),
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port: 0,
            user: String::new(),
            password: SecretRef::placeholder(),
            sender: String::new(),
        };
    };
    let smtp = Smtp {
        name: table.required("name", report),
        address: table.required("address", report),
        port: table.required("port", report),
        user: table.required("user", report),
        password: table.required("password", report),
        sender: table.required("sender", report),
    };
    table.finish(report);
    smtp
}

pub(super) fn outbound(
    root: &mut Table<'_, '_>,
    report: &mut Report,
) -> BTreeMap<String, Outbound> {
    let mut all = BTreeMap::new();
    for (key, mut table) in root.named("outbound", report) {
        let outbound = Outbound {
            name: table.required("name", report),
            port: table.required("port", report),
            purpose: table.required("purpose", report),
        };
        table.finish(report);
        all.insert(key, outbound);
    }
    all
}
