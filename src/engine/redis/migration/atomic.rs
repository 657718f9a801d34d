//! What `CLUSTER GETSLOTMIGRATIONS` says.

use std::collections::HashMap;

use ::redis::Value;

use super::super::super::cluster::{MigrationState, SlotMigration};
use crate::resources::slots::SlotRange;

/// Reads a list of flat maps; one that lacks something is passed over.
pub(super) fn read(answer: Value) -> Vec<SlotMigration> {
    match answer {
        Value::Array(migrations) => migrations.into_iter().filter_map(read_one).collect(),
        _ => Vec::new(),
    }
}

fn read_one(value: Value) -> Option<SlotMigration> {
    // A map's members in a row, or, were it asked for in the later protocol, in pairs.
    let fields: HashMap<String, String> = ::redis::from_redis_value(value).ok()?;
    let text = |name: &str| fields.get(name).map(String::as_str);
    let word = text("state")?;
    let state = match word {
        "success" => MigrationState::Succeeded,
        "failed" => MigrationState::Failed,
        "cancelled" | "canceled" => MigrationState::Cancelled,
        _ => MigrationState::Running,
    };
    let message = match text("message") {
        Some("") | None => word.to_owned(),
        Some(message) => format!("{word}: {message}"),
    };
    let ranges = text("slot_ranges")?.split(' ');
    Some(SlotMigration {
        name: text("name")?.to_owned(),
        is_import: text("operation")? == "IMPORT",
        slots: ranges
            .filter_map(|range| range.parse::<SlotRange>().ok())
            .collect(),
        source_id: text("source_node")?.to_owned(),
        target_id: text("target_node")?.to_owned(),
        state,
        message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    /// What Valkey 9.1 answered.
    fn captured(state: &str, message: &str) -> Value {
        let fields = [
            ("name", "17031a4a302d47e0061f5525fcf6472af387c7b3"),
            ("operation", "EXPORT"),
            ("slot_ranges", "0-100 200 300-301"),
            ("target_node", "78ef0589ff643d6c6e54066580207c33657194a3"),
            ("source_node", "8594e81627bcefb82658c310d6b625cf4c25b2c8"),
        ];
        let mut map: Vec<Value> = fields
            .iter()
            .flat_map(|(k, v)| [text(k), text(v)])
            .collect();
        map.extend([text("create_time"), Value::Int(1_795_318_894)]);
        map.extend([text("state"), text(state), text("message"), text(message)]);
        map.extend([text("cow_size"), Value::Int(0)]);
        Value::Array(map)
    }

    #[test]
    fn migrations_are_read_from_flat_maps() {
        let check = |state: &str, message: &str, expected: MigrationState, says: &str| {
            let found = read(Value::Array(vec![captured(state, message)]));
            let [found] = &found[..] else {
                panic!("{found:?}")
            };
            assert_eq!((found.state, found.message.as_str()), (expected, says));
            assert_eq!(found.slots.to_string(), "0-100,200,300-301");
            assert!(!found.is_import && found.target_id.starts_with("78ef"));
        };
        check("success", "", MigrationState::Succeeded, "success");
        check("failed", "why", MigrationState::Failed, "failed: why");
        check("cancelled", "", MigrationState::Cancelled, "cancelled");
        check(
            "waiting-to-snapshot",
            "",
            MigrationState::Running,
            "waiting-to-snapshot",
        );
    }

    #[test]
    fn other_answers_are_no_migrations() {
        for odd in [
            Value::Nil,
            text("x"),
            Value::Array(vec![
                Value::Nil,
                text("x"),
                Value::Array(vec![text("name")]),
            ]),
            Value::Array(vec![Value::Array(vec![
                Value::Array(vec![]),
                Value::Int(1),
            ])]),
        ] {
            assert_eq!(read(odd), vec![]);
        }
    }
}
