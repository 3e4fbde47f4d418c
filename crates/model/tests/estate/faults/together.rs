//! Faults that never come alone: each of the rules must be among what is found.

use std::collections::BTreeSet;

use crate::acme::{ACME, reading};

/// The example without the part that begins at one text and ends before another.
fn without(from: &str, to: &str) -> String {
    let (before, rest) = ACME.split_once(from).expect("the part is there");
    let at = rest.find(to).expect("the part ends");
    format!("{before}{}", rest.get(at..).unwrap_or_default())
}

#[test]
fn are_all_found() {
    let cases: [(&str, String, &[&str]); 6] = [
        (
            "consoles on the Internet by their other port, which is in clear besides",
            ACME.replace(
                "public = [\"gateway-https\"]",
                "public = [\"gateway-https\", \"management-http\"]",
            ),
            &["console-public", "clear-text-public"],
        ),
        (
            "production without backups, although recovery is wanted",
            ACME.replace("backup-days = 14", "backup-days = 0"),
            &["database-without-backups", "recovery-without-backups"],
        ),
        (
            "servers at a data centre that is not joined",
            without("[data-centre]", "# Names that clients use"),
            &["server-not-joined"],
        ),
        (
            "no environment",
            without("[environments.production]", "# --- What hosts may reach"),
            &["no-environment", "awaited-blocks"],
        ),
        (
            "an environment without a product",
            ACME.replace("like = \"production\"", "bastion.port = 40022")
                .replace("products.apim.hostname = \"api-staging\"\n", "")
                .replace(
                    "products.is.hostname = \"login-staging\"",
                    "bastion.instance = \"t3.micro\"",
                ),
            &["no-product", "differs-from-production"],
        ),
        (
            "a database that no product needs",
            ACME.replace("product = \"wso2-apim\"", "product = \"wso2-mi\"")
                .replace("product = \"wso2-is\"", "product = \"wso2-mi\""),
            &["database-unused", "unknown-port", "unknown-version"],
        ),
    ];
    for (name, text, rules) in cases {
        let reading = reading(&text);
        let found: BTreeSet<_> = reading
            .findings
            .iter()
            .map(|finding| finding.rule.as_str())
            .collect();
        for rule in rules {
            assert!(found.contains(rule), "{name}: {rule} not in {found:?}");
        }
    }
}
