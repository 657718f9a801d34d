//! Who we are to a node, and who others are. Nothing of it is ever printed that would let anyone in.

use std::fmt::{self, Debug};

/// A name and secret that a node accepts.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User name.
    pub user: String,
    /// Password; never printed.
    pub password: String,
}

impl Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// Somebody whom a node lets in.
#[derive(Clone, PartialEq, Eq)]
pub struct NodeUser {
    /// The name that clients give.
    pub name: String,
    /// The engine's access rules in their order, the first of which takes all away that was there before. Never printed: digests of
    /// passwords are among them.
    pub rules: Vec<String>,
}

impl Debug for NodeUser {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NodeUser")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
