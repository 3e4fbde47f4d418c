//! The database: opened by the products that keep something there, and by nobody else.

use model::Claim;
use model::claim::{Expect, Question};
use model::estate::Database;
use model::intent::Sources;
use model::packet::Traffic;

use super::draft::{Draft, ends, must_reach, no_path, only};
use super::vantages::{Vantages, bastion, each_kind, interfaces};
use crate::environment::{DATABASE_USER, database_password};
use crate::plan::{EnvironmentPlan, HostPlan};

const ROWS: &[&str] = &["R1", "R13"];

pub(super) fn claims(plan: &EnvironmentPlan<'_>, vantages: &Vantages) -> Vec<Claim> {
    let database = plan.hosts_of(model::Role::Database).next();
    let (Some(wanted), Some(port), Some(database)) =
        (&plan.environment.database, plan.database_port, database)
    else {
        return Vec::new();
    };
    let users: Vec<&HostPlan> = plan.hosts.iter().filter(|host| uses(plan, host)).collect();
    let mut claims = vec![only_from_products(plan, vantages, database, port)];
    claims.extend(
        users
            .into_iter()
            .map(|host| opened(plan, wanted, database, port, host)),
    );
    claims
}

/// Whether the host is a node of a product that keeps something in the database.
fn uses(plan: &EnvironmentPlan<'_>, host: &HostPlan) -> bool {
    host.product
        .as_deref()
        .and_then(|name| plan.products.get(name))
        .is_some_and(|product| product.uses_database())
}

fn only_from_products(
    plan: &EnvironmentPlan<'_>,
    vantages: &Vantages,
    database: &HostPlan,
    port: u16,
) -> Claim {
    let users = interfaces(plan.hosts.iter().filter(|host| uses(plan, host)));
    let skip = |host: &HostPlan| host.id == database.id || uses(plan, host);
    Draft::of(
        plan,
        "database/only-from-products",
        "The database is reached from its products alone, on its port alone",
        ROWS,
    )
    .prove(
        "Nobody but the products that use it reaches the database",
        no_path(
            Sources::interfaces(users).complement(),
            [database.interface()],
            [Traffic::All],
        ),
    )
    .prove(
        format!("Nobody reaches another port of the database than {port}"),
        only(
            Sources::anywhere(),
            [database.interface()],
            [Traffic::tcp(port)],
        ),
    )
    .attack(vantages.outside(), &ends(database, port))
    .attack(bastion(plan), &ends(database, port))
    .attack(each_kind(plan, &skip), &ends(database, port))
    .done()
}

fn opened(
    plan: &EnvironmentPlan<'_>,
    wanted: &Database,
    database: &HostPlan,
    port: u16,
    host: &HostPlan,
) -> Claim {
    let mut draft = Draft::of(
        plan,
        &format!("database/from/{}", host.name),
        format!("{} opens its databases", host.name),
        &["R13"],
    )
    .prove_it(must_reach(
        Sources::interfaces([host.interface()]),
        [database.interface()],
        [Traffic::tcp(port)],
    ));
    let product = host
        .product
        .as_deref()
        .and_then(|name| plan.products.get(name));
    for name in product
        .iter()
        .flat_map(|product| &product.product.databases)
    {
        let question = |target| Question::Database {
            target,
            engine: wanted.engine.clone(),
            database: name.clone(),
            user: DATABASE_USER.to_owned(),
            password: database_password(plan),
        };
        draft = draft.ask_each(
            &host.into(),
            &ends(database, port),
            &Expect::Works,
            question,
        );
    }
    draft.done()
}
