//! A managed-cache control plane.

pub mod resources;
