//! What containers use.

use async_trait::async_trait;

use super::RuntimeError;

/// What a container has used since its start, and uses now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ContainerUsage {
    /// Processor time, in nanoseconds.
    pub cpu_nanoseconds: u64,
    /// Memory in use without what the kernel would give up first (inactive file cache), in bytes.
    pub memory_bytes: u64,
    /// Most memory that it may use, in bytes: its own limit, or all that the host has.
    pub memory_limit_bytes: Option<u64>,
    /// Swap in use, in bytes; 0 where the engine does not tell.
    pub swap_bytes: u64,
    /// Received on all its networks.
    pub received: Traffic,
    /// Sent on all its networks.
    pub sent: Traffic,
}

/// What went through network interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Bytes.
    pub bytes: u64,
    /// Packets.
    pub packets: u64,
}

/// A container engine that tells what its containers use.
#[async_trait]
pub trait Usage {
    /// What a container uses; none for one that does not run.
    async fn container_usage(&self, name: &str) -> Result<Option<ContainerUsage>, RuntimeError>;
}
