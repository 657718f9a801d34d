//! Cache parameter group families: their parameters, default values and built-in groups.
//!
//! The tables come from `facts/parameters.json` at build time. A parameter has the value that a group gives it, else
//! the one that the node type gives it, else the family's; some have none at all and are then not set on the engine.
//! What an engine is really started with is another matter: `engine_settings`.

pub mod allowed;

use super::engine::{Engine, VersionNumber};
use super::node_type::NodeType;

include!(concat!(env!("OUT_DIR"), "/parameters.rs"));

/// A parameter group family, for the engine versions that share one set of parameters.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// `CacheParameterGroupFamily`: `redis7`.
    pub name: &'static str,
    /// The engine that it is of.
    pub engine: Engine,
    /// The built-in groups: one, or one more with cluster mode on.
    pub default_groups: &'static [DefaultGroup],
    /// Parameters with one value, in the order of `DescribeEngineDefaultParameters`.
    pub parameters: &'static [Parameter],
    /// Parameters with a value for each node type.
    pub node_type_parameters: &'static [NodeTypeParameter],
}

/// A parameter of a family, as `Parameter` of the API describes it.
#[derive(Debug, PartialEq, Eq)]
pub struct Parameter {
    /// `ParameterName`.
    pub name: &'static str,
    /// `ParameterValue`; `None` where the element is absent and nothing is set on the engine.
    pub default: Option<&'static str>,
    /// `DataType`.
    pub data_type: &'static str,
    /// `AllowedValues`: `a-b`, `a-`, `-` (any whole number), or alternatives with commas.
    pub allowed_values: Option<&'static str>,
    /// `IsModifiable`; `modifiable_when` has what the service does beyond it.
    pub is_modifiable: bool,
    /// `ChangeType`.
    pub change_type: ChangeType,
    /// `MinimumEngineVersion`.
    pub minimum_engine_version: &'static str,
    /// `minimum_engine_version` as numbers.
    pub minimum_number: VersionNumber,
    /// `Description`.
    pub description: &'static str,
    /// `Source`.
    pub source: &'static str,
    /// Its name in older families.
    pub former_name: Option<&'static str>,
    /// When `is_modifiable` does not say it all, the rest in words.
    pub modifiable_when: Option<&'static str>,
}

/// A parameter that the node type decides, as `CacheNodeTypeSpecificParameter` describes it.
#[derive(Debug, PartialEq, Eq)]
pub struct NodeTypeParameter {
    /// `ParameterName`.
    pub name: &'static str,
    /// Value by node type name, sorted by name.
    pub values: &'static [(&'static str, u64)],
    /// `DataType`.
    pub data_type: &'static str,
    /// `AllowedValues`.
    pub allowed_values: Option<&'static str>,
    /// `IsModifiable`.
    pub is_modifiable: bool,
    /// `ChangeType`.
    pub change_type: ChangeType,
    /// `MinimumEngineVersion`.
    pub minimum_engine_version: &'static str,
    /// `minimum_engine_version` as numbers.
    pub minimum_number: VersionNumber,
    /// `Description`.
    pub description: &'static str,
    /// `Source`.
    pub source: &'static str,
}

/// When a changed value takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeType {
    /// On running engines.
    Immediate,
    /// When the node starts again.
    RequiresReboot,
}

impl ChangeType {
    /// The word of the API.
    pub const fn name(self) -> &'static str {
        match self {
            ChangeType::Immediate => "immediate",
            ChangeType::RequiresReboot => "requires-reboot",
        }
    }
}

/// A built-in parameter group.
#[derive(Debug, PartialEq, Eq)]
pub struct DefaultGroup {
    /// `CacheParameterGroupName`: `default.redis7.cluster.on`.
    pub name: &'static str,
    /// `Description`.
    pub description: &'static str,
    /// Whether clusters that use it have cluster mode enabled.
    pub cluster_enabled: bool,
    /// Values that differ from the family's.
    pub overrides: &'static [(&'static str, &'static str)],
}

/// Every family, sorted by name.
pub fn families() -> &'static [Family] {
    FAMILIES
}

/// The family of that name.
pub fn family(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name == name)
}

/// The built-in group for clusters of a family; `None` for an unknown family, or one without cluster mode.
pub fn default_group(family_name: &str, cluster_enabled: bool) -> Option<&'static DefaultGroup> {
    family(family_name)?
        .default_groups
        .iter()
        .find(|group| group.cluster_enabled == cluster_enabled)
}

/// The built-in group of that name, with its family.
pub fn find_default_group(name: &str) -> Option<(&'static Family, &'static DefaultGroup)> {
    let groups = |family: &'static Family| {
        family
            .default_groups
            .iter()
            .map(move |group| (family, group))
    };
    FAMILIES
        .iter()
        .flat_map(groups)
        .find(|(_, group)| group.name == name)
}

/// Commands that the parameter `rename-commands` may name, in capitals.
pub fn rename_commands_allowed() -> &'static [&'static str] {
    RENAME_COMMANDS_ALLOWED
}

impl Family {
    /// The parameter of that name.
    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters
            .iter()
            .find(|parameter| parameter.name == name)
    }
}

impl Parameter {
    /// Whether a running engine cannot take another value. For `rename-commands` AWS says otherwise; no engine renames a command
    /// while it runs.
    pub fn needs_start(&self) -> bool {
        self.change_type == ChangeType::RequiresReboot || self.name == "rename-commands"
    }

    /// Whether its value must be the same in the groups that a cache has one after the other, so that a group in use must keep it
    /// (section 19: a recorded refusal for `cluster-enabled`).
    pub fn is_fixed_in_use(&self) -> bool {
        matches!(self.name, "cluster-enabled" | "cluster-databases")
    }
}

impl NodeTypeParameter {
    /// The value for a node type; `None` where the type is not offered for the engine.
    pub fn value(&self, node_type: &NodeType) -> Option<u64> {
        let found = self
            .values
            .binary_search_by(|(name, _)| (*name).cmp(node_type.name));
        found.ok().map(|index| self.values[index].1)
    }
}

/// Every parameter of a family that has a value, with the value that a node of that type gets: the group's
/// (`overrides`, which for a built-in group is its `overrides`), the node type's, or the family's default.
/// Names that are not the family's are left out.
pub fn effective<'a>(
    family: &'static Family,
    overrides: &'a [(&'a str, &'a str)],
    node_type: &'a NodeType,
) -> impl Iterator<Item = (&'static str, String)> + 'a {
    let overridden = move |name: &str| {
        let found = overrides.iter().find(|(overridden, _)| *overridden == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let common = family.parameters.iter().filter_map(move |parameter| {
        let by_default = || match parameter.name {
            // The family says 65000; the smaller burstable types accept fewer.
            "maxclients" => Some(node_type.maxclients.to_string()),
            _ => parameter.default.map(str::to_owned),
        };
        overridden(parameter.name)
            .or_else(by_default)
            .map(|value| (parameter.name, value))
    });
    let by_node_type = family
        .node_type_parameters
        .iter()
        .filter_map(move |parameter| {
            let by_default = || parameter.value(node_type).map(|value| value.to_string());
            overridden(parameter.name)
                .or_else(by_default)
                .map(|value| (parameter.name, value))
        });
    common.chain(by_node_type)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::engine::{VersionFilter, versions};
    use super::super::node_type;
    use super::*;

    fn values(
        family_name: &str,
        overrides: &[(&str, &str)],
        node: &str,
    ) -> BTreeMap<&'static str, String> {
        let node = node_type::find(node).expect(node);
        effective(family(family_name).expect(family_name), overrides, node).collect()
    }

    #[test]
    fn every_version_has_a_family_with_a_default_group() {
        for version in versions(VersionFilter::default()) {
            let family = family(version.family).expect(version.family);
            assert_eq!(family.engine, version.engine);
            let group = default_group(version.family, false).expect(version.family);
            assert_eq!(group.name, format!("default.{}", version.family));
            assert_eq!(
                group.description,
                format!("Default parameter group for {}", version.family)
            );
            assert_eq!(find_default_group(group.name), Some((family, group)));
        }
        assert_eq!(families().len(), 13);
    }

    #[test]
    fn cluster_mode_has_a_group_of_its_own_from_redis_3_2_on() {
        let group = default_group("valkey8", true).unwrap();
        assert_eq!(group.name, "default.valkey8.cluster.on");
        assert_eq!(group.overrides, [("cluster-enabled", "yes")]);
        assert_eq!(default_group("redis2.8", true), None);
        assert_eq!(default_group("memcached1.6", true), None);
        assert_eq!(default_group("redis9", false), None);
        assert_eq!(find_default_group("default.redis9"), None);
    }

    #[test]
    fn a_value_comes_from_the_group_the_node_type_or_the_family() {
        let redis = values("redis7", &[], "cache.t3.small");
        assert_eq!(redis["maxmemory"], "1471026299");
        assert_eq!(redis["maxclients"], "46000");
        assert_eq!(redis["maxmemory-policy"], "volatile-lru");
        assert_eq!(
            redis.get("notify-keyspace-events"),
            None,
            "it has no default"
        );
        let own = [
            ("notify-keyspace-events", "Ex"),
            ("maxmemory-policy", "noeviction"),
            ("unknown", "1"),
        ];
        let redis = values("redis7", &own, "cache.r6g.large");
        assert_eq!(redis["notify-keyspace-events"], "Ex");
        assert_eq!(redis["maxmemory-policy"], "noeviction");
        assert_eq!(redis["maxclients"], "65000");
        assert_eq!(redis.get("unknown"), None);
        let clustered = values(
            "redis7",
            default_group("redis7", true).unwrap().overrides,
            "cache.r6g.large",
        );
        assert_eq!(clustered["cluster-enabled"], "yes");
        let memcached = values("memcached1.6", &[], "cache.t3.micro");
        assert_eq!(
            (&*memcached["max_cache_memory"], &*memcached["num_threads"]),
            ("512", "2")
        );
    }

    /// Two tables say the same thing; they must not drift apart.
    #[test]
    fn node_types_agree_with_the_parameter_tables() {
        for node in node_type::node_types() {
            let redis: BTreeMap<_, _> = effective(family("redis7").unwrap(), &[], node).collect();
            assert_eq!(
                redis["maxmemory"],
                node.maxmemory_bytes.to_string(),
                "{}",
                node.name
            );
            assert!(
                redis.contains_key("client-output-buffer-limit-replica-hard-limit"),
                "{}",
                node.name
            );
            let memcached: BTreeMap<_, _> =
                effective(family("memcached1.6").unwrap(), &[], node).collect();
            let memory = node.max_cache_memory_mb.map(|mb| mb.to_string());
            assert_eq!(
                memcached.get("max_cache_memory"),
                memory.as_ref(),
                "{}",
                node.name
            );
            let threads = node.memcached_threads.map(|threads| threads.to_string());
            assert_eq!(
                memcached.get("num_threads"),
                threads.as_ref(),
                "{}",
                node.name
            );
        }
    }
}
