//! The customer's time and mail, and what hosts may use on the Internet: reached, and nothing else beside them.

use std::collections::BTreeSet;

use model::Claim;
use model::blueprint::Role;
use model::claim::{Expect, Question};
use model::id::InterfaceId;
use model::intent::Sources;
use model::packet::Traffic;

use super::draft::{Draft, all_but, at, must_reach, no_path, tcp};
use super::vantages::interfaces;
use crate::account::mail_password;
use crate::outside::{DATA_CENTRE, INTERNET, OutsideHost};
use crate::plan::{EnvironmentPlan, HostPlan, Plan};
use crate::services::NTP;

/// The ports by which mail is sent, whoever the server.
const MAIL_PORTS: [u16; 3] = [25, 465, 587];

pub(super) fn claims(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>) -> Vec<Claim> {
    let mut claims = Vec::new();
    for node in plan.hosts_of(Role::Product) {
        if !whole.outside.ntp.is_empty() {
            claims.push(time(plan, whole, node));
        }
        claims.extend(mail(plan, whole, node));
        if !whole.outside.outbound.is_empty() {
            claims.push(outbound(plan, whole, node));
        }
    }
    claims.push(time_nothing_else(plan, whole));
    claims.push(mail_nothing_else(plan, whole));
    claims.push(outbound_nothing_else(plan, whole));
    claims.extend(data_centre_nothing_else(plan, whole));
    claims.push(
        Draft::of(
            plan,
            "ntp/offsets",
            "The clocks of all hosts agree with the customer's",
            &["R8"],
        )
        .live_only("a twin has one clock, so that offsets prove nothing there")
        .done(),
    );
    claims
}

/// The outside hosts' interfaces that a predicate names.
fn outside(whole: &Plan<'_>, wanted: impl Fn(&OutsideHost) -> bool) -> BTreeSet<InterfaceId> {
    whole
        .outside
        .hosts
        .values()
        .filter(|host| wanted(host))
        .map(OutsideHost::interface)
        .collect()
}

fn managed(plan: &EnvironmentPlan<'_>) -> Sources {
    Sources::interfaces(interfaces(plan.hosts.iter().filter(|host| host.managed())))
}

/// Every interface but those of the named outside hosts.
fn all_others(whole: &Plan<'_>, but: &BTreeSet<InterfaceId>) -> BTreeSet<InterfaceId> {
    let mut all = outside(whole, |_| true);
    for environment in whole.environments.values() {
        all.extend(interfaces(&environment.hosts));
    }
    all.retain(|interface| !but.contains(interface));
    all
}

fn time(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>, node: &HostPlan) -> Claim {
    let servers = outside(whole, |host| whole.outside.ntp.contains(&host.id));
    let mut draft = Draft::of(
        plan,
        &format!("ntp/{}", node.name),
        format!("{} reaches the customer's time servers", node.name),
        &["R8"],
    )
    .prove_it(must_reach(
        Sources::interfaces([node.interface()]),
        servers,
        [Traffic::udp(NTP)],
    ));
    for server in &whole.estate.ntp.servers {
        draft = draft.ask(&node.id, Question::Time { server: *server }, Expect::Works);
    }
    draft.done()
}

fn time_nothing_else(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>) -> Claim {
    let servers = outside(whole, |host| whole.outside.ntp.contains(&host.id));
    Draft::of(
        plan,
        "ntp/nothing-else",
        "Hosts ask the time of the customer's servers and of nobody else",
        &["R8"],
    )
    .prove_it(no_path(
        managed(plan),
        all_others(whole, &servers),
        [Traffic::udp(NTP)],
    ))
    .done()
}

fn mail(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>, node: &HostPlan) -> Option<Claim> {
    let smtp = &whole.estate.smtp;
    let server = whole.outside.host(whole.outside.mail.as_ref())?;
    let question = Question::Mail {
        server: at(smtp.address, smtp.port),
        name: smtp.name.clone(),
        user: smtp.user.clone(),
        password: mail_password(),
        sender: smtp.sender.clone(),
        recipient: whole.estate.operator.contact.clone(),
    };
    let claim = Draft::of(
        plan,
        &format!("smtp/{}", node.name),
        format!("{} sends a mail by the customer's server", node.name),
        &["R7"],
    )
    .prove_it(must_reach(
        Sources::interfaces([node.interface()]),
        [server.interface()],
        [Traffic::tcp(smtp.port)],
    ))
    .ask(&node.id, question, Expect::Works)
    .done();
    Some(claim)
}

fn mail_nothing_else(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>) -> Claim {
    let server = outside(whole, |host| whole.outside.mail.as_ref() == Some(&host.id));
    let declared: BTreeSet<u16> = outbound_ports(whole);
    let ports = MAIL_PORTS
        .into_iter()
        .chain([whole.estate.smtp.port])
        .filter(|port| !declared.contains(port));
    Draft::of(
        plan,
        "smtp/nothing-else",
        "Hosts send mail to the customer's server and to nobody else",
        &["R7"],
    )
    .prove_it(no_path(
        managed(plan),
        all_others(whole, &server),
        tcp(ports),
    ))
    .done()
}

fn outbound_ports(whole: &Plan<'_>) -> BTreeSet<u16> {
    whole
        .estate
        .outbound
        .values()
        .map(|outbound| outbound.port)
        .collect()
}

fn outbound(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>, node: &HostPlan) -> Claim {
    let mut draft = Draft::of(
        plan,
        &format!("outbound/{}", node.name),
        format!("{} reaches what it needs on the Internet", node.name),
        &["R12", "R16"],
    );
    for (name, id) in &whole.outside.outbound {
        let dependency = whole.estate.outbound.get(name);
        let server = whole.outside.host(Some(id));
        if let (Some(dependency), Some(server)) = (dependency, server) {
            draft = draft.prove(
                format!("{} reaches {}", node.name, dependency.name),
                must_reach(
                    Sources::interfaces([node.interface()]),
                    [server.interface()],
                    [Traffic::tcp(dependency.port)],
                ),
            );
            if let Some(address) = server.address() {
                draft = draft.connect(&node.id, at(address, dependency.port));
            }
        }
    }
    draft.done()
}

fn outbound_nothing_else(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>) -> Claim {
    // Servers of the customer that stand on the Internet have claims of their own.
    let internet = outside(whole, |host| {
        host.site.as_str() == INTERNET
            && matches!(host.role, Role::InternetClient | Role::InternetServer)
    });
    let mut draft = Draft::of(
        plan,
        "outbound/nothing-else",
        "Hosts open connections to the Internet on declared ports only, and none to the operator",
        &["R1"],
    )
    .prove(
        "Hosts reach nothing on the Internet but declared ports",
        no_path(managed(plan), internet, all_but(outbound_ports(whole), [])),
    );
    // The bastion opens nothing to the outside at all.
    if let Some(bastion) = plan.bastion() {
        draft = draft.prove(
            "The bastion opens no connection to the outside",
            no_path(
                Sources::interfaces([bastion.interface()]),
                outside(whole, |_| true),
                [Traffic::All],
            ),
        );
    }
    draft.done()
}

/// Of the data centre, hosts reach the servers that they are told to use. A port from 1024 up that was declared for the
/// Internet cannot be kept from it by the ACL, and is left to the data centre's own firewall.
fn data_centre_nothing_else(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>) -> Option<Claim> {
    let hosts: Vec<&OutsideHost> = whole
        .outside
        .hosts
        .values()
        .filter(|host| host.site.as_str() == DATA_CENTRE)
        .collect();
    if hosts.is_empty() {
        return None;
    }
    let high: BTreeSet<u16> = outbound_ports(whole)
        .into_iter()
        .filter(|port| *port >= 1024)
        .collect();
    let mut draft = Draft::of(
        plan,
        "data-centre/only-its-servers",
        "Hosts reach nothing in the data centre but its time and mail servers",
        &["R1"],
    );
    for host in hosts {
        let mail = whole.outside.mail.as_ref() == Some(&host.id);
        let time = whole.outside.ntp.contains(&host.id);
        let tcp_ports = high
            .iter()
            .copied()
            .chain(mail.then_some(whole.estate.smtp.port));
        draft = draft.prove(
            format!("Hosts reach {} only as declared", host.id),
            no_path(
                managed(plan),
                [host.interface()],
                all_but(tcp_ports, time.then_some(NTP)),
            ),
        );
    }
    Some(draft.done())
}
