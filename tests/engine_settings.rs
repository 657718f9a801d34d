//! Real engines started with the command lines of `resources::engine_settings`.
//!
//! Pure code cannot know whether an engine accepts what it is given, and one unknown word keeps it from starting. So
//! every image at hand is started with the command lines of its versions, and asked what is in force.
//! Runs with `CACHEPLANE_TEST_DOCKER=1` only; an image that the host does not hold is skipped, aloud.
#![allow(clippy::print_stderr, reason = "a test that skips says so")]

#[path = "engine_settings/container.rs"]
mod container;
#[path = "engine_settings/memcached.rs"]
mod memcached;
#[path = "engine_settings/resp.rs"]
mod resp;
