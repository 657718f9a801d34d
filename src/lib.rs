//! A managed-cache control plane: ElastiCache's API over real Redis, Valkey and Memcached containers.
//!
//! The rooms, in reading order; `tests/tidy/rooms.txt` holds who may use whom.

pub mod activators;
pub mod authority;
pub mod callers;
pub mod clock;
pub mod config;
pub mod control_plane;
pub mod datastore;
pub mod delivery;
pub mod doctor;
pub mod engine;
pub mod ground;
pub mod http;
pub mod operations;
pub mod operator;
pub mod overview;
pub mod planner;
pub mod rdb;
pub mod reconcile;
pub mod resources;
pub mod routing;
pub mod runtime;
pub mod store;
pub mod telemetry;
