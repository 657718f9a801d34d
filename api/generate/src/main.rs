//! Service model in, `api/src/generated/` out.
fn main() {}
