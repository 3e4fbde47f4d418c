//! Names: what people and machines call a thing.

use model::estate::Estate;
use model::id::EnvironmentId;

/// The private zone of an environment: `production.acme.internal`.
pub(crate) fn private_zone(estate: &Estate, environment: &EnvironmentId) -> String {
    format!("{environment}.{}", estate.private_zone)
}

/// The fully qualified name by which clients know a product: `api.acme.example`.
///
/// Where several environments give the same host name, the first production environment keeps it and the others get
/// `-ENVIRONMENT` behind it; without a production environment all of them do, so that adding one renames no other.
pub(crate) fn public_name(estate: &Estate, environment: &EnvironmentId, hostname: &str) -> String {
    let sharing: Vec<_> = estate
        .environments
        .iter()
        .filter(|(_, other)| {
            other
                .products
                .values()
                .any(|product| product.hostname == hostname)
        })
        .collect();
    let keeper = sharing
        .iter()
        .find(|(_, other)| other.production)
        .map(|(id, _)| *id);
    let zone = &estate.dns.zone;
    if sharing.len() <= 1 || keeper == Some(environment) {
        format!("{hostname}.{zone}")
    } else {
        format!("{hostname}-{environment}.{zone}")
    }
}
