//! Faults of mail: a relay that is not let through, shows another's certificate, or takes another password.

use model::{HostId, Role, Secret, SecretName, ServiceKind};

use super::ground::group_of;
use super::subnet::anywhere;
use super::{Caught, Fault, Ground, Planted};
use crate::credentials::CertificateFlaw;

/// Every node sends mail by the same relay.
const SENT: &[&str] = &["*/smtp/*"];

pub(super) const ENDPOINT_CLOSED: Fault = Fault {
    name: "mail-endpoint-closed",
    summary: "the group of SES's endpoint lets no mail in",
    rows: &["R6"],
    caught: Caught {
        proof: &["ENV/smtp/*"],
        packets: true,
        probe: &["ENV/smtp/*"],
        besides: &[],
        cause: &["no ingress rule"],
    },
    plant: endpoint_closed,
};

fn endpoint_closed(ground: &mut Ground<'_>) -> Option<Planted> {
    let (endpoint, environment) = ground.first(Role::MailEndpoint)?;
    let group = group_of(ground.network, &endpoint)?;
    let rules = &mut ground.network.groups.get_mut(&group)?.ingress;
    if rules.is_empty() {
        return None;
    }
    rules.clear();
    let change = format!("{group} has no rule that lets anything in");
    Some(Planted::new(environment, change))
}

pub(super) const CERTIFICATE_MISNAMED: Fault = Fault {
    name: "smtp-certificate-misnamed",
    summary: "the mail server shows a certificate of another name",
    rows: &["R6", "R7"],
    caught: Caught {
        proof: &[],
        packets: false,
        probe: SENT,
        besides: &[],
        cause: &["certificate"],
    },
    plant: certificate_misnamed,
};

fn certificate_misnamed(ground: &mut Ground<'_>) -> Option<Planted> {
    let relay = relay(ground)?;
    let environment = anywhere(ground)?;
    let change = format!(
        "{relay} shows a certificate of {}",
        CertificateFlaw::ANOTHER_NAME
    );
    ground.flaws.insert(relay, CertificateFlaw::Misnamed);
    Some(Planted::new(environment, change))
}

pub(super) const PASSWORD_CHANGED: Fault = Fault {
    name: "smtp-password-changed",
    summary: "the mail server's password was changed, and nobody told the products",
    rows: &["R6", "R7"],
    caught: Caught {
        proof: &[],
        packets: false,
        probe: SENT,
        besides: &[],
        cause: &["535"],
    },
    plant: password_changed,
};

fn password_changed(ground: &mut Ground<'_>) -> Option<Planted> {
    let relay = relay(ground)?;
    let environment = anywhere(ground)?;
    let services = &mut ground.hosts.get_mut(&relay)?.services;
    let changed = SecretName(format!("{relay}/changed"));
    for service in services {
        if let ServiceKind::Smtp { password, .. } = &mut service.kind {
            *password = changed.clone();
        }
    }
    let value = Secret::new("another than the products were given");
    ground.secrets.insert(changed, value);
    let change = format!("{relay} takes another password than the products have");
    Some(Planted::new(environment, change))
}

/// The first host that takes mail.
fn relay(ground: &Ground<'_>) -> Option<HostId> {
    let mut hosts = ground.hosts.iter();
    let (id, _) = hosts.find(|(_, host)| {
        let mut services = host.services.iter();
        services.any(|service| matches!(service.kind, ServiceKind::Smtp { .. }))
    })?;
    Some(id.clone())
}
