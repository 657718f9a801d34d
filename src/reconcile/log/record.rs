//! How lines are delivered (behaviour.md section 34).

use serde_json::json;

use crate::engine::observe::SlowLogEntry;
use crate::resources::log_delivery::LogFormat;

/// Whose line it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    /// The cache cluster.
    pub(super) cache_cluster_id: &'a str,
    /// Its node.
    pub(super) cache_node_id: &'a str,
}

/// A command that took long.
pub(super) fn slow(source: Source<'_>, entry: &SlowLogEntry, format: LogFormat) -> String {
    let Source {
        cache_cluster_id,
        cache_node_id,
    } = source;
    let command = command(&entry.words);
    match format {
        LogFormat::Json => json!({
            "CacheClusterId": cache_cluster_id,
            "CacheNodeId": cache_node_id,
            "Id": entry.id,
            "Timestamp": entry.at_seconds,
            "Duration (us)": entry.duration_micros,
            "Command": command,
            "ClientAddress": entry.client_address,
            "ClientName": entry.client_name,
        })
        .to_string(),
        LogFormat::Text => format!(
            "{cache_cluster_id},{cache_node_id},{},{},{command},{},{}",
            entry.at_seconds, entry.duration_micros, entry.client_address, entry.client_name
        ),
    }
}

/// A command without what it was about: `GET ... (1 more arguments)`.
fn command(words: &[String]) -> String {
    let Some((name, arguments)) = words.split_first() else {
        return String::new();
    };
    // Where there are many the engine keeps the first of them, and says how many more there were.
    let unkept = arguments.last().and_then(|last| {
        let count = last
            .strip_prefix("... (")?
            .strip_suffix(" more arguments)")?;
        count.parse::<usize>().ok()
    });
    let count = match unkept {
        Some(more) => arguments.len() - 1 + more,
        None => arguments.len(),
    };
    match count {
        0 => name.clone(),
        count => format!("{name} ... ({count} more arguments)"),
    }
}

/// What an engine's line says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heading {
    role: char,
    sign: char,
    time: String,
}

impl Heading {
    /// Of a line that has none of its own and follows none that has.
    pub(super) fn unknown() -> Self {
        Self {
            role: 'M',
            sign: '*',
            time: String::new(),
        }
    }
}

/// Takes `1:M 12 Nov 2020 01:28:57.994 * Message` apart; none of a line that is written otherwise, as reports of crashes are.
pub(super) fn heading(line: &str) -> Option<(Heading, &str)> {
    let (process, rest) = line.split_once(':')?;
    let is_number = !process.is_empty() && process.bytes().all(|b| b.is_ascii_digit());
    let role = rest.chars().next().filter(|role| "MSCX".contains(*role))?;
    let rest = rest.strip_prefix(role)?.strip_prefix(' ')?;
    let mut ends = rest.match_indices(' ').map(|(at, _)| at);
    let end = ends.nth(3)?;
    let (time, rest) = (&rest[..end], &rest[end + 1..]);
    let sign = rest.chars().next().filter(|sign| ".-*#".contains(*sign))?;
    let message = rest.strip_prefix(sign)?.trim_start();
    is_number.then(|| {
        let heading = Heading {
            role,
            sign,
            time: format!("{time} UTC"),
        };
        (heading, message)
    })
}

/// Whether a line is the front's, which writes where its engine does; none of that is the engine's log.
pub(super) fn is_of_front(line: &str) -> bool {
    line.starts_with(r#"{"timestamp":"#) && line.contains(r#""target":"cacheplane_router::"#)
}

/// A line of an engine.
pub(super) fn engine(
    source: Source<'_>,
    heading: &Heading,
    message: &str,
    format: LogFormat,
) -> String {
    let Source {
        cache_cluster_id,
        cache_node_id,
    } = source;
    let Heading { role, sign, time } = heading;
    match format {
        LogFormat::Json => json!({
            "CacheClusterId": cache_cluster_id,
            "CacheNodeId": cache_node_id,
            "LogLevel": level(*sign),
            "Role": role.to_string(),
            "Time": time,
            "Message": message,
        })
        .to_string(),
        LogFormat::Text => {
            format!("{cache_cluster_id}/{cache_node_id}:{role} {time} {sign} {message}")
        }
    }
}

fn level(sign: char) -> &'static str {
    match sign {
        '.' => "DEBUG",
        '-' => "VERBOSE",
        '#' => "WARNING",
        _ => "NOTICE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: Source<'_> = Source {
        cache_cluster_id: "ant-001",
        cache_node_id: "0001",
    };

    fn words(all: &[&str]) -> Vec<String> {
        all.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn no_value_of_a_customer_is_told() {
        assert_eq!(command(&words(&["PING"])), "PING");
        assert_eq!(
            command(&words(&["GET", "secret"])),
            "GET ... (1 more arguments)"
        );
        let cut = words(&["RPUSH", "k", "v", "... (97 more arguments)"]);
        assert_eq!(command(&cut), "RPUSH ... (99 more arguments)");
        assert_eq!(command(&[]), "");
    }

    #[test]
    fn a_slow_command_has_awss_fields() {
        let entry = SlowLogEntry {
            id: 296,
            at_seconds: 1_605_631_822,
            duration_micros: 20,
            words: words(&["GET", "k"]),
            client_address: "192.168.12.104:55452".to_owned(),
            client_name: "me, \"myself\"".to_owned(),
        };
        let text = slow(SOURCE, &entry, LogFormat::Text);
        assert_eq!(
            text,
            "ant-001,0001,1605631822,20,GET ... (1 more arguments),192.168.12.104:55452,me, \"myself\""
        );
        let value: serde_json::Value =
            serde_json::from_str(&slow(SOURCE, &entry, LogFormat::Json)).unwrap();
        assert_eq!(
            value,
            json!({
                "CacheClusterId": "ant-001",
                "CacheNodeId": "0001",
                "Id": 296,
                "Timestamp": 1_605_631_822,
                "Duration (us)": 20,
                "Command": "GET ... (1 more arguments)",
                "ClientAddress": "192.168.12.104:55452",
                "ClientName": "me, \"myself\"",
            })
        );
    }

    #[test]
    fn a_line_of_an_engine_is_taken_apart() {
        let line = "1:M 12 Nov 2020 01:28:57.994 * Ready to accept connections";
        let (found, message) = heading(line).unwrap();
        assert_eq!(
            engine(SOURCE, &found, message, LogFormat::Text),
            "ant-001/0001:M 12 Nov 2020 01:28:57.994 UTC * Ready to accept connections"
        );
        let value: serde_json::Value =
            serde_json::from_str(&engine(SOURCE, &found, message, LogFormat::Json)).unwrap();
        assert_eq!(
            value,
            json!({
                "CacheClusterId": "ant-001",
                "CacheNodeId": "0001",
                "LogLevel": "NOTICE",
                "Role": "M",
                "Time": "12 Nov 2020 01:28:57.994 UTC",
                "Message": "Ready to accept connections",
            })
        );
        for (sign, word) in [
            ('.', "DEBUG"),
            ('-', "VERBOSE"),
            ('*', "NOTICE"),
            ('#', "WARNING"),
        ] {
            let line = format!("7:S 12 Nov 2020 01:28:57.994 {sign} m");
            let (found, _) = heading(&line).unwrap();
            assert_eq!(level(found.sign), word);
        }
        for other in [
            "",
            "------ STACK TRACE ------",
            "1:M 12 Nov 2020",
            "1:Q 12 Nov 2020 01:28:57.994 * x",
            "x:M 12 Nov 2020 01:28:57.994 * x",
            "1:M 12 Nov 2020 01:28:57.994 ? x",
        ] {
            assert_eq!(heading(other), None, "{other}");
        }
    }
}
