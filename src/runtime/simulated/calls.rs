//! The calls that a simulated host gets, and what a test can make of each.

use std::pin::Pin;
use std::sync::Arc;

use super::super::RuntimeError;

/// One call to the engine, as the hook sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Counts all calls to this world, from 1.
    pub number: u64,
    /// What is asked.
    pub operation: Operation,
    /// Name of what it is about: a container, network, volume or image reference, or a node's `host:port`.
    pub target: String,
}

/// What an engine, or a node, can be asked in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(
    missing_docs,
    reason = "each is named after the engine's own operation"
)]
pub enum Operation {
    Check,
    ImageInspect,
    ImagePull,
    ImageImport,
    NetworkCreate,
    NetworkRemove,
    NetworkList,
    NetworkConnect,
    NetworkDisconnect,
    VolumeCreate,
    VolumeRemove,
    VolumeList,
    ContainerInspect,
    ContainerList,
    ContainerLogs,
    ContainerUsage,
    ContainerCreate,
    ContainerUpload,
    ContainerPutFiles,
    ContainerStart,
    ContainerStop,
    ContainerRestart,
    ContainerKill,
    ContainerUnpause,
    ContainerRemove,
    NodeProbe,
    NodeStatistics,
    NodeSlowLog,
    NodeDataSet,
    NodeHold,
    NodePromote,
    NodeFollow,
    NodeAdmit,
    NodeConfigure,
    NodeCertificate,
    NodeRenew,
    NodeClusterView,
    NodeClusterOrder,
    NodeMigrateKeys,
    NodeSlotMigrationStart,
    NodeSlotMigrationList,
    NodeSlotMigrationCancel,
}

impl Operation {
    /// Whether the call only looks.
    pub fn is_observation(self) -> bool {
        use Operation::*;
        matches!(
            self,
            Check
                | ImageInspect
                | NetworkList
                | VolumeList
                | ContainerInspect
                | ContainerList
                | ContainerLogs
                | ContainerUsage
                | NodeProbe
                | NodeStatistics
                | NodeSlowLog
                | NodeDataSet
                | NodeCertificate
                | NodeClusterView
                | NodeSlotMigrationList
        )
    }
}

/// What becomes of a call.
#[derive(Debug)]
pub enum Verdict {
    /// It is done.
    Proceed,
    /// It fails with this error and has no effect.
    Refuse(RuntimeError),
    /// It is done, but its caller hears this error: the connection was cut before the answer.
    LoseAnswer(RuntimeError),
    /// Its caller never hears anything, and it has no effect.
    HangBefore,
    /// Its caller never hears anything, but it is done.
    HangAfter,
}

/// Decides what becomes of each call.
pub type Hook = Box<dyn Fn(&Call) -> Verdict + Send + Sync>;

/// Awaited before each call: whoever makes it decides which of several callers goes on.
pub type Pace =
    Arc<dyn Fn(Operation, &str) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;
