//! What this machine can rehearse: what a twin needs, and the real daemons that play servers in it.

use model::Verdict;
use peers::daemon::Software;
use twin::Capability;

/// What a twin needs, then the daemons, each with its version or where to get it.
#[must_use]
pub fn doctor() -> Vec<Capability> {
    let ours = |name: &str| Software::ALL.iter().any(|one| one.executable() == name);
    let mut rows: Vec<Capability> = twin::doctor()
        .into_iter()
        .filter(|row| !ours(&row.name))
        .collect();
    rows.extend(Software::ALL.into_iter().map(row));
    rows
}

fn row(software: Software) -> Capability {
    let (name, package) = (software.name(), software.package());
    let (verdict, detail, remedy) = match software.find() {
        Some(found) => (
            Verdict::Holds,
            format!("{found}: {}", found.path.display()),
            None,
        ),
        None => (
            Verdict::Fails,
            format!("{name}: not installed, or it does not tell its version; a stand-in plays it"),
            Some(format!(
                "apt-get install {package}, or what has it elsewhere"
            )),
        ),
    };
    Capability {
        name: software.executable().to_owned(),
        verdict,
        detail,
        remedy,
        required: false,
    }
}
