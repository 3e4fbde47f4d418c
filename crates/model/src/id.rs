//! Typed identifiers: names that cannot be taken for one another.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Names a thing; the caller has checked the spelling where it matters.
            pub fn new(name: impl Into<String>) -> Self {
                Self(name.into())
            }

            /// The name as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(name.to_owned())
            }
        }
    )*};
}

identifiers! {
    /// A network access control list.
    AclId;
    /// A transit gateway's attachment.
    AttachmentId;
    /// A required claim, stable across runs: `production/ssh/apim-1/only-from-bastion`.
    ClaimId;
    /// An environment of an estate: `production`, `staging`.
    EnvironmentId;
    /// An Internet or egress-only Internet gateway.
    GatewayId;
    /// A security group.
    GroupId;
    /// A machine, or what stands on a network like one: `production/apim-1`, `data-centre/ntp`.
    HostId;
    /// A network interface: `production/apim-1`.
    InterfaceId;
    /// A NAT gateway.
    NatId;
    /// A peering of two VPCs.
    PeeringId;
    /// A VPC's route table.
    RouteTableId;
    /// A network outside AWS: `internet`, `operator`, `data-centre`.
    SiteId;
    /// A subnet.
    SubnetId;
    /// A transit gateway.
    TransitGatewayId;
    /// A transit gateway's route table.
    TransitTableId;
    /// A VPC.
    VpcId;
    /// An IPsec VPN connection.
    VpnId;
}
