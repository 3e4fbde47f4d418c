//! Faults of management consoles: who is let in that should not be, and who is not that should.

use model::service::ProductService;
use model::{EnvironmentId, HostId, Secret, SecretName, ServiceKind};

use super::{Caught, Fault, Ground, Planted};

pub(super) const DEFAULT_ADMIN_PASSWORD: Fault = Fault {
    name: "default-admin-password",
    summary: "a product's console still has the administrator that it was delivered with",
    rows: &["R14"],
    caught: Caught {
        proof: &[],
        packets: false,
        probe: &["ENV/console/*/default-refused"],
        besides: &["ENV/console/*"],
        cause: &["default password", "logged in"],
    },
    plant: default_admin_password,
};

fn default_admin_password(ground: &mut Ground<'_>) -> Option<Planted> {
    let catalog = ground.catalog;
    let known = |product: &ProductService| catalog.products.get(&product.product);
    let (id, environment, product) = console(ground, &|product| known(product).is_some())?;
    let known = known(product)?;
    let (user, password) = &known.default_admin;
    // The node keeps a secret of its own, so that no other node's administrator changes with it.
    let own = SecretName(format!("{id}/delivered-admin"));
    product.admin_user.clone_from(user);
    product.admin_password = own.clone();
    ground.secrets.insert(own, Secret::new(password.clone()));
    let change = format!(
        "{id} still accepts `{user}` with the password that {} is delivered with",
        known.name
    );
    Some(Planted::new(environment, change))
}

pub(super) const CONSOLE_USER_MISSING: Fault = Fault {
    name: "console-user-missing",
    summary: "the administrator that is handed over was never made on a node",
    rows: &["R14"],
    caught: Caught {
        proof: &[],
        packets: false,
        probe: &["ENV/console/*/login"],
        besides: &["ENV/console/*/from-data-centre"],
        cause: &["401"],
    },
    plant: console_user_missing,
};

fn console_user_missing(ground: &mut Ground<'_>) -> Option<Planted> {
    let (id, environment, product) = console(ground, &|_| true)?;
    let missing = std::mem::replace(&mut product.admin_user, "somebody-else".to_owned());
    let change = format!("{id} knows no user `{missing}`");
    Some(Planted::new(environment, change))
}

/// The first node with a console.
fn console<'g>(
    ground: &'g mut Ground<'_>,
    wanted: &dyn Fn(&ProductService) -> bool,
) -> Option<(HostId, EnvironmentId, &'g mut ProductService)> {
    ground.hosts.iter_mut().find_map(|(id, host)| {
        let environment = host.environment.clone()?;
        host.services.iter_mut().find_map(|service| {
            let ServiceKind::Product(product) = &mut service.kind else {
                return None;
            };
            (!product.consoles.is_empty() && wanted(product))
                .then(|| (id.clone(), environment.clone(), product))
        })
    })
}
