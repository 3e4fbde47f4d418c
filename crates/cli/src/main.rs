//! The `reeve` binary.
fn main() {}
