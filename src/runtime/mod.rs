//! Containers, networks, volumes and images, as the control plane needs them.
//!
//! This room knows containers and nothing of caches. Its verbs come in two kinds: `ensure_…` and `remove_…` are safe to
//! repeat after a crash at any point, and what they find already true they leave alone; the rest (`stop_…`,
//! `restart_…`, `kill_…`) do exactly what they say, once.
//!
//! Everything made through a [`Runtime`] carries the owner label of the control plane that made it (see [`labels`]), so
//! that what is ours can be found again from the container engine alone, and two control planes can share one host
//! without touching each other's containers.

pub mod docker;
mod ensure;
pub mod labels;
pub mod logs;
pub mod program;
pub mod simulated;
pub mod usage;

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::net::Ipv4Addr;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use ipnet::Ipv4Net;
use sha2::{Digest, Sha256};

/// A container engine, seen by one control plane.
///
/// Every call is bounded: an engine that does not answer in time is [`RuntimeError::Unreachable`].
#[async_trait]
pub trait Runtime: usage::Usage + logs::Logs + Send + Sync + Debug {
    /// Asks the engine who it is; the cheapest proof that it can be reached.
    async fn check(&self) -> Result<RuntimeDescription, RuntimeError>;

    /// Returns the first of `candidates` that the host holds, or else pulls the first that can be pulled.
    ///
    /// All candidates are looked for before any is pulled: what is present is used without asking a registry.
    /// Answers [`RuntimeError::NoImage`] when neither works within the deadline for pulls.
    async fn ensure_image(&self, candidates: &[String]) -> Result<String, RuntimeError>;

    /// Says for each reference whether the host holds it; pulls nothing.
    async fn images_present(&self, references: &[String]) -> Result<Vec<bool>, RuntimeError>;

    /// Makes an image out of one static program unless the host already holds exactly that image.
    async fn ensure_imported_image(&self, image: &ImportedImage) -> Result<(), RuntimeError>;

    /// Makes a bridge network. A network of that name with another subnet is a [`RuntimeError::Conflict`].
    async fn ensure_network(&self, network: &NetworkSpec) -> Result<(), RuntimeError>;

    /// Removes a network; one that is absent is no error, one that is in use is a [`RuntimeError::Conflict`].
    async fn remove_network(&self, name: &str) -> Result<(), RuntimeError>;

    /// Lists every network of the host, whoever made it, so that free subnets can be chosen.
    async fn networks(&self) -> Result<Vec<NetworkObserved>, RuntimeError>;

    /// Makes a volume; one that exists keeps its content.
    async fn ensure_volume(&self, volume: &VolumeSpec) -> Result<(), RuntimeError>;

    /// Removes a volume and its content; one that is absent is no error, one that is in use is a
    /// [`RuntimeError::Conflict`].
    async fn remove_volume(&self, name: &str) -> Result<(), RuntimeError>;

    /// Lists the volumes that carry our owner label.
    async fn volumes(&self) -> Result<Vec<VolumeObserved>, RuntimeError>;

    /// Makes `spec` true: a container created, attached at its addresses, and running.
    ///
    /// - A container of that name with another generation is removed first, gracefully.
    /// - One with the same generation is kept: it is started if it is stopped, unpaused if it is paused, and attached to
    ///   networks that it lacks. Networks that `spec` does not name are left alone (moving endpoints are attached that
    ///   way).
    /// - One that another owner made is a [`RuntimeError::Conflict`] and is not touched.
    ///
    /// When an address or port is taken, the container may be left behind, created but not running.
    async fn ensure_container(
        &self,
        spec: &ContainerSpec,
    ) -> Result<ContainerObserved, RuntimeError>;

    /// Makes a container as [`Runtime::ensure_container`] does, but does not start it; one that is there with the same generation is
    /// left as it is, in whatever state.
    async fn create_container(
        &self,
        spec: &ContainerSpec,
    ) -> Result<ContainerObserved, RuntimeError>;

    /// Puts a file of `size_bytes` at an absolute path of a container, in a volume of it if the path lies there. What was at that path is
    /// replaced. After an error part of it may be there.
    async fn upload(
        &self,
        container: &str,
        path: &str,
        size_bytes: u64,
        content: FileContent,
    ) -> Result<(), RuntimeError>;

    /// Puts files into a container that exists, whether it runs or not, in place of those that are there.
    async fn put_files(&self, container: &str, files: &[ContainerFile])
    -> Result<(), RuntimeError>;

    /// Starts a container that exists; one that runs is left alone.
    async fn start_container(&self, name: &str) -> Result<(), RuntimeError>;

    /// Asks a container to end and kills it after `grace`; one that is not running is left alone.
    async fn stop_container(&self, name: &str, grace: Duration) -> Result<(), RuntimeError>;

    /// Stops a container as [`Runtime::stop_container`] does, starts it again, and returns its new state.
    async fn restart_container(
        &self,
        name: &str,
        grace: Duration,
    ) -> Result<ContainerObserved, RuntimeError>;

    /// Stops a container gracefully, then removes it; one that is absent is no error. Named volumes stay.
    async fn remove_container(&self, name: &str, grace: Duration) -> Result<(), RuntimeError>;

    /// Kills a container at once; one that is absent or not running is no error. It stays dead until it is started.
    async fn kill_container(&self, name: &str) -> Result<(), RuntimeError>;

    /// Attaches a container to a network at `address`; if it is there already at another address, it is moved.
    async fn connect_network(
        &self,
        container: &str,
        network: &str,
        address: Ipv4Addr,
    ) -> Result<(), RuntimeError>;

    /// Detaches a container from a network; no error when it, the network or the attachment is absent.
    ///
    /// `force` also clears an attachment whose container is gone or does not answer.
    async fn disconnect_network(
        &self,
        container: &str,
        network: &str,
        force: bool,
    ) -> Result<(), RuntimeError>;

    /// Lists every container that carries our owner label, whatever its state.
    async fn containers(&self) -> Result<Vec<ContainerObserved>, RuntimeError>;

    /// Looks at one container, whoever made it.
    async fn container(&self, name: &str) -> Result<Option<ContainerObserved>, RuntimeError>;

    /// Reports what happens to our containers and networks, from about now on, for ever.
    ///
    /// The stream is a hint: it reconnects by itself and then yields [`RuntimeEvent::Reconnected`], because events may
    /// have been missed; whoever listens should look afresh.
    fn events(&self) -> BoxStream<'static, RuntimeEvent>;

    /// Returns the last lines that a container wrote: what an event about its death should quote.
    async fn logs_tail(&self, name: &str, lines: u32) -> Result<String, RuntimeError>;
}

/// The bytes of a file, as they come.
pub type FileContent = BoxStream<'static, std::io::Result<Bytes>>;

/// Who the container engine says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeDescription {
    /// The engine's own version, such as `20.10.24`.
    pub server_version: String,
    /// The version of the API that both sides speak, such as `1.41`.
    pub api_version: String,
    /// The name of the host that the engine runs on.
    pub name: String,
    /// The operating system of that host, such as `Debian GNU/Linux 12 (bookworm)`.
    pub operating_system: String,
}

/// An image made from one static program, not from layers that somebody publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedImage {
    /// Name without a tag, such as `cacheplane/router`.
    pub repository: String,
    /// Absolute path of the program in the image; it becomes the entry point.
    pub program_path: String,
    /// The program itself, linked statically: the image holds nothing else.
    pub program: Bytes,
    /// Labels of the image.
    pub labels: BTreeMap<String, String>,
    /// Absolute paths that are volumes.
    pub volumes: Vec<String>,
}

impl ImportedImage {
    /// The image's name with a tag made from its content, so that an image that is present is the right one.
    pub fn reference(&self) -> String {
        let mut digest = Sha256::new();
        let mut part = |bytes: &[u8]| {
            digest.update((bytes.len() as u64).to_be_bytes());
            digest.update(bytes);
        };
        part(self.program_path.as_bytes());
        part(&self.program);
        for (key, value) in &self.labels {
            part(key.as_bytes());
            part(value.as_bytes());
        }
        for volume in &self.volumes {
            part(volume.as_bytes());
        }
        format!(
            "{}:{}",
            self.repository,
            &hex::encode(digest.finalize())[..16]
        )
    }
}

/// A bridge network to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkSpec {
    /// Name, unique on the host.
    pub name: String,
    /// All addresses of the network.
    pub subnet: Ipv4Net,
    /// The part of `subnet` that the engine picks from when it is not told an address; we give ours from the rest.
    pub ip_range: Ipv4Net,
    /// The host's own address on the bridge.
    pub gateway: Ipv4Addr,
    /// Labels besides the owner.
    pub labels: BTreeMap<String, String>,
}

/// A network as the host has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkObserved {
    /// Name of the network.
    pub name: String,
    /// Its IPv4 subnets; none for the host's and the null network.
    pub subnets: Vec<Ipv4Net>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// A volume to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeSpec {
    /// Name, unique on the host.
    pub name: String,
    /// Labels besides the owner.
    pub labels: BTreeMap<String, String>,
}

/// A volume as the host has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeObserved {
    /// Name of the volume.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// A container to be. Its `Debug` form leaves out command and environment, where secrets may stand.
#[derive(Clone, PartialEq, Eq)]
pub struct ContainerSpec {
    /// Name, unique on the host; see [`labels`].
    pub name: String,
    /// Image reference, as [`Runtime::ensure_image`] returned it.
    pub image: String,
    /// Command and arguments; empty means the image's own.
    pub command: Vec<String>,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Labels besides owner and generation.
    pub labels: BTreeMap<String, String>,
    /// Counts the wishes about this container: with another number it is another container.
    pub generation: u64,
    /// Networks to be attached to before the start; the first gives the default route.
    pub networks: Vec<NetworkAttachment>,
    /// Ports that the host forwards.
    pub published_ports: Vec<PublishedPort>,
    /// Named volumes to mount.
    pub volumes: Vec<VolumeMount>,
    /// What the engine does when the process ends by itself.
    pub restart_policy: RestartPolicy,
    /// Memory limit of the container, swap included; none means no limit.
    pub memory_limit_bytes: Option<u64>,
    /// Capabilities beyond the engine's default set, such as `NET_ADMIN`.
    pub capabilities: Vec<String>,
    /// How long the process may take to end when the engine itself stops it (at shutdown of the host, or when a newer
    /// generation takes its place).
    pub stop_grace: Duration,
    /// Kernel parameters of the container's own namespaces.
    pub sysctls: BTreeMap<String, String>,
    /// Files that its process finds in it. They are put there before each of its starts that is asked for here, and whoever inspects
    /// the container sees nothing of them.
    pub files: Vec<ContainerFile>,
}

/// A file in a container's own file system, readable by its owner alone, unless it is a program.
#[derive(Clone, PartialEq, Eq)]
pub struct ContainerFile {
    /// Absolute path; the directory is made where it is not there.
    pub path: String,
    /// Content.
    pub content: Bytes,
    /// Number of the user whose it is.
    pub owner: u64,
    /// Whether it is a program, which anyone may read and run.
    pub is_program: bool,
}

impl Debug for ContainerFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ContainerFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Debug for ContainerSpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ContainerSpec")
            .field("name", &self.name)
            .field("image", &self.image)
            .field("generation", &self.generation)
            .field("networks", &self.networks)
            .field("published_ports", &self.published_ports)
            .finish_non_exhaustive()
    }
}

/// Where a container is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkAttachment {
    /// Name of the network.
    pub network: String,
    /// The container's address there; none lets the engine pick.
    pub address: Option<Ipv4Addr>,
    /// Further names under which the network's other containers find this one.
    pub aliases: Vec<String>,
}

/// A port that the host forwards to a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedPort {
    /// The host's address to listen on.
    pub host_ip: Ipv4Addr,
    /// The host's port.
    pub host_port: u16,
    /// The container's port.
    pub container_port: u16,
}

/// A named volume in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeMount {
    /// Name of the volume.
    pub volume: String,
    /// Absolute path in the container.
    pub path: String,
}

/// What the engine does when a container's process ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartPolicy {
    /// It stays ended.
    Never,
    /// It is started again, also after the host was restarted, unless it was stopped on purpose.
    UnlessStopped,
}

/// A container as the host has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerObserved {
    /// Name of the container.
    pub name: String,
    /// The engine's identifier; another container of the same name has another one.
    pub id: String,
    /// Image reference that it was made from.
    pub image: String,
    /// Its labels, owner and generation among them.
    pub labels: BTreeMap<String, String>,
    /// The generation label; none when somebody else made it.
    pub generation: Option<u64>,
    /// What it is doing.
    pub state: ContainerState,
    /// The engine's own words for when it was last started; opaque, but it changes with every start. None before the
    /// first.
    pub started_at: Option<String>,
    /// Exit code of the last run, when it is not running.
    pub exit_code: Option<i64>,
    /// Whether the kernel killed it for want of memory.
    pub oom_killed: bool,
    /// The engine's account of why it could not be started, empty if nothing is wrong.
    pub error: String,
    /// Its address on each network; while it is stopped, the address that it will ask for.
    pub addresses: BTreeMap<String, Ipv4Addr>,
}

impl ContainerObserved {
    /// Whether the process is there and may answer.
    pub fn is_running(&self) -> bool {
        self.state == ContainerState::Running
    }
}

/// What a container is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerState {
    /// Made, never started.
    Created,
    /// Its process runs.
    Running,
    /// Its process is frozen.
    Paused,
    /// It ended and the engine is about to start it again.
    Restarting,
    /// Its process has ended.
    Exited,
    /// The engine failed to remove it.
    Dead,
    /// The engine is removing it.
    Removing,
}

/// Something that happened to what is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuntimeEvent {
    /// A container changed.
    Container {
        /// Its name.
        name: String,
        /// Its labels.
        labels: BTreeMap<String, String>,
        /// What happened.
        change: ContainerChange,
    },
    /// One of our networks changed.
    Network {
        /// Its name.
        network: String,
        /// The container that was attached or detached, by the engine's identifier.
        container_id: Option<String>,
        /// What happened.
        change: NetworkChange,
    },
    /// Events may have been missed: look afresh.
    Reconnected,
}

/// What happened to a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerChange {
    /// It was started.
    Started,
    /// Its process ended.
    Died {
        /// With this exit code (137 when it was killed).
        exit_code: Option<i64>,
    },
    /// The kernel killed a process in it for want of memory.
    OutOfMemory,
    /// It was frozen.
    Paused,
    /// It was thawed.
    Unpaused,
    /// It was removed.
    Destroyed,
}

/// What happened to a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkChange {
    /// It was made.
    Created,
    /// A container was attached.
    Connected,
    /// A container was detached.
    Disconnected,
    /// It was removed.
    Destroyed,
}

/// The cause of a [`RuntimeError`], for the log.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why the runtime could not do what it was asked; one variant for each thing that a caller does differently.
///
/// No message repeats its source: whoever logs prints the chain.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The engine is gone or silent; everything will fail until it is back.
    #[error("the container engine does not answer")]
    Unreachable {
        /// What the connection said.
        #[source]
        source: Option<Cause>,
    },
    /// No candidate image is present, and none could be pulled.
    #[error("no image: none of {} is on this host, and none could be pulled ({reason})", .candidates.join(", "))]
    NoImage {
        /// The references that were tried, in order.
        candidates: Vec<String>,
        /// What the last attempt to pull answered.
        reason: String,
    },
    /// Another container holds the address.
    #[error("the address {address} is already in use")]
    AddressInUse {
        /// The address that was asked for.
        address: Ipv4Addr,
    },
    /// Something else on the host listens on the port.
    #[error("port {port} of the host is already in use")]
    PortInUse {
        /// The port that was asked for.
        port: u16,
    },
    /// Something of that name exists and is not what was asked for, or is in use; the message says the cure.
    #[error("{message}")]
    Conflict {
        /// What is in the way, and what to do about it.
        message: String,
    },
    /// What the call is about does not exist.
    #[error("{what} does not exist")]
    NotFound {
        /// Kind and name.
        what: String,
    },
    /// Anything else; trying again later may help.
    #[error("{message}")]
    Other {
        /// What failed, as an action.
        message: String,
        /// What the engine said.
        #[source]
        source: Option<Cause>,
    },
}
