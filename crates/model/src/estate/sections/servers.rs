//! What hosts use outside the estate: names, time, mail, dependencies; and the certificates of the names.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::word::Keeper;
use crate::document::{Field, Report, Table};
use crate::estate::{
    Certificates, Dns, DnsKeeper, HandOver, Mail, Ntp, Outbound, OutboundKind, Ses, Smtp,
};
use crate::secret::SecretRef;

pub(super) fn dns(root: &mut Table<'_, '_>, report: &mut Report) -> Dns {
    let Some(mut table) = root.table("dns", report) else {
        return Dns {
            zone: String::new(),
            keeper: DnsKeeper::Route53,
            servers: Vec::new(),
        };
    };
    let zone = table.required("zone", report);
    let hand_over = table.optional("hand-over", report);
    let dns = match table.or("kept-by", Keeper::Customer, report) {
        Keeper::Customer => Dns {
            zone,
            keeper: DnsKeeper::Customer(hand_over.unwrap_or(HandOver::Address)),
            servers: table.required_when("`kept-by` is `customer`", "servers", report),
        },
        Keeper::Operator => Dns {
            zone,
            keeper: DnsKeeper::Route53,
            servers: table.or("servers", Vec::new(), report),
        },
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

/// Who takes the mails: one of the two must be said.
pub(super) fn mail(root: &mut Table<'_, '_>, report: &mut Report) -> Mail {
    let tables = root.one_table(["smtp", "ses"], report);
    either(tables, report).unwrap_or_else(|| {
        Mail::Customer(Smtp {
            name: String::new(),
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port: 0,
            user: String::new(),
            password: SecretRef::placeholder(),
            sender: String::new(),
        })
    })
}

/// Who takes the mails, where it may be said.
pub(super) fn optional_mail(table: &mut Table<'_, '_>, report: &mut Report) -> Option<Mail> {
    let tables = table.one_table_at_most(["smtp", "ses"], report);
    either(tables, report)
}

/// Reads whatever is there, and takes the first.
fn either(
    [smtp_table, ses_table]: [Option<Table<'_, '_>>; 2],
    report: &mut Report,
) -> Option<Mail> {
    let smtp = smtp_table.map(|table| Mail::Customer(smtp(table, report)));
    let ses = ses_table.map(|table| Mail::Ses(ses(table, report)));
    smtp.or(ses)
}

fn smtp(mut table: Table<'_, '_>, report: &mut Report) -> Smtp {
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

fn ses(mut table: Table<'_, '_>, report: &mut Report) -> Ses {
    let ses = Ses {
        domain: table.required("domain", report),
        sender: table.required("sender", report),
        mail_from: table.optional("mail-from", report),
        reports: table.optional("reports", report),
    };
    table.finish(report);
    ses
}

pub(super) fn outbound(
    root: &mut Table<'_, '_>,
    report: &mut Report,
) -> BTreeMap<String, Outbound> {
    let mut all = BTreeMap::new();
    for (key, mut table) in root.named("outbound", report) {
        let outbound = Outbound {
            kind: table.or("kind", OutboundKind::Other, report),
            name: table.required("name", report),
            address: table.optional("address", report),
            port: table.required("port", report),
            tls: table.or("tls", true, report),
            products: table.or("products", Vec::new(), report),
            purpose: table.required("purpose", report),
        };
        table.finish(report);
        all.insert(key, outbound);
    }
    all
}

pub(super) fn certificates(root: &mut Table<'_, '_>, report: &mut Report) -> Option<Certificates> {
    let mut table = root.optional_table("certificates", report)?;
    let certificates = Certificates {
        issuer: table.required("issuer", report),
        validation: table.required("validation", report),
        validated_by: table.required("validated-by", report),
        renew_days: table.or("renew-days", 30, report),
    };
    table.finish(report);
    Some(certificates)
}
