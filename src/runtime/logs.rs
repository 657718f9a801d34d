//! What containers write.

use async_trait::async_trait;

use super::RuntimeError;

/// A line that a container wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When, in nanoseconds since the Unix epoch; later lines have later times.
    pub written_at: i64,
    /// The line, without its end.
    pub text: String,
}

/// A container engine that keeps what its containers write.
#[async_trait]
pub trait Logs {
    /// The lines that a container wrote after that time (nanoseconds since the Unix epoch), oldest first, `lines_max` at most.
    async fn logs_after(
        &self,
        name: &str,
        after: i64,
        lines_max: usize,
    ) -> Result<Vec<LogLine>, RuntimeError>;
}
