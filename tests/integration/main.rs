//! The whole control plane on a simulated container host.
#![allow(
    unreachable_pub,
    reason = "a test is one crate, and nobody else can reach any of it"
)]

mod cache_cluster;
mod harness;
mod openapi;
