//! What is published of the format: the schema and the manual are what today's reader says, and the schema takes and
//! refuses what it should.

mod published;
mod schema;
