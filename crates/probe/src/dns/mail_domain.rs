//! Asks a server for all that a sending domain must publish.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use super::look_up::{look_up, parse};
use crate::answer::Closing;
use crate::fault::{Fault, NameFault};
use crate::line::Line;
use crate::maildomain::{self, MailDomain, MailFinding, Seen, Told};

/// Questions at most: a domain needs a dozen, and SPF leads to ten more.
const QUESTIONS: usize = 64;

/// Asks `server` for a domain's SPF, DKIM, DMARC and MAIL FROM records and judges them. Each question has `patience` from
/// its first packet to its last.
pub async fn verify_mail_domain(
    server: SocketAddr,
    domain: &MailDomain,
    patience: Duration,
    closing: &Closing,
) -> Vec<MailFinding> {
    let mut seen = Seen::new();
    while seen.len() < QUESTIONS
        && let Some((name, kind)) = maildomain::needed(domain, &seen).pop_first()
    {
        let line = Line::new(*closing, patience);
        let heard = match parse(&name) {
            Ok(parsed) => look_up(&line, server, &parsed, kind).await,
            Err(miss) => Err(miss),
        };
        let told = match heard {
            Ok(found) => Told::Records(found.records),
            Err(miss) => match miss.fault.as_deref() {
                Some(Fault::Name(NameFault::NoSuchName)) => Told::Records(BTreeSet::new()),
                _ => Told::Nothing(miss.said),
            },
        };
        seen.insert((name, kind), told);
    }
    maildomain::judge(domain, &seen)
}
