//! Security groups: the first fence, one for each kind of machine, stateful.
//!
//! A rule names a group wherever both ends are in the VPC, so that a new node needs no new rule.

use std::collections::BTreeMap;

use ipnet::IpNet;
use model::blueprint::Role;
use model::estate::Mail;
use model::id::GroupId;
use model::network::{GroupHome, RulePeer, SecurityGroup};
use model::packet::Traffic;

use super::{anywhere, data_centre_prefixes, of_families, operator_networks};
use crate::balancing::Face;
use crate::bastion::{BastionPlan, Stand};
use crate::filters::Rules;
use crate::mail;
use crate::plan::{EnvironmentPlan, ProductPlan};
use crate::services::{DNS, NTP, SSH};
use crate::zones;

/// The environment's groups.
pub(super) fn groups(plan: &EnvironmentPlan<'_>) -> BTreeMap<GroupId, SecurityGroup> {
    let mut groups = BTreeMap::new();
    let mut insert = |name: &str, rules: Rules| {
        let group = SecurityGroup {
            home: GroupHome::Vpc(plan.vpc()),
            default: name == "default",
            ingress: rules.ingress,
            egress: rules.egress,
        };
        groups.insert(plan.group(name), group);
    };
    // What nobody put into a group gets this one: it allows nothing.
    insert("default", Rules::default());
    if plan.bastion_stands(Stand::Vpc) {
        insert("bastion", bastion(plan));
    }
    insert("resolver", resolver(plan));
    for (name, product) in &plan.products {
        insert(name, of_product(plan, name, product));
    }
    for (face, name) in [
        (Face::Public, "public-balancer"),
        (Face::Internal, "internal-balancer"),
    ] {
        if plan.balancers(face).next().is_some() {
            insert(name, balancer(plan, face));
        }
    }
    if let Some(port) = plan.database_port {
        insert("database", database(plan, port));
    }
    if plan.hosts_of(Role::MailEndpoint).next().is_some() {
        insert("mail-endpoint", mail_endpoint(plan));
    }
    groups
}

fn group(plan: &EnvironmentPlan<'_>, name: &str) -> RulePeer {
    RulePeer::Group(plan.group(name))
}

/// The bastion, as rules name it: by its group in the VPC. A group of another VPC is known only in the same region and
/// while the peering lasts, and a data centre has none: from there it is known by its addresses.
fn bastion_peers(plan: &EnvironmentPlan<'_>) -> Vec<RulePeer> {
    if plan.bastion_stands(Stand::Vpc) {
        return vec![group(plan, "bastion")];
    }
    let prefixes = plan.bastion.iter().flat_map(BastionPlan::prefixes);
    of_families(plan, &prefixes.collect::<Vec<_>>())
        .into_iter()
        .map(RulePeer::Prefix)
        .collect()
}

fn dns() -> [Traffic; 2] {
    [Traffic::udp(DNS), Traffic::tcp(DNS)]
}

/// The bastion takes the operator in, and goes on to the hosts that have a login. Its clock is AWS's own service on
/// the link, which no group filters.
fn bastion(plan: &EnvironmentPlan<'_>) -> Rules {
    let mut rules = Rules::default();
    let port = Traffic::tcp(plan.environment.bastion.port);
    for network in operator_networks(plan) {
        rules.accept(port, RulePeer::Prefix(network), "SSH from the operator");
    }
    for name in plan.products.keys() {
        rules.send(
            Traffic::tcp(SSH),
            group(plan, name),
            format!("SSH to {name}"),
        );
    }
    for traffic in dns() {
        rules.send(traffic, group(plan, "resolver"), "names");
    }
    rules
}

/// A resolver endpoint answers the VPC and the data centre, and asks the customer's servers.
fn resolver(plan: &EnvironmentPlan<'_>) -> Rules {
    let mut rules = Rules::default();
    for traffic in dns() {
        for range in plan.ranges() {
            rules.accept(traffic, RulePeer::Prefix(range), "names, from the VPC");
        }
        for prefix in data_centre_prefixes(plan) {
            rules.accept(
                traffic,
                RulePeer::Prefix(prefix),
                "names, from the data centre",
            );
        }
        if plan.bastion_stands(Stand::OperatorVpc) {
            for peer in bastion_peers(plan) {
                rules.accept(traffic, peer, "names, from the bastion");
            }
        }
        for server in zones::asked(plan.estate) {
            let peer = RulePeer::Prefix(IpNet::from(*server));
            rules.send(traffic, peer, "the customer's names");
        }
    }
    rules
}

fn of_product(plan: &EnvironmentPlan<'_>, name: &str, product: &ProductPlan<'_>) -> Rules {
    let mut rules = Rules::default();
    accepted_by_product(plan, name, product, &mut rules);
    sent_by_product(plan, name, product, &mut rules);
    rules
}

fn accepted_by_product(
    plan: &EnvironmentPlan<'_>,
    name: &str,
    product: &ProductPlan<'_>,
    rules: &mut Rules,
) {
    for bastion in bastion_peers(plan) {
        rules.accept(Traffic::tcp(SSH), bastion, "SSH from the bastion");
    }
    for (face, balancer) in [
        (Face::Public, "public-balancer"),
        (Face::Internal, "internal-balancer"),
    ] {
        for port in plan.balanced_ports(face, name) {
            let why = format!("{name} and its health, from the {balancer}");
            rules.accept(Traffic::tcp(port), group(plan, balancer), why);
        }
    }
    for caller in plan.callers(name) {
        let why = format!("{caller} calls {name}");
        rules.accept(Traffic::tcp(product.called_on), group(plan, caller), why);
    }
    for port in &product.cluster {
        rules.accept(
            Traffic::tcp(*port),
            group(plan, name),
            format!("{name}'s cluster"),
        );
    }
}

fn sent_by_product(
    plan: &EnvironmentPlan<'_>,
    name: &str,
    product: &ProductPlan<'_>,
    rules: &mut Rules,
) {
    let estate = plan.estate;
    for port in &product.cluster {
        rules.send(
            Traffic::tcp(*port),
            group(plan, name),
            format!("{name}'s cluster"),
        );
    }
    for callee in &product.wanted.calls {
        if let Some(called) = plan.products.get(callee.as_str()) {
            let why = format!("{name} calls {callee}");
            rules.send(Traffic::tcp(called.called_on), group(plan, callee), why);
        }
    }
    if let Some(port) = plan.database_port
        && product.uses_database()
    {
        rules.send(Traffic::tcp(port), group(plan, "database"), "the database");
    }
    for traffic in dns() {
        rules.send(traffic, group(plan, "resolver"), "names");
    }
    for server in &estate.ntp.servers {
        let peer = RulePeer::Prefix(IpNet::from(*server));
        rules.send(Traffic::udp(NTP), peer, "the customer's time");
    }
    let (relay, why) = match &estate.mail {
        Mail::Customer(smtp) => {
            let server = RulePeer::Prefix(IpNet::from(smtp.address));
            (server, "mail, by the customer's server")
        }
        Mail::Ses(_) => (group(plan, "mail-endpoint"), "mail, by Amazon SES"),
    };
    rules.send(Traffic::tcp(mail::relay(estate).port), relay, why);
    let needed = estate.outbound.iter();
    for (dependency, outbound) in needed.filter(|(_, outbound)| outbound.is_for(name)) {
        let port = Traffic::tcp(outbound.port);
        if let Some(address) = outbound.address {
            rules.send(port, RulePeer::Prefix(IpNet::from(address)), dependency);
            continue;
        }
        for prefix in anywhere(plan) {
            rules.send(
                port,
                RulePeer::Prefix(prefix),
                format!("{dependency}, on the Internet"),
            );
        }
    }
}

fn balancer(plan: &EnvironmentPlan<'_>, face: Face) -> Rules {
    let mut rules = Rules::default();
    let (clients, who) = match face {
        Face::Public => (anywhere(plan), "the Internet"),
        Face::Internal => (data_centre_prefixes(plan), "the data centre"),
    };
    for listener in plan.listeners(face) {
        for prefix in &clients {
            let why = format!("{} for {who}", listener.product);
            rules.accept(
                Traffic::tcp(listener.listen),
                RulePeer::Prefix(*prefix),
                why,
            );
        }
    }
    for name in plan.products.keys() {
        for port in plan.balanced_ports(face, name) {
            let why = format!("{name} and its health");
            rules.send(Traffic::tcp(port), group(plan, name), why);
        }
    }
    rules
}

/// SES's endpoint takes the products' mails, and opens no connection itself.
fn mail_endpoint(plan: &EnvironmentPlan<'_>) -> Rules {
    let mut rules = Rules::default();
    let port = Traffic::tcp(mail::relay(plan.estate).port);
    for name in plan.products.keys() {
        rules.accept(port, group(plan, name), format!("{name}'s mails"));
    }
    rules
}

/// The database answers the products that keep something there, and opens no connection itself.
fn database(plan: &EnvironmentPlan<'_>, port: u16) -> Rules {
    let mut rules = Rules::default();
    for (name, product) in &plan.products {
        if product.uses_database() {
            rules.accept(
                Traffic::tcp(port),
                group(plan, name),
                format!("{name}'s databases"),
            );
        }
    }
    rules
}
