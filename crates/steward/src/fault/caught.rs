//! By what a fault is caught: claims that fail in proof, packets that go another way, claims that fail when asked.

/// By what a fault is caught, and what else may fail because of it.
///
/// Claims are named by patterns: `*` stands for any text, `ENV` for the environment in which the fault is planted.
#[derive(Clone, Copy, Debug)]
pub struct Caught {
    /// Claims that fail in proof; each pattern by at least one claim.
    pub proof: &'static [&'static str],
    /// Whether packets of the matrix arrive where none did without the fault, or are lost where they arrived. They agree
    /// with what is proved of the faulty network all the same.
    pub packets: bool,
    /// Claims that fail when the twin is asked; each pattern by at least one claim.
    pub probe: &'static [&'static str],
    /// Claims that may fail as a consequence, and need not.
    pub besides: &'static [&'static str],
    /// Words of the cause that the report names.
    pub cause: &'static [&'static str],
}

/// How the claims that failed differ from those that were to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deviation {
    /// Patterns that no claim fits which failed in proof.
    pub unproved: Vec<String>,
    /// Patterns that no claim fits which failed when asked.
    pub unprobed: Vec<String>,
    /// Claims that fail and have nothing to do with the fault.
    pub innocent: Vec<String>,
}

impl Caught {
    /// Holds the claims that failed in proof, and when asked, against those that were to. Without answers only proof is
    /// looked at.
    pub fn deviation(
        &self,
        environment: &str,
        by_proof: &[String],
        by_probe: Option<&[String]>,
    ) -> Deviation {
        let here = |pattern: &&str| pattern.replace("ENV", environment);
        let missed = |patterns: &[&str], failed: &[String]| -> Vec<String> {
            let patterns = patterns.iter().map(here);
            patterns
                .filter(|pattern| !failed.iter().any(|claim| fits(pattern, claim)))
                .collect()
        };
        let innocent = |expected: &[&str], failed: &[String]| -> Vec<String> {
            let guilty: Vec<String> = expected.iter().chain(self.besides).map(here).collect();
            let failed = failed.iter();
            failed
                .filter(|claim| !guilty.iter().any(|pattern| fits(pattern, claim)))
                .cloned()
                .collect()
        };
        let mut deviation = Deviation {
            unproved: missed(self.proof, by_proof),
            unprobed: Vec::new(),
            innocent: innocent(self.proof, by_proof),
        };
        if let Some(by_probe) = by_probe {
            deviation.unprobed = missed(self.probe, by_probe);
            deviation.innocent.extend(innocent(self.probe, by_probe));
        }
        deviation
    }
}

/// Whether a claim's identifier fits a pattern.
fn fits(pattern: &str, claim: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == claim,
        Some((head, tail)) => claim.strip_prefix(head).is_some_and(|rest| {
            let starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            starts
                .filter_map(|at| rest.get(at..))
                .any(|rest| fits(tail, rest))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_whole_identifiers() {
        let check = |pattern: &str, claim: &str, wanted: bool| {
            assert_eq!(fits(pattern, claim), wanted, "{pattern} and {claim}");
        };
        check("a/b", "a/b", true);
        check("a/b", "a/b/c", false);
        check("a/*", "a/b/c", true);
        check("a/*/c", "a/b/c", true);
        check("a/*/c", "a/b/d", false);
        check("*/c", "a/b/c", true);
        check("*", "", true);
        check("", "a", false);
        check("a*a", "a", false);
        check("a*b*c", "axbxbxc", true);
    }

    #[test]
    fn what_fails_is_held_against_what_was_to() {
        let caught = Caught {
            proof: &["ENV/a"],
            packets: true,
            probe: &["ENV/b/*"],
            besides: &["ENV/c"],
            cause: &[],
        };
        let texts = |all: &[&str]| all.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let check = |proof: &[&str], probe: Option<&[&str]>, wanted: [&[&str]; 3]| {
            let probe = probe.map(texts);
            let got = caught.deviation("x", &texts(proof), probe.as_deref());
            let [unproved, unprobed, innocent] = wanted.map(texts);
            let wanted = Deviation {
                unproved,
                unprobed,
                innocent,
            };
            assert_eq!(got, wanted);
        };
        check(&["x/a"], Some(&["x/b/1"]), [&[], &[], &[]]);
        check(&["x/a", "x/c"], Some(&["x/b/1", "x/c"]), [&[], &[], &[]]);
        check(&[], Some(&["x/b/1"]), [&["x/a"], &[], &[]]);
        check(&["x/a"], Some(&[]), [&[], &["x/b/*"], &[]]);
        check(&["x/a"], None, [&[], &[], &[]]);
        check(&["y/a"], None, [&["x/a"], &[], &["y/a"]]);
        // What must fail when asked is no excuse for a proof, nor the other way round.
        check(&["x/a", "x/b/1"], None, [&[], &[], &["x/b/1"]]);
        check(&["x/a"], Some(&["x/a", "x/b/1"]), [&[], &[], &["x/a"]]);
    }
}
