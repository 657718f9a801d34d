//! Values out of text. In case of error, the rest of a sentence that begins with the value: what is wrong, then what would be
//! right.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::Ipv4Net;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::{AuthMode, EndpointMode, LogFormat, RuntimeKind, SnapshotStore};
use crate::resources::engine::{self, Engine, VersionFilter};
use crate::resources::scope::{is_region, is_zone};
use crate::resources::snapshot::is_bucket;
use crate::resources::subnet_group::{SubnetPlace, is_subnet_id, is_vpc_id};

/// Longest host name, in bytes (RFC 1035).
const HOST_LENGTH_MAX: usize = 253;
/// Longest image reference that is believed, in bytes.
const REFERENCE_LENGTH_MAX: usize = 512;
/// The subnets that can be shared out: two halves with room for nodes, and no more than an engine's bridge is good for.
const SUBNET_PREFIX_LENGTHS: RangeInclusive<u8> = 16..=24;

/// An address and a port; `localhost` is 127.0.0.1.
pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    let numeric = match text.split_once(':') {
        Some(("localhost", port)) => format!("{}:{port}", Ipv4Addr::LOCALHOST),
        _ => text.to_owned(),
    };
    numeric.parse().map_err(|_| {
        "is not an address and a port: write it like 127.0.0.1:4570 (or [::1]:4570)".to_owned()
    })
}

/// A directory, or a bucket with a prefix.
pub(super) fn snapshot_store(text: &str) -> Result<SnapshotStore, String> {
    let Some(rest) = text.strip_prefix("s3://") else {
        return match text.contains("://") {
            true => Err("is neither a directory nor s3://BUCKET/PREFIX".to_owned()),
            false => path(text).map(SnapshotStore::Directory),
        };
    };
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    match is_bucket(bucket) {
        true => Ok(SnapshotStore::Bucket(bucket.to_owned(), prefix.to_owned())),
        false => Err("names no bucket: write it like s3://my-bucket/cacheplane".to_owned()),
    }
}

/// The URL of an S3 endpoint.
pub(super) fn s3_endpoint(text: &str) -> Result<String, String> {
    let host = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"));
    match host.is_some_and(|host| !host.trim_end_matches('/').is_empty()) {
        true => Ok(text.trim_end_matches('/').to_owned()),
        false => Err("is not a URL: write it like http://127.0.0.1:9000".to_owned()),
    }
}

/// A region's name.
pub(super) fn region(text: &str) -> Result<String, String> {
    match is_region(text) {
        true => Ok(text.to_owned()),
        false => Err("is not a region: write it like us-east-1".to_owned()),
    }
}

/// True or false.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("is neither true nor false: write one of them".to_owned()),
    }
}

/// Whether signatures are verified.
pub(super) fn auth(text: &str) -> Result<AuthMode, String> {
    match text {
        "off" => Ok(AuthMode::Off),
        "sigv4" => Ok(AuthMode::Sigv4),
        _ => Err("is not known: write off or sigv4".to_owned()),
    }
}

/// What an endpoint is.
pub(super) fn endpoints(text: &str) -> Result<EndpointMode, String> {
    match text {
        "network" => Ok(EndpointMode::Network),
        "published" => Ok(EndpointMode::Published),
        "auto" => Ok(EndpointMode::Auto),
        _ => Err("is not known: write network, published or auto".to_owned()),
    }
}

/// A host name or an IPv4 address.
pub(super) fn advertise_host(text: &str) -> Result<String, String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(is_plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if text.len() <= HOST_LENGTH_MAX && text.split('.').all(is_label) {
        return Ok(text.to_owned());
    }
    Err("is not a host: write a name or an IPv4 address alone, like cache.example.com, without a scheme or a port".to_owned())
}

/// Two ports and all between them.
pub(super) fn port_range(text: &str) -> Result<RangeInclusive<u16>, String> {
    let ends = text
        .split_once('-')
        .and_then(|(first, last)| Some((port(first)?, port(last)?)));
    match ends {
        None => Err(
            "is not a range of ports: write its first and its last port, between 1 and 65535, like 6379-7378"
                .to_owned(),
        ),
        Some((first, last)) if first > last => {
            Err(format!("begins after its end: write {last}-{first}"))
        }
        Some((first, last)) => Ok(first..=last),
    }
}

fn port(text: &str) -> Option<u16> {
    text.trim().parse().ok().filter(|port| *port != 0)
}

/// A subnet that can be shared out between nodes and endpoints.
pub(super) fn node_subnet(text: &str) -> Result<Ipv4Net, String> {
    let subnet: Ipv4Net = text
        .parse()
        .map_err(|_| "is not an IPv4 subnet: write it like 10.89.0.0/16".to_owned())?;
    if !SUBNET_PREFIX_LENGTHS.contains(&subnet.prefix_len()) {
        return Err("has the wrong size: write one between /16 and /24".to_owned());
    }
    if subnet != subnet.trunc() {
        return Err(format!("begins in mid-subnet: write {}", subnet.trunc()));
    }
    let first = subnet.network();
    let is_usable = first.octets()[0] != 0
        && !first.is_loopback()
        && !first.is_link_local()
        && first < Ipv4Addr::new(224, 0, 0, 0);
    if !is_usable {
        return Err("holds no addresses that a container can have: write a private subnet, like 10.89.0.0/16".to_owned());
    }
    Ok(subnet)
}

/// Where Docker Engine listens.
pub(super) fn docker_host(text: &str) -> Result<String, String> {
    if let Some(path) = text.strip_prefix("unix://") {
        return if path.starts_with('/') {
            Ok(text.to_owned())
        } else {
            Err(
                "names no absolute path: write it like unix:///var/run/docker.sock, with three slashes"
                    .to_owned(),
            )
        };
    }
    // What other programs call http is the same without encryption.
    let authority = text
        .strip_prefix("tcp://")
        .or_else(|| text.strip_prefix("http://"));
    if let Some(authority) = authority {
        let authority = authority.trim_end_matches('/');
        let is_whole = authority
            .rsplit_once(':')
            .is_some_and(|(host, number)| !host.is_empty() && port(number).is_some());
        return if is_whole && !authority.contains('/') {
            Ok(format!("tcp://{authority}"))
        } else {
            Err("has no host and port: write it like tcp://192.168.1.10:2375".to_owned())
        };
    }
    Err("is not understood: write unix://PATH or tcp://HOST:PORT; over ssh or TLS, forward the socket first \
         (ssh -NL /tmp/docker.sock:/var/run/docker.sock HOST) and write unix:///tmp/docker.sock"
        .to_owned())
}

/// A kind of container engine.
pub(super) fn runtime(text: &str) -> Result<RuntimeKind, String> {
    match text {
        "docker" => Ok(RuntimeKind::Docker),
        "simulated" => Ok(RuntimeKind::Simulated),
        _ => Err("is not known: write docker or simulated".to_owned()),
    }
}

/// An engine's version, as requests name it, and the image that stands for it.
pub(super) fn image(text: &str) -> Result<((String, String), String), String> {
    let parts = text
        .split_once('=')
        .and_then(|(version, reference)| Some((version.split_once(':')?, reference)));
    let Some(((engine, version), reference)) = parts else {
        return Err(
            "is not understood: write ENGINE:VERSION=REFERENCE, like redis:7.1=redis:7.2"
                .to_owned(),
        );
    };
    let Some(engine) = Engine::parse(engine) else {
        return Err("names no engine: begin with memcached:, redis: or valkey:".to_owned());
    };
    let Some(known) = engine::find(engine, version) else {
        let versions: Vec<&str> = engine::versions(VersionFilter {
            engine: Some(engine.name()),
            ..VersionFilter::default()
        })
        .map(|known| known.version)
        .collect();
        return Err(format!(
            "names no version of {engine} that there is: write one of {}",
            versions.join(", ")
        ));
    };
    let is_reference = !reference.is_empty()
        && reference.len() <= REFERENCE_LENGTH_MAX
        && reference.starts_with(|first: char| first.is_ascii_alphanumeric())
        && reference
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-/:@".contains(&byte));
    if !is_reference {
        return Err("names no image after the equals sign: write a reference such as registry.example.com:5000/redis:7.2".to_owned());
    }
    Ok((
        (engine.name().to_owned(), known.version.to_owned()),
        reference.to_owned(),
    ))
}

/// A subnet's id, and where it lies.
pub(super) fn subnet(text: &str) -> Result<(String, SubnetPlace), String> {
    let Some((id, place)) = text.split_once('=') else {
        return Err(
            "is not understood: write ID=ZONE or ID=ZONE:VPC, like subnet-0a1=us-east-1b:vpc-2"
                .to_owned(),
        );
    };
    if !is_subnet_id(id) {
        return Err("names no subnet: begin with an id like subnet-0a1b2c3d".to_owned());
    }
    let (zone, vpc_id) = match place.split_once(':') {
        Some((zone, vpc)) => (zone, Some(vpc)),
        None => (place, None),
    };
    if !is_zone(zone) {
        return Err(
            "names no availability zone after the equals sign: write one like us-east-1b"
                .to_owned(),
        );
    }
    if vpc_id.is_some_and(|vpc| !is_vpc_id(vpc)) {
        return Err("names no VPC after the colon: write an id like vpc-0a1b2c3d".to_owned());
    }
    let place = SubnetPlace {
        zone: zone.to_owned(),
        vpc_id: vpc_id.map(str::to_owned),
    };
    Ok((id.to_owned(), place))
}

/// A path. A shell expands `~`; a file or a variable does not, and a directory of that name is nobody's wish.
pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() {
        return Err("is empty: write a path".to_owned());
    }
    if text == "~" || text.starts_with("~/") {
        return Err(
            "begins with ~, which only a shell understands: write the whole path".to_owned(),
        );
    }
    Ok(PathBuf::from(text))
}

/// An address of a server.
pub(super) fn address(text: &str) -> Result<String, String> {
    let address = text.parse::<http::Uri>().ok();
    let is_one = address.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
    });
    match is_one {
        true => Ok(text.to_owned()),
        false => Err("is not an address: write it like https://example.com/events".to_owned()),
    }
}

/// Anything but nothing.
pub(super) fn text(text: &str) -> Result<String, String> {
    match text.is_empty() {
        false => Ok(text.to_owned()),
        true => Err("is empty: write something".to_owned()),
    }
}

/// One of the periods that CloudWatch keeps points of.
pub(super) fn metrics_interval(text: &str) -> Result<Duration, String> {
    match text.trim_end_matches('s').parse() {
        Ok(seconds @ (1 | 5 | 10 | 30 | 60)) => Ok(Duration::from_secs(seconds)),
        _ => Err("is not an interval: write 1s, 5s, 10s, 30s or 60s".to_owned()),
    }
}

/// The form of a line of the log.
pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("is not known: write text or json".to_owned()),
    }
}

/// A level, or levels of parts. A lone word must be a level: the filter itself would take a slip for the name of a part.
pub(super) fn log_level(text: &str) -> Result<String, String> {
    let is_level = |word: &str| word.trim().parse::<LevelFilter>().is_ok();
    let is_clear = !text.is_empty()
        && text
            .split(',')
            .all(|directive| directive.contains('=') || is_level(directive));
    if is_clear && EnvFilter::builder().parse(text).is_ok() {
        return Ok(text.to_owned());
    }
    Err("is no level: write error, warn, info, debug or trace, or levels of parts, like warn,cacheplane=debug".to_owned())
}
