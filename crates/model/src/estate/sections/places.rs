//! Who and what stands outside the environments: the accounts' terms, the operator, the data centre.

use std::collections::BTreeMap;

use super::link;
use crate::document::{Report, Table};
use crate::estate::{AccountTerms, DataCentre, Operator, OperatorVpc, Payer};

/// The role that the operator assumes where nothing is said.
const ROLE: &str = "reeve-operator";

pub(super) fn account(root: &mut Table<'_, '_>, report: &mut Report) -> AccountTerms {
    let Some(mut table) = root.optional_table("account", report) else {
        return AccountTerms {
            payer: Payer::Customer,
            role: ROLE.to_owned(),
            external_id: None,
            permission_boundary: None,
            forbidden_regions: Vec::new(),
            tags: BTreeMap::new(),
        };
    };
    let account = AccountTerms {
        payer: table.or("payer", Payer::Customer, report),
        role: table.or("role", ROLE.to_owned(), report),
        external_id: table.optional("external-id", report),
        permission_boundary: table.optional("permission-boundary", report),
        forbidden_regions: table.or("forbidden-regions", Vec::new(), report),
        tags: table.values("tags", report).into_iter().collect(),
    };
    table.finish(report);
    account
}

pub(super) fn operator(root: &mut Table<'_, '_>, report: &mut Report) -> Operator {
    let Some(mut table) = root.table("operator", report) else {
        return Operator {
            name: String::new(),
            networks: Vec::new(),
            contact: String::new(),
            vpc: None,
        };
    };
    let operator = Operator {
        name: table.required("name", report),
        networks: table.required("networks", report),
        contact: table.required("contact", report),
        vpc: table.optional_table("vpc", report).map(|mut vpc| {
            let own = OperatorVpc {
                account: vpc.required("account", report),
                cidr: vpc.required("cidr", report),
            };
            vpc.finish(report);
            own
        }),
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
        link: link::required(&mut table, report),
    };
    table.finish(report);
    Some(data_centre)
}
