//! The slow log of a Redis or Valkey node.

use ::redis::Value;

use super::super::observe::{SlowLog, SlowLogEntry};
use super::super::{EngineError, NodeEndpoint};
use super::kept::Connections;
use super::{command, exactly, read as text_of};

/// The newest entries, and which process counts them: both from the same connection, so from the same process.
pub(in super::super) async fn read(
    connections: &Connections,
    node: &NodeEndpoint,
    entries_max: usize,
) -> Result<SlowLog, EngineError> {
    let count = entries_max.to_string();
    let questions = || {
        vec![
            command(&["INFO", "server"]),
            command(&["SLOWLOG", "GET", &count]),
        ]
    };
    let [server, entries] = exactly(node, connections.ask(node, questions).await?)?;
    let server: String = text_of(node, server)?;
    let run = server.lines().find_map(|line| line.strip_prefix("run_id:"));
    let run = run.ok_or_else(|| node.refused("INFO server has no run_id"))?;
    let Value::Array(entries) = entries else {
        return Err(node.refused("SLOWLOG GET does not answer with a list"));
    };
    // The newest stands first.
    let entries = entries.into_iter().rev().filter_map(entry).collect();
    Ok(SlowLog {
        run: run.trim().to_owned(),
        entries,
    })
}

/// Number, time, duration, words, and since 4.0 address and name of the client.
fn entry(value: Value) -> Option<SlowLogEntry> {
    let Value::Array(fields) = value else {
        return None;
    };
    let mut fields = fields.into_iter();
    let mut number = || match fields.next() {
        Some(Value::Int(number)) => Some(number),
        _ => None,
    };
    let (id, at_seconds, duration_micros) = (number()?, number()?, number()?);
    let words = match fields.next() {
        Some(Value::Array(words)) => words.into_iter().map(text).collect(),
        _ => return None,
    };
    let mut rest = || fields.next().map(text).unwrap_or_default();
    Some(SlowLogEntry {
        id,
        at_seconds,
        duration_micros,
        words,
        client_address: rest(),
        client_name: rest(),
    })
}

fn text(value: Value) -> String {
    match value {
        Value::BulkString(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Value::SimpleString(text) => text,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_as_engines_write_them() {
        let bytes = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let value = Value::Array(vec![
            Value::Int(7),
            Value::Int(1_605_631_822),
            Value::Int(20_100),
            Value::Array(vec![bytes("GET"), Value::BulkString(vec![0xff])]),
            bytes("192.0.2.1:500"),
            bytes("me"),
        ]);
        let read = entry(value).unwrap();
        assert_eq!((read.id, read.duration_micros), (7, 20_100));
        assert_eq!(read.words, ["GET", "\u{fffd}"]);
        assert_eq!(
            (&*read.client_address, &*read.client_name),
            ("192.0.2.1:500", "me")
        );
        assert_eq!(entry(Value::Array(vec![Value::Int(7)])), None);
    }
}
