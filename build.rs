//! Turns the tables of `facts/` into static Rust tables.
//!
//! The facts are JSON because people correct them and other programs check them; the program wants them as
//! `static` data, without a parser and without a start-up cost. One file per module of `src/resources` is
//! written to `OUT_DIR`, and included there; the struct definitions, with their documentation, are in the module.
//! A fact of an unexpected shape stops the build and names itself.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use serde_json::Value;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // They are built into the program by a macro, which cargo cannot see.
    println!("cargo::rerun-if-changed=migrations");
    let engines = facts("facts/engine_versions.json");
    let node_types = facts("facts/node_types.json");
    let parameters = facts("facts/parameters.json");
    write("engine_versions.rs", &engine_versions(&engines));
    write("node_types.rs", &node_type_rows(&node_types, &parameters));
    write("parameters.rs", &parameter_tables(&parameters));
}

fn facts(path: &str) -> Value {
    println!("cargo::rerun-if-changed={path}");
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("read {path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("parse {path}: {error}"))
}

fn write(name: &str, source: &str) {
    let out_dir = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let path = Path::new(&out_dir).join(name);
    fs::write(&path, source).unwrap_or_else(|error| panic!("write {}: {error}", path.display()));
}

// ---- engine versions -------------------------------------------------------------------------------------

/// Rows in the order of `DescribeCacheEngineVersions`: by engine name, then by version as a plain string.
fn engine_versions(facts: &Value) -> String {
    let mut rows: Vec<&Value> = Vec::new();
    let mut defaults = String::new();
    for (name, engine) in sorted_object(&facts["engines"]) {
        rows.extend(array(&engine["versions"]));
        let (version, port) = (
            text(&engine["default_version"]),
            number(&engine["default_port"]),
        );
        let engine = engine_variant(name);
        writeln!(
            defaults,
            "    EngineDefaults {{ engine: {engine}, version: {version:?}, port: {port} }},"
        )
        .unwrap();
    }
    rows.sort_by_key(|row| (text(&row["engine"]), text(&row["engine_version"])));

    let mut out = format!("static DEFAULTS: &[EngineDefaults] = &[\n{defaults}];\n\n");
    out.push_str("static VERSIONS: &[EngineVersion] = &[\n");
    for row in &rows {
        let (engine, version) = (text(&row["engine"]), text(&row["engine_version"]));
        let status = text(&row["status"]);
        writeln!(
            out,
            "    EngineVersion {{ engine: {}, version: {version:?}, family: {:?}, engine_description: {:?}, \
             version_description: {:?}, reported_version: {:?}, number: {}, image: {:?}, status: {status:?}, \
             may_be_created: {}, upgrades: &[{}] }},",
            engine_variant(engine),
            text(&row["family"]),
            text(&row["cache_engine_description"]),
            text(&row["cache_engine_version_description"]),
            text(&row["cluster_reported_version"]),
            version_number(text(&row["cluster_reported_version"])),
            text(&row["image"]),
            !status.starts_with("past end of life"),
            upgrade_paths(&facts["upgrade_paths"][engine][version]),
        )
        .unwrap();
    }
    out.push_str("];\n");
    out
}

fn upgrade_paths(paths: &Value) -> String {
    let mut out = String::new();
    for path in array(paths) {
        let condition = match path.get("only_if").map(text) {
            None => "None",
            Some("replication group") => "Some(UpgradeCondition::ReplicationGroup)",
            Some("users and user groups are engine redis") => {
                "Some(UpgradeCondition::UsersAreRedis)"
            }
            Some("group not encrypted (?)") => "Some(UpgradeCondition::NotEncrypted)",
            Some(other) => {
                panic!("upgrade_paths: condition {other:?} has no variant of UpgradeCondition")
            }
        };
        write!(
            out,
            "UpgradePath {{ engine: {}, version: {:?}, condition: {condition} }}, ",
            engine_variant(text(&path["engine"])),
            text(&path["engine_version"]),
        )
        .unwrap();
    }
    out
}

fn engine_variant(name: &str) -> &'static str {
    match name {
        "memcached" => "Engine::Memcached",
        "redis" => "Engine::Redis",
        "valkey" => "Engine::Valkey",
        other => panic!("engine {other:?} has no variant of Engine"),
    }
}

/// `6.2.6`, and `6.2` as `6.2.0`.
fn version_number(version: &str) -> String {
    let mut parts = [0_u32; 3];
    for (index, part) in version.split('.').enumerate() {
        assert!(
            index < parts.len(),
            "version {version:?} has more than three parts"
        );
        parts[index] = part
            .parse()
            .unwrap_or_else(|_| panic!("version {version:?} is not numeric"));
    }
    format!(
        "VersionNumber {{ major: {}, minor: {}, patch: {} }}",
        parts[0], parts[1], parts[2]
    )
}

// ---- node types ------------------------------------------------------------------------------------------

/// Rows sorted by name as a plain string, the order in which the service lists node types.
fn node_type_rows(facts: &Value, parameters: &Value) -> String {
    let connections = &parameters["maxclients_by_node_type"];
    let mut out = String::from("static NODE_TYPES: &[NodeType] = &[\n");
    for (name, row) in sorted_object(&facts["types"]) {
        let generation = match text(&row["generation"]) {
            "current" => "Generation::Current",
            "previous" => "Generation::Previous",
            closing if closing.starts_with("previous (since 2026") => "Generation::Closing",
            other => panic!("{name}: generation {other:?} has no variant of Generation"),
        };
        let hardware = match text(&row["hardware"]) {
            "xen" => "Hardware::Xen",
            "nitro x86" => "Hardware::NitroX86",
            "nitro graviton2" => "Hardware::Graviton(2)",
            "nitro graviton3" => "Hardware::Graviton(3)",
            "nitro graviton4" => "Hardware::Graviton(4)",
            other => panic!("{name}: hardware {other:?} has no variant of Hardware"),
        };
        let minimum = |engine: &str| match row["engines_min_version"].get(engine) {
            Some(version) => format!("Some({})", version_number(text(version))),
            None => "None".to_owned(),
        };
        let limitations = row.get("limitations").map(array).unwrap_or_default();
        writeln!(
            out,
            "    NodeType {{ name: {name:?}, family: {:?}, size: {:?}, class: {:?}, generation: {generation}, \
             hardware: {hardware}, vcpu: {}, memory_gib: {:?}, minimum_memcached: {}, minimum_redis: {}, \
             minimum_valkey: {}, maxmemory_bytes: {}, max_cache_memory_mb: {}, memcached_threads: {}, \
             maxclients: {}, network_class: {:?}, ssd_gib: {}, limitations: &{:?} }},",
            text(&row["family"]),
            text(&row["size"]),
            text(&row["class"]),
            number(&row["vcpu"]),
            float(&row["memory_gib"]),
            minimum("memcached"),
            minimum("redis"),
            minimum("valkey"),
            number(&row["maxmemory"]),
            optional_number(&row["max_cache_memory_mb"]),
            optional_number(&row["memcached_threads"]),
            number(connections.get(name).unwrap_or(&connections["default"])),
            text(&row["network_class"]),
            row.get("ssd_gib").map_or("None".to_owned(), |gib| format!("Some({:?})", float(gib))),
            limitations.iter().map(text).collect::<Vec<_>>(),
        )
        .unwrap();
    }
    out.push_str("];\n");
    out
}

// ---- parameters ------------------------------------------------------------------------------------------

/// Families sorted by name; inside a family the order of the facts, which is the order of the service's answers.
fn parameter_tables(facts: &Value) -> String {
    let mut out = String::from("static FAMILIES: &[Family] = &[\n");
    for (name, family) in sorted_object(&facts["families"]) {
        writeln!(
            out,
            "    Family {{ name: {name:?}, engine: {}, default_groups: &[{}], parameters: &[",
            engine_variant(text(&family["engine"])),
            default_groups(&family["default_parameter_groups"]),
        )
        .unwrap();
        for parameter in array(&family["parameters"]) {
            writeln!(out, "        {},", parameter_row(parameter)).unwrap();
        }
        out.push_str("    ], node_type_parameters: &[\n");
        for parameter in family
            .get("node_type_specific_parameters")
            .map(array)
            .unwrap_or_default()
        {
            writeln!(out, "        {},", node_type_parameter_row(parameter)).unwrap();
        }
        out.push_str("    ] },\n");
    }
    out.push_str("];\n\n");
    for (table, values) in sorted_object(&facts["node_type_values"]) {
        writeln!(out, "static {}: &[(&str, u64)] = &[", table.to_uppercase()).unwrap();
        for (node_type, value) in sorted_object(values) {
            writeln!(out, "    ({node_type:?}, {}),", number(value)).unwrap();
        }
        out.push_str("];\n\n");
    }
    let renames: Vec<&str> = array(&facts["rename_commands_allowed"])
        .iter()
        .map(text)
        .collect();
    writeln!(
        out,
        "static RENAME_COMMANDS_ALLOWED: &[&str] = &{renames:?};"
    )
    .unwrap();
    out
}

fn default_groups(groups: &Value) -> String {
    let mut out = String::new();
    for group in array(groups) {
        let mut overrides = String::new();
        for (name, value) in group
            .get("overrides")
            .map(sorted_object)
            .unwrap_or_default()
        {
            write!(overrides, "({name:?}, {:?}), ", text(value)).unwrap();
        }
        write!(
            out,
            "DefaultGroup {{ name: {:?}, description: {:?}, cluster_enabled: {}, overrides: &[{overrides}] }}, ",
            text(&group["name"]),
            text(&group["description"]),
            text(&group["cluster_enabled"]) == "yes",
        )
        .unwrap();
    }
    out
}

fn parameter_row(parameter: &Value) -> String {
    format!(
        "Parameter {{ name: {:?}, default: {:?}, {}, former_name: {:?}, modifiable_when: {:?} }}",
        text(&parameter["name"]),
        optional_text(&parameter["default"]),
        shared_parameter_fields(parameter),
        optional_text(&parameter["former_name"]),
        optional_text(&parameter["modifiable_when"]),
    )
}

fn node_type_parameter_row(parameter: &Value) -> String {
    let table = text(&parameter["values"]);
    let table = table
        .strip_prefix("node_type_values.")
        .unwrap_or_else(|| panic!("values names {table:?}"));
    format!(
        "NodeTypeParameter {{ name: {:?}, values: {}, {} }}",
        text(&parameter["name"]),
        table.to_uppercase(),
        shared_parameter_fields(parameter),
    )
}

fn shared_parameter_fields(parameter: &Value) -> String {
    let change_type = match text(&parameter["change_type"]) {
        "immediate" => "ChangeType::Immediate",
        "requires-reboot" => "ChangeType::RequiresReboot",
        other => panic!("change_type {other:?} has no variant of ChangeType"),
    };
    let minimum = text(&parameter["minimum_engine_version"]);
    format!(
        "data_type: {:?}, allowed_values: {:?}, is_modifiable: {}, change_type: {change_type}, \
         minimum_engine_version: {minimum:?}, minimum_number: {}, description: {:?}, source: {:?}",
        text(&parameter["data_type"]),
        optional_text(&parameter["allowed_values"]),
        parameter["is_modifiable"]
            .as_bool()
            .expect("is_modifiable is a boolean"),
        version_number(minimum),
        text(&parameter["description"]),
        text(&parameter["source"]),
    )
}

// ---- JSON, insisted upon ---------------------------------------------------------------------------------

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("a string was expected, not {value}"))
}

fn optional_text(value: &Value) -> Option<&str> {
    if value.is_null() {
        None
    } else {
        Some(text(value))
    }
}

fn number(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("a whole number was expected, not {value}"))
}

fn optional_number(value: &Value) -> String {
    if value.is_null() {
        "None".to_owned()
    } else {
        format!("Some({})", number(value))
    }
}

fn float(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("a number was expected, not {value}"))
}

fn array(value: &Value) -> &[Value] {
    value
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_else(|| panic!("a list was expected, not {value}"))
}

fn sorted_object(value: &Value) -> Vec<(&str, &Value)> {
    let object = value
        .as_object()
        .unwrap_or_else(|| panic!("an object was expected, not {value}"));
    let mut entries: Vec<(&str, &Value)> = object
        .iter()
        .map(|(name, value)| (name.as_str(), value))
        .collect();
    entries.sort_by_key(|(name, _)| *name);
    entries
}
