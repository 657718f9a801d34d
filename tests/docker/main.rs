//! Tests against a real Docker engine. They run when `CACHEPLANE_TEST_DOCKER=1`, and say so when they do not.

mod cluster;
mod connection;
mod containers;
mod control_plane;
mod engine;
mod events;
mod fixture;
mod images;
mod networks;
mod replication;
mod users;
