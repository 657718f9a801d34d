//! Engines and their versions: which exist, which may be created, which may follow which, and which container
//! image stands for each.
//!
//! The rows come from `facts/engine_versions.json` at build time. A version has two names: the one that requests
//! use (`6.2`) and the one that a running cluster reports (`6.2.6`); until Redis 6.0 they are the same.

use std::fmt;

use super::violation::Violation;

include!(concat!(env!("OUT_DIR"), "/engine_versions.rs"));

/// A cache engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Engine {
    /// Memcached: many independent nodes, nothing kept.
    Memcached,
    /// Redis OSS.
    Redis,
    /// Valkey.
    Valkey,
}

impl Engine {
    /// Every engine, sorted by name.
    pub const ALL: [Engine; 3] = [Engine::Memcached, Engine::Redis, Engine::Valkey];

    /// The name in requests and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Engine::Memcached => "memcached",
            Engine::Redis => "redis",
            Engine::Valkey => "valkey",
        }
    }

    /// The engine of that name, in any case, as the service accepts it; `None` for a name that is no engine's.
    pub fn parse(name: &str) -> Option<Engine> {
        Engine::ALL
            .into_iter()
            .find(|engine| engine.name().eq_ignore_ascii_case(name))
    }

    /// The port when a request names none.
    pub fn default_port(self) -> u16 {
        self.defaults().port
    }

    /// The version when a request names none.
    pub fn default_version(self) -> &'static EngineVersion {
        find(self, self.defaults().version).expect("the default version is one of the versions")
    }

    /// The program that serves inside the engine's container.
    pub const fn server_program(self) -> &'static str {
        match self {
            Engine::Memcached => "memcached",
            Engine::Redis => "redis-server",
            Engine::Valkey => "valkey-server",
        }
    }

    /// Whether the engine speaks Redis's protocol (and so has replicas, snapshots, users).
    pub const fn speaks_resp(self) -> bool {
        match self {
            Engine::Memcached => false,
            Engine::Redis | Engine::Valkey => true,
        }
    }

    fn defaults(self) -> &'static EngineDefaults {
        DEFAULTS
            .iter()
            .find(|row| row.engine == self)
            .expect("every engine has defaults")
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

struct EngineDefaults {
    engine: Engine,
    version: &'static str,
    port: u16,
}

/// A version as three numbers, compared as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionNumber {
    /// `7` of `7.0.15`.
    pub major: u32,
    /// `0` of `7.0.15`.
    pub minor: u32,
    /// `15` of `7.0.15`; 0 when it was not said.
    pub patch: u32,
}

impl VersionNumber {
    /// The number written as `7`, `7.0` or `7.0.15`; `None` for anything else. What is not said is 0.
    pub fn parse(text: &str) -> Option<VersionNumber> {
        let mut parts = [0_u32; 3];
        for (index, part) in text.split('.').enumerate() {
            // Parsing alone would accept a sign.
            if !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            *parts.get_mut(index)? = part.parse().ok()?;
        }
        let [major, minor, patch] = parts;
        Some(VersionNumber {
            major,
            minor,
            patch,
        })
    }

    /// Whether this version is the given one or a later one.
    pub fn at_least(self, major: u32, minor: u32, patch: u32) -> bool {
        self >= VersionNumber {
            major,
            minor,
            patch,
        }
    }
}

impl fmt::Display for VersionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// A version of an engine that the service knows. There is one static row of each, so `&'static` is its handle.
#[derive(Debug, PartialEq, Eq)]
pub struct EngineVersion {
    /// The engine that it is a version of.
    pub engine: Engine,
    /// `EngineVersion` of requests and of `DescribeCacheEngineVersions`: `6.2`.
    pub version: &'static str,
    /// `CacheParameterGroupFamily`: `redis6.x`.
    pub family: &'static str,
    /// `CacheEngineDescription`.
    pub engine_description: &'static str,
    /// `CacheEngineVersionDescription`.
    pub version_description: &'static str,
    /// `EngineVersion` of a cluster that runs it: `6.2.6`.
    pub reported_version: &'static str,
    /// `reported_version` as numbers.
    pub number: VersionNumber,
    /// The public image that stands for it best; `image_candidates` is what should be asked.
    pub image: &'static str,
    /// Its place in the service's calendar, in words.
    pub status: &'static str,
    /// False once past its end of life: existing clusters keep it, new ones cannot have it.
    pub may_be_created: bool,
    upgrades: &'static [UpgradePath],
}

impl EngineVersion {
    /// Whether the version that a cluster reports is the given one or a later one.
    pub fn at_least(&self, major: u32, minor: u32, patch: u32) -> bool {
        self.number.at_least(major, minor, patch)
    }

    /// Whether it comes after `other`: what it writes, that one need not be able to read. Valkey comes after Redis.
    pub fn is_later_than(&self, other: &EngineVersion) -> bool {
        (self.engine, self.number) > (other.engine, other.number)
    }

    /// The version that events call by its engine and its name: `redis 7.0`.
    pub fn parse_worded(text: &str) -> Option<&'static EngineVersion> {
        let (engine, version) = text.split_once(' ')?;
        find(Engine::parse(engine)?, version)
    }
}

#[derive(Debug, PartialEq, Eq)]
struct UpgradePath {
    engine: Engine,
    version: &'static str,
    condition: Option<UpgradeCondition>,
}

/// What must hold of a cluster for an upgrade that not every cluster may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpgradeCondition {
    /// It belongs to a replication group: a single Redis cluster cannot become Valkey by itself.
    ReplicationGroup,
    /// Users and user groups of the group are of engine redis (the one way back, Valkey 7.2 to Redis 7.1).
    UsersAreRedis,
    /// It is not encrypted: Redis 3.2.10 has no encryption, 3.2.6 has.
    NotEncrypted,
}

/// What a change of version would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upgrade {
    /// It is that version already.
    Unchanged,
    /// Any cluster may take it.
    Allowed,
    /// Clusters of which the condition holds may take it; whoever knows the cluster must check.
    AllowedIf(UpgradeCondition),
}

/// What `DescribeCacheEngineVersions` was asked for. Everything absent is everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct VersionFilter<'a> {
    /// Engine name, in any case. A name that is no engine's matches nothing.
    pub engine: Option<&'a str>,
    /// Version as in requests.
    pub version: Option<&'a str>,
    /// Parameter group family.
    pub family: Option<&'a str>,
    /// Only the default version of each engine; with a family, that of the family.
    pub default_only: bool,
}

/// The versions that match, in the order of `DescribeCacheEngineVersions`: by engine name, then by version
/// as a plain string (so 2.8.24 comes before 2.8.6), as recorded.
pub fn versions<'a>(
    filter: VersionFilter<'a>,
) -> impl Iterator<Item = &'static EngineVersion> + 'a {
    VERSIONS.iter().filter(move |row| {
        filter
            .engine
            .is_none_or(|engine| row.engine.name().eq_ignore_ascii_case(engine))
            && filter.version.is_none_or(|version| row.version == version)
            && filter.family.is_none_or(|family| row.family == family)
            && (!filter.default_only || is_default(row, filter.family))
    })
}

/// The guide: "the default version of the specified engine or engine and major version combination".
/// A family that the engine's default is not of has its newest version for a default.
fn is_default(row: &EngineVersion, family: Option<&str>) -> bool {
    let default = row.engine.default_version();
    match family {
        Some(family) if default.family != family => VERSIONS
            .iter()
            .all(|other| other.family != row.family || other.number <= row.number),
        Some(_) | None => row.version == default.version,
    }
}

/// The row of a version by its name in requests or, as the datastore keeps it, by the one that clusters report.
pub fn find(engine: Engine, version: &str) -> Option<&'static EngineVersion> {
    VERSIONS
        .iter()
        .find(|row| row.engine == engine && row.version == version)
        .or_else(|| {
            VERSIONS
                .iter()
                .find(|row| row.engine == engine && row.reported_version == version)
        })
}

/// The version that a create request means.
///
/// # Errors
/// The service's own (recorded) answers for a patch release of a line that is chosen by its minor version only,
/// and for a version that does not exist; a version past its end of life is refused too.
pub fn resolve(
    engine: Engine,
    requested: Option<&str>,
) -> Result<&'static EngineVersion, Violation> {
    let version = resolve_known(engine, requested)?;
    if !version.may_be_created {
        let (requested, status) = (version.version, version.status);
        let status = status.strip_suffix(", cannot be created").unwrap_or(status);
        let message = format!("Cannot create {engine} {requested}: this version is {status}.");
        return Err(Violation::combination(message));
    }
    Ok(version)
}

/// The version that a modify request means: as `resolve`, but a version past its end of life is still known,
/// because a cluster that has it may be asked to keep it.
///
/// # Errors
/// Those of `resolve` for a version that does not exist or may not be named so.
pub fn resolve_known(
    engine: Engine,
    requested: Option<&str>,
) -> Result<&'static EngineVersion, Violation> {
    let Some(requested) = requested else {
        return Ok(engine.default_version());
    };
    let of_engine = || VERSIONS.iter().filter(move |row| row.engine == engine);
    if let Some(row) = of_engine().find(|row| row.version == requested) {
        return Ok(row);
    }
    // The one alias that the service has: the newest minor version of Redis 6.
    if engine == Engine::Redis && requested.eq_ignore_ascii_case("6.x") {
        return Ok(of_engine()
            .filter(|row| row.number.major == 6)
            .max_by_key(|row| row.number)
            .expect("Redis 6"));
    }
    // From Redis 6.0 on the service chooses the patch release.
    if let Some((line, patch)) = requested.rsplit_once('.')
        && !patch.is_empty()
        && patch.bytes().all(|byte| byte.is_ascii_digit())
        && of_engine().any(|row| row.version == line)
    {
        let message = format!(
            "Specific version selection is not allowed for '{requested}', please use '{line}'"
        );
        return Err(Violation::value(message));
    }
    Err(Violation::combination(format!(
        "Cannot find version {requested} for {engine}"
    )))
}

/// Whether a cluster may go from one version to another.
///
/// # Errors
/// The service's (recorded) answer for a downgrade.
pub fn may_upgrade(from: &EngineVersion, to: &EngineVersion) -> Result<Upgrade, Violation> {
    if from == to {
        return Ok(Upgrade::Unchanged);
    }
    let path = from
        .upgrades
        .iter()
        .find(|path| path.engine == to.engine && path.version == to.version);
    match path {
        Some(UpgradePath {
            condition: None, ..
        }) => Ok(Upgrade::Allowed),
        Some(UpgradePath {
            condition: Some(condition),
            ..
        }) => Ok(Upgrade::AllowedIf(*condition)),
        None if from.engine == to.engine => {
            let message = format!(
                "Cannot modify {} from {} to {}",
                from.engine, from.version, to.version
            );
            Err(Violation::combination(message))
        }
        None => {
            let (from_engine, to_engine) = (from.engine, to.engine);
            let message = format!(
                "Cannot modify {from_engine} from {} to {to_engine} {}",
                from.version, to.version
            );
            Err(Violation::combination(message))
        }
    }
}

/// The images that can stand for a version, best first.
///
/// The one that the facts name, the moving tag of its line, then newer lines *of the same family*. Never another
/// family: the caller takes the first image that the host holds before it pulls any, so a host that happens
/// to have Redis 7.0 would run it for every 5.0.6 that was asked for. Never an older line either, but for versions
/// that only the service has: Redis 7.1 (command-compatible with 7.0), Valkey 8.2 (8.1 with a search module).
pub fn image_candidates(version: &EngineVersion) -> Vec<String> {
    let repository = repository(version.engine);
    let VersionNumber { major, minor, .. } = version.number;
    let mut candidates: Vec<String> = match (version.engine, version.version) {
        // 7.2 is the last Redis under its old licence, and knows all that 7.1 does.
        (Engine::Redis, "7.1") => vec!["redis:7.2".into(), version.image.into()],
        (Engine::Redis, "7.0") => vec![version.image.into(), "redis:7.2".into()],
        (Engine::Redis, "6.0") => {
            vec![version.image.into(), "redis:6.0".into(), "redis:6.2".into()]
        }
        (Engine::Valkey, "8.0") => vec![version.image.into(), "valkey/valkey:8.1".into()],
        // The bundle is the same engine with the JSON and Bloom modules that the service has built in.
        (Engine::Valkey, "8.1") => vec![version.image.into(), "valkey/valkey-bundle:8.1".into()],
        (Engine::Valkey, "8.2") => vec![version.image.into(), "valkey/valkey:8.1".into()],
        (Engine::Valkey, "9.0") => vec![version.image.into(), "valkey/valkey:9.1".into()],
        (Engine::Redis | Engine::Valkey | Engine::Memcached, _) => vec![version.image.into()],
    };
    let service_only = matches!(
        (version.engine, version.version),
        (Engine::Redis, "7.1") | (Engine::Valkey, "8.2")
    );
    let line = format!("{repository}:{major}.{minor}");
    if !service_only && !candidates.contains(&line) {
        candidates.push(line);
    }
    candidates
}

const fn repository(engine: Engine) -> &'static str {
    match engine {
        Engine::Memcached => "memcached",
        Engine::Redis => "redis",
        Engine::Valkey => "valkey/valkey",
    }
}

/// Whether nodes of a line give slots away as a whole, by themselves (`CLUSTER MIGRATESLOTS`, Valkey 9.0).
pub fn supports_atomic_migration(engine: Engine, line: VersionNumber) -> bool {
    engine == Engine::Valkey && line.at_least(9, 0, 0)
}

/// The line that an image really runs, read from its tag (`redis:7.2-alpine` is 7.2, so a Redis 7.1 started from it
/// is given 7.2's settings). A tag that is no version (`latest`, a digest, a private name) is taken for what the
/// version itself is.
pub fn image_line(version: &EngineVersion, reference: &str) -> VersionNumber {
    let untagged = reference.split('@').next().unwrap_or(reference);
    let tag = untagged
        .rsplit('/')
        .next()
        .and_then(|name| name.split_once(':'))
        .map(|(_, tag)| tag);
    let number = tag.map(|tag| tag.split('-').next().unwrap_or(tag));
    match number
        .filter(|number| number.contains('.'))
        .and_then(VersionNumber::parse)
    {
        Some(line) => line,
        None => version.number,
    }
}

#[cfg(test)]
mod tests;
