//! Environments: each with its own account, range, bastion, products and database.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::word::Ground;
use crate::document::{Report, Table, quote_key};
use crate::estate::like::unfold;
use crate::estate::{
    BalancerKind, Bastion, BastionPlace, Database, Environment, Hardening, Image, ProductUse,
};
use crate::id::EnvironmentId;

pub(super) fn all(
    root: &mut Table<'_, '_>,
    report: &mut Report,
) -> BTreeMap<EnvironmentId, Environment> {
    let mut all = BTreeMap::new();
    for unfolded in unfold(root, report) {
        let path = format!("environments.{}", quote_key(&unfolded.name));
        let table = Table::at(&unfolded.table, path, unfolded.span);
        all.insert(
            EnvironmentId::new(unfolded.name),
            environment(table, report),
        );
    }
    all
}

fn environment(mut table: Table<'_, '_>, report: &mut Report) -> Environment {
    let environment = Environment {
        like: table
            .optional::<String>("like", report)
            .map(EnvironmentId::new),
        production: table.or("production", false, report),
        account: table.required("account", report),
        cidr: table.required("cidr", report),
        ipv6: table.or("ipv6", false, report),
        balancer: table.or("balancer", BalancerKind::Network, report),
        image: table.optional("image", report),
        bastion: bastion(&mut table, report),
        products: products(&mut table, report),
        database: database(&mut table, report),
    };
    table.finish(report);
    environment
}

fn bastion(environment: &mut Table<'_, '_>, report: &mut Report) -> Bastion {
    let Some(mut table) = environment.table("bastion", report) else {
        return Bastion {
            port: 0,
            place: BastionPlace::Vpc {
                instance: String::new(),
            },
            image: None,
        };
    };
    let bastion = Bastion {
        port: table.required("port", report),
        place: bastion_place(&mut table, report),
        image: table.optional("image", report),
    };
    table.finish(report);
    bastion
}

/// An environment may be like one whose bastion stands elsewhere, and takes over keys that mean nothing at its own place.
fn bastion_place(table: &mut Table<'_, '_>, report: &mut Report) -> BastionPlace {
    let ground = table.or("place", Ground::Vpc, report);
    let instance: Option<String> = table.optional("instance", report);
    let address: Option<IpAddr> = table.optional("address", report);
    let public_address: Option<Ipv4Addr> = table.optional("public-address", report);
    let mut instance = || {
        instance
            .clone()
            .unwrap_or_else(|| table.required("instance", report))
    };
    match ground {
        Ground::Vpc => BastionPlace::Vpc {
            instance: instance(),
        },
        Ground::OperatorVpc => BastionPlace::OperatorVpc {
            instance: instance(),
        },
        Ground::DataCentre => BastionPlace::DataCentre {
            address: address.unwrap_or_else(|| table.required("address", report)),
            public_address: public_address
                .unwrap_or_else(|| table.required("public-address", report)),
        },
    }
}

fn products(environment: &mut Table<'_, '_>, report: &mut Report) -> BTreeMap<String, ProductUse> {
    let mut products = BTreeMap::new();
    for (name, mut table) in environment.named("products", report) {
        let product = ProductUse {
            product: table.required("product", report),
            version: table.required("version", report),
            pattern: table.required("pattern", report),
            nodes: table.required("nodes", report),
            instance: table.required("instance", report),
            volume_gib: table.required("volume-gib", report),
            image: table.optional("image", report),
            hostname: table.required("hostname", report),
            calls: table.or("calls", Vec::new(), report),
            public: table.or("public", Vec::new(), report),
            internal: table.or("internal", Vec::new(), report),
            admin_user: table.required("admin-user", report),
        };
        table.finish(report);
        products.insert(name, product);
    }
    products
}

fn database(environment: &mut Table<'_, '_>, report: &mut Report) -> Option<Database> {
    let mut table = environment.optional_table("database", report)?;
    let database = Database {
        engine: table.required("engine", report),
        version: table.required("version", report),
        instance: table.required("instance", report),
        storage_gib: table.required("storage-gib", report),
        multi_az: table.required("multi-az", report),
        backup_days: table.required("backup-days", report),
    };
    table.finish(report);
    Some(database)
}

pub(super) fn images(root: &mut Table<'_, '_>, report: &mut Report) -> BTreeMap<String, Image> {
    let mut images = BTreeMap::new();
    for (name, mut table) in root.named("images", report) {
        let image = Image {
            system: table.required("system", report),
            version: table.required("version", report),
            hardening: table.or("hardening", Hardening::None, report),
            patches: table.optional("patches", report),
            subscription: table.optional("subscription", report),
        };
        table.finish(report);
        images.insert(name, image);
    }
    images
}
