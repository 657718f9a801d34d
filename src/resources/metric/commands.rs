//! Which commands a command metric counts. A command may belong to several groups.
//!
//! Kinds of commands are the categories that the engines themselves give them (`facts/command_categories.txt`: what `ACL CAT` says,
//! of Redis 6.2 and 8.0 and Valkey 9.1 together).

use std::collections::HashMap;
use std::sync::LazyLock;

static CATEGORIES: LazyLock<HashMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    include_str!("../../../facts/command_categories.txt")
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            Some((words.next()?, words.collect()))
        })
        .collect()
});

/// Commands on a key of whatever type.
const KEY_COMMANDS: [&str; 29] = [
    "copy",
    "del",
    "delifeq",
    "dump",
    "exists",
    "expire",
    "expireat",
    "expiretime",
    "keys",
    "migrate",
    "move",
    "object",
    "persist",
    "pexpire",
    "pexpireat",
    "pexpiretime",
    "pttl",
    "randomkey",
    "rename",
    "renamenx",
    "restore",
    "restore-asking",
    "scan",
    "sort",
    "sort_ro",
    "touch",
    "ttl",
    "type",
    "unlink",
];

/// Of the search module, those that read and those that change.
const SEARCH_READ: [&str; 4] = ["ft.search", "ft.aggregate", "ft.info", "ft._list"];
const SEARCH_WRITE: [&str; 2] = ["ft.create", "ft.dropindex"];

/// What is known of commands of modules that no engine here has.
const JSON_READ: [&str; 12] = [
    "json.arrindex",
    "json.arrlen",
    "json.debug",
    "json.get",
    "json.mget",
    "json.objkeys",
    "json.objlen",
    "json.resp",
    "json.strlen",
    "json.type",
    "json.debug|memory",
    "json.debug|fields",
];

/// Whether a command changes data; none if it does neither that nor read them.
pub fn is_write(command: &str) -> Option<bool> {
    if command.starts_with("json.") {
        return Some(!JSON_READ.contains(&command));
    }
    if command.starts_with("bf.") {
        let reads = ["bf.card", "bf.exists", "bf.info", "bf.mexists"];
        return Some(!reads.contains(&command));
    }
    let categories = categories(command);
    if categories.contains(&"write") {
        return Some(true);
    }
    categories.contains(&"read").then_some(false)
}

fn categories(command: &str) -> &'static [&'static str] {
    let name = command.split('|').next().unwrap_or(command);
    let found = CATEGORIES.get(command).or_else(|| CATEGORIES.get(name));
    found.map_or(&[], Vec::as_slice)
}

/// The metrics that count `command`, as the engine names it in its statistics: lower case, a subcommand after `|`.
pub fn groups(command: &str) -> Vec<&'static str> {
    let name = command.split('|').next().unwrap_or(command);
    let mut groups = Vec::new();
    let categories = categories(command);
    let has = |category| categories.contains(&category);
    let mut count = |counts: bool, group: &'static str| {
        if counts {
            groups.push(group);
        }
    };
    let writes = is_write(command);
    let is_data = !matches!(
        name,
        "dbsize" | "flushall" | "flushdb" | "swapdb" | "function" | "cluster" | "clusterscan"
    );
    let is_cluster = matches!(
        name,
        "cluster" | "clusterscan" | "asking" | "readonly" | "readwrite"
    );
    count(is_cluster, "ClusterBasedCmds");
    let is_script = has("scripting") && !matches!(name, "function" | "script");
    count(is_script, "EvalBasedCmds");
    count(has("geo"), "GeoSpatialBasedCmds");
    count(is_data && writes == Some(false), "GetTypeCmds");
    count(is_data && writes == Some(true), "SetTypeCmds");
    count(has("hash"), "HashBasedCmds");
    count(has("hyperloglog"), "HyperLogLogBasedCmds");
    let is_json = name.starts_with("json.");
    count(is_json, "JsonBasedCmds");
    count(is_json && writes == Some(false), "JsonBasedGetCmds");
    count(is_json && writes == Some(true), "JsonBasedSetCmds");
    count(KEY_COMMANDS.contains(&name), "KeyBasedCmds");
    // SORT reads lists and sets, but is a command on keys of several types.
    let is_sort = matches!(name, "sort" | "sort_ro");
    count(has("list") && !is_sort, "ListBasedCmds");
    count(has("pubsub"), "PubSubBasedCmds");
    count(has("set") && !is_sort, "SetBasedCmds");
    count(has("sortedset") && !is_sort, "SortedSetBasedCmds");
    count(has("string") || has("bitmap"), "StringBasedCmds");
    count(has("stream"), "StreamBasedCmds");
    count(name.starts_with("bf."), "BloomFilterBasedCmds");
    count(name.starts_with("ft."), "SearchBasedCmds");
    count(SEARCH_READ.contains(&name), "SearchBasedGetCmds");
    count(SEARCH_WRITE.contains(&name), "SearchBasedSetCmds");
    let has_keys = (is_data && writes.is_some())
        || is_script
        || is_cluster
        || has("pubsub")
        || name.contains('.');
    count(!has_keys, "NonKeyTypeCmds");
    groups
}

/// All groups, in the order of the user guide.
pub const GROUPS: [(&str, &str); 22] = [
    ("ClusterBasedCmds", "ClusterBasedCmdsLatency"),
    ("EvalBasedCmds", "EvalBasedCmdsLatency"),
    ("GeoSpatialBasedCmds", "GeoSpatialBasedCmdsLatency"),
    ("GetTypeCmds", "GetTypeCmdsLatency"),
    ("SetTypeCmds", "SetTypeCmdsLatency"),
    ("HashBasedCmds", "HashBasedCmdsLatency"),
    ("HyperLogLogBasedCmds", "HyperLogLogBasedCmdsLatency"),
    ("JsonBasedCmds", "JsonBasedCmdsLatency"),
    ("JsonBasedGetCmds", "JsonBasedGetCmdsLatency"),
    ("JsonBasedSetCmds", "JsonBasedSetCmdsLatency"),
    ("KeyBasedCmds", "KeyBasedCmdsLatency"),
    ("ListBasedCmds", "ListBasedCmdsLatency"),
    ("NonKeyTypeCmds", "NonKeyTypeCmdsLatency"),
    ("PubSubBasedCmds", "PubSubBasedCmdsLatency"),
    ("SetBasedCmds", "SetBasedCmdsLatency"),
    ("SortedSetBasedCmds", "SortedSetBasedCmdsLatency"),
    ("StringBasedCmds", "StringBasedCmdsLatency"),
    ("StreamBasedCmds", "StreamBasedCmdsLatency"),
    ("BloomFilterBasedCmds", "BloomFilterBasedCmdsLatency"),
    ("SearchBasedCmds", "SearchBasedCmdsLatency"),
    ("SearchBasedGetCmds", "SearchBasedGetCmdsLatency"),
    ("SearchBasedSetCmds", "SearchBasedSetCmdsLatency"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_count_where_the_user_guide_says() {
        let check = |command: &str, expected: &[&str]| {
            let mut found = groups(command);
            found.sort_unstable();
            assert_eq!(found, expected, "{command}");
        };
        check("get", &["GetTypeCmds", "StringBasedCmds"]);
        check("set", &["SetTypeCmds", "StringBasedCmds"]);
        check("hset", &["HashBasedCmds", "SetTypeCmds"]);
        check("lrange", &["GetTypeCmds", "ListBasedCmds"]);
        check("blpop", &["ListBasedCmds", "SetTypeCmds"]);
        check("sadd", &["SetBasedCmds", "SetTypeCmds"]);
        check("zadd", &["SetTypeCmds", "SortedSetBasedCmds"]);
        check("bzpopmin", &["SetTypeCmds", "SortedSetBasedCmds"]);
        check("xinfo|stream", &["GetTypeCmds", "StreamBasedCmds"]);
        check("pfadd", &["HyperLogLogBasedCmds", "SetTypeCmds"]);
        check("geosearch", &["GeoSpatialBasedCmds", "GetTypeCmds"]);
        check("del", &["KeyBasedCmds", "SetTypeCmds"]);
        check("ttl", &["GetTypeCmds", "KeyBasedCmds"]);
        check("object|encoding", &["GetTypeCmds", "KeyBasedCmds"]);
        check("sort", &["KeyBasedCmds", "SetTypeCmds"]);
        check("getbit", &["GetTypeCmds", "StringBasedCmds"]);
        check("publish", &["PubSubBasedCmds"]);
        check("eval", &["EvalBasedCmds"]);
        check("cluster|slots", &["ClusterBasedCmds"]);
        for command in [
            "ping",
            "info",
            "dbsize",
            "acl|cat",
            "client|list",
            "config|get",
        ] {
            check(command, &["NonKeyTypeCmds"]);
        }
        check(
            "json.get",
            &["GetTypeCmds", "JsonBasedCmds", "JsonBasedGetCmds"],
        );
        check("bf.add", &["BloomFilterBasedCmds", "SetTypeCmds"]);
        check("ft.search", &["SearchBasedCmds", "SearchBasedGetCmds"]);
    }

    #[test]
    fn every_group_is_a_metric() {
        for (group, latency) in GROUPS {
            for name in [group, latency] {
                assert!(super::super::Metric::named(name).is_some(), "{name}");
            }
        }
        for command in CATEGORIES.keys() {
            for group in groups(command) {
                assert!(GROUPS.iter().any(|(known, _)| *known == group), "{group}");
            }
        }
    }
}
