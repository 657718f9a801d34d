//! One place where settings may be said, and all of them in order of precedence. A [`Layer`] is the whole list of settings:
//! it is the command line's, the environment's and the file's form at once, so that none of them can lack one.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory};
use serde::{Deserialize, Deserializer};

use super::{CommandLine, ConfigError, Surroundings};

const API: &str = "API";
const ENDPOINTS: &str = "Endpoints";
const CONTAINERS: &str = "Containers";
const SNAPSHOTS: &str = "Snapshots";
const NOTIFICATIONS: &str = "Notifications";
const STATE: &str = "State and log";

/// A text that is never printed.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Secret(pub(super) String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// What one place says. The comments are the help.
#[derive(Debug, Clone, Default, Args, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Layer {
    /// Where to listen for requests [default: 127.0.0.1:4570]
    #[arg(long, value_name = "ADDRESS:PORT", help_heading = API)]
    pub(super) listen: Option<String>,

    /// Whether the signatures of requests are verified: `off`, or `sigv4`, which lets in who signs with a credential of
    /// `cacheplane credentials` or of --credentials-file [default: off]
    #[arg(long, value_name = "MODE", help_heading = API)]
    pub(super) auth: Option<String>,

    /// Credentials of who may call, in the form of ~/.aws/credentials; aws_account_id says whose resources they see
    #[arg(long, value_name = "FILE", help_heading = API)]
    pub(super) credentials_file: Option<String>,

    /// Let other machines in although the signatures of requests are not checked: whoever reaches the address may
    /// read, change and delete every cache
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        hide_possible_values = true,
        help_heading = API
    )]
    #[serde(deserialize_with = "text_or_bool")]
    pub(super) allow_unsigned_requests: Option<String>,

    /// What an endpoint is: `network`, an address of its own with the port that was asked for; `published`, a port of the
    /// host; `auto`, network where the host reaches the addresses of containers [default: auto]
    #[arg(long, value_name = "MODE", help_heading = ENDPOINTS)]
    pub(super) endpoints: Option<String>,

    /// Published: the host name that clients are given; localhost keeps caches to this machine [default: localhost]
    #[arg(long, value_name = "HOST", help_heading = ENDPOINTS)]
    pub(super) advertise_host: Option<String>,

    /// Published: the host's ports to choose from [default: 6379-7378]
    #[arg(long, value_name = "FIRST-LAST", help_heading = ENDPOINTS)]
    pub(super) port_range: Option<String>,

    /// The addresses of caches, /16 to /24; chosen once for a data directory [default: a private /16 that is free]
    #[arg(long, value_name = "CIDR", help_heading = ENDPOINTS)]
    pub(super) node_subnet: Option<String>,

    /// Where a subnet lies, such as subnet-0a1=us-east-1b or subnet-0a1=us-east-1b:vpc-2; may be repeated [default: its last
    /// character says which of three zones, in one VPC]
    #[arg(long, value_name = "ID=ZONE[:VPC]", help_heading = API)]
    #[serde(deserialize_with = "list_or_commas")]
    pub(super) subnet: Vec<String>,

    /// Docker Engine: unix://PATH or tcp://HOST:PORT [default: DOCKER_HOST, else the usual socket]
    #[arg(long, value_name = "URL", help_heading = CONTAINERS)]
    pub(super) docker_host: Option<String>,

    /// `docker`, or `simulated`: containers in memory, to try the API on a machine without Docker [default: docker]
    #[arg(long, value_name = "KIND", help_heading = CONTAINERS)]
    pub(super) runtime: Option<String>,

    /// The image of one engine version, such as redis:7.1=redis:7.2; may be repeated
    #[arg(long, value_name = "ENGINE:VERSION=REF", help_heading = CONTAINERS)]
    #[serde(deserialize_with = "list_or_commas")]
    pub(super) image: Vec<String>,

    /// The router's program, linked statically [default: cacheplane-router beside this program]
    #[arg(long, value_name = "FILE", help_heading = CONTAINERS)]
    pub(super) router_binary: Option<String>,

    /// Where snapshots are kept: a directory, or s3://BUCKET/PREFIX [default: snapshots in the data directory]
    #[arg(long, value_name = "PLACE", help_heading = SNAPSHOTS)]
    pub(super) snapshot_store: Option<String>,

    /// Where S3 is, for exports, seeds and an s3:// store [default: AWS]
    #[arg(long, value_name = "URL", help_heading = SNAPSHOTS)]
    pub(super) s3_endpoint: Option<String>,

    /// The region of an s3:// store; that of exports and seeds is the caller's [default: us-east-1]
    #[arg(long, value_name = "REGION", help_heading = SNAPSHOTS)]
    pub(super) s3_region: Option<String>,

    /// The access key for S3 [default: none, requests are not signed]
    #[arg(long, value_name = "ID", help_heading = SNAPSHOTS)]
    pub(super) s3_access_key_id: Option<String>,

    /// Its secret; better in the environment, as others may read a command line
    #[arg(long, value_name = "SECRET", help_heading = SNAPSHOTS)]
    pub(super) s3_secret_access_key: Option<Secret>,

    /// Where the SNS topics are that caches name, such as https://sns.us-east-1.amazonaws.com [default: topics are not told]
    #[arg(long, value_name = "URL", help_heading = NOTIFICATIONS)]
    pub(super) sns_endpoint: Option<String>,

    /// The access key that messages to topics are signed with [default: test]
    #[arg(long, value_name = "KEY", help_heading = NOTIFICATIONS)]
    pub(super) sns_access_key_id: Option<String>,

    /// Its secret; say it in the environment or in the file, where no list of processes shows it [default: test]
    #[arg(long, value_name = "SECRET", help_heading = NOTIFICATIONS)]
    pub(super) sns_secret_access_key: Option<Secret>,

    /// Where CloudWatch Logs is, such as https://logs.us-east-1.amazonaws.com, for the logs that caches are asked to deliver [default: they
    /// are files in the data directory]
    #[arg(long, value_name = "URL", help_heading = NOTIFICATIONS)]
    pub(super) logs_endpoint: Option<String>,

    /// The access key that logs are delivered with [default: test]
    #[arg(long, value_name = "KEY", help_heading = NOTIFICATIONS)]
    pub(super) logs_access_key_id: Option<String>,

    /// Its secret; better in the environment, as others may read a command line [default: test]
    #[arg(long, value_name = "SECRET", help_heading = NOTIFICATIONS)]
    pub(super) logs_secret_access_key: Option<Secret>,

    /// An address that every event is posted to, as JSON; may be repeated
    #[arg(long, value_name = "URL", help_heading = NOTIFICATIONS)]
    #[serde(deserialize_with = "list_or_commas")]
    pub(super) webhook: Vec<String>,

    /// Where the database is kept [default: /var/lib/cacheplane for root, else ~/.local/share/cacheplane]
    #[arg(long, value_name = "DIRECTORY", help_heading = STATE)]
    pub(super) data_dir: Option<String>,

    /// How often every node is read for its metrics: 1s, 5s, 10s, 30s or 60s [default: 60s]
    #[arg(long, value_name = "SECONDS", help_heading = STATE)]
    pub(super) metrics_interval: Option<String>,

    /// The form of the log on standard error: text or json [default: text]
    #[arg(long, value_name = "FORMAT", help_heading = STATE)]
    pub(super) log_format: Option<String>,

    /// error, warn, info, debug or trace, or levels of parts, such as warn,cacheplane=debug [default: RUST_LOG, else info]
    #[arg(long, value_name = "LEVEL", help_heading = STATE)]
    pub(super) log_level: Option<String>,

    /// A file of settings, in TOML
    #[arg(long, value_name = "FILE", help_heading = STATE)]
    #[serde(skip)]
    pub(super) config: Option<String>,
}

/// Who says what a layer says.
#[derive(Debug)]
enum Origin {
    Flag,
    Environment,
    /// A variable that is not ours alone.
    Variable(&'static str),
    File(PathBuf),
    Default,
}

impl Origin {
    /// In words, for the setting called `name`.
    fn says(&self, name: &str) -> String {
        match self {
            Origin::Flag => "a flag".to_owned(),
            Origin::Environment => format!("the environment variable {}", variable_name(name)),
            Origin::Variable(name) => format!("the environment variable {name}"),
            Origin::File(path) => format!("in {}", path.display()),
            Origin::Default => "the default".to_owned(),
        }
    }
}

/// All places, first the one that wins.
#[derive(Debug)]
pub(super) struct Layers(Vec<(Origin, Layer)>);

impl Layers {
    /// Looks at every place. `flags` is the first of them and names, unless the environment does, the file.
    pub(super) fn read(flags: Layer, surroundings: &Surroundings) -> Result<Self, ConfigError> {
        let file = match &flags.config {
            Some(path) => Some((path.clone(), Origin::Flag)),
            None => surroundings
                .variable(&variable_name("config"))?
                .map(|path| (path, Origin::Environment)),
        };
        let mut layers = vec![
            (Origin::Flag, flags),
            (Origin::Environment, from_environment(surroundings)?),
            (
                Origin::Variable("RUST_LOG"),
                Layer {
                    log_level: surroundings.variable("RUST_LOG")?,
                    ..Layer::default()
                },
            ),
        ];
        if let Some((path, origin)) = file {
            let path = PathBuf::from(path);
            let layer = from_file(&path).map_err(|problem| ConfigError::File {
                path: path.clone(),
                origin: origin.says("config"),
                problem,
            })?;
            layers.push((Origin::File(path), layer));
        }
        // Often set for a whole session and meant for every program, so what was said to us alone comes before it.
        layers.push((
            Origin::Variable("DOCKER_HOST"),
            Layer {
                docker_host: surroundings.variable("DOCKER_HOST")?,
                ..Layer::default()
            },
        ));
        layers.push((Origin::Default, defaults()));
        Ok(Self(layers))
    }

    /// What the first place that speaks of the setting says, parsed; none if no place does.
    pub(super) fn optional<T>(
        &self,
        name: &'static str,
        pick: fn(&Layer) -> Option<&String>,
        parse: fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        let said = self
            .0
            .iter()
            .find_map(|(origin, layer)| Some((origin, pick(layer)?)));
        match said {
            None => Ok(None),
            Some((origin, text)) => parse(text.trim())
                .map(Some)
                .map_err(|problem| refused(name, text, origin, problem)),
        }
    }

    /// As [`Layers::optional`], for a setting that has a default.
    pub(super) fn one<T>(
        &self,
        name: &'static str,
        pick: fn(&Layer) -> Option<&String>,
        parse: fn(&str) -> Result<T, String>,
    ) -> Result<T, ConfigError> {
        let said = self.optional(name, pick, parse)?;
        // A setting without a default would be a slip of ours; it reads as an empty value.
        said.map_or_else(
            || parse("").map_err(|problem| refused(name, "", &Origin::Default, problem)),
            Ok,
        )
    }

    /// The list of the first place that has one.
    pub(super) fn many<K: Ord, V>(
        &self,
        name: &'static str,
        pick: fn(&Layer) -> &Vec<String>,
        parse: fn(&str) -> Result<(K, V), String>,
    ) -> Result<BTreeMap<K, V>, ConfigError> {
        let mut found = BTreeMap::new();
        let said = self.0.iter().find(|(_, layer)| !pick(layer).is_empty());
        let Some((origin, layer)) = said else {
            return Ok(found);
        };
        for text in pick(layer) {
            let (key, value) =
                parse(text.trim()).map_err(|problem| refused(name, text, origin, problem))?;
            if found.insert(key, value).is_some() {
                let problem = "says a second time what was said before it: keep one".to_owned();
                return Err(refused(name, text, origin, problem));
            }
        }
        Ok(found)
    }
}

fn refused(name: &'static str, value: &str, origin: &Origin, problem: String) -> ConfigError {
    ConfigError::Setting {
        name,
        value: value.to_owned(),
        origin: origin.says(name),
        problem,
    }
}

fn defaults() -> Layer {
    let said = |text: &str| Some(text.to_owned());
    Layer {
        s3_region: Some("us-east-1".into()),
        listen: said("127.0.0.1:4570"),
        auth: said("off"),
        allow_unsigned_requests: said("false"),
        endpoints: said("auto"),
        advertise_host: said("localhost"),
        // Away from the range that Linux gives to outgoing connections, and it begins with Redis's own.
        port_range: said("6379-7378"),
        runtime: said("docker"),
        metrics_interval: said("60s"),
        sns_access_key_id: said("test"),
        sns_secret_access_key: Some(Secret::from("test")),
        logs_access_key_id: said("test"),
        logs_secret_access_key: Some(Secret::from("test")),
        log_format: said("text"),
        log_level: said("info"),
        ..Layer::default()
    }
}

/// The environment variable of the setting called `name`.
fn variable_name(name: &str) -> String {
    format!("CACHEPLANE_{}", name.replace('-', "_").to_uppercase())
}

/// The names of all settings, as flags and in files.
pub(super) fn setting_names() -> Vec<String> {
    let command = CommandLine::command();
    let serve = command.find_subcommand("serve");
    serve
        .into_iter()
        .flat_map(clap::Command::get_arguments)
        .filter_map(|argument| argument.get_long())
        .filter(|name| *name != "config" && *name != "help")
        .map(str::to_owned)
        .collect()
}

/// Reads variables of known names only: an orchestrator makes up others from our own (`CACHEPLANE_PORT`), for its own reasons.
fn from_environment(surroundings: &Surroundings) -> Result<Layer, ConfigError> {
    let mut table = toml::Table::new();
    for name in setting_names() {
        if let Some(text) = surroundings.variable(&variable_name(&name))? {
            table.insert(name, text.into());
        }
    }
    // Each field of a layer takes text, so there is nothing to refuse.
    Ok(table.try_into().unwrap_or_default())
}

/// What the file says; in case of error, what is wrong with it and what would be right.
fn from_file(path: &Path) -> Result<Layer, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot be read ({error}): name a file that can"))?;
    // The message shows the line, and the keys that there are.
    toml::from_str(&text).map_err(|error| {
        format!("is not understood; its keys are the names of flags, its values text:\n{error}")
    })
}

/// TOML's own booleans, besides the words of flags and variables.
fn text_or_bool<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected true or false")]
    enum Said {
        Bool(bool),
        Text(String),
    }
    Ok(Some(match Said::deserialize(deserializer)? {
        Said::Bool(said) => said.to_string(),
        Said::Text(said) => said,
    }))
}

/// TOML's own lists, besides those of variables, which commas separate.
fn list_or_commas<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a list of texts")]
    enum Said {
        List(Vec<String>),
        Commas(String),
    }
    Ok(match Said::deserialize(deserializer)? {
        Said::List(said) => said,
        Said::Commas(said) => said
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect(),
    })
}
