//! Faults of environments: accounts, bastions, products, databases.

use model::catalog::Catalog;
use model::estate::read;

use super::{Fault, check};
use crate::acme::{ACME, TODAY};

const ENVIRONMENTS: &[Fault] = &[
    Fault {
        name: "account with dashes",
        edits: &[("account = \"444455556666\"", "account = \"4444-5555-6666\"")],
        rule: "bad-account",
        subject: "environments.staging.account",
        at: "\"4444-5555-6666\"",
    },
    Fault {
        name: "account of production",
        edits: &[("account = \"444455556666\"", "account = \"111122223333\"")],
        rule: "same-account",
        subject: "environments.staging.account",
        at: "\"111122223333\"",
    },
    Fault {
        name: "nothing is production",
        edits: &[("production = true\n", "")],
        rule: "no-production",
        subject: "environments",
        at: "environments",
    },
    Fault {
        name: "bastion on 22",
        edits: &[("port = 40022", "port = 22")],
        rule: "bastion-on-22",
        subject: "environments.production.bastion.port",
        at: "22",
    },
    Fault {
        name: "bastion on 0",
        edits: &[("port = 40022", "port = 0")],
        rule: "bastion-on-0",
        subject: "environments.production.bastion.port",
        at: "0",
    },
    Fault {
        name: "bastion on the gateway's port",
        edits: &[("port = 40022", "port = 8243")],
        rule: "bastion-on-product-port",
        subject: "environments.production.bastion.port",
        at: "8243",
    },
    Fault {
        name: "instance type without size",
        edits: &[("instance = \"t3.micro\"", "instance = \"t3\"")],
        rule: "bad-instance-type",
        subject: "environments.production.bastion.instance",
        at: "\"t3\"",
    },
    Fault {
        name: "environment called like a site",
        edits: &[
            ("[environments.staging]", "[environments.internet]"),
            (", \"verify staging\"", ""),
        ],
        rule: "reserved-name",
        subject: "environments.internet",
        at: "internet",
    },
];

const PRODUCTS: &[Fault] = &[
    Fault {
        name: "misspelt product",
        edits: &[("product = \"wso2-apim\"", "product = \"wso2-aipm\"")],
        rule: "unknown-product",
        subject: "environments.production.products.apim.product",
        at: "\"wso2-aipm\"",
    },
    Fault {
        name: "version that was never checked",
        edits: &[("version = \"4.5.0\"", "version = \"4.5\"")],
        rule: "unknown-version",
        subject: "environments.production.products.apim.version",
        at: "\"4.5\"",
    },
    Fault {
        name: "misspelt pattern",
        edits: &[(
            "version = \"4.5.0\"\npattern = \"active-active\"",
            "version = \"4.5.0\"\npattern = \"active-activ\"",
        )],
        rule: "unknown-pattern",
        subject: "environments.production.products.apim.pattern",
        at: "\"active-activ\"",
    },
    Fault {
        name: "one node of an active pair",
        edits: &[(
            "version = \"4.5.0\"\npattern = \"active-active\"\nnodes = 2",
            "version = \"4.5.0\"\npattern = \"active-active\"\nnodes = 1",
        )],
        rule: "nodes-outside-pattern",
        subject: "environments.production.products.apim.nodes",
        at: "1",
    },
    Fault {
        name: "misspelt port",
        edits: &[(
            "public = [\"gateway-https\"]",
            "public = [\"gatway-https\"]",
        )],
        rule: "unknown-port",
        subject: "environments.production.products.apim.public[0]",
        at: "\"gatway-https\"",
    },
    Fault {
        name: "consoles on the Internet",
        edits: &[(
            "public = [\"gateway-https\"]",
            "public = [\"gateway-https\", \"management-https\"]",
        )],
        rule: "console-public",
        subject: "environments.production.products.apim.public[1]",
        at: "\"management-https\"",
    },
    Fault {
        name: "clear text on the Internet",
        edits: &[(
            "public = [\"gateway-https\"]",
            "public = [\"gateway-http\"]",
        )],
        rule: "clear-text-public",
        subject: "environments.production.products.apim.public[0]",
        at: "\"gateway-http\"",
    },
    Fault {
        name: "calls what is not there",
        edits: &[("calls = [\"is\"]", "calls = [\"is\", \"mi\"]")],
        rule: "unknown-call",
        subject: "environments.production.products.apim.calls[1]",
        at: "\"mi\"",
    },
    Fault {
        name: "calls itself",
        edits: &[("calls = [\"is\"]", "calls = [\"is\", \"apim\"]")],
        rule: "unknown-call",
        subject: "environments.production.products.apim.calls[1]",
        at: "\"apim\"",
    },
    Fault {
        name: "product that nobody may use",
        edits: &[("calls = [\"is\"]\n", ""), ("internal = [\"https\"]\n", "")],
        rule: "product-unused",
        subject: "environments.production.products.is",
        at: "is",
    },
    Fault {
        name: "administrator called admin",
        edits: &[(
            "internal = [\"https\"]\nadmin-user = \"acme-admin\"",
            "internal = [\"https\"]\nadmin-user = \"admin\"",
        )],
        rule: "default-admin-name",
        subject: "environments.production.products.is.admin-user",
        at: "\"admin\"",
    },
    Fault {
        name: "volume of nothing",
        edits: &[("volume-gib = 50", "volume-gib = 0")],
        rule: "volume-size",
        subject: "environments.production.products.apim.volume-gib",
        at: "0",
    },
];

const DATABASES: &[Fault] = &[
    Fault {
        name: "engine that was never tested",
        edits: &[("engine = \"postgres\"", "engine = \"mariadb\"")],
        rule: "database-engine-untested",
        subject: "environments.production.database.engine",
        at: "\"mariadb\"",
    },
    Fault {
        name: "version that one product was not tested with",
        edits: &[("version = \"15.12\"", "version = \"17.2\"")],
        rule: "database-version-untested",
        subject: "environments.production.database.version",
        at: "\"17.2\"",
    },
    Fault {
        name: "backups for longer than RDS keeps them",
        edits: &[("backup-days = 14", "backup-days = 90")],
        rule: "backup-days",
        subject: "environments.production.database.backup-days",
        at: "90",
    },
    Fault {
        name: "production in one zone",
        edits: &[("multi-az = true", "multi-az = false")],
        rule: "database-in-one-zone",
        subject: "environments.production.database.multi-az",
        at: "false",
    },
    Fault {
        name: "storage smaller than RDS makes",
        edits: &[("storage-gib = 100", "storage-gib = 5")],
        rule: "database-storage",
        subject: "environments.production.database.storage-gib",
        at: "5",
    },
    Fault {
        name: "instance type for a machine",
        edits: &[("instance = \"db.m6i.large\"", "instance = \"m6i.large\"")],
        rule: "bad-instance-type",
        subject: "environments.production.database.instance",
        at: "\"m6i.large\"",
    },
    Fault {
        name: "products without their database",
        edits: &[(
            "[environments.production.database]\nengine = \"postgres\"\nversion = \"15.12\"\ninstance = \"db.m6i.large\"\nstorage-gib = 100\nmulti-az = true\nbackup-days = 14\n",
            "",
        )],
        rule: "database-missing",
        subject: "environments.production.database",
        at: "production",
    },
];

#[test]
fn of_environments() {
    ENVIRONMENTS.iter().for_each(check);
}

#[test]
fn of_products() {
    PRODUCTS.iter().for_each(check);
}

#[test]
fn of_databases() {
    DATABASES.iter().for_each(check);
}

/// A pattern that wants more zones than the estate has, which none of the embedded ones does.
#[test]
fn of_patterns_over_more_zones() {
    let mut catalog = Catalog::embedded();
    let apim = catalog.products.get_mut("wso2-apim").expect("embedded");
    for pattern in apim.patterns.values_mut() {
        pattern.min_zones = 3;
    }
    let reading = read("estate.toml", ACME.as_bytes(), &catalog, TODAY);
    let finding = reading
        .findings
        .iter()
        .find(|finding| finding.rule == "too-few-zones");
    assert_eq!(
        finding.map(|finding| finding.subject.as_str()),
        Some("zones")
    );
}
