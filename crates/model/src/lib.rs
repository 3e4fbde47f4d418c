//! The nouns of Reeve: estate, lock, blueprint, network, claims, evidence, findings, identifiers and secret references.
//!
//! Everything here is a value. This crate opens no file, reads no clock and no environment, draws no random number and
//! knows nothing of Terraform, AWS's wire formats, packets on a wire or how a thing is shown.

pub mod assessment;
pub mod blueprint;
pub mod catalog;
pub mod claim;
pub mod digest;
mod document;
pub mod estate;
pub mod finding;
pub mod id;
pub mod intent;
pub mod lock;
pub mod network;
pub mod packet;
pub mod secret;
pub mod service;
pub mod vpn;

pub use assessment::{Assessment, assess};
pub use blueprint::{Blueprint, Host, Role};
pub use catalog::{Catalog, CatalogReading};
pub use claim::{Claim, Evidence, Peer, Setting, Verdict};
pub use digest::Digest;
pub use document::Check;
pub use estate::{Estate, Reading};
pub use finding::{Finding, Severity, Span};
pub use id::{
    AclId, AttachmentId, ClaimId, EnvironmentId, GatewayId, GroupId, HostId, InterfaceId, NatId,
    PeeringId, RouteTableId, SiteId, SubnetId, TransitGatewayId, TransitTableId, VpcId, VpnId,
};
pub use intent::{Intent, Rule};
pub use lock::Lock;
pub use network::Network;
pub use packet::{Packet, Traffic};
pub use secret::{Secret, SecretName, SecretRef};
pub use service::{Service, ServiceKind};
pub use vpn::VpnConnection;
