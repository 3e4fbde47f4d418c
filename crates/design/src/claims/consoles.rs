//! Management consoles: a login that works, the published default refused, and none of it on the Internet.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use model::Claim;
use model::claim::{Expect, Password, Question};

use super::draft::{Draft, doors, ends, from_internet, no_path, tcp};
use super::vantages::{Vantage, Vantages, interfaces};
use crate::balancing::{Face, ListenerPlan};
use crate::environment::admin_password;
use crate::plan::{EnvironmentPlan, HostPlan, ProductPlan};

const ROWS: &[&str] = &["R14"];

pub(super) fn claims(plan: &EnvironmentPlan<'_>, vantages: &Vantages) -> Vec<Claim> {
    let mut claims = Vec::new();
    for (name, product) in &plan.products {
        let Some(port) = product.console_port else {
            continue;
        };
        if product.product.consoles.is_empty() {
            continue;
        }
        let console = Console {
            plan,
            name,
            product,
            port,
        };
        claims.push(console.not_public(vantages));
        for node in plan.nodes(name) {
            claims.push(console.login(node));
            claims.push(console.default_refused(node));
        }
        claims.extend(console.balanced(vantages));
    }
    claims
}

/// The consoles of one product. Logins are asked on their own port alone: on the others, where the product serves them
/// too, a password would cross the network in clear.
struct Console<'a> {
    plan: &'a EnvironmentPlan<'a>,
    name: &'a str,
    product: &'a ProductPlan<'a>,
    port: u16,
}

impl Console<'_> {
    /// Every port of a node on which a console answers.
    fn ports(&self) -> BTreeSet<u16> {
        let aliases = self.product.console_aliases.iter().copied();
        aliases.chain([self.port]).collect()
    }

    /// The listeners behind which the consoles' own port stands.
    fn listeners(&self, face: Face) -> impl Iterator<Item = &ListenerPlan> {
        self.plan
            .listeners(face)
            .filter(|listener| listener.product == self.name && listener.target.port == self.port)
    }

    /// From where a node's console is asked: the internal balancer where it may, else the node itself.
    fn vantage(&self, node: &HostPlan) -> Vantage {
        let balanced = self.listeners(Face::Internal).next().is_some();
        let balancer = self.plan.balancers(Face::Internal).next();
        match balancer {
            Some(balancer) if balanced => balancer.into(),
            _ => node.into(),
        }
    }

    fn not_public(&self, vantages: &Vantages) -> Claim {
        let plan = self.plan;
        let own = self.ports();
        let (published, others): (Vec<&ListenerPlan>, Vec<&ListenerPlan>) =
            plan.listeners(Face::Public).partition(|listener| {
                listener.product == self.name && own.contains(&listener.target.port)
            });
        // A console's number that serves something else on the balancer is not the console's there.
        let mut balanced = own.clone();
        balanced.retain(|port| others.iter().all(|other| other.listen != *port));
        balanced.extend(published.iter().map(|listener| listener.listen));
        let mut draft = Draft::of(
            plan,
            &format!("console/{}/not-public", self.name),
            format!("The consoles of {} are not on the Internet", self.name),
            &["R1", "R14"],
        )
        .prove(
            format!(
                "Nothing on the Internet reaches a console of {} on a node",
                self.name
            ),
            no_path(
                from_internet(),
                interfaces(plan.nodes(self.name)),
                tcp(own.iter().copied()),
            ),
        );
        let balancers = interfaces(plan.balancers(Face::Public));
        if !balancers.is_empty() && !balanced.is_empty() {
            draft = draft.prove(
                format!(
                    "Nothing on the Internet reaches a console of {} by a balancer",
                    self.name
                ),
                no_path(from_internet(), balancers, tcp(balanced.iter().copied())),
            );
        }
        for node in plan.nodes(self.name) {
            for port in &own {
                draft = draft.attack(vantages.on_internet(), &ends(node, *port));
            }
        }
        for balancer in plan.balancers(Face::Public) {
            for port in &balanced {
                draft = draft.attack(vantages.stranger.clone(), &doors(balancer, *port));
            }
        }
        draft.done()
    }

    fn question(&self, target: SocketAddr, path: &str, user: &str, password: Password) -> Question {
        Question::Console {
            target,
            name: self.product.public_name.clone(),
            path: path.to_owned(),
            user: user.to_owned(),
            password,
        }
    }

    /// Asks for every console that it be opened by the generated credential.
    fn ask_login(&self, mut draft: Draft, vantage: &Vantage, targets: &[SocketAddr]) -> Draft {
        let password = Password::Named(admin_password(self.plan, self.name));
        for path in &self.product.product.consoles {
            let user = &self.product.wanted.admin_user;
            let question = |target| self.question(target, path, user, password.clone());
            draft = draft.ask_each(vantage, targets, &Expect::Works, question);
        }
        draft
    }

    fn login(&self, node: &HostPlan) -> Claim {
        let draft = Draft::of(
            self.plan,
            &format!("console/{}/login", node.name),
            format!(
                "The generated administrator logs in to the consoles of {}",
                node.name
            ),
            ROWS,
        );
        self.ask_login(draft, &self.vantage(node), &ends(node, self.port))
            .done()
    }

    fn default_refused(&self, node: &HostPlan) -> Claim {
        let (user, password) = &self.product.product.default_admin;
        let mut draft = Draft::of(
            self.plan,
            &format!("console/{}/default-refused", node.name),
            format!("{} refuses the published default administrator", node.name),
            ROWS,
        );
        for path in &self.product.product.consoles {
            let password = Password::Default(password.clone());
            let question = |target| self.question(target, path, user, password.clone());
            let targets = ends(node, self.port);
            draft = draft.ask_each(&self.vantage(node), &targets, &Expect::Refused, question);
        }
        draft.done()
    }

    fn balanced(&self, vantages: &Vantages) -> Option<Claim> {
        let client = vantages.data_centre.as_ref()?;
        let listener = self.listeners(Face::Internal).next()?;
        let mut draft = Draft::of(
            self.plan,
            &format!("console/{}/from-data-centre", self.name),
            format!(
                "The data centre opens the consoles of {} through the internal balancers",
                self.name
            ),
            ROWS,
        );
        for balancer in self.plan.balancers(Face::Internal) {
            draft = self.ask_login(draft, client, &ends(balancer, listener.listen));
        }
        Some(draft.done())
    }
}
