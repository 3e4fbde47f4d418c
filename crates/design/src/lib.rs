//! (Estate, catalogue, lock) → blueprints, required claims and the new lock.
//!
//! A design is a function: the same estate, catalogue and lock give the same bytes, and what the lock holds stays
//! where it is. This crate knows nothing of how a network is proved, stood up or asked, opens no file, reads no clock
//! and draws no random number.
//!
//! # Where addresses come from
//!
//! An environment's range is cut by tiers, each tier into four slots, one for each zone, so that there is room for a
//! third and a fourth (see [`address`]):
//!
//! | part of the range | tier | holds |
//! |---|---|---|
//! | first half | `app` | products, internal balancers, resolver endpoints |
//! | third quarter | `public` | the DMZ: bastion, public balancers, NAT gateways |
//! | seventh eighth | `data` | the database |
//! | fifteenth sixteenth | `transit` | the transit gateway's attachment, a /28 for each zone |
//! | last sixteenth | | nothing: kept free |
//!
//! # Where a bastion stands
//!
//! | place | the operator reaches it | it reaches its environment |
//! |---|---|---|
//! | the environment's VPC | in the DMZ, by a public address | within the VPC, as a member of its group |
//! | the operator's VPC | there, by a public address | by a peering with that environment alone, by its address |
//! | the customer's data centre | at a leg outside, through the customer's firewall | by a leg inside, over the link, by its address |
//!
//! Its identifier is the same in all three, and the same is claimed and asked of it. Outside its VPC it belongs to the
//! account's unit; the VPC then takes no SSH from the Internet at all.
//!
//! # The customer's firewall
//!
//! Where a data centre is joined, every server there stands behind a group that says what the environments need of it
//! ([`openings`] lists that for people). What servers there send is let out: the design leans on no firewall but its own.
//!
//! # Which port a balancer listens on
//!
//! The product's own. Two exceptions: on the public balancer, port 443 goes to the first `https` port that asks for
//! one; and where another product has the number already, the next free number is taken. The lock keeps the choice.
//!
//! # Which name a product has
//!
//! The host name that the estate gives it, under the customer's zone. Where several environments give the same one,
//! the production environment keeps it, and the others get `-ENVIRONMENT` behind it, so that one wildcard certificate
//! still covers them all.
//!
//! # Where a console is asked
//!
//! A console is reachable where its port is: from the internal balancer when the estate lists the port as `internal`,
//! else from nowhere but the node itself, which an operator reaches over SSH. No rule is added for the sake of asking.

mod account;
pub mod address;
mod allot;
mod balancing;
mod bastion;
mod check;
mod claims;
mod design;
mod environment;
mod filters;
mod line;
mod mail;
mod names;
mod openings;
mod operator_vpc;
mod outside;
mod placing;
mod plan;
mod quota;
mod roster;
mod services;
mod tables;
mod vpn;
mod zones;

pub use design::{Design, design};
pub use line::{Line, lines};
pub use openings::{Opening, openings};
pub use tables::{Table, tables};
