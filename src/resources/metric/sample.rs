//! What a node had counted at one moment.

use std::collections::HashMap;

use super::super::timestamp::Timestamp;

/// A reading of a node and of its container.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// When it was read.
    pub taken_at: Timestamp,
    /// What the engine said; none if it did not answer.
    pub engine: Option<EngineSample>,
    /// What its container used; none if that is not known.
    pub host: Option<HostSample>,
}

/// What an engine said of itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EngineSample {
    /// Names its process: another one counts from zero.
    pub run: String,
    /// How long that has run, in seconds.
    pub uptime_seconds: f64,
    /// All its numbers, by the engine's own name.
    pub numbers: HashMap<String, f64>,
    /// Whether it says that it is a primary.
    pub is_primary: bool,
    /// Whether its link to its primary is up.
    pub link_up: bool,
    /// Keys, keys with a time to live, and the mean time to live of database 0 in milliseconds.
    pub keys: Keys,
    /// What came of each command, by the engine's own name.
    pub commands: HashMap<String, Calls>,
    /// Durations of calls in microseconds and how often each was there, by command; only lines that keep them have them.
    pub durations: HashMap<String, Vec<(f64, f64)>>,
}

/// How many keys a node holds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Keys {
    /// All, in every database.
    pub all: f64,
    /// Those with a time to live.
    pub volatile: f64,
    /// Mean time to live in database 0, in milliseconds.
    pub database_0_ttl_ms: f64,
}

/// Calls of one command.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Calls {
    /// How many.
    pub calls: f64,
    /// How long all together, in microseconds.
    pub microseconds: f64,
}

/// What a container used.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct HostSample {
    /// Processor time since its start, in seconds.
    pub cpu_seconds: f64,
    /// Memory in use without the page cache, in bytes.
    pub memory_bytes: f64,
    /// Most memory that it may use, in bytes; none if nothing bounds it.
    pub memory_limit_bytes: Option<f64>,
    /// Swap in use, in bytes.
    pub swap_bytes: f64,
    /// Received since its start, in bytes and packets.
    pub received: Traffic,
    /// Sent since its start, in bytes and packets.
    pub sent: Traffic,
}

/// What went through a network interface.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Traffic {
    /// Bytes.
    pub bytes: f64,
    /// Packets.
    pub packets: f64,
}

impl EngineSample {
    /// Reads what Redis and Valkey answer to `INFO ALL`. Lines that are of no use are passed over; none without a `run_id`.
    pub fn of_info(answer: &str) -> Option<Self> {
        let mut sample = Self::default();
        for line in answer.lines() {
            let Some((name, value)) = line.trim_end().split_once(':') else {
                continue;
            };
            match name {
                "run_id" => value.clone_into(&mut sample.run),
                "role" => sample.is_primary = value == "master",
                "master_link_status" => sample.link_up = value == "up",
                _ => sample.note(name, value),
            }
        }
        if sample.run.is_empty() {
            return None;
        }
        sample.uptime_seconds = sample.number("uptime_in_seconds");
        Some(sample)
    }

    fn note(&mut self, name: &str, value: &str) {
        if let Some(command) = name.strip_prefix("cmdstat_") {
            self.commands.insert(command.to_owned(), calls(value));
        } else if is_database(name) {
            self.keys.add(name, value);
        } else if let Ok(number) = value.parse() {
            self.numbers.insert(name.to_owned(), number);
        }
    }

    /// Reads what Memcached answers to `stats`: `STAT name value` lines. None without an uptime.
    pub fn of_stats(answer: &str) -> Option<Self> {
        let mut sample = Self::default();
        for line in answer.lines() {
            let statistic = line.trim_end().strip_prefix("STAT ");
            let pair = statistic.and_then(|statistic| statistic.split_once(' '));
            if let Some((name, value)) = pair
                && let Ok(number) = value.parse()
            {
                sample.numbers.insert(name.to_owned(), number);
            }
        }
        sample.uptime_seconds = *sample.numbers.get("uptime")?;
        Some(sample)
    }

    /// A number of the engine's, 0 if it has none of that name.
    pub fn number(&self, name: &str) -> f64 {
        self.numbers.get(name).copied().unwrap_or(0.0)
    }
}

/// `db0` and so on.
fn is_database(name: &str) -> bool {
    let digits = name.strip_prefix("db");
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

impl Keys {
    /// Adds a database: `keys=2,expires=1,avg_ttl=17,...`.
    fn add(&mut self, database: &str, line: &str) {
        for (name, value) in line.split(',').filter_map(|part| part.split_once('=')) {
            let Ok(value) = value.parse::<f64>() else {
                continue;
            };
            match name {
                "keys" => self.all += value,
                "expires" => self.volatile += value,
                "avg_ttl" if database == "db0" => self.database_0_ttl_ms = value,
                _ => {}
            }
        }
    }
}

/// Reads `calls=1,usec=2,...`.
fn calls(line: &str) -> Calls {
    let mut found = Calls::default();
    for (name, value) in line.split(',').filter_map(|part| part.split_once('=')) {
        match name {
            "calls" => found.calls = value.parse().unwrap_or(0.0),
            "usec" => found.microseconds = value.parse().unwrap_or(0.0),
            _ => {}
        }
    }
    found
}
