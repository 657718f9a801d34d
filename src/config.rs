//! What the program was told: flags, environment, a file, defaults. Read once, into one part for each room; nothing is asked
//! again later, and no room sees another's part.
//!
//! A flag stands in front of the environment, the environment in front of the file, the file in front of the default. A list
//! that is said in one place replaces what another place says.

mod credentials;
mod layers;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, Subcommand};
use ipnet::Ipv4Net;

use crate::resources::subnet_group::ConfiguredSubnets;
use crate::store::bucket::S3;
use layers::{Layer, Layers};

/// What the program was asked to do.
#[derive(Debug)]
pub enum Command {
    /// Serve the API until told to end.
    Serve(Config),
    /// Say what stands in the way of serving.
    Doctor(Config),
    /// Print the certificate of the certificate authority.
    Ca(Config),
    /// Say how the caches of a running server are: its address.
    Status(String),
    /// Change who may call.
    Credentials {
        /// Where the database and the secret are; absolute.
        data_dir: PathBuf,
        /// What to do.
        command: CredentialsCommand,
    },
}

/// What is done with the credentials in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialsCommand {
    /// Make one.
    Add {
        /// Whose resources its holder sees: twelve digits.
        account: String,
        /// How long it holds; none for ever.
        lifetime: Option<Duration>,
    },
    /// Say which there are, without their secrets.
    List,
    /// Forget one.
    Remove {
        /// Which.
        access_key_id: String,
    },
}

/// Everything that can be said from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where requests come in.
    pub http: HttpConfig,
    /// Where the database, the secret and the lock are; absolute.
    pub data_dir: PathBuf,
    /// Which container engine.
    pub runtime: RuntimeConfig,
    /// How caches are reached.
    pub endpoints: EndpointConfig,
    /// Image references that stand in front of those known, by engine name and version (`redis`, `7.1`).
    pub images: BTreeMap<(String, String), String>,
    /// Where subnets lie that do not lie where their ids say.
    pub subnets: ConfiguredSubnets,
    /// The router's program; none means beside this one.
    pub router_binary: Option<PathBuf>,
    /// How caches are measured.
    pub metrics: MetricsConfig,
    /// Where snapshots are kept.
    pub snapshots: SnapshotConfig,
    /// Who is told of events.
    pub notifications: NotificationsConfig,
    /// Where logs of caches are delivered to.
    pub logs: LogsConfig,
    /// What is logged, and how.
    pub telemetry: TelemetryConfig,
}

/// Where requests come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whether signatures are verified.
    pub auth: AuthMode,
    /// Credentials that count besides those in the database.
    pub credentials_file: Option<PathBuf>,
    /// Whether requests whose signature nobody checks are welcome from other machines.
    pub allow_unsigned_requests: bool,
}

/// Whether signatures are verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMode {
    /// They are read for account and region, and not verified.
    Off,
    /// Every call must be signed with a credential that is known (Signature Version 4).
    Sigv4,
}

/// Which container engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeConfig {
    /// Its kind.
    pub kind: RuntimeKind,
    /// `unix://PATH` or `tcp://HOST:PORT`; none means the usual socket.
    pub docker_host: Option<String>,
}

/// A kind of container engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuntimeKind {
    /// Docker Engine.
    Docker,
    /// Containers in memory that hold nothing.
    Simulated,
}

/// How caches are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointConfig {
    /// By addresses or by ports.
    pub mode: EndpointMode,
    /// The host that clients are told of where endpoints are ports.
    pub advertise_host: String,
    /// The host's ports to choose from where endpoints are ports.
    pub port_range: RangeInclusive<u16>,
    /// The addresses of nodes and endpoints; none lets a free subnet be chosen. Between /16 and /24.
    pub node_subnet: Option<Ipv4Net>,
}

/// What an endpoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointMode {
    /// An address of its own, with the port that was asked for.
    Network,
    /// A port of the host.
    Published,
    /// An address where the host can reach those of containers, else a port.
    Auto,
}

/// Who is told of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationsConfig {
    /// Where topics are; without it nobody tells them.
    pub sns_endpoint: Option<String>,
    /// As whom messages are published.
    pub sns_access_key_id: String,
    /// The secret of that key.
    pub sns_secret_access_key: Secret,
    /// Addresses that every event is posted to.
    pub webhooks: Vec<String>,
}

/// Where logs are delivered to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogsConfig {
    /// Where CloudWatch Logs is; without it logs are files.
    pub endpoint: Option<String>,
    /// As whom they are delivered.
    pub access_key_id: String,
    /// The secret of that key.
    pub secret_access_key: Secret,
}

/// A text that nobody is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<redacted>")
    }
}

/// How caches are measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsConfig {
    /// How often every node is read.
    pub interval: Duration,
}

/// Where snapshots are kept, and where S3 is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotConfig {
    /// The store; none means a directory of the data directory.
    pub store: Option<SnapshotStore>,
    /// The region of a store that is a bucket.
    pub region: String,
    /// S3.
    pub s3: S3,
}

/// A store of snapshots that was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotStore {
    /// A directory.
    Directory(PathBuf),
    /// A bucket, and what the names of objects begin with.
    Bucket(String, String),
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetryConfig {
    /// The form of a line.
    pub format: LogFormat,
    /// A level (`info`), or levels of parts (`info,cacheplane=debug`).
    pub level: String,
}

/// The form of a line of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The command line is none, or asks for help: clap prints it.
    #[error(transparent)]
    Usage(#[from] clap::Error),
    /// A setting has a value that it cannot have.
    #[error("--{name}: {value:?} ({origin}) {problem}")]
    Setting {
        /// The setting, as its flag is called.
        name: &'static str,
        /// What was said.
        value: String,
        /// Where it was said.
        origin: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The file of `--config` cannot be used.
    #[error("the configuration file {} ({origin}) {problem}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Who named it.
        origin: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// An environment variable of ours is no text.
    #[error("the environment variable {0} is not UTF-8 text")]
    NotText(String),
    /// There is no home to keep data in.
    #[error(
        "there is no place for the data: HOME is not set; name a directory with --data-dir DIRECTORY"
    )]
    NoDataDir,
    /// Strangers could do what they like.
    #[error(
        "--listen {0} lets other machines in, and the signatures of requests are not checked: whoever reaches that address \
         could read, change and delete every cache. Have them checked with --auth sigv4 (and make credentials with \
         `cacheplane credentials add`), listen on 127.0.0.1, or add --allow-unsigned-requests if everyone on that network may do so"
    )]
    Unsafe(SocketAddr),
}

impl Command {
    /// Reads what this process was told. Help, version and a wrong command line end the process here, as clap does.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the setting, its value, where it came from and what would be right.
    pub fn read() -> Result<Self, ConfigError> {
        match read_from(std::env::args_os(), &Surroundings::of_process()) {
            Err(ConfigError::Usage(usage)) => usage.exit(),
            result => result,
        }
    }
}

impl HttpConfig {
    /// Whether it is safe to listen there.
    ///
    /// # Errors
    /// [`ConfigError::Unsafe`] for an address that other machines may reach, unless that was allowed in words.
    pub fn check_safety(&self) -> Result<(), ConfigError> {
        let is_checked = self.auth == AuthMode::Sigv4;
        if self.listen.ip().to_canonical().is_loopback()
            || is_checked
            || self.allow_unsigned_requests
        {
            return Ok(());
        }
        Err(ConfigError::Unsafe(self.listen))
    }
}

/// Serves the ElastiCache API over real Redis, Valkey and Memcached containers on your own machine.
#[derive(Debug, Parser)]
#[command(
    name = "cacheplane",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "\
Examples:
  cacheplane serve                      the API on http://127.0.0.1:4570
  cacheplane status                     its caches, what is under way, and what holds it up
  aws elasticache describe-cache-clusters --endpoint-url http://127.0.0.1:4570

`cacheplane serve --help` lists the settings."
)]
struct CommandLine {
    #[command(subcommand)]
    verb: Verb,
}

/// Said under the settings of all commands.
const SETTINGS_HELP: &str = "\
Each setting is also an environment variable (--data-dir is CACHEPLANE_DATA_DIR; lists are separated by commas) and a \
key of the file of --config (data-dir = \"/srv/cacheplane\"). A flag wins over the environment, the environment over the file.

Examples:
  cacheplane serve --data-dir ./data --log-level debug
  cacheplane serve --endpoints published --image redis:7.1=registry.example.com:5000/redis:7.2";

#[derive(Debug, Subcommand)]
enum Verb {
    /// Serve the API until interrupted; caches go on without it
    #[command(after_help = SETTINGS_HELP)]
    Serve(Box<Layer>),
    /// Say what stands in the way of serving, and the cure; changes nothing
    #[command(after_help = SETTINGS_HELP)]
    Doctor(Box<Layer>),
    /// Print the certificate that clients of caches with encryption in transit trust, as PEM
    #[command(after_help = SETTINGS_HELP)]
    Ca(Box<Layer>),
    /// Add, list or remove credentials of who may call; works while the server runs
    Credentials(credentials::Arguments),
    /// Say how all caches are, what waits, what is under way, and what holds it up
    Status {
        /// Where the server listens
        #[arg(long, value_name = "URL", default_value = DEFAULT_URL)]
        url: String,
    },
}

/// Where a server listens that was told nothing else.
const DEFAULT_URL: &str = "http://127.0.0.1:4570";

/// What a process knows besides its command line.
#[derive(Debug, Default)]
struct Surroundings {
    variables: BTreeMap<String, OsString>,
    is_root: bool,
}

impl Surroundings {
    fn of_process() -> Self {
        let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value));
        Self {
            variables: std::env::vars_os().filter_map(text).collect(),
            is_root: rustix::process::geteuid().is_root(),
        }
    }

    /// The variable as text; one that is empty counts as absent, as shells and compose files cannot take a variable away.
    fn variable(&self, name: &str) -> Result<Option<String>, ConfigError> {
        match self.variables.get(name) {
            None => Ok(None),
            Some(value) if value.is_empty() => Ok(None),
            Some(value) => match value.to_str() {
                Some(text) => Ok(Some(text.to_owned())),
                None => Err(ConfigError::NotText(name.to_owned())),
            },
        }
    }
}

fn read_from(
    arguments: impl IntoIterator<Item = OsString>,
    surroundings: &Surroundings,
) -> Result<Command, ConfigError> {
    match CommandLine::try_parse_from(arguments)?.verb {
        Verb::Serve(flags) => {
            let config = config(*flags, surroundings)?;
            config.http.check_safety()?;
            Ok(Command::Serve(config))
        }
        Verb::Ca(flags) => Ok(Command::Ca(config(*flags, surroundings)?)),
        Verb::Doctor(flags) => Ok(Command::Doctor(config(*flags, surroundings)?)),
        Verb::Credentials(arguments) => credentials::command(arguments, surroundings),
        Verb::Status { url } => Ok(Command::Status(url)),
    }
}

fn config(flags: Layer, surroundings: &Surroundings) -> Result<Config, ConfigError> {
    let layers = Layers::read(flags, surroundings)?;
    let data_dir = layers.optional("data-dir", |layer| layer.data_dir.as_ref(), values::path)?;
    let data_dir = match data_dir {
        Some(said) => said,
        None => default_data_dir(surroundings)?,
    };
    Ok(Config {
        http: HttpConfig {
            listen: layers.one("listen", |layer| layer.listen.as_ref(), values::listen)?,
            auth: layers.one("auth", |layer| layer.auth.as_ref(), values::auth)?,
            credentials_file: layers.optional(
                "credentials-file",
                |layer| layer.credentials_file.as_ref(),
                values::path,
            )?,
            allow_unsigned_requests: layers.one(
                "allow-unsigned-requests",
                |layer| layer.allow_unsigned_requests.as_ref(),
                values::switch,
            )?,
        },
        data_dir: std::path::absolute(&data_dir).unwrap_or(data_dir),
        runtime: RuntimeConfig {
            kind: layers.one("runtime", |layer| layer.runtime.as_ref(), values::runtime)?,
            docker_host: layers.optional(
                "docker-host",
                |layer| layer.docker_host.as_ref(),
                values::docker_host,
            )?,
        },
        endpoints: endpoints(&layers)?,
        images: layers.many("image", |layer| &layer.image, values::image)?,
        subnets: layers.many("subnet", |layer| &layer.subnet, values::subnet)?,
        router_binary: layers.optional(
            "router-binary",
            |layer| layer.router_binary.as_ref(),
            values::path,
        )?,
        metrics: MetricsConfig {
            interval: layers.one(
                "metrics-interval",
                |layer| layer.metrics_interval.as_ref(),
                values::metrics_interval,
            )?,
        },
        snapshots: snapshots(&layers)?,
        notifications: NotificationsConfig {
            sns_endpoint: layers.optional(
                "sns-endpoint",
                |layer| layer.sns_endpoint.as_ref(),
                values::address,
            )?,
            sns_access_key_id: layers.one(
                "sns-access-key-id",
                |layer| layer.sns_access_key_id.as_ref(),
                values::text,
            )?,
            sns_secret_access_key: Secret(layers.one(
                "sns-secret-access-key",
                |layer| layer.sns_secret_access_key.as_ref().map(|secret| &secret.0),
                values::text,
            )?),
            webhooks: layers
                .many(
                    "webhook",
                    |layer| &layer.webhook,
                    |text| Ok((values::address(text)?, ())),
                )?
                .into_keys()
                .collect(),
        },
        logs: LogsConfig {
            endpoint: layers.optional(
                "logs-endpoint",
                |layer| layer.logs_endpoint.as_ref(),
                values::address,
            )?,
            access_key_id: layers.one(
                "logs-access-key-id",
                |layer| layer.logs_access_key_id.as_ref(),
                values::text,
            )?,
            secret_access_key: Secret(layers.one(
                "logs-secret-access-key",
                |layer| {
                    layer
                        .logs_secret_access_key
                        .as_ref()
                        .map(|secret| &secret.0)
                },
                values::text,
            )?),
        },
        telemetry: TelemetryConfig {
            format: layers.one(
                "log-format",
                |layer| layer.log_format.as_ref(),
                values::log_format,
            )?,
            level: layers.one(
                "log-level",
                |layer| layer.log_level.as_ref(),
                values::log_level,
            )?,
        },
    })
}

fn snapshots(layers: &Layers) -> Result<SnapshotConfig, ConfigError> {
    let text = |text: &str| Ok(text.to_owned());
    Ok(SnapshotConfig {
        store: layers.optional(
            "snapshot-store",
            |layer| layer.snapshot_store.as_ref(),
            values::snapshot_store,
        )?,
        region: layers.one(
            "s3-region",
            |layer| layer.s3_region.as_ref(),
            values::region,
        )?,
        s3: S3 {
            endpoint: layers.optional(
                "s3-endpoint",
                |layer| layer.s3_endpoint.as_ref(),
                values::s3_endpoint,
            )?,
            access_key_id: layers.optional(
                "s3-access-key-id",
                |layer| layer.s3_access_key_id.as_ref(),
                text,
            )?,
            secret_access_key: layers.optional(
                "s3-secret-access-key",
                |layer| layer.s3_secret_access_key.as_ref().map(|secret| &secret.0),
                text,
            )?,
        },
    })
}

fn endpoints(layers: &Layers) -> Result<EndpointConfig, ConfigError> {
    Ok(EndpointConfig {
        mode: layers.one(
            "endpoints",
            |layer| layer.endpoints.as_ref(),
            values::endpoints,
        )?,
        advertise_host: layers.one(
            "advertise-host",
            |layer| layer.advertise_host.as_ref(),
            values::advertise_host,
        )?,
        port_range: layers.one(
            "port-range",
            |layer| layer.port_range.as_ref(),
            values::port_range,
        )?,
        node_subnet: layers.optional(
            "node-subnet",
            |layer| layer.node_subnet.as_ref(),
            values::node_subnet,
        )?,
    })
}

/// Where data is kept when nobody says: a system's place for root, the XDG one for anyone else.
fn default_data_dir(surroundings: &Surroundings) -> Result<PathBuf, ConfigError> {
    if surroundings.is_root {
        return Ok(PathBuf::from("/var/lib/cacheplane"));
    }
    // The XDG specification says to ignore a path that is not absolute.
    if let Some(home) = surroundings.variable("XDG_DATA_HOME")?
        && Path::new(&home).is_absolute()
    {
        return Ok(Path::new(&home).join("cacheplane"));
    }
    match surroundings.variable("HOME")? {
        Some(home) => Ok(Path::new(&home).join(".local/share/cacheplane")),
        None => Err(ConfigError::NoDataDir),
    }
}
