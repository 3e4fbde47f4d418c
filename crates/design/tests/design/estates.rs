//! Estates for tests: the example, and variations of it.

use std::collections::BTreeMap;

use model::estate::{
    DnsKeeper, Environment, Estate, HandOver, Mail, Outbound, OutboundKind, ProductUse, Ses,
};
use model::id::EnvironmentId;
use model::{Catalog, Lock};
use proptest::prelude::*;

use design::Design;

use crate::bastions::{self, Ground};
use crate::links;

/// The example's estate, as its file says it.
pub(crate) fn acme() -> Estate {
    let text = include_bytes!("../../../../examples/acme/estate.toml");
    let today = jiff::civil::date(2026, 11, 22);
    let reading = model::estate::read("estate.toml", text, &Catalog::embedded(), today);
    reading
        .ready()
        .cloned()
        .unwrap_or_else(|| panic!("acme is to be designed: {:#?}", reading.findings))
}

/// Designs with the embedded catalogue; the estate must be one that can be designed.
pub(crate) fn designed(estate: &Estate, lock: &Lock) -> Design {
    design::design(estate, &Catalog::embedded(), lock)
        .unwrap_or_else(|findings| panic!("{findings:#?}"))
}

/// What a generated estate varies.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) zones: usize,
    /// Which of [`links::all`] joins the data centre; none: there is no data centre.
    pub(crate) link: Option<usize>,
    pub(crate) mail: MailShape,
    pub(crate) keeper: DnsKeeper,
    pub(crate) outbound: Vec<u16>,
    /// Dependencies with an address: the port, whether they stand in the data centre, the one product that needs them.
    pub(crate) services: Vec<(u16, bool, Option<&'static str>)>,
    pub(crate) environments: Vec<EnvironmentShape>,
}

/// Who takes the mails of a generated estate.
#[derive(Clone, Copy, Debug)]
pub(crate) enum MailShape {
    InDataCentre,
    OnInternet,
    Ses,
}

/// What a generated environment varies.
#[derive(Clone, Debug)]
pub(crate) struct EnvironmentShape {
    pub(crate) prefix: u8,
    pub(crate) ipv6: bool,
    /// Where its bastion stands; in the VPC where there is no data centre for it.
    pub(crate) ground: Ground,
    /// Products, with their nodes, and whether they have public and internal ports.
    pub(crate) products: BTreeMap<&'static str, (u8, bool, bool)>,
}

/// Products of generated environments: the name, the catalogue's key, a port to publish, the callee. None of the ports
/// has a console: to publish one breaks a claim, as it should.
const PRODUCTS: [(&str, &str, &str, Option<&str>); 4] = [
    ("apim", "wso2-apim", "gateway-https", Some("is")),
    ("ei", "wso2-ei", "passthrough-https", Some("apim")),
    ("is", "wso2-is", "cluster", None),
    ("mi", "wso2-mi", "https", Some("apim")),
];

const NAMES: [&str; 4] = ["development", "production", "staging", "test"];

pub(crate) fn shape() -> impl Strategy<Value = Shape> {
    let products = prop::collection::btree_map(
        prop::sample::select(vec!["apim", "ei", "is", "mi"]),
        (1..=4_u8, any::<bool>(), any::<bool>()),
        1..=4,
    );
    let ground = prop::sample::select(Ground::ALL.to_vec());
    let environment = (16..=22_u8, any::<bool>(), ground, products).prop_map(
        |(prefix, ipv6, ground, products)| EnvironmentShape {
            prefix,
            ipv6,
            ground,
            products,
        },
    );
    (
        2..=3_usize,
        prop::option::of(0..links::all().len()),
        prop::sample::select(vec![
            MailShape::InDataCentre,
            MailShape::OnInternet,
            MailShape::Ses,
        ]),
        prop::sample::select(vec![
            DnsKeeper::Route53,
            DnsKeeper::Customer(HandOver::Address),
            DnsKeeper::Customer(HandOver::Alias),
        ]),
        prop::collection::vec(prop::sample::select(vec![53, 80, 443, 587, 8443]), 0..=3),
        prop::collection::vec(
            (
                prop::sample::select(vec![53, 389, 443, 636, 8443]),
                any::<bool>(),
                prop::sample::select(vec![None, Some("apim"), Some("mi")]),
            ),
            0..=2,
        ),
        prop::collection::vec(environment, 1..=3),
    )
        .prop_map(
            |(zones, link, mail, keeper, outbound, services, environments)| Shape {
                zones,
                link,
                mail,
                keeper,
                outbound,
                services,
                environments,
            },
        )
}

impl Shape {
    /// The estate of this shape.
    pub(crate) fn estate(&self) -> Estate {
        let mut estate = acme();
        let template = estate
            .environments
            .values()
            .next()
            .cloned()
            .expect("acme has environments");
        estate.zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
            .into_iter()
            .take(self.zones)
            .map(str::to_owned)
            .collect();
        if let (Some(link), Some(centre)) = (self.link, &mut estate.data_centre) {
            centre.link = links::all().swap_remove(link);
        } else {
            // The customer's servers then stand on the Internet.
            estate.data_centre = None;
            estate.dns.servers = vec!["192.0.2.53".parse().expect("an address")];
            estate.ntp.servers = vec!["192.0.2.123".parse().expect("an address")];
        }
        estate.dns.keeper = self.keeper;
        match (self.mail, &mut estate.mail) {
            (MailShape::Ses, mail) => {
                *mail = Mail::Ses(Ses {
                    domain: "acme.example".to_owned(),
                    sender: "managed-cloud@acme.example".to_owned(),
                    mail_from: Some("bounces.acme.example".to_owned()),
                    reports: None,
                });
            }
            (MailShape::InDataCentre, _) if self.link.is_some() => {}
            (_, Mail::Customer(smtp)) => {
                smtp.address = "192.0.2.25".parse().expect("an address");
            }
            (_, Mail::Ses(_)) => unreachable!("acme has a server of its own"),
        }
        estate.outbound = (0..)
            .zip(&self.outbound)
            .map(|(number, port)| {
                let outbound = Outbound {
                    kind: OutboundKind::Other,
                    address: None,
                    tls: true,
                    products: Vec::new(),
                    name: format!("server-{number}.example"),
                    port: *port,
                    purpose: "tests".to_owned(),
                };
                (format!("server-{number}"), outbound)
            })
            .collect();
        for (number, (port, inside, product)) in (0..).zip(&self.services) {
            let address = if *inside && self.link.is_some() {
                format!("10.200.0.{}", 40 + number)
            } else {
                format!("192.0.2.{}", 40 + number)
            };
            let outbound = Outbound {
                kind: OutboundKind::BackEnd,
                address: Some(address.parse().expect("an address")),
                tls: true,
                products: product
                    .iter()
                    .map(|product| (*product).to_owned())
                    .collect(),
                name: format!("service-{number}.acme.example"),
                port: *port,
                purpose: "tests".to_owned(),
            };
            estate
                .outbound
                .insert(format!("service-{number}"), outbound);
        }
        let grounds: Vec<Ground> = self
            .environments
            .iter()
            .map(|environment| match environment.ground {
                Ground::DataCentre if self.link.is_none() => Ground::Vpc,
                ground => ground,
            })
            .collect();
        estate.environments = (0..)
            .zip(&self.environments)
            .zip(NAMES)
            .map(|((number, shape), name)| {
                (
                    EnvironmentId::from(name),
                    shape.environment(&template, name, number),
                )
            })
            .collect();
        bastions::put(&mut estate, &grounds);
        estate
    }
}

impl EnvironmentShape {
    fn environment(&self, template: &Environment, name: &str, number: u8) -> Environment {
        let first = template
            .products
            .values()
            .next()
            .expect("acme has products");
        Environment {
            like: None,
            production: name == "production",
            cidr: format!("10.{}.0.0/{}", 20 + number, self.prefix)
                .parse()
                .expect("a range"),
            ipv6: self.ipv6,
            products: PRODUCTS
                .iter()
                .filter_map(|product| Some((product, self.products.get(product.0)?)))
                .map(|(product, wanted)| {
                    (product.0.to_owned(), self.product(first, product, *wanted))
                })
                .collect(),
            ..template.clone()
        }
    }

    fn product(
        &self,
        template: &ProductUse,
        (name, key, port, callee): &(&str, &str, &str, Option<&str>),
        (nodes, public, internal): (u8, bool, bool),
    ) -> ProductUse {
        let listed = |wanted: bool| -> Vec<String> {
            wanted.then(|| (*port).to_owned()).into_iter().collect()
        };
        ProductUse {
            product: (*key).to_owned(),
            nodes,
            hostname: (*name).to_owned(),
            calls: callee
                .filter(|callee| self.products.contains_key(callee))
                .map(str::to_owned)
                .into_iter()
                .collect(),
            public: listed(public),
            internal: listed(internal),
            ..template.clone()
        }
    }
}
