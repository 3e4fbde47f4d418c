//! Names that every design gives, so that an estate may not give them again.

/// Names that an environment may not have, since units, sites and what stands there are called so.
pub const RESERVED_ENVIRONMENTS: [&str; 7] = [
    "account",
    "data-centre",
    "data-centre-edge",
    "internet",
    "operator",
    "operator-vpc",
    "recovery",
];

/// Names that a product may not have, since machines, groups, subnets and tables of every environment are called so.
pub const RESERVED_PRODUCTS: [&str; 15] = [
    "app",
    "balancer",
    "balancer-internal",
    "balancer-public",
    "bastion",
    "data",
    "database",
    "default",
    "internal",
    "internal-balancer",
    "nat",
    "public",
    "public-balancer",
    "resolver",
    "transit",
];
