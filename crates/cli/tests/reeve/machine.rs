//! Whether this machine can rehearse at all.

use std::env;
use std::io::{self, Write};
use std::sync::OnceLock;

use crate::place::Place;

/// Whether twins can stand here. A machine that is meant to test must be able to; on others the reason is printed, and
/// the tests that need twins are left out.
pub(crate) fn can_rehearse() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let doctor = Place::new().run(&["doctor"]);
        if doctor.status.code() != Some(3) {
            return true;
        }
        assert!(
            env::var_os("CI").is_none(),
            "no twin can stand here: {}",
            doctor.stdout
        );
        writeln!(
            io::stdout(),
            "left out, since no twin can stand here:\n{}",
            doctor.stdout
        )
        .expect("it is told");
        false
    })
}
