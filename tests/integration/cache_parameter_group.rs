//! Cache parameter groups, from HTTP bytes to what nodes have.

mod asking;
mod describe;
mod effect;
mod reboot;
mod replication;
