//! The catalogue that comes with Reeve, and faults in catalogues that others write.

use model::catalog::Catalog;
use model::service::PortProtocol;

const MI: &str = include_str!("../../../../catalog/wso2-mi.toml");

const FILES: [(&str, &str); 4] = [
    (
        "wso2-apim.toml",
        include_str!("../../../../catalog/wso2-apim.toml"),
    ),
    (
        "wso2-is.toml",
        include_str!("../../../../catalog/wso2-is.toml"),
    ),
    ("wso2-mi.toml", MI),
    (
        "wso2-ei.toml",
        include_str!("../../../../catalog/wso2-ei.toml"),
    ),
];

#[test]
fn embedded_is_whole_and_has_no_finding() {
    let reading = Catalog::parse(&FILES);
    assert!(reading.findings.is_empty(), "{:#?}", reading.findings);
    assert_eq!(reading.catalog, Catalog::embedded());
    let keys: Vec<_> = reading
        .catalog
        .products
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(keys, ["wso2-apim", "wso2-ei", "wso2-is", "wso2-mi"]);
}

#[test]
fn says_what_the_documentation_says() {
    let catalog = Catalog::embedded();
    let apim = catalog.products.get("wso2-apim").expect("embedded");
    assert_eq!(apim.port("gateway-https").map(|port| port.port), Some(8243));
    assert_eq!(apim.console_port.as_deref(), Some("management-https"));
    assert_eq!(apim.console_aliases, ["management-http"]);
    let is = catalog.products.get("wso2-is").expect("embedded");
    assert!(is.has_consoles_on("https") && is.has_consoles_on("http"));
    assert!(!is.has_consoles_on("cluster"));
    assert_eq!(is.health.path, "/api/health-check/v1.0/health");
    assert_eq!(
        (is.health.port, is.health.protocol),
        (9443, PortProtocol::Https)
    );
    let mi = catalog.products.get("wso2-mi").expect("embedded");
    assert!(mi.consoles.is_empty() && !mi.needs_database());
    for product in catalog.products.values() {
        assert!(
            product.ports.is_sorted_by_key(|port| port.port),
            "{}",
            product.name
        );
        assert_eq!(
            product.default_admin,
            ("admin".to_owned(), "admin".to_owned())
        );
        assert!(
            product.patterns.contains_key("active-active"),
            "{}",
            product.name
        );
    }
}

#[test]
fn faults() {
    let cases = [
        ("misspelt key", "called-on", "caled-on", "unknown-key"),
        ("missing key", "source = ", "# ", "missing-key"),
        (
            "unknown port of health",
            "port = \"probes\"",
            "port = \"probe\"",
            "unknown-port",
        ),
        (
            "unknown called port",
            "called-on = \"https\"",
            "called-on = \"htps\"",
            "unknown-port",
        ),
        (
            "unknown cluster port",
            "cluster = []",
            "cluster = [\"gossip\"]",
            "unknown-port",
        ),
        (
            "unknown protocol",
            "protocol = \"http\" }\nhttps",
            "protocol = \"gopher\" }\nhttps",
            "wrong-value",
        ),
        ("port twice", "port = 8253", "port = 8290", "port-repeated"),
        (
            "pattern without nodes",
            "min-nodes = 2",
            "min-nodes = 9",
            "bad-pattern",
        ),
        (
            "format of tomorrow",
            "format = 1",
            "format = 7",
            "unknown-format",
        ),
        ("syntax", "[health]", "[health", "syntax"),
    ];
    for (name, from, to, rule) in cases {
        assert!(MI.contains(from), "{name}");
        let text = MI.replacen(from, to, 1);
        let reading = Catalog::parse(&[("mine.toml", &text)]);
        let findings = reading
            .findings
            .get("mine.toml")
            .cloned()
            .unwrap_or_default();
        assert!(
            findings.iter().any(|finding| finding.rule == rule),
            "{name}: {findings:#?}"
        );
    }
}

#[test]
fn a_console_on_a_port_that_is_not_there_is_found() {
    let is = FILES[1].1;
    let text = is.replacen("aliases = [\"http\"]", "aliases = [\"htp\"]", 1);
    let reading = Catalog::parse(&[("mine.toml", &text)]);
    let findings = reading.findings.get("mine.toml").expect("a finding");
    let found: Vec<(&str, &str)> = findings
        .iter()
        .map(|finding| (finding.rule.as_str(), finding.subject.as_str()))
        .collect();
    assert_eq!(found, [("unknown-port", "consoles.aliases[0]")]);
    // The key may be left out, as in files written before it.
    let text = is.replacen("aliases", "# aliases", 1);
    let reading = Catalog::parse(&[("mine.toml", &text)]);
    assert!(reading.findings.is_empty(), "{:#?}", reading.findings);
}

#[test]
fn a_product_in_two_files_is_found() {
    let reading = Catalog::parse(&[("a.toml", MI), ("b.toml", MI)]);
    assert_eq!(reading.catalog.products.len(), 1);
    let findings = reading.findings.get("b.toml").expect("the second file");
    assert_eq!(
        findings.first().map(|finding| finding.rule.as_str()),
        Some("product-repeated")
    );
}

#[test]
fn a_folder_of_ones_own_overrides_and_extends() {
    let mut catalog = Catalog::embedded();
    let other = MI.replacen("wso2-mi", "mine", 1);
    let changed = MI.replacen("9201", "9999", 1);
    catalog.merge(Catalog::parse(&[("mine.toml", &other), ("wso2-mi.toml", &changed)]).catalog);
    assert_eq!(catalog.products.len(), 5);
    let mi = catalog.products.get("wso2-mi").expect("replaced");
    assert_eq!(mi.health.port, 9999);
}
