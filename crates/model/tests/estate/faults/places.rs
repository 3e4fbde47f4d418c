//! Faults of places: regions, ranges, the operator's networks, the link, the customer's servers, names.

use super::{Fault, check};

const RANGES: &[Fault] = &[
    Fault {
        name: "environments overlap",
        edits: &[("cidr = \"10.21.0.0/16\"", "cidr = \"10.20.128.0/17\"")],
        rule: "ranges-overlap",
        subject: "environments.staging.cidr",
        at: "\"10.20.128.0/17\"",
    },
    Fault {
        name: "VPC in the data centre",
        edits: &[("cidr = \"10.21.0.0/16\"", "cidr = \"10.200.64.0/20\"")],
        rule: "range-overlaps-data-centre",
        subject: "environments.staging.cidr",
        at: "\"10.200.64.0/20\"",
    },
    Fault {
        name: "data centre takes in a VPC",
        edits: &[(
            "prefixes = [\"10.200.0.0/16\"]",
            "prefixes = [\"10.200.0.0/16\", \"10.21.4.0/24\"]",
        )],
        rule: "range-overlaps-data-centre",
        subject: "environments.staging.cidr",
        at: "\"10.21.0.0/16\"",
    },
    Fault {
        name: "VPC too large",
        edits: &[("cidr = \"10.21.0.0/16\"", "cidr = \"10.32.0.0/15\"")],
        rule: "range-size",
        subject: "environments.staging.cidr",
        at: "\"10.32.0.0/15\"",
    },
    Fault {
        name: "VPC too small",
        edits: &[("cidr = \"10.21.0.0/16\"", "cidr = \"10.21.0.0/23\"")],
        rule: "range-size",
        subject: "environments.staging.cidr",
        at: "\"10.21.0.0/23\"",
    },
    Fault {
        name: "host bits in a range",
        edits: &[("cidr = \"10.21.0.0/16\"", "cidr = \"10.21.7.0/16\"")],
        rule: "range-host-bits",
        subject: "environments.staging.cidr",
        at: "\"10.21.7.0/16\"",
    },
    Fault {
        name: "public range for a VPC",
        edits: &[("cidr = \"10.21.0.0/16\"", "cidr = \"52.94.0.0/16\"")],
        rule: "range-not-private",
        subject: "environments.staging.cidr",
        at: "\"52.94.0.0/16\"",
    },
    Fault {
        name: "range for benchmarks",
        edits: &[("cidr = \"10.21.0.0/16\"", "cidr = \"198.19.0.0/16\"")],
        rule: "range-special",
        subject: "environments.staging.cidr",
        at: "\"198.19.0.0/16\"",
    },
    Fault {
        name: "link-local range",
        edits: &[("cidr = \"10.21.0.0/16\"", "cidr = \"169.254.0.0/16\"")],
        rule: "range-special",
        subject: "environments.staging.cidr",
        at: "\"169.254.0.0/16\"",
    },
    Fault {
        name: "public prefix of the data centre",
        edits: &[(
            "prefixes = [\"10.200.0.0/16\"]",
            "prefixes = [\"10.200.0.0/16\", \"192.0.2.0/24\"]",
        )],
        rule: "data-centre-range-public",
        subject: "data-centre.prefixes[1]",
        at: "\"192.0.2.0/24\"",
    },
    Fault {
        name: "data centre without a prefix",
        edits: &[("prefixes = [\"10.200.0.0/16\"]", "prefixes = []")],
        rule: "data-centre-without-prefix",
        subject: "data-centre.prefixes",
        at: "[]",
    },
    Fault {
        name: "prefix with host bits",
        edits: &[(
            "prefixes = [\"10.200.0.0/16\"]",
            "prefixes = [\"10.200.1.0/16\"]",
        )],
        rule: "range-host-bits",
        subject: "data-centre.prefixes[0]",
        at: "\"10.200.1.0/16\"",
    },
];

const OPERATOR: &[Fault] = &[
    Fault {
        name: "SSH from everywhere",
        edits: &[("[\"198.51.100.0/28\"]", "[\"0.0.0.0/0\"]")],
        rule: "operator-network-open",
        subject: "operator.networks[0]",
        at: "\"0.0.0.0/0\"",
    },
    Fault {
        name: "SSH from everywhere over IPv6",
        edits: &[("[\"198.51.100.0/28\"]", "[\"198.51.100.0/28\", \"::/0\"]")],
        rule: "operator-network-open",
        subject: "operator.networks[1]",
        at: "\"::/0\"",
    },
    Fault {
        name: "half the Internet",
        edits: &[("[\"198.51.100.0/28\"]", "[\"128.0.0.0/1\"]")],
        rule: "operator-network-open",
        subject: "operator.networks[0]",
        at: "\"128.0.0.0/1\"",
    },
    Fault {
        name: "wide network cut into neighbours",
        edits: &[("[\"198.51.100.0/28\"]", "[\"52.0.0.0/8\", \"53.0.0.0/8\"]")],
        rule: "operator-networks-add-up",
        subject: "operator.networks",
        at: "[\"52.0.0.0/8\", \"53.0.0.0/8\"]",
    },
    Fault {
        name: "wide network cut into scattered pieces",
        edits: &[("[\"198.51.100.0/28\"]", "[\"52.0.0.0/8\", \"54.0.0.0/9\"]")],
        rule: "operator-networks-add-up",
        subject: "operator.networks",
        at: "[\"52.0.0.0/8\", \"54.0.0.0/9\"]",
    },
    Fault {
        name: "IPv6 network cut into neighbours",
        edits: &[(
            "[\"198.51.100.0/28\"]",
            "[\"2001:db8::/32\", \"2001:db9::/32\"]",
        )],
        rule: "operator-networks-add-up",
        subject: "operator.networks",
        at: "[\"2001:db8::/32\", \"2001:db9::/32\"]",
    },
    Fault {
        name: "private network of the operator",
        edits: &[("[\"198.51.100.0/28\"]", "[\"192.168.1.0/24\"]")],
        rule: "operator-network-not-public",
        subject: "operator.networks[0]",
        at: "\"192.168.1.0/24\"",
    },
    Fault {
        name: "no network of the operator",
        edits: &[("[\"198.51.100.0/28\"]", "[]")],
        rule: "operator-network-missing",
        subject: "operator.networks",
        at: "[]",
    },
    Fault {
        name: "contact without domain",
        edits: &[("\"managed-cloud@northwind.example\"", "\"managed-cloud\"")],
        rule: "operator-contact",
        subject: "operator.contact",
        at: "\"managed-cloud\"",
    },
];

const LINK: &[Fault] = &[
    Fault {
        name: "VPN without routing",
        edits: &[("asn = 65010\n", "")],
        rule: "vpn-without-routing",
        subject: "data-centre.vpn",
        at: "vpn",
    },
    Fault {
        name: "VPN with both routings",
        edits: &[(
            "asn = 65010\n",
            "asn = 65010\nstatic-prefixes = [\"10.200.0.0/16\"]\n",
        )],
        rule: "vpn-with-both-routings",
        subject: "data-centre.vpn.static-prefixes",
        at: "[\"10.200.0.0/16\"]",
    },
    Fault {
        name: "private gateway",
        edits: &[("gateway = \"203.0.113.10\"", "gateway = \"10.200.0.1\"")],
        rule: "vpn-gateway-not-public",
        subject: "data-centre.vpn.gateway",
        at: "\"10.200.0.1\"",
    },
    Fault {
        name: "reserved ASN",
        edits: &[("asn = 65010", "asn = 65535")],
        rule: "bad-asn",
        subject: "data-centre.vpn.asn",
        at: "65535",
    },
    Fault {
        name: "ASN of AWS's side",
        edits: &[("asn = 65010", "asn = 64512")],
        rule: "bad-asn",
        subject: "data-centre.vpn.asn",
        at: "64512",
    },
    Fault {
        name: "static prefix from elsewhere",
        edits: &[("asn = 65010", "static-prefixes = [\"10.201.0.0/16\"]")],
        rule: "static-prefix-outside-data-centre",
        subject: "data-centre.vpn.static-prefixes[0]",
        at: "\"10.201.0.0/16\"",
    },
    Fault {
        name: "misspelt region",
        edits: &[("region = \"eu-central-1\"", "region = \"eu-central1\"")],
        rule: "unknown-region",
        subject: "region",
        at: "\"eu-central1\"",
    },
    Fault {
        name: "zone of another region",
        edits: &[("\"eu-central-1b\"", "\"eu-west-1b\"")],
        rule: "zone-outside-region",
        subject: "zones[1]",
        at: "\"eu-west-1b\"",
    },
    Fault {
        name: "one zone",
        edits: &[("\"eu-central-1a\", \"eu-central-1b\"", "\"eu-central-1a\"")],
        rule: "zone-count",
        subject: "zones",
        at: "[\"eu-central-1a\"]",
    },
    Fault {
        name: "zone twice",
        edits: &[("\"eu-central-1b\"", "\"eu-central-1a\"")],
        rule: "zone-repeated",
        subject: "zones[1]",
        at: "\"eu-central-1a\"",
    },
];

const SERVERS: &[Fault] = &[
    Fault {
        name: "DNS server elsewhere",
        edits: &[("\"10.200.1.53\"", "\"10.201.1.53\"")],
        rule: "server-outside-data-centre",
        subject: "dns.servers[1]",
        at: "\"10.201.1.53\"",
    },
    Fault {
        name: "client elsewhere",
        edits: &[("erp = \"10.200.20.10\"", "erp = \"192.168.20.10\"")],
        rule: "server-outside-data-centre",
        subject: "data-centre.clients.erp",
        at: "\"192.168.20.10\"",
    },
    Fault {
        name: "two servers at one address",
        edits: &[("web-shop = \"10.200.20.11\"", "web-shop = \"10.200.20.10\"")],
        rule: "address-repeated",
        subject: "data-centre.clients.web-shop",
        at: "\"10.200.20.10\"",
    },
    Fault {
        name: "one DNS server",
        edits: &[("[\"10.200.0.53\", \"10.200.1.53\"]", "[\"10.200.0.53\"]")],
        rule: "single-dns-server",
        subject: "dns.servers",
        at: "[\"10.200.0.53\"]",
    },
    Fault {
        name: "no DNS server",
        edits: &[("[\"10.200.0.53\", \"10.200.1.53\"]", "[]")],
        rule: "no-server",
        subject: "dns.servers",
        at: "[]",
    },
    Fault {
        name: "mail on port 25",
        edits: &[("port = 587", "port = 25")],
        rule: "smtp-port-25",
        subject: "smtp.port",
        at: "25",
    },
    Fault {
        name: "mail on port 465",
        edits: &[("port = 587", "port = 465")],
        rule: "smtp-port-465",
        subject: "smtp.port",
        at: "465",
    },
    Fault {
        name: "mail on port 0",
        edits: &[("port = 587", "port = 0")],
        rule: "port-zero",
        subject: "smtp.port",
        at: "0",
    },
    Fault {
        name: "sender without domain",
        edits: &[(
            "sender = \"managed-cloud@acme.example\"",
            "sender = \"managed-cloud\"",
        )],
        rule: "smtp-sender",
        subject: "smtp.sender",
        at: "\"managed-cloud\"",
    },
];

const NAMES: &[Fault] = &[
    Fault {
        name: "name with an underscore",
        edits: &[("name = \"acme\"", "name = \"acme_corp\"")],
        rule: "bad-name",
        subject: "name",
        at: "\"acme_corp\"",
    },
    Fault {
        name: "name in capitals",
        edits: &[("name = \"acme\"", "name = \"ACME\"")],
        rule: "bad-name",
        subject: "name",
        at: "\"ACME\"",
    },
    Fault {
        name: "client with a dot",
        edits: &[("web-shop = ", "\"web.shop\" = ")],
        rule: "bad-name",
        subject: "data-centre.clients.\"web.shop\"",
        at: "\"10.200.20.11\"",
    },
    Fault {
        name: "host name with a dot",
        edits: &[("hostname = \"api\"", "hostname = \"api.v1\"")],
        rule: "bad-name",
        subject: "environments.production.products.apim.hostname",
        at: "\"api.v1\"",
    },
    Fault {
        name: "zone with a dot at the end",
        edits: &[("zone = \"acme.example\"", "zone = \"acme.example.\"")],
        rule: "bad-domain",
        subject: "dns.zone",
        at: "\"acme.example.\"",
    },
    Fault {
        name: "address for a name",
        edits: &[("name = \"updates.wso2.example\"", "name = \"192.0.2.7\"")],
        rule: "bad-domain",
        subject: "outbound.wso2-updates.name",
        at: "\"192.0.2.7\"",
    },
    Fault {
        name: "private zone in the customer's",
        edits: &[(
            "private-zone = \"acme.internal\"",
            "private-zone = \"cloud.acme.example\"",
        )],
        rule: "zones-collide",
        subject: "private-zone",
        at: "\"cloud.acme.example\"",
    },
    Fault {
        name: "host name of production in staging",
        edits: &[(
            "products.is.hostname = \"login-staging\"",
            "products.is.hostname = \"login\"",
        )],
        rule: "hostname-repeated",
        subject: "environments.staging.products.is.hostname",
        at: "\"login\"",
    },
];

#[test]
fn of_ranges() {
    RANGES.iter().for_each(check);
}

#[test]
fn of_the_operator() {
    OPERATOR.iter().for_each(check);
}

#[test]
fn of_the_link_and_the_region() {
    LINK.iter().for_each(check);
}

#[test]
fn of_the_customers_servers() {
    SERVERS.iter().for_each(check);
}

#[test]
fn of_names() {
    NAMES.iter().for_each(check);
}
