//! Reading estates and catalogues: the example, a file for each fault, hostile bytes.

mod acme;
mod catalog;
