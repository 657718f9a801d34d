//! The data-plane router.
fn main() {}
