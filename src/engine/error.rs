//! What keeps a node from answering.

/// Why a node did not give the answer; one variant for each thing that a caller does differently.
///
/// No message repeats its source: whoever logs prints the chain.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No connection: nothing listens, or there is no route.
    #[error("the node at {endpoint} cannot be reached")]
    Unreachable {
        /// Host and port.
        endpoint: String,
        /// What the connection said.
        #[source]
        source: Option<std::io::Error>,
    },
    /// It answers, but is still reading its data set.
    #[error("the node at {endpoint} is still loading its data set")]
    Loading {
        /// Host and port.
        endpoint: String,
    },
    /// It answers, but takes no more connections: its clients have as many as there may be.
    #[error("the node at {endpoint} has as many connections as it takes")]
    Full {
        /// Host and port.
        endpoint: String,
    },
    /// It does not accept us: a wrong secret, missing rights, or another protocol than expected.
    #[error("the node at {endpoint} refused: {message}")]
    Refused {
        /// Host and port.
        endpoint: String,
        /// What it said.
        message: String,
    },
    /// It holds less of a history than it was asked to be promoted with: it has been started again, or others went on.
    #[error("the node at {endpoint} no longer holds the history that it was to go on with")]
    Behind {
        /// Host and port.
        endpoint: String,
    },
    /// It was silent until the deadline.
    #[error("the node at {endpoint} did not answer within {deadline_ms} ms")]
    Timeout {
        /// Host and port.
        endpoint: String,
        /// The deadline.
        deadline_ms: u64,
        /// The last unsuccessful attempt, when there were several.
        #[source]
        last: Option<Box<EngineError>>,
    },
}
