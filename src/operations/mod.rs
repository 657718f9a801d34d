//! A function per operation, a file per noun. Each takes a decoded input, checks it, records a wish, wakes a reconciler, and
//! answers with the resource as it then is. None touches a container or a node.

pub mod cache_cluster;
pub mod cache_engine_version;
pub mod cache_parameter_group;
pub mod context;
pub mod event;
mod faults;
mod log_delivery;
pub mod metric;
pub mod node_type;
pub mod overview;
mod paging;
pub mod replication_group;
mod restore;
pub mod security_group;
pub mod service_update;
pub mod snapshot;
mod spec;
pub mod subnet_group;
pub mod tag;
pub mod user;
pub mod user_group;

pub use context::{Context, Presentation};
