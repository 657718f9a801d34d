//! A managed-cache control plane.
