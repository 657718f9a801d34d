//! A refusal, as the client may see it, with what lies behind it, which only the log may see.

use std::error::Error;
use std::fmt;

use crate::FaultCode;

/// What an operation answers when it does not do what was asked.
///
/// The client gets code and message. The source stays inside: neither `Debug` nor `Display` prints it; whoever logs
/// the fault walks [`Error::source`].
pub struct Fault {
    code: FaultCode,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Fault {
    /// A fault with the text that the client will read.
    pub fn new(code: FaultCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            source: None,
        }
    }

    /// The same fault with the error that led to it, for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The code, which says HTTP status and blame too.
    pub fn code(&self) -> FaultCode {
        self.code
    }

    /// The text for the client.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("code", &self.code)
            .field("message", &self.message)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.wire_code(), self.message)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_is_for_the_log_alone() {
        let fault = Fault::new(
            FaultCode::InternalFailure,
            "An internal error has occurred.",
        )
        .with_source("disk image /var/lib/x is malformed");
        assert_eq!(
            fault.to_string(),
            "InternalFailure: An internal error has occurred."
        );
        assert!(!format!("{fault:?}").contains("malformed"));
        assert_eq!(
            fault.source().map(ToString::to_string).as_deref(),
            Some("disk image /var/lib/x is malformed")
        );
    }

    #[test]
    fn codes_are_distinct_and_statuses_are_http() {
        let all = || FaultCode::MODELLED.into_iter().chain(FaultCode::COMMON);
        let codes: std::collections::BTreeSet<_> = all().map(FaultCode::wire_code).collect();
        assert_eq!(
            codes.len(),
            FaultCode::MODELLED.len() + FaultCode::COMMON.len()
        );
        assert_eq!(FaultCode::MODELLED.len(), 79);
        for code in all() {
            assert_eq!(code.is_sender(), code.status() < 500, "{code:?}");
            assert!((400..600).contains(&code.status()), "{code:?}");
        }
    }
}
