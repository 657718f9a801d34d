// Generated from api/model by `cargo run -p cacheplane-api-generate`; do not edit.

//! What the service model says, as Rust: nothing here is written by hand.

pub(crate) mod fault_code;
pub(crate) mod operation;
pub mod shapes;
