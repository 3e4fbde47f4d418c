//! People.

use serde::{Deserialize, Serialize};

/// Somebody who works with the estate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Name, for people.
    pub name: String,
    /// Mail address.
    pub mail: String,
    /// Telephone number, in international form.
    pub phone: Option<String>,
    /// Login of who stands in when this person is away.
    pub deputy: Option<String>,
    /// On whose side.
    pub side: Side,
    /// What they may do.
    pub roles: Vec<PersonRole>,
}

/// On whose side a person is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The operator's.
    Operator,
    /// The customer's.
    Customer,
}

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PersonRole {
    /// Log in to hosts, through the bastion.
    Engineer,
    /// Approve changes.
    Approver,
    /// Use the products' management consoles as administrator.
    ConsoleAdmin,
    /// Receive the handover.
    Receiver,
    /// Declare a disaster.
    DeclaresDisaster,
}
