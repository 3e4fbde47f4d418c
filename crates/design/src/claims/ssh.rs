//! Remote access: the bastion from the operator, every other host from the bastion, wherever that stands.

use std::net::SocketAddr;

use ipnet::IpNet;
use model::Claim;
use model::blueprint::Role;
use model::claim::{Expect, Question, SshHop};
use model::id::{HostId, InterfaceId, SiteId};
use model::intent::{Outflow, Rule, Sources};
use model::packet::Traffic;

use super::draft::{Draft, both, ends, must_reach, no_path, only};
use super::egress::{self, Beyond};
use super::vantages::{Vantages, bastion as from_bastion, each_kind, inside, interfaces};
use crate::account::{clocks, logins};
use crate::bastion::{BastionPlan, Stand};
use crate::outside::{OPERATOR, OutsideHost};
use crate::plan::{EnvironmentPlan, HostPlan, Plan};
use crate::services::{DNS, NTP, SSH};

const ROWS: &[&str] = &["R2"];
/// Where the bastion stands is a choice.
const PLACED: &[&str] = &["R2", "R3"];

pub(super) fn claims(
    plan: &EnvironmentPlan<'_>,
    whole: &Plan<'_>,
    vantages: &Vantages,
) -> Vec<Claim> {
    let Some(bastion) = &plan.bastion else {
        return Vec::new();
    };
    let access = Access {
        plan,
        vantages,
        bastion,
    };
    let mut claims = vec![
        access.by_operator(),
        access.by_nobody_else(),
        access.only_its_port(),
        access.nothing_else(whole),
    ];
    claims.extend(access.clock(whole));
    for host in plan.hosts_of(Role::Product) {
        claims.push(access.only_from_bastion(host));
        claims.push(access.through_bastion(host));
    }
    let others = interfaces(plan.hosts.iter().filter(|host| !host.managed()));
    claims.push(
        Draft::of(
            plan,
            "ssh/nowhere-else",
            "Nobody reaches SSH on what AWS runs: balancers, resolvers, the database",
            ROWS,
        )
        .prove_it(no_path(Sources::anywhere(), others, [Traffic::tcp(SSH)]))
        .done(),
    );
    claims
}

/// Remote access to one environment.
struct Access<'a> {
    plan: &'a EnvironmentPlan<'a>,
    vantages: &'a Vantages,
    bastion: &'a BastionPlan,
}

impl Access<'_> {
    /// The login name that probes use.
    fn login(&self) -> String {
        let logins = logins(self.plan.estate);
        logins.into_iter().next().unwrap_or_default()
    }

    /// The operator's networks, of the families in which the bastion has a door.
    fn operator(&self) -> Sources {
        let mut sources = Sources::interfaces([]);
        let networks = self.plan.estate.operator.networks.iter().copied();
        let has_door = |network: &IpNet| {
            let mut doors = self.bastion.doors.iter();
            doors.any(|door| door.is_ipv4() == network.addr().is_ipv4())
        };
        sources.ranges = networks
            .filter(has_door)
            .map(|network| (SiteId::from(OPERATOR), network))
            .collect();
        sources
    }

    /// A login without a detour.
    fn straight(&self, host: &HostId, target: SocketAddr) -> Question {
        Question::Ssh {
            host: host.clone(),
            target,
            user: self.login(),
            via: None,
        }
    }

    fn by_operator(&self) -> Claim {
        let port = self.bastion.port;
        let mut draft = Draft::of(
            self.plan,
            "ssh/bastion/from-operator",
            format!("The operator logs in to the bastion on port {port}"),
            PLACED,
        )
        .prove_it(must_reach(
            self.operator(),
            [self.bastion.front()],
            [Traffic::tcp(port)],
        ));
        if let Some(operator) = &self.vantages.operator {
            let question = |target| self.straight(&self.bastion.id, target);
            let doors = self.bastion.doors(port);
            draft = draft.ask_each(operator, &doors, &Expect::Works, question);
        }
        draft.done()
    }

    fn by_nobody_else(&self) -> Claim {
        let (bastion, vantages) = (self.bastion, self.vantages);
        let (private, public) = (bastion.ends(bastion.port), bastion.doors(bastion.port));
        let mut draft = Draft::of(
            self.plan,
            "ssh/bastion/only-from-operator",
            "Nobody but the operator reaches the bastion, on any port",
            PLACED,
        )
        .prove_it(no_path(
            self.operator().complement(),
            bastion.interfaces(),
            [Traffic::All],
        ));
        if bastion.interface() != bastion.front() {
            draft = draft.prove(
                "Nobody at all reaches the bastion on the side of the hosts",
                no_path(Sources::anywhere(), [bastion.interface()], [Traffic::All]),
            );
        }
        draft
            .attack(vantages.private_outside(), &private)
            .attack(each_kind(self.plan, &|_| false), &private)
            .attack(vantages.stranger.clone(), &public)
            .attack(vantages.elsewhere.clone(), &public)
            .done()
    }

    fn only_its_port(&self) -> Claim {
        let port = self.bastion.port;
        Draft::of(
            self.plan,
            "ssh/bastion/only-its-port",
            format!("The bastion is reached on port {port} and on no other, 22 least of all"),
            ROWS,
        )
        .prove_it(only(
            Sources::anywhere(),
            self.bastion.interfaces(),
            [Traffic::tcp(port)],
        ))
        .attack(self.vantages.data_centre.clone(), &self.bastion.ends(SSH))
        .attack(self.vantages.on_internet(), &self.bastion.doors(SSH))
        .done()
    }

    /// What the bastion itself opens: whoever has taken it gets no further than an engineer does.
    fn nothing_else(&self, whole: &Plan<'_>) -> Claim {
        let (plan, bastion) = (self.plan, self.bastion);
        let from = || Sources::interfaces(bastion.interfaces());
        let nodes = interfaces(plan.hosts_of(Role::Product));
        let resolvers = interfaces(plan.hosts_of(Role::Resolver));
        let mut others = inside(whole);
        others.retain(|other| !nodes.contains(other) && !resolvers.contains(other));
        others.retain(|other| !bastion.interfaces().contains(other));
        let mut draft = Draft::of(
            plan,
            "ssh/bastion/nothing-else",
            "The bastion logs in to its environment's nodes, asks its resolvers for names, and reaches nothing else",
            PLACED,
        )
        .prove(
            "The bastion reaches the nodes by SSH alone",
            only(from(), nodes, [Traffic::tcp(SSH)]),
        )
        .prove(
            "The bastion asks the resolvers for names alone",
            only(from(), resolvers, both(DNS)),
        );
        if !others.is_empty() {
            draft = draft.prove(
                "The bastion reaches no other host of any environment",
                no_path(from(), others, [Traffic::All]),
            );
        }
        // Of a bastion in the VPC, the claims on what leaves the VPC say the rest.
        if bastion.stand != Stand::Vpc {
            draft = self.outbound(draft);
        }
        for host in plan.hosts_of(Role::Product) {
            let product = host.product.as_deref();
            if let Some(product) = product.and_then(|name| plan.products.get(name)) {
                draft = draft.attack(from_bastion(plan), &ends(host, product.called_on));
            }
        }
        draft.done()
    }

    /// In the data centre the bastion takes the customer's time, as every machine there.
    fn clock(&self, whole: &Plan<'_>) -> Option<Claim> {
        let servers = clocks(self.plan, self.bastion);
        let at = |host: &&OutsideHost| servers.iter().any(|server| host.addresses.contains(server));
        let hosts = whole.outside.hosts.values().filter(at);
        let to: Vec<InterfaceId> = hosts.map(OutsideHost::interface).collect();
        if to.is_empty() {
            return None;
        }
        let mut draft = Draft::of(
            self.plan,
            "ntp/bastion",
            "The bastion reaches the customer's time servers",
            &["R3", "R8"],
        )
        .prove_it(must_reach(
            Sources::interfaces([self.bastion.interface()]),
            to,
            [Traffic::udp(NTP)],
        ));
        for server in servers {
            let question = Question::Time { server };
            draft = draft.ask(&self.bastion.id, question, Expect::Works);
        }
        Some(draft.done())
    }

    /// What it may send to the places outside AWS: in the data centre, questions for the time.
    fn outbound(&self, mut draft: Draft) -> Draft {
        for place in Beyond::ALL {
            if place == Beyond::DataCentre && self.plan.estate.data_centre.is_none() {
                continue;
            }
            let servers = clocks(self.plan, self.bastion);
            let allowed: Vec<Outflow> = servers
                .into_iter()
                .filter(|_| place == Beyond::DataCentre)
                .map(|server| Outflow {
                    to: IpNet::from(server),
                    traffic: Traffic::udp(NTP),
                })
                .collect();
            let title = egress::title("The bastion", place, &allowed);
            draft = draft.prove(
                title,
                Rule::OnlyOutbound {
                    from: self.bastion.interfaces(),
                    site: place.site(),
                    allowed,
                },
            );
        }
        draft
    }

    fn only_from_bastion(&self, host: &HostPlan) -> Claim {
        let targets = ends(host, SSH);
        let mut draft = Draft::of(
            self.plan,
            &format!("ssh/{}/only-from-bastion", host.name),
            format!("SSH to {} only from the bastion", host.name),
            ROWS,
        )
        .prove_it(no_path(
            Sources::interfaces([self.bastion.interface()]).complement(),
            [host.interface()],
            [Traffic::tcp(SSH)],
        ));
        if let Some(operator) = &self.vantages.operator {
            let question = |target| self.straight(&host.id, target);
            draft = draft.ask_each(operator, &targets, &Expect::NoWay, question);
        }
        draft
            .attack(self.vantages.stranger.clone(), &targets)
            .attack(self.vantages.private_outside(), &targets)
            // Between applications too: from a sibling as from a node of another product.
            .attack(each_kind(self.plan, &|other| other.id == host.id), &targets)
            .done()
    }

    fn through_bastion(&self, host: &HostPlan) -> Claim {
        let bastion = self.bastion;
        let mut draft = Draft::of(
            self.plan,
            &format!("ssh/{}/through-bastion", host.name),
            format!("The operator logs in to {} through the bastion", host.name),
            PLACED,
        )
        .prove_it(must_reach(
            Sources::interfaces([bastion.interface()]),
            [host.interface()],
            [Traffic::tcp(SSH)],
        ));
        let doors = bastion.doors(bastion.port);
        if let Some(operator) = &self.vantages.operator
            && let Some(door) = operator.of_its_families(&doors).next()
        {
            // The bastion opens the second part of the way: its families count, whatever the operator has.
            let has = |target: &SocketAddr| {
                let mut own = bastion.addresses.iter();
                own.any(|own| own.is_ipv4() == target.is_ipv4())
            };
            for target in ends(host, SSH).into_iter().filter(has) {
                let user = self.login();
                let question = Question::Ssh {
                    host: host.id.clone(),
                    target,
                    user: user.clone(),
                    via: Some(SshHop {
                        host: bastion.id.clone(),
                        target: door,
                        user,
                    }),
                };
                draft = draft.ask(&operator.id, question, Expect::Works);
            }
        }
        draft.done()
    }
}
