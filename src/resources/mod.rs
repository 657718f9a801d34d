//! The nouns and their rules, pure: no I/O, no async, no serialization, no SQL.

pub mod engine;
pub mod engine_settings;
pub mod node_type;
pub mod parameter;
pub mod violation;
pub mod window;
