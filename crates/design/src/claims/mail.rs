//! Mail: every node submits to the relay, and to nobody else; what SES needs before it sends.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use model::Claim;
use model::blueprint::Role;
use model::claim::{Expect, Question};
use model::estate::{Mail, Ses};
use model::id::InterfaceId;
use model::intent::Sources;
use model::packet::Traffic;

use super::draft::{Draft, at, ends, must_reach, no_path, tcp};
use super::egress::{self, Beyond, but_for};
use super::vantages::{inside, interfaces};
use crate::mail::relay;
use crate::outside::OutsideHost;
use crate::plan::{EnvironmentPlan, HostPlan, Plan};

/// The ports by which mail is sent, whoever the server.
const MAIL_PORTS: [u16; 3] = [25, 465, 587];

/// The claims of one environment.
pub(super) fn claims(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>) -> Vec<Claim> {
    let nodes = plan.hosts_of(Role::Product);
    let mut claims: Vec<Claim> = nodes.map(|node| submits(plan, whole, node)).collect();
    claims.extend(refuses(plan, whole));
    claims.push(nothing_else(plan, whole));
    claims
}

/// Who takes the mails, in titles, and the row that asks for it.
const fn taker(mail: &Mail) -> (&'static str, &'static str) {
    match mail {
        Mail::Customer(_) => ("the customer's server", "R7"),
        Mail::Ses(_) => ("Amazon SES", "R6"),
    }
}

/// The relay's interfaces, as the environment sees it.
fn relays(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>) -> BTreeSet<InterfaceId> {
    let server = whole.outside.host(whole.outside.mail.as_ref());
    let mut relays = interfaces(plan.hosts_of(Role::MailEndpoint));
    relays.extend(server.map(OutsideHost::interface));
    relays
}

fn submits(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>, node: &HostPlan) -> Claim {
    let relay = relay(whole.estate);
    let (who, row) = taker(&whole.estate.mail);
    let mut draft = Draft::of(
        plan,
        &format!("smtp/{}", node.name),
        format!("{} sends a mail by {who}", node.name),
        &[row],
    )
    .prove_it(must_reach(
        Sources::interfaces([node.interface()]),
        relays(plan, whole),
        [Traffic::tcp(relay.port)],
    ));
    for server in servers(plan, whole, relay.port) {
        let question = Question::Mail {
            server,
            name: relay.name.clone(),
            user: relay.user.clone(),
            password: relay.password.clone(),
            sender: relay.sender.clone(),
            recipient: whole.estate.operator.contact.clone(),
        };
        draft = draft.ask(&node.id, question, Expect::Works);
    }
    draft.done()
}

/// A relay that passes on whatever anybody gives it sends the world's spam in the customer's name.
fn refuses(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>) -> Option<Claim> {
    let relay = relay(whole.estate);
    let (who, row) = taker(&whole.estate.mail);
    let node = plan.hosts_of(Role::Product).next()?;
    let mut draft = Draft::of(
        plan,
        "smtp/refuses",
        format!("Without a password, {who} passes no mail on"),
        &[row],
    );
    for server in servers(plan, whole, relay.port) {
        let question = Question::Relay {
            server,
            name: relay.name.clone(),
            sender: relay.sender.clone(),
            recipient: whole.estate.operator.contact.clone(),
        };
        draft = draft.ask(&node.id, question, Expect::Refused);
    }
    Some(draft.done())
}

/// Where the relay listens, as the environment sees it.
fn servers(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>, port: u16) -> Vec<SocketAddr> {
    let customers = whole.estate.customer_mail();
    let endpoints = plan.hosts_of(Role::MailEndpoint);
    customers
        .map(|smtp| at(smtp.address, smtp.port))
        .into_iter()
        .chain(endpoints.flat_map(|endpoint| ends(endpoint, port)))
        .collect()
}

fn nothing_else(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>) -> Claim {
    let ports = || MAIL_PORTS.into_iter().chain([relay(whole.estate).port]);
    let (who, row) = taker(&whole.estate.mail);
    let relays = relays(plan, whole);
    let hosts = || Sources::interfaces(interfaces(&plan.hosts));
    let nodes = interfaces(plan.hosts_of(Role::Product));
    let others = inside(whole).into_iter().filter(|it| !relays.contains(it));
    let mut draft = Draft::of(
        plan,
        "smtp/nothing-else",
        format!(
            "Hosts send mail to {who} and to nobody else{}",
            but_for(plan, ports())
        ),
        &[row],
    )
    .prove(
        "Hosts send mail to no other host of any environment",
        no_path(hosts(), others, tcp(ports())),
    );
    let endpoints = interfaces(plan.hosts_of(Role::MailEndpoint));
    if !endpoints.is_empty() {
        draft = draft.prove(
            "Nobody but the products' nodes reaches the mail endpoints",
            no_path(
                Sources::interfaces(nodes).complement(),
                endpoints,
                [Traffic::All],
            ),
        );
    }
    egress::prove(draft, plan, &Beyond::ALL).done()
}

/// What SES needs before it sends, which only AWS and the public DNS can tell.
pub(super) fn of_account(plan: &Plan<'_>) -> Vec<Claim> {
    let Mail::Ses(ses) = &plan.estate.mail else {
        return Vec::new();
    };
    let mut claims = vec![
        live(
            "mail/identity",
            format!(
                "Amazon SES has verified {} and signs its mails with DKIM",
                ses.domain
            ),
            "AWS verifies the domain by records in the public DNS",
        ),
        live(
            "mail/production-access",
            "Amazon SES sends to anybody: the account has left its sandbox".to_owned(),
            "AWS grants production access to an account on request",
        ),
        live(
            "mail/dmarc",
            format!(
                "{} publishes a DMARC policy with which the mails agree",
                ses.domain
            ),
            PUBLIC_DNS,
        ),
    ];
    claims.push(live("mail/spf", spf(ses), PUBLIC_DNS));
    claims
}

/// Why a twin does not tell what is published.
const PUBLIC_DNS: &str = "the customer publishes it in the public DNS, which a twin does not have";

fn spf(ses: &Ses) -> String {
    match &ses.mail_from {
        Some(mail_from) => format!("{mail_from} takes bounces (MX) and allows Amazon SES by SPF"),
        None => "Bounces go to Amazon SES's own domain, whose SPF allows it".to_owned(),
    }
}

fn live(id: &str, title: String, why: &str) -> Claim {
    Draft::of_estate(id, title, &["R6"]).live_only(why).done()
}
