use super::*;

const TOKENS: [&str; 3] = ["aaa", "bbb", "ccc"];

fn acme() -> MailDomain {
    MailDomain {
        domain: "acme.example".to_owned(),
        mail_from: Some("bounce.acme.example".to_owned()),
        region: "eu-central-1".to_owned(),
        keys: DkimKeys::Easy(TOKENS.map(str::to_owned)),
    }
}

fn text(text: &str) -> RecordValue {
    RecordValue::Text(text.to_owned())
}

/// What is told of a domain that has all right, with some names' records exchanged.
fn seen(others: &[(&str, RecordKind, Vec<RecordValue>)]) -> Seen {
    let mut seen = Seen::new();
    let mut tell = |name: &str, kind, records: Vec<RecordValue>| {
        seen.insert(
            (name.to_owned(), kind),
            Told::Records(records.into_iter().collect()),
        );
    };
    tell(
        "bounce.acme.example",
        RecordKind::Txt,
        vec![text("v=spf1 include:amazonses.com ~all")],
    );
    tell(
        "amazonses.com",
        RecordKind::Txt,
        vec![text("v=spf1 ip4:199.255.192.0/22 -all"), text("other")],
    );
    for token in TOKENS {
        tell(
            &format!("{token}._domainkey.acme.example"),
            RecordKind::Cname,
            vec![RecordValue::Alias(format!("{token}.dkim.amazonses.com"))],
        );
    }
    tell(
        "_dmarc.acme.example",
        RecordKind::Txt,
        vec![text(
            "v=DMARC1; p=quarantine; rua=mailto:dmarc@acme.example",
        )],
    );
    tell(
        "bounce.acme.example",
        RecordKind::Mx,
        vec![RecordValue::Mail {
            preference: 10,
            exchange: "feedback-smtp.eu-central-1.amazonses.com".to_owned(),
        }],
    );
    for (name, kind, records) in others {
        tell(name, *kind, records.clone());
    }
    seen
}

fn check(domain: &MailDomain, seen: &Seen, rule: MailRule, verdict: Verdict, words: &str) {
    let findings = judge(domain, seen);
    let finding = findings
        .iter()
        .find(|finding| finding.rule == rule)
        .unwrap_or_else(|| panic!("no finding of {rule}: {findings:?}"));
    assert_eq!(
        (finding.verdict, finding.words.as_str()),
        (verdict, words),
        "{finding:?}"
    );
    assert_eq!(finding.remedy.is_none(), verdict == Verdict::Holds);
}

use Verdict::{Fails, Holds, Unknown};

#[test]
fn a_domain_that_has_all_right_holds() {
    let told = seen(&[]);
    let words: Vec<String> = judge(&acme(), &told)
        .iter()
        .map(|finding| {
            assert_eq!(finding.verdict, Holds, "{finding}");
            finding.to_string()
        })
        .collect();
    assert_eq!(
        words,
        [
            "SPF of bounce.acme.example: it lets SES send, by amazonses.com, and marks everybody else",
            "SPF lookups of bounce.acme.example: it takes 1 of 10 lookups",
            "DKIM of aaa._domainkey.acme.example: an alias for aaa.dkim.amazonses.com",
            "DKIM of bbb._domainkey.acme.example: an alias for bbb.dkim.amazonses.com",
            "DKIM of ccc._domainkey.acme.example: an alias for ccc.dkim.amazonses.com",
            "DMARC of _dmarc.acme.example: policy quarantine",
            "DMARC alignment of _dmarc.acme.example: SPF and DKIM both count for the domain",
            "DMARC reports of _dmarc.acme.example: reports go to dmarc@acme.example",
            "MAIL FROM of bounce.acme.example: bounces go to feedback-smtp.eu-central-1.amazonses.com",
        ]
    );
    assert_eq!(needed(&acme(), &told), BTreeSet::new());
}

#[test]
fn all_is_asked_for_and_what_is_not_told_is_unknown() {
    let mut told = Seen::new();
    for _ in 0..20 {
        for key in needed(&acme(), &told) {
            told.insert(key, Told::Nothing("REFUSED".to_owned()));
        }
    }
    assert_eq!(told.len(), 6, "{told:?}");
    for finding in judge(&acme(), &told) {
        assert_eq!(finding.verdict, Unknown, "{finding}");
        assert_eq!(finding.words, "not known: REFUSED");
    }
    let awaited = MailDomain {
        keys: DkimKeys::Awaited,
        ..acme()
    };
    check(
        &awaited,
        &seen(&[]),
        MailRule::Dkim,
        Unknown,
        "not known: SES has not made its tokens yet",
    );
    // SPF leads to what it includes.
    let first = seen(&[(
        "bounce.acme.example",
        RecordKind::Txt,
        vec![text("v=spf1 include:_spf.acme.example -all")],
    )]);
    assert_eq!(
        needed(&acme(), &first),
        [("_spf.acme.example".to_owned(), RecordKind::Txt)].into()
    );
}

#[test]
fn spf_is_judged() {
    let spf = |records: &[&str]| {
        seen(&[
            (
                "bounce.acme.example",
                RecordKind::Txt,
                records.iter().map(|record| text(record)).collect(),
            ),
            (
                "_spf.acme.example",
                RecordKind::Txt,
                vec![text("v=spf1 include:amazonses.com -all")],
            ),
            (
                "many.example",
                RecordKind::Txt,
                vec![text("v=spf1 a mx ptr exists:x include:loop.example ?all")],
            ),
            (
                "loop.example",
                RecordKind::Txt,
                vec![text("v=spf1 include:many.example -all")],
            ),
        ])
    };
    let check = |records: &[&str], verdict, words: &str| {
        check(&acme(), &spf(records), MailRule::Spf, verdict, words);
    };
    check(&[], Fails, "there is no SPF record");
    check(
        &["v=spf10 include:amazonses.com"],
        Fails,
        "there is no SPF record",
    );
    check(
        &["v=spf1 include:amazonses.com -all", "v=spf1 -all"],
        Fails,
        "there are 2 SPF records, and receivers take none of several",
    );
    check(
        &["v=spf1 include:amazonses.com +all"],
        Fails,
        "the SPF record ends with +all: everybody may send for the domain",
    );
    check(
        &["v=spf1 include:amazonses.com all"],
        Fails,
        "the SPF record ends with +all: everybody may send for the domain",
    );
    let none = "the SPF record does not let SES send: it does not include amazonses.com";
    check(&["v=spf1 ip4:192.0.2.1 -all"], Fails, none);
    check(&["v=spf1 -include:amazonses.com -all"], Fails, none);
    check(&["v=spf1 -all include:amazonses.com"], Fails, none);
    for bad in ["v=spf1 ip5:1 -all", "v=spf1 include: -all", "v=spf1 all:x"] {
        check(
            &[bad],
            Fails,
            "the SPF record has a term that receivers give up on",
        );
    }
    check(
        &["V=SPF1 Include:AmazonSES.com -ALL"],
        Holds,
        "it lets SES send, by amazonses.com, and fails everybody else",
    );
    check(
        &["v=spf1 include:_spf.acme.example ?all"],
        Holds,
        "it lets SES send, by amazonses.com, and says nothing of everybody else",
    );
    check(
        &["v=spf1 redirect=_spf.acme.example"],
        Holds,
        "it lets SES send, by amazonses.com, and says nothing of everybody else",
    );
    check(
        &["v=spf1 include:unknown.example -all"],
        Unknown,
        "not known: it does not name amazonses.com, and what unknown.example includes was not told",
    );
    // Ten are enough for a circle too.
    super::tests::check(
        &acme(),
        &spf(&["v=spf1 include:many.example -all"]),
        MailRule::SpfLookups,
        Fails,
        "it takes 12 lookups or more, and receivers give up after 10",
    );
    super::tests::check(
        &acme(),
        &spf(&["v=spf1 include:amazonses.com include:unknown.example -all"]),
        MailRule::SpfLookups,
        Unknown,
        "it takes 2 of 10 lookups, and those of unknown.example, which were not told",
    );
}

#[test]
fn easy_dkim_is_judged() {
    let name = "aaa._domainkey.acme.example";
    let alias = |records: Vec<RecordValue>| seen(&[(name, RecordKind::Cname, records)]);
    let check = |records, verdict, words: &str| {
        check(&acme(), &alias(records), MailRule::Dkim, verdict, words);
    };
    check(vec![], Fails, "the alias is missing");
    let wrong = |to: &str| vec![RecordValue::Alias(to.to_owned())];
    check(
        wrong("bbb.dkim.amazonses.com"),
        Fails,
        "the alias is for bbb.dkim.amazonses.com",
    );
    check(
        wrong("aaa.dkim.amazonses.com.acme.example"),
        Fails,
        "the alias is for aaa.dkim.amazonses.com.acme.example",
    );
    check(
        wrong("aaa.dkim.af-south-1.amazonses.com"),
        Holds,
        "an alias for aaa.dkim.af-south-1.amazonses.com",
    );
}

/// A bare RSA public key of as many bits, a multiple of eight, in base64.
fn rsa(bits: usize) -> String {
    use base64::Engine as _;
    let sized = |tag: u8, content: &[u8]| {
        let length = u16::try_from(content.len()).expect("the tests' keys are small");
        let [high, low] = length.to_be_bytes();
        [&[tag, 0x82, high, low], content].concat()
    };
    let modulus = [&[0][..], &vec![0xff; bits / 8]].concat();
    let key = sized(0x30, &[sized(2, &modulus), vec![2, 3, 1, 0, 1]].concat());
    base64::engine::general_purpose::STANDARD.encode(key)
}

#[test]
fn a_key_of_the_domains_own_is_judged() {
    let domain = MailDomain {
        keys: DkimKeys::Own("s1".to_owned()),
        ..acme()
    };
    let check = |records: &[&str], verdict, words: &str| {
        let records = records.iter().map(|record| text(record)).collect();
        let told = seen(&[("s1._domainkey.acme.example", RecordKind::Txt, records)]);
        check(&domain, &told, MailRule::Dkim, verdict, words);
    };
    let key = |bits| format!("v=DKIM1; k=rsa; p={}", rsa(bits));
    check(&[], Fails, "there is no key");
    check(
        &["v=DKIM1; p="],
        Fails,
        "the key is revoked: its p= is empty",
    );
    check(
        &["v=DKIM1; k=rsa"],
        Fails,
        "the text has no key: p= is missing",
    );
    check(
        &["v=DKIM2; p=AAAA"],
        Fails,
        "the text is of another version than DKIM1",
    );
    check(&["hello"], Fails, "the text is no list of tags");
    check(&["p=a; p=b"], Fails, "the text is no list of tags");
    check(&["v=DKIM1; p=@@"], Fails, "the key is not base64");
    check(&["v=DKIM1; p=AAAA"], Fails, "the key is no RSA key");
    check(
        &["v=DKIM1; k=dsa; p=AAAA"],
        Fails,
        "keys of the kind `dsa` are not known to receivers",
    );
    check(
        &["v=DKIM1; k=ed25519; p=AAAA"],
        Fails,
        "the key is no Ed25519 key",
    );
    check(
        &[&format!("{}; h=sha1", key(2048))],
        Fails,
        "the key is for hashes that receivers no longer take",
    );
    check(
        &[&key(512)],
        Fails,
        "the RSA key has 512 bits, and receivers take none below 1024",
    );
    check(
        &[&key(1024), "other"],
        Fails,
        "there are 2 texts, and receivers may take any",
    );
    check(
        &[&key(1024)],
        Holds,
        "an RSA key of 1024 bits, which should have 2048",
    );
    check(&[&key(2048)], Holds, "an RSA key of 2048 bits");
    check(
        &[&format!("{}; t=s:y", key(2048))],
        Holds,
        "an RSA key of 2048 bits, for tests: receivers need not mind it",
    );
    let ed25519 = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    check(&[ed25519], Holds, "an Ed25519 key");
}

#[test]
fn dmarc_is_judged() {
    let told = |name: &str, records: &[&str]| {
        let records = records.iter().map(|record| text(record)).collect();
        seen(&[
            ("_dmarc.acme.example", RecordKind::Txt, vec![]),
            (name, RecordKind::Txt, records),
        ])
    };
    let own = |records: &[&str], rule, verdict, words: &str| {
        check(
            &acme(),
            &told("_dmarc.acme.example", records),
            rule,
            verdict,
            words,
        );
    };
    own(&[], MailRule::Dmarc, Fails, "there is no DMARC record");
    own(
        &["v=DMARC10; p=none"],
        MailRule::Dmarc,
        Fails,
        "there is no DMARC record",
    );
    own(
        &["v=DMARC1; p=none", "v=DMARC1; p=reject"],
        MailRule::Dmarc,
        Fails,
        "there are 2 DMARC records, and receivers take none of several",
    );
    own(
        &["v=DMARC1; p=maybe"],
        MailRule::Dmarc,
        Fails,
        "the DMARC record has the policy `maybe`, which receivers do not know",
    );
    own(
        &["v=DMARC1"],
        MailRule::Dmarc,
        Fails,
        "the DMARC record has no policy",
    );
    own(
        &["v=DMARC1; p"],
        MailRule::Dmarc,
        Fails,
        "the DMARC record is no list of tags",
    );
    own(
        &["v=DMARC1;p=none"],
        MailRule::Dmarc,
        Holds,
        "policy none: receivers report mail that fails, and deliver it all the same",
    );
    for rua in ["", "; rua=", "; rua=https://x", "; rua=mailto:nobody"] {
        own(
            &[&format!("v=DMARC1; p=none{rua}")],
            MailRule::Reports,
            Fails,
            "reports go nowhere: nobody would learn of mail that fails",
        );
    }
    own(
        &["v=DMARC1; p=none; aspf=s"],
        MailRule::Alignment,
        Holds,
        "DKIM counts for the domain; SPF does not: the MAIL FROM domain is another one, or aspf=s asks for the same",
    );
    let awaited = MailDomain {
        keys: DkimKeys::Awaited,
        mail_from: None,
        ..acme()
    };
    check(
        &awaited,
        &told("_dmarc.acme.example", &["v=DMARC1; p=none"]),
        MailRule::Alignment,
        Unknown,
        "not known: SPF does not count for the domain, and DKIM is awaited",
    );
    // A subdomain without a record of its own goes by the one above.
    let below = MailDomain {
        domain: "eu.acme.example".to_owned(),
        ..acme()
    };
    let mut above = told("_dmarc.acme.example", &["v=DMARC1; p=none; sp=reject"]);
    above.insert(
        ("_dmarc.eu.acme.example".to_owned(), RecordKind::Txt),
        Told::Records(BTreeSet::new()),
    );
    check(&below, &above, MailRule::Dmarc, Holds, "policy reject");
}

#[test]
fn the_envelope_senders_domain_is_judged() {
    let mail = |exchange: &str| RecordValue::Mail {
        preference: 10,
        exchange: exchange.to_owned(),
    };
    let check = |records: Vec<RecordValue>, words: &str| {
        let told = seen(&[("bounce.acme.example", RecordKind::Mx, records)]);
        check(&acme(), &told, MailRule::MailFrom, Fails, words);
    };
    check(
        vec![],
        "there is no MX record, and SES falls back to its own domain",
    );
    check(
        vec![mail("feedback-smtp.us-east-1.amazonses.com")],
        "bounces go to feedback-smtp.us-east-1.amazonses.com, not to SES",
    );
    check(
        vec![
            mail("feedback-smtp.eu-central-1.amazonses.com"),
            mail("mx.acme.example"),
        ],
        "there are 2 MX records, and SES takes the domain only with its own alone",
    );
}
