//! A user's name and password, compared without telling by time how much of them was right.

use aws_lc_rs::{constant_time, digest};
use model::Secret;

/// The one credential that a stand-in accepts.
#[derive(Clone, Debug)]
pub(crate) struct Credential {
    pub(crate) user: String,
    pub(crate) password: Secret,
}

impl Credential {
    /// Whether both are right. Digests are compared, so that not even a length shows.
    pub(crate) fn accepts(&self, user: &[u8], password: &[u8]) -> bool {
        let user_is_right = same(self.user.as_bytes(), user);
        let password_is_right = same(self.password.expose().as_bytes(), password);
        user_is_right & password_is_right
    }
}

fn same(kept: &[u8], given: &[u8]) -> bool {
    let [kept, given] = [kept, given].map(|text| digest::digest(&digest::SHA256, text));
    constant_time::verify_slices_are_equal(kept.as_ref(), given.as_ref()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_pair_is_accepted() {
        let credential = Credential {
            user: "admin".to_owned(),
            password: Secret::new("s3cret"),
        };
        let check = |user: &str, password: &str, accepted: bool| {
            assert_eq!(
                credential.accepts(user.as_bytes(), password.as_bytes()),
                accepted,
                "{user:?} {password:?}"
            );
        };
        check("admin", "s3cret", true);
        check("admin", "admin", false);
        check("admin", "", false);
        check("admin", "s3cret ", false);
        check("admin", "s3cre", false);
        check("Admin", "s3cret", false);
        check("", "", false);
        check("admins3cret", "", false);
    }
}
