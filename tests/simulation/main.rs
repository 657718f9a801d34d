//! The seeded simulation: random commands, failures and stops in every order, and then everything must be as wished.
//!
//! `CACHEPLANE_SIMULATION_SEED=n` repeats one run and prints all that it did; `CACHEPLANE_SIMULATION_SEEDS=a..b` runs others
//! than the usual ones, and `CACHEPLANE_SIMULATION_CLUSTER_SEEDS=a..b` other runs of clusters.
#![allow(
    unreachable_pub,
    reason = "a test is one crate, and nobody else can reach any of it"
)]

mod access_client;
mod access_steps;
mod client;
mod cluster_client;
mod clusters;
mod dice;
mod every_step;
mod group_client;
mod group_steps;
mod groups;
mod ledger;
mod parameter_steps;
mod parameters;
mod process;
mod run;
mod seeds;
mod settled;
mod settled_clusters;
mod settled_groups;
mod tale;
mod turns;
mod weather;
