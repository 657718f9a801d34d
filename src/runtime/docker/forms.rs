//! Our types in Docker's form, and Docker's in ours; no calls.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use bollard::ClientVersion;
use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, ContainerStateStatusEnum, EndpointIpamConfig,
    EndpointSettings, HostConfig, HostConfigLogConfig, Ipam, NetworkingConfig, PortBinding,
    RestartPolicyNameEnum,
};
use bytes::Bytes;
use ipnet::Ipv4Net;

use super::super::labels;
use super::super::{
    ContainerFile, ContainerObserved, ContainerSpec, ContainerState, ImportedImage,
    NetworkAttachment, RestartPolicy,
};

/// A time that Docker writes for "never".
const NEVER: &str = "0001-01-01T00:00:00Z";
/// The first API version in which an attachment can ask for its MAC address.
const MAC_ADDRESS_SINCE: (usize, usize) = (1, 44);

/// Rounds up: a grace of half a second must not become none.
pub(super) fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(i32::MAX)
}

/// Names the tag `latest` where a reference has none; Docker would pull every tag otherwise.
pub(super) fn tagged(reference: &str) -> String {
    let last = reference
        .rsplit_once('/')
        .map_or(reference, |(_, last)| last);
    if last.contains([':', '@']) {
        reference.to_owned()
    } else {
        format!("{reference}:latest")
    }
}

pub(super) fn container(
    spec: &ContainerSpec,
    owner: &str,
    version: &ClientVersion,
) -> ContainerCreateBody {
    let mut labels: HashMap<String, String> = spec.labels.clone().into_iter().collect();
    labels.insert(labels::OWNER.to_owned(), owner.to_owned());
    labels.insert(labels::GENERATION.to_owned(), spec.generation.to_string());
    let first = spec.networks.first();
    let endpoints =
        first.map(|first| HashMap::from([(first.network.clone(), endpoint(first, version))]));
    let port = |port: u16| format!("{port}/tcp");
    ContainerCreateBody {
        image: Some(spec.image.clone()),
        cmd: (!spec.command.is_empty()).then(|| spec.command.clone()),
        env: Some(
            spec.environment
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
        ),
        labels: Some(labels),
        exposed_ports: Some(
            spec.published_ports
                .iter()
                .map(|published| port(published.container_port))
                .collect(),
        ),
        stop_timeout: Some(seconds(spec.stop_grace).into()),
        host_config: Some(host_config(spec)),
        networking_config: Some(NetworkingConfig {
            endpoints_config: endpoints,
        }),
        ..Default::default()
    }
}

fn host_config(spec: &ContainerSpec) -> HostConfig {
    let memory = spec
        .memory_limit_bytes
        .map(|limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let mut port_bindings: HashMap<String, Option<Vec<PortBinding>>> = HashMap::new();
    for published in &spec.published_ports {
        let binding = PortBinding {
            host_ip: Some(published.host_ip.to_string()),
            host_port: Some(published.host_port.to_string()),
        };
        let bindings = port_bindings
            .entry(format!("{}/tcp", published.container_port))
            .or_default();
        bindings.get_or_insert_default().push(binding);
    }
    // Docker keeps everything that a container ever wrote unless it is told otherwise.
    let log_options = [("max-size", "10m"), ("max-file", "2")];
    let log_config = HostConfigLogConfig {
        typ: Some("json-file".to_owned()),
        config: Some(
            log_options
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
        ),
    };
    HostConfig {
        memory,
        // The same number again means no swap: a cache that swaps is worse than one that evicts.
        memory_swap: memory,
        binds: Some(
            spec.volumes
                .iter()
                .map(|mount| format!("{}:{}", mount.volume, mount.path))
                .collect(),
        ),
        port_bindings: Some(port_bindings),
        restart_policy: Some(bollard::models::RestartPolicy {
            name: Some(match spec.restart_policy {
                RestartPolicy::Never => RestartPolicyNameEnum::NO,
                RestartPolicy::UnlessStopped => RestartPolicyNameEnum::UNLESS_STOPPED,
            }),
            maximum_retry_count: None,
        }),
        cap_add: Some(spec.capabilities.clone()),
        sysctls: Some(spec.sysctls.clone().into_iter().collect()),
        network_mode: spec.networks.first().map(|first| first.network.clone()),
        log_config: Some(log_config),
        ..Default::default()
    }
}

pub(super) fn endpoint(
    attachment: &NetworkAttachment,
    version: &ClientVersion,
) -> EndpointSettings {
    // Neighbours remember which MAC an address has; when an address moves to another container, a MAC that follows it
    // keeps their memory right. Engines before API 1.44 derive it from the address themselves.
    let asks_mac = (version.major_version, version.minor_version) >= MAC_ADDRESS_SINCE;
    EndpointSettings {
        ipam_config: attachment.address.map(|address| EndpointIpamConfig {
            ipv4_address: Some(address.to_string()),
            ..Default::default()
        }),
        mac_address: attachment.address.filter(|_| asks_mac).map(mac_address),
        aliases: (!attachment.aliases.is_empty()).then(|| attachment.aliases.clone()),
        ..Default::default()
    }
}

/// The locally administered MAC address that an address always has.
fn mac_address(address: Ipv4Addr) -> String {
    let [a, b, c, d] = address.octets();
    format!("02:42:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
}

pub(super) fn observe(container: ContainerInspectResponse) -> ContainerObserved {
    let config = container.config.unwrap_or_default();
    let labels: BTreeMap<String, String> = config.labels.unwrap_or_default().into_iter().collect();
    let found = container.state.unwrap_or_default();
    let state = state(found.status);
    let networks = container
        .network_settings
        .and_then(|settings| settings.networks)
        .unwrap_or_default();
    let held = |endpoint: EndpointSettings| {
        let configured = endpoint.ipam_config.and_then(|config| config.ipv4_address);
        address(endpoint.ip_address.as_deref()).or_else(|| address(configured.as_deref()))
    };
    ContainerObserved {
        name: container
            .name
            .unwrap_or_default()
            .trim_start_matches('/')
            .to_owned(),
        id: container.id.unwrap_or_default(),
        image: config.image.unwrap_or_default(),
        generation: labels::generation(&labels),
        labels,
        state,
        started_at: found.started_at.filter(|at| at != NEVER),
        exit_code: found
            .exit_code
            .filter(|_| matches!(state, ContainerState::Exited | ContainerState::Dead)),
        oom_killed: found.oom_killed.unwrap_or(false),
        error: found.error.unwrap_or_default(),
        addresses: networks
            .into_iter()
            .filter_map(|(network, endpoint)| Some((network, held(endpoint)?)))
            .collect(),
    }
}

fn state(status: Option<ContainerStateStatusEnum>) -> ContainerState {
    use ContainerStateStatusEnum as Status;
    match status {
        Some(Status::CREATED) => ContainerState::Created,
        // One that is being stopped still has its process, address and ports.
        Some(Status::RUNNING | Status::STOPPING) => ContainerState::Running,
        Some(Status::PAUSED) => ContainerState::Paused,
        Some(Status::RESTARTING) => ContainerState::Restarting,
        Some(Status::EXITED) => ContainerState::Exited,
        Some(Status::REMOVING) => ContainerState::Removing,
        Some(Status::DEAD | Status::EMPTY) | None => ContainerState::Dead,
    }
}

/// Reads an address that may carry a prefix length, as Docker writes it in some places.
pub(super) fn address(text: Option<&str>) -> Option<Ipv4Addr> {
    let text = text?;
    text.split_once('/')
        .map_or(text, |(address, _)| address)
        .parse()
        .ok()
}

pub(super) fn subnets(ipam: Option<Ipam>) -> Vec<Ipv4Net> {
    let configs = ipam.and_then(|ipam| ipam.config).unwrap_or_default();
    configs
        .into_iter()
        .filter_map(|config| config.subnet?.parse().ok())
        .collect()
}

/// Packs the program as the only file of a file system.
pub(super) fn archive(image: &ImportedImage) -> io::Result<Bytes> {
    let mut archive = tar::Builder::new(Vec::with_capacity(image.program.len() + 4096));
    let mut header = tar::Header::new_gnu();
    header.set_size(image.program.len() as u64);
    header.set_mode(0o755);
    header.set_cksum();
    archive.append_data(
        &mut header,
        image.program_path.trim_start_matches('/'),
        &*image.program,
    )?;
    Ok(archive.into_inner()?.into())
}

/// Files as an archive that is unpacked at a container's root. Whoever may not read a file may still look into its directory, as the
/// engine does that checks paths first.
pub(super) fn files(files: &[ContainerFile]) -> io::Result<Bytes> {
    let mut archive = tar::Builder::new(Vec::new());
    for file in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(file.content.len() as u64);
        header.set_mode(if file.is_program { 0o555 } else { 0o400 });
        header.set_uid(file.owner);
        header.set_gid(0);
        header.set_cksum();
        archive.append_data(
            &mut header,
            file.path.trim_start_matches('/'),
            &*file.content,
        )?;
    }
    Ok(archive.into_inner()?.into())
}

/// The image's settings, as the lines of a Dockerfile that an import takes.
pub(super) fn changes(image: &ImportedImage) -> Vec<String> {
    let json = |text: &str| serde_json::Value::from(text).to_string();
    // Docker expands `$name` in labels and volumes, but not in an entry point.
    let literal = |text: &str| text.replace('\\', "\\\\").replace('$', "\\$");
    let word = |text: &str| format!("\"{}\"", literal(text).replace('"', "\\\""));
    let labels = image
        .labels
        .iter()
        .map(|(key, value)| format!("LABEL {}={}", word(key), word(value)));
    let volumes = image
        .volumes
        .iter()
        .map(|volume| format!("VOLUME [{}]", json(&literal(volume))));
    let entry_point = format!("ENTRYPOINT [{}]", json(&image.program_path));
    std::iter::once(entry_point)
        .chain(labels)
        .chain(volumes)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grace_rounds_up_to_seconds() {
        assert_eq!(seconds(Duration::ZERO), 0);
        assert_eq!(seconds(Duration::from_millis(1)), 1);
        assert_eq!(seconds(Duration::from_secs(20)), 20);
    }

    #[test]
    fn references_get_a_tag_only_when_they_lack_one() {
        let check = |reference: &str, expected: &str| assert_eq!(tagged(reference), expected);
        check("redis:7.0", "redis:7.0");
        check("redis", "redis:latest");
        check("host:5000/redis", "host:5000/redis:latest");
        check("host:5000/redis:7.0", "host:5000/redis:7.0");
        check("redis@sha256:00", "redis@sha256:00");
    }

    #[test]
    fn a_mac_address_is_asked_for_only_where_docker_takes_one() {
        let attachment = NetworkAttachment {
            network: "nodes".into(),
            address: Some(Ipv4Addr::new(10, 211, 0, 254)),
            aliases: vec![],
        };
        let mac = |major_version, minor_version| {
            endpoint(
                &attachment,
                &ClientVersion {
                    major_version,
                    minor_version,
                },
            )
            .mac_address
        };
        assert_eq!(mac(1, 41), None);
        assert_eq!(mac(1, 44).as_deref(), Some("02:42:0a:d3:00:fe"));
        assert_eq!(mac(2, 0).as_deref(), Some("02:42:0a:d3:00:fe"));
    }
}
