//! Parameters of Memcached families as arguments of `memcached`.
//!
//! Memcached stops at an argument that it finds out of bounds, so every value is brought inside them. What is in force
//! can be read back with `stats settings`.

use super::{CERTIFICATE_FILE, ServerSettings};

const MEBIBYTE: u64 = 1 << 20;

/// The largest chunk that Memcached stores in one piece by default, which is also the service's default. It is
/// never given: Memcached reads the option in bytes up to some 1.6 release and in kilobytes from then on, and a tag
/// such as `memcached:1.6` does not say which. So `slab_chunk_max` has no effect, and item sizes are multiples of this.
const SLAB_CHUNK_BYTES: u64 = 512 * 1024;

/// Under this Memcached cannot hold a few items of one chunk.
const CACHE_MEMORY_FLOOR_MB: u64 = 16;

/// Everything after the program.
pub(super) fn arguments(settings: &ServerSettings<'_>) -> Vec<String> {
    let number = |name: &str| {
        settings
            .parameters
            .get(name)
            .and_then(|value| value.parse::<u64>().ok())
    };
    let is_on = |name: &str| {
        settings
            .parameters
            .get(name)
            .is_some_and(|value| value == "1")
    };
    let memory_mb = cache_memory_mb(settings);
    let mut arguments: Vec<String> = Vec::new();
    let mut push = |flag: &str, value: String| arguments.extend([flag.to_owned(), value]);

    push("-m", memory_mb.to_string());
    push("-p", settings.port.to_string());
    // UDP is off in the service, and answers to forged addresses besides.
    push("-U", "0".to_owned());
    push("-c", connections(settings).to_string());
    let threads = number("num_threads").or(settings.node_type.memcached_threads.map(u64::from));
    push("-t", threads.unwrap_or(1).max(1).to_string());
    push(
        "-b",
        number("backlog_queue_limit")
            .unwrap_or(1024)
            .clamp(1, 10_000)
            .to_string(),
    );
    push(
        "-R",
        number("requests_per_event")
            .unwrap_or(20)
            .max(1)
            .to_string(),
    );
    let protocol = settings
        .parameters
        .get("binding_protocol")
        .map_or("auto", String::as_str);
    push("-B", protocol.to_owned());
    push("-I", item_size_max_bytes(settings, memory_mb).to_string());
    push("-f", growth_factor(settings));
    push(
        "-n",
        number("chunk_size")
            .unwrap_or(48)
            .clamp(1, 1024)
            .to_string(),
    );
    for (parameter, flag) in [
        ("error_on_memory_exhausted", "-M"),
        ("cas_disabled", "-C"),
        ("disable_flush_all", "-F"),
    ] {
        if is_on(parameter) {
            arguments.push(flag.to_owned());
        }
    }
    if settings.encryption.is_some() {
        arguments.push("-Z".to_owned());
    }
    // `large_memory_pages`, `lock_down_paged_memory` and `maximize_core_file_limit` cannot be changed by customers
    // and ask for rights that a container does not have; `config_max` and `config_size_max` are about
    // auto-discovery, which the router answers.
    arguments.extend(["-o".to_owned(), extended_options(settings).join(",")]);
    arguments
}

/// `max_cache_memory` less `memcached_connections_overhead`.
fn cache_memory_mb(settings: &ServerSettings<'_>) -> u64 {
    let number = |name: &str| {
        settings
            .parameters
            .get(name)
            .and_then(|value| value.parse::<u64>().ok())
    };
    let total = number("max_cache_memory")
        .or(settings.node_type.max_cache_memory_mb)
        .unwrap_or(0);
    let overhead = number("memcached_connections_overhead").unwrap_or(0);
    total.saturating_sub(overhead).max(CACHE_MEMORY_FLOOR_MB)
}

/// Memcached does not start with more connections than it may open files.
fn connections(settings: &ServerSettings<'_>) -> u32 {
    let wanted = settings
        .parameters
        .get("max_simultaneous_connections")
        .and_then(|value| value.parse().ok());
    wanted
        .unwrap_or(65_000_u32)
        .clamp(3, 65_000)
        .min(settings.open_files_limit.unwrap_or(u32::MAX))
        .max(3)
}

/// At most a quarter of memory, as the service demands from 1.4.33 on, in whole chunks.
fn item_size_max_bytes(settings: &ServerSettings<'_>, memory_mb: u64) -> u64 {
    let wanted = settings
        .parameters
        .get("max_item_size")
        .and_then(|value| value.parse().ok());
    let most = (memory_mb * MEBIBYTE / 4).min(128 * MEBIBYTE);
    let bytes = wanted.unwrap_or(MEBIBYTE).min(most);
    (bytes / SLAB_CHUNK_BYTES).max(1) * SLAB_CHUNK_BYTES
}

/// Memcached wants a factor above 1; the service's range begins at it.
fn growth_factor(settings: &ServerSettings<'_>) -> String {
    let wanted = settings
        .parameters
        .get("chunk_size_growth_factor")
        .map_or("1.25", String::as_str);
    match wanted.parse::<f64>() {
        Ok(factor) if factor > 1.0 && factor.is_finite() => wanted.to_owned(),
        Ok(_) | Err(_) => "1.25".to_owned(),
    }
}

/// What follows `-o`.
///
/// `modern` (1.4) switches five features on beside their own parameters; `no_modern` (1.5 and later; on by default)
/// leaves them to their own parameters. From 1.5 on they are on unless they are switched off, one by one:
/// Memcached's own `no_modern` would change the chunk size as well.
fn extended_options(settings: &ServerSettings<'_>) -> Vec<String> {
    let line = settings.line;
    let value = |name: &str| settings.parameters.get(name).map(String::as_str);
    let is_on = |name: &str| value(name) == Some("1");
    let modern = is_on("modern") || value("no_modern") == Some("0");
    let mut options: Vec<String> = Vec::new();

    let switches = [
        ("lru_crawler", "lru_crawler"),
        ("lru_maintainer", "lru_maintainer"),
        ("maxconns_fast", "maxconns_fast"),
        ("slab_reassign", "slab_reassign"),
    ];
    for (parameter, option) in switches {
        if modern || is_on(parameter) {
            options.push(option.to_owned());
        } else if line.at_least(1, 5, 0) {
            options.push(format!("no_{option}"));
        }
    }
    let automove = match value("slab_automove") {
        Some(automove @ ("1" | "2")) => automove,
        Some(_) | None if modern => "1",
        Some(_) | None => "0",
    };
    options.push(format!("slab_automove={automove}"));
    let algorithm = if modern {
        "murmur3"
    } else {
        value("hash_algorithm").unwrap_or("jenkins")
    };
    options.push(format!("hash_algorithm={algorithm}"));
    options.push(format!(
        "hashpower={}",
        value("hashpower_init").unwrap_or("16")
    ));
    if is_on("expirezero_does_not_evict") && !line.at_least(1, 5, 0) {
        options.push("expirezero_does_not_evict".to_owned());
    }
    if line.at_least(1, 4, 33) {
        options.push(format!(
            "idle_timeout={}",
            value("idle_timeout").unwrap_or("0")
        ));
        let watcher = value("watcher_logbuf_size").unwrap_or("256");
        options.push(format!("watcher_logbuf_size={watcher}"));
        // `worker_logbuf_size` is never given: stock 1.6 (seen in 1.6.18 and 1.6.38) takes its value for the list of
        // slab sizes too, and then stores every item in half a megabyte. The default is the service's, 64.
        if is_on("track_sizes") {
            options.push("track_sizes".to_owned());
        }
    }
    if settings.encryption.is_some() {
        options.push(format!("ssl_chain_cert={CERTIFICATE_FILE}"));
        options.push(format!("ssl_key={CERTIFICATE_FILE}"));
    }
    if is_on("inline_ascii_resp") && line.at_least(1, 5, 0) {
        // Later 1.6 releases accept it and do nothing.
        options.push("inline_ascii_resp".to_owned());
    }
    options
}
