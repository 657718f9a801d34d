//! Tests against a real Docker engine. They run when `CACHEPLANE_TEST_DOCKER=1`, and say so when they do not.

mod engine;
mod fixture;
mod runtime;
