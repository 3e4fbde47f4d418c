//! What is to be published so that SES may send.

use handover::names::{SesDomain, Stand, ZoneForm, publications, zone_file};
use model::service::Zone;

use super::file;
use crate::{golden, tools};

fn domain(tokens: bool) -> SesDomain {
    SesDomain {
        domain: "acme.example".to_owned(),
        mail_from: "bounce.acme.example".to_owned(),
        region: "eu-central-1".to_owned(),
        dkim_tokens: tokens.then(|| ["aaa", "bbb", "ccc"].map(str::to_owned)),
        verification_token: tokens.then(|| "c2VzLXRva2Vu=".to_owned()),
        dmarc_reports: Some("dmarc@acme.example".to_owned()),
    }
}

#[test]
fn it_reads_as_it_did() {
    let notes = ["The customer's own SPF record at acme.example | stays as it is.".to_owned()];
    let write = |tokens| publications("acme.example", &domain(tokens).publications(), &notes);
    golden::check(
        "names-ses",
        &[file("awaited", write(false)), file("ready", write(true))],
    );
}

#[test]
fn nothing_awaited_is_published_as_if_it_were_known() {
    let check = |tokens, awaited: usize, ready: usize| {
        let all = domain(tokens).publications();
        let waiting = all
            .iter()
            .filter(|one| matches!(one.stand, Stand::Awaited { .. }))
            .count();
        assert_eq!((waiting, all.len() - waiting), (awaited, ready));
    };
    check(false, 3, 3);
    check(true, 0, 7);
}

#[test]
fn what_is_ready_is_a_zone_that_bind_takes() {
    let records = domain(true)
        .publications()
        .into_iter()
        .filter_map(|one| match one.stand {
            Stand::Ready(record) => Some(record),
            Stand::Awaited { .. } => None,
        })
        .collect();
    let zone = Zone {
        name: "acme.example".to_owned(),
        records,
    };
    let form = ZoneForm {
        ttl: 300,
        authority: super::whole(300).authority,
    };
    tools::accepts(
        "named-checkzone",
        &["acme.example"],
        &[],
        &zone_file(&zone, &form),
        "the records of SES",
    );
}
