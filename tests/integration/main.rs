//! The whole control plane on a simulated container host.
#![allow(
    unreachable_pub,
    reason = "a test is one crate, and nobody else can reach any of it"
)]

mod access;
mod auth;
mod cache_cluster;
mod cache_parameter_group;
mod coverage;
mod driver;
mod encryption;
mod engine_version;
mod event;
mod harness;
mod iam;
mod isolation;
mod log_delivery;
mod metric;
mod node_type;
mod openapi;
mod published;
mod refused;
mod replication_group;
mod router;
mod service_update;
mod snapshot;
mod sts;
mod subnet_group;
mod tag;
mod user;
mod wire;
