//! Decisions, pure: what is wished and what is seen go in, the next stage comes out.
//!
//! A plan names one stage, not a script: after it has been carried out the reconciler looks again and asks again. A stage
//! that involves a choice (an address, the run that a reboot shall end, the next list of nodes) only writes the choice
//! down; a later stage acts on it. So a process that stops anywhere is resumed by looking.

pub mod access;
pub mod cache_cluster;
pub mod replication_group;
pub mod sharded_group;
pub mod snapshot;
