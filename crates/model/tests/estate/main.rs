//! Reading estates and catalogues: the example, a fault for each check, hostile bytes.

mod acme;
mod awaiting;
mod catalog;
mod examples;
mod faults;
mod hostile;
mod likeness;
mod many;
mod mutations;
mod secrets;
mod waivers;
