//! Cache clusters, from HTTP bytes to containers and back.

mod admission;
mod create;
mod delete;
mod describe;
mod failure;
mod maintenance;
mod modify;
mod node_count;
mod outage;
mod placement;
mod reboot;
mod recovery;
