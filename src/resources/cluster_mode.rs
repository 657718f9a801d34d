//! The cluster mode of a replication group (behaviour.md section 17).

use super::engine::{Engine, EngineVersion};

/// How the data of a replication group is spread, and how clients find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClusterMode {
    /// One node group, with a primary endpoint and a reader endpoint.
    Disabled,
    /// One node group that has all slots: clients come by the primary and the reader endpoint, or by the configuration endpoint as to any
    /// cluster.
    Compatible,
    /// Node groups that share the slots, found by the configuration endpoint.
    Enabled,
}

impl ClusterMode {
    /// The mode of this name.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "disabled" => Some(Self::Disabled),
            "compatible" => Some(Self::Compatible),
            "enabled" => Some(Self::Enabled),
            _ => None,
        }
    }

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Compatible => "compatible",
            Self::Enabled => "enabled",
        }
    }
}

/// Whether a group of this version can be in the mode between: Redis 7.0 and later, Valkey.
pub fn can_be_compatible(version: &EngineVersion) -> bool {
    version.engine == Engine::Valkey || version.at_least(7, 0, 0)
}
