//! The `cacheplane` program.
fn main() {}
