//! AWS accounts: the role that the operator assumes there, what bounds it, and what the customer asks of everything made.

use super::region;
use crate::document::{Check, Report, quote, quote_key};
use crate::estate::Estate;

const NO_EXTERNAL_ID: Check = Check::warning(
    "external-id-missing",
    "The operator's role is assumed without an external identifier, so that the operator could be made another's deputy.",
);
const BAD_EXTERNAL_ID: Check = Check::error(
    "bad-external-id",
    "An external identifier is not one that IAM takes.",
);
const BAD_ROLE: Check = Check::error("bad-role", "A role's name is not one that IAM takes.");
const BAD_BOUNDARY: Check = Check::error(
    "bad-permission-boundary",
    "A permission boundary is not the ARN of an IAM policy.",
);
const BOUNDARY_ELSEWHERE: Check = Check::error(
    "permission-boundary-elsewhere",
    "A permission boundary is a policy of another account, where no role of this one can be bound by it.",
);
const FORBIDDEN: Check = Check::fatal(
    "region-forbidden",
    "The estate stands in a region in which nothing may ever be made.",
);
const BAD_TAG: Check = Check::error("bad-tag", "A tag is not one that AWS takes.");
const MANY_TAGS: Check = Check::error(
    "too-many-tags",
    "There are more tags than AWS puts on one thing.",
);

pub(super) const CHECKS: &[Check] = &[
    NO_EXTERNAL_ID,
    BAD_EXTERNAL_ID,
    BAD_ROLE,
    BAD_BOUNDARY,
    BOUNDARY_ELSEWHERE,
    FORBIDDEN,
    BAD_TAG,
    MANY_TAGS,
];

/// Longest name of a role (IAM's documentation of quotas).
const LONGEST_ROLE: usize = 64;

/// Lengths of an external identifier (the API reference of `AssumeRole`).
const EXTERNAL_ID_LENGTHS: std::ops::RangeInclusive<usize> = 2..=1224;

/// Longest key and longest value of a tag, and most tags of one thing (AWS's guide to tagging). One of the fifty is
/// `Name`, which everything gets.
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;
const MOST_TAGS: usize = 49;

pub(super) fn check(estate: &Estate, report: &mut Report) {
    external_id(estate, report);
    role(&estate.account.role, report);
    if let Some(boundary) = &estate.account.permission_boundary {
        bounded(estate, boundary, report);
    }
    forbidden(estate, report);
    tags(estate, report);
}

fn external_id(estate: &Estate, report: &mut Report) {
    let path = "account.external-id";
    let Some(id) = &estate.account.external_id else {
        report.add(
            NO_EXTERNAL_ID,
            path,
            "no `external-id`",
            "Nothing but the role's name is asked for when the operator assumes its role: another customer who knows the name could have the operator act in this one's account (the confused deputy).",
            "Agree on an identifier that only this customer has, put it into the role's trust policy, and write it here as `external-id`.",
        );
        return;
    };
    let spelt = EXTERNAL_ID_LENGTHS.contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+=,.@:/_-".contains(&b));
    if !spelt {
        report.add(
            BAD_EXTERNAL_ID,
            path,
            "not an external identifier",
            format!("{} is not an external identifier: IAM takes {} to {} letters, digits and `+=,.@:/_-`.", quote(id), EXTERNAL_ID_LENGTHS.start(), EXTERNAL_ID_LENGTHS.end()),
            "Copy it from the role's trust policy.",
        );
    }
}

fn role(role: &str, report: &mut Report) {
    let spelt = role.len() <= LONGEST_ROLE
        && role
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b));
    if !spelt {
        report.add(
            BAD_ROLE,
            "account.role",
            "not a role's name",
            format!("{} is not the name of a role: IAM takes at most {LONGEST_ROLE} letters, digits and `+=,.@_-`.", quote(role)),
            "Write the name alone, without the ARN and without a path.",
        );
    }
}

fn bounded(estate: &Estate, boundary: &str, report: &mut Report) {
    let path = "account.permission-boundary";
    let owner = boundary
        .strip_prefix("arn:aws:iam::")
        .and_then(|rest| rest.split_once(":policy/"))
        .filter(|(_, name)| !name.is_empty() && !name.contains(char::is_whitespace))
        .map(|(owner, _)| owner)
        .filter(|owner| *owner == "aws" || is_account(owner));
    let Some(owner) = owner else {
        report.add(
            BAD_BOUNDARY,
            path,
            "not a policy's ARN",
            format!(
                "{} is not the ARN of an IAM policy: no role could be made under it.",
                quote(boundary)
            ),
            "Write it like arn:aws:iam::111122223333:policy/managed-cloud-boundary.",
        );
        return;
    };
    // A policy of AWS's own is there in every account.
    let elsewhere = estate
        .environments
        .iter()
        .find(|(_, environment)| owner != "aws" && environment.account != owner);
    if let Some((name, environment)) = elsewhere
        && !report.doubts("environments")
    {
        report.add(
            BOUNDARY_ELSEWHERE,
            path,
            &format!("not of {name}'s account"),
            format!("The policy is one of the account {owner}, and {name} stands in {}: IAM bounds a role by a policy of its own account or of AWS's alone.", quote(&environment.account)),
            "Name a policy of AWS's own, which is there in every account: arn:aws:iam::aws:policy/….",
        );
    }
}

/// Whether a text is the twelve digits of an account.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn forbidden(estate: &Estate, report: &mut Report) {
    for (index, region) in estate.account.forbidden_regions.iter().enumerate() {
        let path = format!("account.forbidden-regions[{index}]");
        region::known(region, &path, report);
        let recovery = estate.wanted_recovery().map(|recovery| &recovery.region);
        let used = if *region == estate.region {
            "the primary region"
        } else if Some(region) == recovery {
            "the recovery region"
        } else {
            continue;
        };
        report.add(
            FORBIDDEN,
            &path,
            used,
            format!(
                "{} is {used}, and nothing may ever be made there: every apply would be refused.",
                quote(region)
            ),
            "Have the customer allow the region, or choose another one.",
        );
    }
}

fn tags(estate: &Estate, report: &mut Report) {
    let tags = &estate.account.tags;
    if tags.len() > MOST_TAGS {
        report.add(
            MANY_TAGS,
            "account.tags",
            &format!("at most {MOST_TAGS}"),
            format!(
                "{} tags are asked for; AWS puts 50 on one thing, and one of them is its `Name`.",
                tags.len()
            ),
            "Agree with the customer on fewer.",
        );
    }
    for (key, value) in tags {
        if let Some(problem) = tag_problem(key, value) {
            report.add(
                BAD_TAG,
                &format!("account.tags.{}", quote_key(key)),
                "AWS refuses it",
                format!("The tag {} {problem}: AWS would refuse everything that carries it.", quote(key)),
                format!("Use letters, digits, spaces and `@+-=._:/`; at most {LONGEST_KEY} characters for the name and {LONGEST_VALUE} for the value."),
            );
        }
    }
}

/// What AWS would refuse in a tag.
fn tag_problem(key: &str, value: &str) -> Option<&'static str> {
    let taken = |text: &str| {
        text.chars()
            .all(|c| c.is_alphanumeric() || " +-=._:/@".contains(c))
    };
    if key.to_lowercase().starts_with("aws:") {
        Some("begins with `aws:`, which is kept for AWS's own")
    } else if key == "Name" {
        Some("is the one by which everything here is called")
    } else if key.chars().count() > LONGEST_KEY {
        Some("has too long a name")
    } else if value.chars().count() > LONGEST_VALUE {
        Some("has too long a value")
    } else if !taken(key) || !taken(value) {
        Some("has characters that AWS does not take")
    } else {
        None
    }
}
