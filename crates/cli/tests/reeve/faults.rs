//! Every fault that can be planted is found, and its cause named.

use handover::Report;
use model::Verdict;

use crate::machine::can_rehearse;
use crate::place::Place;
use crate::processes::none_remain;

/// Rehearses with a fault. `proof` and `probe` are claims that must fail by proof and by packets or login; `cause` are
/// words of the rule or answer that is to blame.
fn check(fault: &str, proof: Option<&str>, probe: &str, cause: &[&str]) {
    if !can_rehearse() {
        return;
    }
    let place = Place::new();
    let ended = place
        .run(&["rehearse", "--json", "../acme", "--fault", fault])
        .with(1);
    none_remain(&place.mark, &Default::default(), fault);
    place.is_tidy(fault);
    let report: Report = serde_json::from_value(ended.json()).expect("a report");
    assert_eq!(report.verdict, Verdict::Fails);
    let seen = report.fault.expect("the fault is reported");
    assert_eq!(seen.name, fault);
    match proof {
        Some(claim) => assert!(seen.by_proof.iter().any(|one| one == claim), "{seen:?}"),
        None => assert!(seen.by_proof.is_empty(), "no packet shows it: {seen:?}"),
    }
    assert!(seen.by_probe.iter().any(|one| one == probe), "{seen:?}");
    let named = seen.cause.expect("a cause");
    for word in cause {
        assert!(named.contains(word), "wanted {word:?}: {named}");
    }
    for id in seen.by_proof.iter().chain(&seen.by_probe) {
        assert!(id.starts_with("production/"), "{id} is not where it is");
    }
    // What is proved of a faulty network is what its packets do.
    let matrix = report.matrix.expect("a matrix");
    assert!(matrix.sent > 1000, "{} packets", matrix.sent);
    assert_eq!(matrix.disagreements, [], "{fault}");
}

#[test]
fn a_bastion_open_to_the_world() {
    let claim = "production/ssh/bastion/only-from-operator";
    let cause = ["group production/bastion", "allows tcp/40022", "0.0.0.0/0"];
    check("bastion-open", Some(claim), claim, &cause);
}

#[test]
fn ssh_between_applications() {
    let claim = "production/ssh/is-1/only-from-bastion";
    let cause = [
        "group production/is",
        "allows tcp/22",
        "from production/apim",
    ];
    check("ssh-between-applications", Some(claim), claim, &cause);
}

#[test]
fn an_acl_that_drops_returns() {
    let claim = "production/ssh/apim-1/through-bastion";
    let cause = [
        "acl production/app",
        "egress entry",
        "denies tcp/32768-60999",
        "answer is lost",
    ];
    check("acl-drops-returns", Some(claim), claim, &cause);
}

#[test]
fn a_default_administrator() {
    let claim = "production/console/apim-1/default-refused";
    let cause = ["apim-1", "default password", "logged in"];
    check("default-admin-password", None, claim, &cause);
}
