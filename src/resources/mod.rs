//! The nouns, pure: no I/O, no SQL, no wire. What a resource is, what follows from its facts, and AWS's rules for it.

pub mod access;
pub mod arn;
pub mod cache_cluster;
pub mod cache_parameter_group;
pub mod engine;
pub mod engine_settings;
pub mod event;
pub mod id;
pub mod metric;
pub mod node_group;
pub mod node_type;
pub mod parameter;
pub mod pending;
pub mod replication_group;
pub mod scope;
pub mod slots;
pub mod snapshot;
pub mod status;
pub mod subnet_group;
pub mod tag;
pub mod timestamp;
pub mod user;
pub mod user_group;
pub mod violation;
pub mod window;
pub mod zones;
