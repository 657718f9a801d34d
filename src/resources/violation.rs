//! A rule of the service that a request breaks.

use std::fmt;

/// Why a request cannot be granted, in the words of the service.
///
/// The two variants are the service's codes of the same names; this room does not know faults, so
/// `operations` turns a violation into one. The text is what the client sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// A value is wrong by itself.
    InvalidParameterValue(String),
    /// A value is wrong together with another, or with what exists.
    InvalidParameterCombination(String),
}

impl Violation {
    /// What is said to the client.
    pub fn message(&self) -> &str {
        match self {
            Violation::InvalidParameterValue(message)
            | Violation::InvalidParameterCombination(message) => message,
        }
    }

    pub(crate) fn value(message: impl Into<String>) -> Violation {
        Violation::InvalidParameterValue(message.into())
    }

    pub(crate) fn combination(message: impl Into<String>) -> Violation {
        Violation::InvalidParameterCombination(message.into())
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for Violation {}
