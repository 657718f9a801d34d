//! Looks at Docker, and at what containers need of this host.

use std::fs;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use anyhow::Context;
use ipnet::Ipv4Net;

use super::{Finding, host};
use crate::config::{Config, EndpointMode};
use crate::datastore::Datastore;
use crate::ground::{self, Mode, data_dir, subnet};
use crate::resources::engine::{self, Engine, EngineVersion, VersionFilter};
use crate::runtime::{NetworkObserved, Runtime, RuntimeDescription, RuntimeError};

/// Where Docker listens when nobody says.
const USUAL_SOCKET: &str = "/var/run/docker.sock";
/// Ports that are named; more are counted.
const PORTS_NAMED_MAX: usize = 5;

/// All that has to do with Docker.
pub(super) async fn at_docker(config: &Config, runtime: &dyn Runtime) -> Vec<Finding> {
    let description = runtime.check().await;
    let choices = choices(&config.data_dir).await;
    let mut findings = vec![docker(config, &description)];
    if let Err(error) = &choices {
        findings.push(Finding::warn(
            "database",
            format!("what was chosen before cannot be read ({error:#})"),
            "if a control plane is at work, look again; else restore the data directory from a copy",
        ));
    }
    let choices = choices.unwrap_or_default();
    findings.extend(endpoints(config, &choices, description.as_ref().ok()));
    let networks = match &description {
        Ok(_) => runtime.networks().await.ok(),
        Err(_) => None,
    };
    findings.push(addresses(config, &choices, networks.as_deref()));
    findings.push(router(config));
    if description.is_ok() {
        findings.extend(images(config, runtime).await);
    }
    findings
}

fn docker(config: &Config, description: &Result<RuntimeDescription, RuntimeError>) -> Finding {
    const SUBJECT: &str = "Docker";
    let host = config.runtime.docker_host.as_deref();
    match description {
        Ok(found) => Finding::ok(
            SUBJECT,
            format!(
                "version {} on {} ({}), API {}",
                found.server_version, found.name, found.operating_system, found.api_version
            ),
        ),
        Err(error) => {
            let socket = host.map_or(Some(USUAL_SOCKET), |host| host.strip_prefix("unix://"));
            Finding::fail(
                SUBJECT,
                format!(
                    "no answer from {} ({})",
                    host.unwrap_or(USUAL_SOCKET),
                    ground::chain(error)
                ),
                match socket {
                    Some(socket) => cure_of_socket(Path::new(socket)),
                    None => "start it there, or name another with --docker-host".to_owned(),
                },
            )
        }
    }
}

/// What to do about a socket behind which no Docker answers.
fn cure_of_socket(socket: &Path) -> String {
    match UnixStream::connect(socket).map_err(|error| error.kind()) {
        Err(ErrorKind::NotFound) => format!(
            "nothing is at {}: install Docker Engine, start it (sudo systemctl start docker), or name another with --docker-host",
            socket.display()
        ),
        Err(ErrorKind::PermissionDenied) => format!(
            "this user may not use {}: sudo usermod -aG docker $USER, then log in anew",
            socket.display()
        ),
        Err(_) => "nobody listens: start Docker (sudo systemctl start docker)".to_owned(),
        Ok(_) => "it accepts connections but does not answer as Docker does: restart it (sudo systemctl restart docker)"
            .to_owned(),
    }
}

/// What the data directory holds for good.
#[derive(Debug, Default)]
struct Choices {
    subnet: Option<String>,
    mode: Option<Mode>,
    exists: bool,
}

/// Reads the choices from a copy of the database, as opening one changes it.
async fn choices(data_dir: &Path) -> anyhow::Result<Choices> {
    let database = data_dir::database(data_dir);
    if !database.exists() {
        return Ok(Choices::default());
    }
    let copy = Copy::of(&database).context("copy the database")?;
    let datastore = Datastore::open(&copy.database)
        .await
        .context("open a copy of the database")?;
    let setting = async |name: &str| datastore.setting_get(name).await.context("read a setting");
    let choices = Choices {
        subnet: setting(ground::NODE_SUBNET).await?,
        mode: setting(ground::ENDPOINT_MODE)
            .await?
            .as_deref()
            .and_then(Mode::parse),
        exists: true,
    };
    datastore.close().await;
    Ok(choices)
}

/// A copy of the database, for as long as this lives.
#[derive(Debug)]
struct Copy {
    directory: PathBuf,
    database: PathBuf,
}

impl Copy {
    fn of(database: &Path) -> std::io::Result<Self> {
        let directory =
            std::env::temp_dir().join(format!("cacheplane-doctor-{}", uuid::Uuid::new_v4()));
        fs::DirBuilder::new().mode(0o700).create(&directory)?;
        let copy = Self {
            database: directory.join("copy.db"),
            directory,
        };
        fs::copy(database, &copy.database)?;
        // What is not in the file itself yet.
        match fs::copy(suffixed(database, "-wal"), suffixed(&copy.database, "-wal")) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            Ok(_) | Err(_) => Ok(copy),
        }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // It is in the directory for what nobody needs.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// What endpoints will be; and, where they are ports, whether these are free.
fn endpoints(
    config: &Config,
    choices: &Choices,
    description: Option<&RuntimeDescription>,
) -> Vec<Finding> {
    const SUBJECT: &str = "endpoints";
    let (mode, reason) = match (config.endpoints.mode, choices.mode) {
        (EndpointMode::Network, _) => (Mode::Network, "as --endpoints says"),
        (EndpointMode::Published, _) => (Mode::Published, "as --endpoints says"),
        (EndpointMode::Auto, Some(stored)) => (stored, "as this data directory has them"),
        (EndpointMode::Auto, None) => ground::mode_for(&config.runtime, description),
    };
    let published = match mode {
        Mode::Network => {
            return vec![Finding::ok(
                SUBJECT,
                format!("addresses of their own: {reason}"),
            )];
        }
        Mode::Published => ground::published(config),
    };
    let published = match published {
        Ok(published) => published,
        Err(error) => {
            return vec![Finding::refused(SUBJECT, error)];
        }
    };
    let told = Finding::ok(
        SUBJECT,
        format!("ports of {}: {reason}", published.advertise_host),
    );
    if published.probe_host != "127.0.0.1" {
        return vec![told];
    }
    let taken: Vec<u16> = published
        .ports
        .clone()
        .filter(|port| host::bind(SocketAddr::from((published.bind_address, *port))).is_err())
        .collect();
    vec![told, ports(&taken, published.ports.len(), choices.exists)]
}

/// What is to be said of the ports that are taken.
pub(super) fn ports(taken: &[u16], count: usize, may_be_ours: bool) -> Finding {
    const SUBJECT: &str = "ports";
    if taken.is_empty() {
        return Finding::ok(SUBJECT, format!("all {count} of the range are free"));
    }
    let mut named: Vec<String> = taken
        .iter()
        .take(PORTS_NAMED_MAX)
        .map(ToString::to_string)
        .collect();
    if taken.len() > PORTS_NAMED_MAX {
        named.push(format!("{} more", taken.len() - PORTS_NAMED_MAX));
    }
    let found = format!(
        "{} of {count} are taken ({})",
        taken.len(),
        named.join(", ")
    );
    if may_be_ours {
        return Finding::warn(
            SUBJECT,
            found,
            "by caches of this data directory, unless it has none there",
        );
    }
    Finding::fail(
        SUBJECT,
        found,
        "stop what listens there, or choose others with --port-range",
    )
}

/// Whether the addresses that caches have, or would get, are free; `networks` are Docker's, where it names them.
fn addresses(config: &Config, choices: &Choices, networks: Option<&[NetworkObserved]>) -> Finding {
    const SUBJECT: &str = "addresses";
    let taken = ground::taken(&subnet::host_routes(), networks.unwrap_or_default());
    let judged_by = match networks {
        Some(_) => "",
        None => " (by the routes of this host alone)",
    };
    let wished = config.endpoints.node_subnet;
    if let Some(stored) = &choices.subnet {
        let kept = match ground::kept_subnet(stored, wished) {
            Ok(kept) => kept,
            Err(error) => return Finding::refused(SUBJECT, error),
        };
        return match of_others(kept, taken) {
            None => Finding::ok(
                SUBJECT,
                format!("{kept}, chosen before, is nobody else's{judged_by}"),
            ),
            Some(other) => Finding::warn(
                SUBJECT,
                format!(
                    "{kept}, chosen before, overlaps {}, which {} has",
                    other.subnet, other.by
                ),
                "take that away, or caches may be out of reach",
            ),
        };
    }
    let choice = match wished {
        Some(wished) => subnet::check_free(wished, &taken),
        None => subnet::first_free(&taken),
    };
    match choice {
        Ok(choice) => Finding::ok(SUBJECT, format!("{choice} is free{judged_by}")),
        Err(error) => Finding::refused(SUBJECT, error),
    }
}

/// What overlaps `subnet` and is not one of the two networks that we make in it.
fn of_others(subnet: Ipv4Net, mut taken: Vec<subnet::Taken>) -> Option<subnet::Taken> {
    if let Ok(halves) = subnet::split(subnet, "") {
        let ours = [halves.node_network.subnet, halves.endpoint_network.subnet];
        taken.retain(|taken| !ours.contains(&taken.subnet));
    }
    subnet::overlapping(subnet, &taken).cloned()
}

/// Whether the router's program is there and can run alone.
fn router(config: &Config) -> Finding {
    const SUBJECT: &str = "router";
    const CURE: &str = "build it with `make router-binary`, or name it with --router-binary";
    let program = match ground::router_program(config.router_binary.as_deref()) {
        Err(error) => return Finding::refused(SUBJECT, error),
        Ok(None) => {
            return Finding::warn(
                SUBJECT,
                "cacheplane-router is not beside this program, so Memcached caches lack their configuration endpoint",
                CURE,
            );
        }
        Ok(Some(program)) => program,
    };
    match fs::read(&program) {
        Err(error) => Finding::fail(
            SUBJECT,
            format!("{} cannot be read ({error})", program.display()),
            CURE,
        ),
        Ok(bytes) => match crate::runtime::program::not_static(&bytes) {
            Some(problem) => {
                Finding::fail(SUBJECT, format!("{} {problem}", program.display()), CURE)
            }
            None => Finding::ok(
                SUBJECT,
                format!("{} runs without libraries", program.display()),
            ),
        },
    }
}

/// Which engines have an image here: the newest version of each family.
async fn images(config: &Config, runtime: &dyn Runtime) -> Vec<Finding> {
    let mut findings = Vec::new();
    for version in newest_of_families() {
        let subject = format!("image of {} {}", version.engine, version.version);
        let mut candidates = engine::image_candidates(version);
        let named = (version.engine.name().to_owned(), version.version.to_owned());
        if let Some(named) = config.images.get(&named) {
            candidates.insert(0, named.clone());
        }
        findings.push(match runtime.images_present(&candidates).await {
            Err(error) => Finding::warn(
                &subject,
                format!("cannot be looked for ({})", ground::chain(&error)),
                "look again",
            ),
            Ok(present) => {
                let found = candidates.iter().zip(present).find(|(_, present)| *present);
                match found {
                    Some((image, _)) => Finding::ok(&subject, format!("{image} is here")),
                    None => Finding::warn(
                        &subject,
                        format!("none of {} is here yet", candidates.join(", ")),
                        format!(
                            "it is pulled when first needed, or now: docker pull {}",
                            candidates[0]
                        ),
                    ),
                }
            }
        });
    }
    findings
}

/// The newest version of each family that clusters can still be made with.
fn newest_of_families() -> Vec<&'static EngineVersion> {
    let mut newest: Vec<&'static EngineVersion> = Vec::new();
    for engine in Engine::ALL {
        let filter = VersionFilter {
            engine: Some(engine.name()),
            ..VersionFilter::default()
        };
        for version in engine::versions(filter).filter(|version| version.may_be_created) {
            match newest.iter_mut().find(|one| one.family == version.family) {
                Some(one) if one.number < version.number => *one = version,
                Some(_) => {}
                None => newest.push(version),
            }
        }
    }
    newest
}
