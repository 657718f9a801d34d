//! The nouns and their rules, pure: no I/O, no async, no serialization, no SQL.

pub mod engine;
pub mod node_type;
pub mod violation;
