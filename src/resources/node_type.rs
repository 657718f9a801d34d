//! Cache node types: what each holds, who may have it, and what it may be changed to.
//!
//! The rows come from `facts/node_types.json` at build time (`maxclients` from `facts/parameters.json`).

use super::engine::{Engine, EngineVersion, VersionNumber};
use super::violation::Violation;

include!(concat!(env!("OUT_DIR"), "/node_types.rs"));

/// A cache node type. There is one static row of each, so `&'static` is its handle.
#[derive(Debug, PartialEq)]
pub struct NodeType {
    /// `CacheNodeType`: `cache.m6g.large`.
    pub name: &'static str,
    /// `m6g`.
    pub family: &'static str,
    /// `large`.
    pub size: &'static str,
    /// `general`, `memory`, `burstable`...
    pub class: &'static str,
    /// Whether new clusters may have it.
    pub generation: Generation,
    /// What it runs on.
    pub hardware: Hardware,
    /// Virtual processors.
    pub vcpu: u32,
    /// Memory as priced, in GiB; decides what is a step up or down.
    pub memory_gib: f64,
    minimum_memcached: Option<VersionNumber>,
    minimum_redis: Option<VersionNumber>,
    minimum_valkey: Option<VersionNumber>,
    /// `maxmemory` of Redis and Valkey in bytes, before reserved memory is taken off.
    pub maxmemory_bytes: u64,
    /// `max_cache_memory` of Memcached in MiB; `None` where Memcached is not offered.
    pub max_cache_memory_mb: Option<u64>,
    /// `num_threads` of Memcached; `None` where Memcached is not offered.
    pub memcached_threads: Option<u32>,
    /// Connections that Redis and Valkey accept.
    pub maxclients: u32,
    /// Network in the words of the price table.
    pub network_class: &'static str,
    /// Local disk in GiB of a type with data tiering.
    pub ssd_gib: Option<f64>,
    /// What it cannot do, in words.
    pub limitations: &'static [&'static str],
}

/// Where a node type stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// Offered.
    Current,
    /// Announced to be closed to new clusters during 2026 (T2). Still accepted here: it is what a great many
    /// existing templates name, and refusing them would help nobody.
    Closing,
    /// Existing clusters keep it; new ones are refused.
    Previous,
}

/// What a node type runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hardware {
    /// The oldest.
    Xen,
    /// x86 on Nitro.
    NitroX86,
    /// Arm on Nitro, with the number of its generation.
    Graviton(u8),
}

impl Hardware {
    /// Whether it is of an older generation than `other`. x86 and Arm on Nitro are neither: the service
    /// offers both ways between them.
    fn is_older_than(self, other: Hardware) -> bool {
        match (self, other) {
            (Hardware::Xen, Hardware::NitroX86 | Hardware::Graviton(_)) => true,
            (Hardware::Graviton(one), Hardware::Graviton(another)) => one < another,
            (Hardware::Xen, Hardware::Xen) | (Hardware::NitroX86 | Hardware::Graviton(_), _) => {
                false
            }
        }
    }
}

/// What `ListAllowedNodeTypeModifications` answers; both lists sorted as plain strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedModifications {
    /// Types with more memory.
    pub scale_up: Vec<&'static str>,
    /// Types with less memory.
    pub scale_down: Vec<&'static str>,
}

/// Every node type, sorted by name as a plain string.
pub fn node_types() -> &'static [NodeType] {
    NODE_TYPES
}

/// The node type of that name.
pub fn find(name: &str) -> Option<&'static NodeType> {
    NODE_TYPES
        .binary_search_by(|row| row.name.cmp(name))
        .ok()
        .map(|index| &NODE_TYPES[index])
}

impl NodeType {
    /// The first version of an engine that may use the type; `None` when none may.
    pub fn minimum_version(&self, engine: Engine) -> Option<VersionNumber> {
        match engine {
            Engine::Memcached => self.minimum_memcached,
            Engine::Redis => self.minimum_redis,
            Engine::Valkey => self.minimum_valkey,
        }
    }

    /// Whether the engine version runs on the type, for a new cluster or an old one.
    pub fn supports(&self, version: &EngineVersion) -> bool {
        self.minimum_version(version.engine)
            .is_some_and(|minimum| version.number >= minimum)
    }

    /// Whether the type has local disk besides memory, which only replication groups with data tiering may use.
    pub fn has_data_tiering(&self) -> bool {
        self.ssd_gib.is_some()
    }

    /// Whether a new cluster of that engine version may have the type.
    ///
    /// # Errors
    /// A type of a previous generation, or one that the engine version does not run on. No recorded answer of
    /// the service is at hand for either, so the words are ours and the codes the documented ones.
    pub fn may_be_created(&self, version: &EngineVersion) -> Result<(), Violation> {
        if self.generation == Generation::Previous {
            let message = format!(
                "The node type {} is of a previous generation and is not available for new clusters.",
                self.name
            );
            return Err(Violation::value(message));
        }
        if !self.supports(version) {
            let needs = match self.minimum_version(version.engine) {
                Some(minimum) => format!("it needs {minimum} or later"),
                None => format!("it is not offered for {}", version.engine),
            };
            let message = format!(
                "The node type {} does not support {} {}: {needs}.",
                self.name, version.engine, version.version
            );
            return Err(Violation::combination(message));
        }
        Ok(())
    }
}

/// The types that a node may be changed to, by type only: whether its data fits is asked when the change is.
///
/// Up: offered types with more memory, none of older hardware. Down: types with less memory, older hardware
/// included (both as recorded for r5.xlarge). Types with data tiering stay among themselves. The same for Memcached:
/// its recorded answer was an empty list, but it is older than vertical scaling of Memcached.
pub fn allowed_modifications(current: &NodeType, version: &EngineVersion) -> AllowedModifications {
    let reachable = || {
        NODE_TYPES.iter().filter(|candidate| {
            candidate.supports(version)
                && candidate.has_data_tiering() == current.has_data_tiering()
        })
    };
    let scale_up = reachable()
        .filter(|candidate| candidate.memory_gib > current.memory_gib)
        .filter(|candidate| candidate.generation != Generation::Previous)
        .filter(|candidate| !candidate.hardware.is_older_than(current.hardware));
    let scale_down = reachable()
        .filter(|candidate| candidate.memory_gib < current.memory_gib)
        .filter(|candidate| !NEVER_LISTED_FAMILIES.contains(&candidate.family));
    AllowedModifications {
        scale_up: scale_up.map(|row| row.name).collect(),
        scale_down: scale_down.map(|row| row.name).collect(),
    }
}

/// Older than private networks; absent from the recorded answer although they have less memory.
const NEVER_LISTED_FAMILIES: [&str; 4] = ["t1", "m1", "m2", "c1"];

#[cfg(test)]
mod tests {
    use super::super::engine;
    use super::*;

    fn version(engine: Engine, name: &str) -> &'static EngineVersion {
        engine::find(engine, name).expect(name)
    }

    fn row(name: &str) -> &'static NodeType {
        find(name).expect(name)
    }

    #[test]
    fn every_row_is_found_by_its_name() {
        assert_eq!(node_types().len(), 112);
        for expected in node_types() {
            assert_eq!(find(expected.name), Some(expected));
        }
        assert_eq!(find("cache.m9z.large"), None);
        assert_eq!(row("cache.t3.small").maxclients, 46_000);
        assert_eq!(row("cache.r6g.large").maxclients, 65_000);
        assert_eq!(row("cache.t3.micro").maxmemory_bytes, 536_870_912);
        assert_eq!(row("cache.t3.micro").max_cache_memory_mb, Some(512));
    }

    #[test]
    fn new_clusters_have_types_that_their_engine_runs_on() {
        let check = |name: &str, engine, requested: &str, expected: Result<(), Violation>| {
            let outcome = row(name).may_be_created(version(engine, requested));
            assert_eq!(outcome, expected, "{name} {engine} {requested}");
        };
        check("cache.t3.micro", Engine::Redis, "7.1", Ok(()));
        check("cache.t2.micro", Engine::Memcached, "1.6.22", Ok(()));
        check("cache.m6g.large", Engine::Redis, "5.0.6", Ok(()));
        check(
            "cache.m3.large",
            Engine::Redis,
            "7.1",
            Err(Violation::InvalidParameterValue(
                "The node type cache.m3.large is of a previous generation and is not available for new clusters."
                    .into(),
            )),
        );
        check(
            "cache.m6g.large",
            Engine::Redis,
            "5.0.5",
            Err(Violation::InvalidParameterCombination(
                "The node type cache.m6g.large does not support redis 5.0.5: it needs 5.0.6 or later.".into(),
            )),
        );
        check(
            "cache.r6gd.xlarge",
            Engine::Memcached,
            "1.6.22",
            Err(Violation::InvalidParameterCombination(
                "The node type cache.r6gd.xlarge does not support memcached 1.6.22: it is not offered for memcached."
                    .into(),
            )),
        );
    }

    /// The recorded answer for r5.xlarge is older than the Arm types and lists no r3 or m3 upwards.
    #[test]
    fn modifications_are_those_recorded() {
        let allowed =
            allowed_modifications(row("cache.r5.xlarge"), version(Engine::Redis, "5.0.5"));
        assert_eq!(
            allowed.scale_up,
            [
                "cache.m5.12xlarge",
                "cache.m5.24xlarge",
                "cache.m5.4xlarge",
                "cache.r5.12xlarge",
                "cache.r5.24xlarge",
                "cache.r5.2xlarge",
                "cache.r5.4xlarge",
            ]
        );
        assert_eq!(
            allowed.scale_down,
            [
                "cache.m3.large",
                "cache.m3.medium",
                "cache.m3.xlarge",
                "cache.m4.large",
                "cache.m4.xlarge",
                "cache.m5.2xlarge",
                "cache.m5.large",
                "cache.m5.xlarge",
                "cache.r3.large",
                "cache.r4.large",
                "cache.r4.xlarge",
                "cache.r5.large",
                "cache.t2.medium",
                "cache.t2.micro",
                "cache.t2.small",
                "cache.t3.medium",
                "cache.t3.micro",
                "cache.t3.small",
            ]
        );
    }

    #[test]
    fn modifications_keep_their_bounds() {
        let redis = version(Engine::Redis, "7.1");
        let tiered = allowed_modifications(row("cache.r6gd.2xlarge"), redis);
        assert!(
            tiered
                .scale_up
                .iter()
                .chain(&tiered.scale_down)
                .all(|name| name.starts_with("cache.r6gd."))
        );
        let arm = allowed_modifications(row("cache.m6g.large"), redis);
        assert!(
            arm.scale_up.contains(&"cache.r5.large") && arm.scale_up.contains(&"cache.r7g.large")
        );
        assert!(
            !arm.scale_up
                .iter()
                .any(|name| name.starts_with("cache.r6gd."))
        );
        let newer = allowed_modifications(row("cache.m7g.large"), redis);
        assert!(
            !newer.scale_up.contains(&"cache.m6g.xlarge")
                && newer.scale_up.contains(&"cache.m7g.xlarge")
        );
        for current in node_types() {
            let allowed = allowed_modifications(current, redis);
            assert!(
                !allowed.scale_up.contains(&current.name)
                    && !allowed.scale_down.contains(&current.name)
            );
            assert!(allowed.scale_up.is_sorted() && allowed.scale_down.is_sorted());
        }
    }
}
