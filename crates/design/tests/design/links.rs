//! Links to the data centre: tunnels, routes, keys, and what is claimed of them.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use design::{Design, design, lines};
use model::claim::{Expect, Question};
use model::estate::{CustomerRouter, DirectConnect, Estate, Link, Vpn};
use model::network::AttachedTo;
use model::secret::SecretRef;
use model::vpn::{TunnelId, VpnRouting};
use model::{Catalog, Claim, Lock, SecretName};

use crate::estates::{acme, designed};
use crate::proofs::broken;

fn router(last: u8, asn: Option<u32>) -> CustomerRouter {
    CustomerRouter {
        address: [203, 0, 113, last].into(),
        asn,
        vendor: "Juniper".to_owned(),
        model: "SRX340".to_owned(),
        software: "23.4R2".to_owned(),
    }
}

/// A VPN with one gateway for each number given, and static prefixes.
pub(crate) fn vpn(asns: &[Option<u32>], static_prefixes: &[&str]) -> Link {
    Link::Vpn(Vpn {
        gateways: (10..)
            .zip(asns)
            .map(|(last, asn)| router(last, *asn))
            .collect(),
        static_prefixes: static_prefixes
            .iter()
            .map(|prefix| prefix.parse().expect("a prefix"))
            .collect(),
        keys: Vec::new(),
    })
}

pub(crate) fn line(connections: u8) -> Link {
    Link::DirectConnect(DirectConnect {
        provider: "Interxion".to_owned(),
        location: "EqFR5".to_owned(),
        vlan: 101,
        asn: 65_010,
        bandwidth: "1Gbps".to_owned(),
        connections,
        bgp_key: None,
    })
}

/// Every kind of link, each leading to all servers that the tests name.
pub(crate) fn all() -> Vec<Link> {
    vec![
        vpn(&[Some(65_010)], &[]),
        vpn(&[Some(65_010), Some(65_010)], &[]),
        vpn(&[None], &["10.200.0.0/16"]),
        vpn(&[None, None], &["10.200.0.0/19", "10.200.128.0/17"]),
        vpn(&[Some(65_010), None], &["10.200.0.0/16"]),
        line(1),
        line(2),
    ]
}

fn joined_by(link: Link) -> Estate {
    let mut estate = acme();
    estate.data_centre.as_mut().expect("acme has one").link = link;
    estate
}

fn designed_with(link: Link) -> Design {
    designed(&joined_by(link), &Lock::default())
}

#[test]
fn every_intent_holds_over_every_link() {
    for link in all() {
        let broken = broken(&designed_with(link.clone()));
        assert!(broken.is_empty(), "{link:?}: {broken:#?}");
    }
}

#[test]
fn each_gateway_has_a_connection_of_two_tunnels() {
    let design = designed_with(vpn(&[Some(65_010), None], &["10.200.0.0/17"]));
    let vpns = &design.blueprints["account"].vpns;
    let ids: Vec<&str> = vpns.iter().map(|vpn| vpn.id.as_str()).collect();
    assert_eq!(ids, ["vpn-1", "vpn-2"]);
    let bgp = VpnRouting::Bgp {
        customer_asn: 65_010,
        amazon_asn: 64_512,
    };
    let [first, second] = &vpns[..] else {
        panic!("two connections: {vpns:?}");
    };
    assert_eq!((first.routing, second.routing), (bgp, VpnRouting::Static));
    let behind = |vpn: &model::VpnConnection| vpn.site_prefixes[0].to_string();
    assert_eq!(behind(first), "10.200.0.0/16");
    assert_eq!(behind(second), "10.200.0.0/17");
    let network = design.network();
    let mut seen = BTreeSet::new();
    for vpn in vpns {
        let gateway = &network.transit_gateways[&vpn.transit_gateway];
        let attachment = &gateway.attachments[&vpn.attachment];
        assert_eq!(attachment.to, AttachedTo::Site(vpn.site.clone()));
        // What the table of the link leads to is what the customer's router is told.
        let told: BTreeSet<_> = vpn.cloud_prefixes.iter().copied().collect();
        let table = attachment.table.as_ref().expect("it has a table");
        let routed = gateway.tables[table].iter().map(|route| route.destination);
        assert_eq!(told, routed.collect());
        for (id, tunnel) in vpn.named_tunnels() {
            assert!(seen.insert(tunnel.outside.to_string()), "{id}");
            assert!(seen.insert(tunnel.inside.to_string()), "{id}");
            assert!(design.secrets.contains_key(&tunnel.key), "{id}");
        }
    }
    assert_eq!(seen.len(), 8);
    let everywhere = network.interfaces.values().filter_map(|it| it.public);
    let public: BTreeSet<Ipv4Addr> = everywhere.collect();
    let mut outsides = vpns.iter().flat_map(|vpn| &vpn.tunnels);
    assert!(outsides.all(|tunnel| !public.contains(&tunnel.outside)));
}

#[test]
fn a_second_gateway_moves_no_tunnel() {
    let one = designed_with(vpn(&[Some(65_010)], &[]));
    let estate = joined_by(vpn(&[Some(65_010), Some(65_011)], &[]));
    let two = designed(&estate, &one.lock);
    let (before, after) = (
        &one.blueprints["account"].vpns,
        &two.blueprints["account"].vpns,
    );
    assert_eq!(before[0], after[0]);
    assert_eq!(after.len(), 2);
    let read = Lock::parse(&two.lock.render()).expect("own rendering");
    assert_eq!(designed(&estate, &read), two);
    // With the line of a provider's, they are gone.
    let without = designed(&joined_by(line(1)), &two.lock);
    assert!(without.blueprints["account"].vpns.is_empty());
    let kept: Vec<&String> = without.lock.tunnels.keys().collect();
    assert_eq!(kept, ["data-centre/direct-connect-1"]);
}

#[test]
fn a_lock_that_holds_what_aws_keeps_is_mended() {
    let estate = joined_by(vpn(&[Some(65_010)], &[]));
    let mut lock = designed(&estate, &Lock::default()).lock;
    for kept in [
        "169.254.169.252/30",
        "169.254.0.0/30",
        "169.254.6.0/29",
        "10.0.0.0/30",
    ] {
        let name = "data-centre/vpn-1/tunnel-1".to_owned();
        lock.tunnels
            .insert(name.clone(), kept.parse().expect("a range"));
        let mended = designed(&estate, &lock).lock;
        assert_eq!(
            mended.tunnels[&name].to_string(),
            "169.254.6.0/30",
            "{kept}"
        );
    }
}

#[test]
fn keys_that_the_estate_names_are_taken_tunnel_by_tunnel() {
    let mut estate = joined_by(vpn(&[Some(65_010), Some(65_010)], &[]));
    let named: Vec<SecretRef> = (1..=4)
        .map(|number| SecretRef::Env(format!("KEY_{number}")))
        .collect();
    let centre = estate.data_centre.as_mut().expect("acme has one");
    let Link::Vpn(vpn) = &mut centre.link else {
        panic!("it is a VPN");
    };
    vpn.keys.clone_from(&named);
    let design = designed(&estate, &Lock::default());
    let names = [
        "vpn-1/tunnel-1",
        "vpn-1/tunnel-2",
        "vpn-2/tunnel-1",
        "vpn-2/tunnel-2",
    ];
    for (name, reference) in names.into_iter().zip(named) {
        let name = SecretName(format!("data-centre/{name}"));
        assert_eq!(design.secrets[&name], Some(reference), "{name}");
    }
}

fn of_link(design: &Design) -> Vec<Claim> {
    let claims = design.claims().into_iter();
    claims
        .filter(|claim| {
            let id = claim.id.as_str();
            id.starts_with("data-centre/")
        })
        .collect()
}

#[test]
fn every_tunnel_is_claimed_to_be_up_and_not_to_be_missed() {
    let check = |gateways: &[Option<u32>], wanted: usize| {
        let claims = of_link(&designed_with(vpn(gateways, &[])));
        assert_eq!(claims.len(), wanted, "{claims:#?}");
        let mut lost: BTreeSet<BTreeSet<TunnelId>> = BTreeSet::new();
        for claim in &claims {
            let [probe] = &claim.probes[..] else {
                panic!("one question: {claim:#?}");
            };
            assert_eq!(probe.vantage.as_str(), "production/resolver-1");
            let mut expect = Expect::Works;
            if let Question::TunnelLoss { tunnels, target } = &probe.question {
                assert_eq!(target.to_string(), "10.200.0.53:53");
                assert!(lost.insert(tunnels.clone()), "{}", claim.id);
                if tunnels.len() == gateways.len() * 2 {
                    expect = Expect::NoWay;
                }
            }
            assert_eq!(probe.expect, expect, "{}", claim.id);
        }
    };
    check(&[Some(65_010)], 5);
    check(&[Some(65_010), Some(65_010)], 11);
}

#[test]
fn no_gateway_with_static_routes_is_claimed_to_take_over_by_itself() {
    let claims = of_link(&designed_with(vpn(&[None, None], &["10.200.0.0/16"])));
    for claim in &claims {
        let of_gateway = ["data-centre/vpn-1/lost", "data-centre/vpn-2/lost"];
        let live = of_gateway.contains(&claim.id.as_str());
        assert_eq!(claim.live_only.is_some(), live, "{}", claim.id);
    }
    assert_eq!(claims.len(), 11);
}

#[test]
fn a_line_of_a_providers_is_claimed_live_and_its_routes_are_proved() {
    let design = designed_with(line(2));
    let claims = of_link(&design);
    assert_eq!(claims.len(), 3);
    assert!(claims.iter().all(|claim| claim.live_only.is_some()));
    let rows = |id: &str| {
        let claims = design.claims().into_iter();
        let mut found = claims.filter(|claim| claim.id.as_str() == id);
        found.next().expect("there is such a claim").rows
    };
    assert_eq!(rows("production/data-centre/prefixes"), ["R1", "R9"]);
    assert_eq!(of_link(&designed_with(line(1))).len(), 2);
}

#[test]
fn each_line_has_an_interface_of_its_own() {
    let mut link = line(2);
    if let Link::DirectConnect(direct) = &mut link {
        // The number that the Direct Connect gateway would have had.
        direct.asn = 64_513;
        direct.bgp_key = Some(SecretRef::Env("BGP_KEY".to_owned()));
    }
    let estate = joined_by(link);
    let design = designed(&estate, &Lock::default());
    let lines = lines(&estate, &design);
    let names: Vec<&str> = lines.iter().map(|line| line.name.as_str()).collect();
    assert_eq!(names, ["direct-connect-1", "direct-connect-2"]);
    let peers: BTreeSet<_> = lines.iter().map(|line| line.peers).collect();
    assert_eq!(peers.len(), 2);
    for line in &lines {
        assert_eq!((line.customer_asn, line.amazon_asn), (64_513, 64_514));
        assert_eq!(line.site_prefixes[0].to_string(), "10.200.0.0/16");
        // Two app subnets of each environment.
        assert_eq!(line.cloud_prefixes.len(), 4);
        let reference = SecretRef::Env("BGP_KEY".to_owned());
        assert_eq!(design.secrets[&line.key], Some(reference));
    }
    assert!(design::lines(&acme(), &designed(&acme(), &Lock::default())).is_empty());
}

#[test]
fn without_a_data_centre_there_is_no_link() {
    let mut estate = acme();
    estate.data_centre = None;
    estate.dns.servers = vec![[192, 0, 2, 53].into()];
    estate.ntp.servers = vec![[192, 0, 2, 123].into()];
    if let model::estate::Mail::Customer(smtp) = &mut estate.mail {
        smtp.address = [192, 0, 2, 25].into();
    }
    let design = designed(&estate, &Lock::default());
    assert!(of_link(&design).is_empty());
    let account = &design.blueprints["account"];
    assert!(account.vpns.is_empty() && account.network.transit_gateways.is_empty());
    assert!(account.network.groups.is_empty(), "nobody's firewall");
}

#[test]
fn a_link_through_which_no_connection_goes_is_claimed_live() {
    let mut estate = joined_by(vpn(&[Some(65_010)], &[]));
    estate.dns.servers = vec![[192, 0, 2, 53].into()];
    estate
        .data_centre
        .as_mut()
        .expect("acme has one")
        .clients
        .clear();
    let claims = of_link(&designed(&estate, &Lock::default()));
    for claim in claims {
        let asked = claim.id.as_str().ends_with("/up");
        assert_eq!(claim.live_only.is_none(), asked, "{}", claim.id);
        assert_eq!(claim.probes.len(), usize::from(asked));
    }
}

#[test]
fn refuses_links_that_cannot_be_built() {
    let check = |link: Link, rule: &str, subject: &str| {
        let findings = design(&joined_by(link), &Catalog::embedded(), &Lock::default())
            .expect_err("the estate cannot be designed");
        let found = findings
            .iter()
            .any(|finding| finding.rule == rule && finding.subject == subject);
        assert!(found, "{rule} of {subject}: {findings:#?}");
    };
    let gateway = "data-centre.vpn.gateway";
    let bgp = Some(65_010);
    check(vpn(&[], &[]), "gateway-count", gateway);
    check(vpn(&[bgp, bgp, bgp], &[]), "gateway-count", gateway);
    check(vpn(&[None], &[]), "vpn-without-routing", gateway);
    check(
        vpn(&[None], &["10.200.0.0/16", "10.201.0.0/24"]),
        "static-prefix-outside-data-centre",
        "data-centre.vpn.static-prefixes",
    );
    check(vpn(&[bgp, None], &[]), "vpn-without-routing", gateway);
    check(
        vpn(&[None], &["10.200.0.0/24"]),
        "server-not-routed",
        "dns.servers",
    );
    check(
        vpn(&[None], &["10.200.0.0/20"]),
        "server-not-routed",
        "data-centre.clients.erp",
    );
    for count in [0, 5] {
        check(
            line(count),
            "line-count",
            "data-centre.direct-connect.connections",
        );
    }
    let spoilt = |spoil: &dyn Fn(&mut Vpn)| {
        let mut link = vpn(&[bgp, bgp], &[]);
        if let Link::Vpn(vpn) = &mut link {
            spoil(vpn);
        }
        link
    };
    let same = spoilt(&|vpn| vpn.gateways[1].address = vpn.gateways[0].address);
    check(same, "address-taken", gateway);
    let six = spoilt(&|vpn| vpn.gateways[1].address = "2001:db8::1".parse().expect("an address"));
    check(six, "gateway-ipv6", gateway);
    let keys = spoilt(&|vpn| vpn.keys = vec![SecretRef::Env("KEY".to_owned()); 3]);
    check(keys, "key-count", "data-centre.vpn.keys");
}
