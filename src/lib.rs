//! A managed-cache control plane.
pub mod engine;
pub mod runtime;
