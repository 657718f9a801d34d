//! Waiting for a node that was just started.

use std::time::Duration;

use tokio::time::Instant;

use super::{Engine, EngineError, NodeEndpoint, NodeReport};

/// Pause after the first unsuccessful attempt of [`Engine::wait_ready`]; the time until a new cache answers is measured
/// against a bare container, so the beginning is impatient.
const READY_PAUSE_FIRST: Duration = Duration::from_millis(2);
/// Longest pause between attempts; a node that restores a large snapshot is not asked more often than this.
const READY_PAUSE_MAX: Duration = Duration::from_millis(50);
/// Longest single attempt of [`Engine::wait_ready`]: a connection lost in a network that is just being made must not
/// use up the whole wait.
const READY_ATTEMPT_MAX: Duration = Duration::from_millis(500);

/// Asks `node` again and again until it answers and is not loading: [`Engine::wait_ready`].
pub(super) async fn wait(
    engine: &impl Engine,
    node: &NodeEndpoint,
    deadline: Duration,
) -> Result<NodeReport, EngineError> {
    let end = Instant::now() + deadline;
    let mut pause = READY_PAUSE_FIRST;
    let mut last = None;
    // Bounded by `end`: every turn takes at least one pause.
    loop {
        let remaining = end.saturating_duration_since(Instant::now());
        match engine.probe(node, remaining.min(READY_ATTEMPT_MAX)).await {
            Ok(report) if !report.loading => return Ok(report),
            Ok(_) => {
                last = Some(EngineError::Loading {
                    endpoint: node.to_string(),
                })
            }
            // One that has all the connections that it takes is well; how long its clients keep them nobody knows.
            Err(refusal @ (EngineError::Refused { .. } | EngineError::Full { .. })) => {
                return Err(refusal);
            }
            // An attempt that the end of the wait cut short says less than the one before it.
            Err(EngineError::Timeout { .. }) if remaining < READY_ATTEMPT_MAX && last.is_some() => {
            }
            Err(failure) => last = Some(failure),
        }
        if Instant::now() + pause >= end {
            return Err(match last {
                Some(loading @ EngineError::Loading { .. }) => loading,
                last => node.timeout(deadline, last),
            });
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(READY_PAUSE_MAX);
    }
}
