//! AWS accounts: who pays, and by which role the operator works in them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What holds for each AWS account of the estate. The operator works in them by an assumed role, never by long-lived keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountTerms {
    /// Who pays AWS.
    pub payer: Payer,
    /// The role that the operator assumes in each account.
    pub role: String,
    /// The external identifier that AWS asks for when the role is assumed: it keeps others from using the operator as
    /// their deputy.
    pub external_id: Option<String>,
    /// The ARN of the policy that bounds every role that is made.
    pub permission_boundary: Option<String>,
    /// Regions in which nothing may ever be made.
    pub forbidden_regions: Vec<String>,
    /// Tags that everything made there carries.
    pub tags: BTreeMap<String, String>,
}

/// Who pays AWS for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Payer {
    /// The customer, by its own contract with AWS.
    Customer,
    /// The operator, who passes the cost on.
    Operator,
}
