//! Encryption in transit (behaviour.md section 24).

use super::engine::{Engine, EngineVersion};

/// How much of what goes to and from a cache is encrypted, where encryption in transit is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransitEncryptionMode {
    /// Clients may do without.
    Preferred,
    /// All of it.
    Required,
}

impl TransitEncryptionMode {
    /// The mode of this name.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "preferred" => Some(Self::Preferred),
            "required" => Some(Self::Required),
            _ => None,
        }
    }

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Preferred => "preferred",
            Self::Required => "required",
        }
    }
}

/// Whether a running group of this version can turn encryption in transit on and off: Redis 7.0 and later, Valkey.
pub fn can_change_live(version: &EngineVersion) -> bool {
    version.engine == Engine::Valkey || version.at_least(7, 0, 0)
}
