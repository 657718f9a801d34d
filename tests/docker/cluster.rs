//! Clusters of real nodes of every image at hand: what cluster mode enabled rests on.

mod client;
mod moving;
mod nodes;

mod failover;
mod forming;
mod handing_over;
mod migration;
mod old_files;
