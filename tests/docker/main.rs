//! Tests against a real Docker engine.
fn main() {}
