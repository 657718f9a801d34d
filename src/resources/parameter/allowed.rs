//! Whether a value is one that a parameter may have.
//!
//! `AllowedValues` is written for people: ranges (`a-b`, `a-`, `-` for any whole number), alternatives with commas, and
//! alternatives of both kinds (`0,20-`). Where it is absent, the rule is the parameter's own.

use super::{Parameter, rename_commands_allowed};
use crate::resources::engine_settings::rename_pairs;

/// Longest value, in bytes; the longest lawful one renames every command once.
const VALUE_MAX: usize = 4096;

/// Letters of `notify-keyspace-events` (redis.io, keyspace notifications).
const KEYSPACE_EVENT_LETTERS: &str = "KEg$lshzxetdmnA";

/// Longest new name of a command, in bytes; ours, AWS names none.
const NEW_COMMAND_NAME_MAX: usize = 64;

/// What AWS lets customers rename and the control plane itself needs.
const COMMANDS_NEEDED: [&str; 1] = ["INFO"];

/// The reason why `parameter` may not have `value`; none where it may.
pub fn refusal(parameter: &Parameter, value: &str) -> Option<String> {
    let allowed = parameter.allowed_values;
    if value.len() > VALUE_MAX {
        return Some(format!("it has more than {VALUE_MAX} bytes"));
    }
    match (parameter.name, allowed) {
        ("rename-commands", _) => renames_refusal(value),
        ("notify-keyspace-events", _) => {
            let lawful = value.chars().all(|c| KEYSPACE_EVENT_LETTERS.contains(c));
            (!lawful).then(|| format!("its letters are those of {KEYSPACE_EVENT_LETTERS}"))
        }
        (_, None) => None,
        (_, Some(allowed)) => {
            let lawful = allowed
                .split(',')
                .any(|alternative| admits(alternative, parameter.data_type, value));
            (!lawful).then(|| format!("allowed values are {allowed}"))
        }
    }
}

/// One alternative of `AllowedValues`.
fn admits(alternative: &str, data_type: &str, value: &str) -> bool {
    match data_type {
        "integer" => integer(value).is_some_and(|number| is_in_range(alternative, number)),
        "float" => float(value).is_some_and(|number| {
            let bounds = alternative.split_once('-');
            let bound = |text: &str| text.parse::<f64>().ok();
            bounds.is_some_and(|(low, high)| {
                bound(low).is_none_or(|low| number >= low)
                    && bound(high).is_none_or(|high| number <= high)
            })
        }),
        // `boolean` is 0 or 1, listed like any other word.
        _ => alternative == value,
    }
}

/// A whole number as engines read it: no plus sign, no blanks.
fn integer(value: &str) -> Option<i64> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let lawful = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    lawful.then(|| value.parse().ok()).flatten()
}

fn float(value: &str) -> Option<f64> {
    let lawful = value
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    lawful.then(|| value.parse().ok()).flatten()
}

fn is_in_range(range: &str, number: i64) -> bool {
    if range == "-" {
        return true;
    }
    if let Some(single) = integer(range) {
        return number == single;
    }
    let Some((low, high)) = range.split_once('-') else {
        return false;
    };
    integer(low).is_some_and(|low| number >= low)
        && (high.is_empty() || integer(high).is_some_and(|high| number <= high))
}

/// Pairs of an old and a new name. A new name that is a command's keeps the engine from starting.
fn renames_refusal(value: &str) -> Option<String> {
    let words = value.split_whitespace().count();
    if !words.is_multiple_of(2) {
        return Some("it is a list of pairs of old and new names".to_owned());
    }
    let pairs = rename_pairs(value);
    let is_command = |name: &str| {
        let known = rename_commands_allowed();
        known.iter().any(|known| known.eq_ignore_ascii_case(name))
    };
    for (index, (from, to)) in pairs.iter().enumerate() {
        if COMMANDS_NEEDED
            .iter()
            .any(|needed| needed.eq_ignore_ascii_case(from))
        {
            return Some(format!("cacheplane itself needs the command {from}"));
        }
        if !is_command(from) {
            return Some(format!("the command {from} cannot be renamed"));
        }
        let lawful = to.len() <= NEW_COMMAND_NAME_MAX
            && to
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !lawful || is_command(to) {
            return Some(format!("{to} cannot be the new name of a command"));
        }
        let twice = pairs[..index].iter().any(|(other_from, other_to)| {
            other_from.eq_ignore_ascii_case(from) || other_to.eq_ignore_ascii_case(to)
        });
        if twice {
            return Some(format!("{from} and {to} may each be named once"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::{families, family};
    use super::*;

    fn check(family_name: &str, parameter: &str, good: &[&str], bad: &[&str]) {
        let family = family(family_name).expect(family_name);
        let parameter = family.parameter(parameter).expect(parameter);
        for value in good {
            assert_eq!(
                refusal(parameter, value),
                None,
                "{} {value}",
                parameter.name
            );
        }
        for value in bad {
            assert!(
                refusal(parameter, value).is_some(),
                "{} {value}",
                parameter.name
            );
        }
    }

    #[test]
    fn values_are_held_against_what_is_allowed() {
        let policies = ["noeviction", "allkeys-lfu"];
        check(
            "redis7",
            "maxmemory-policy",
            &policies,
            &["", "no", "NOEVICTION", "allkeys"],
        );
        check(
            "redis7",
            "timeout",
            &["0", "20", "999999"],
            &["1", "19", "-1", "", "+20", " 20", "0x20", "20.0"],
        );
        check(
            "redis7",
            "slowlog-log-slower-than",
            &["-1", "0", "10000"],
            &["", "-", "--1", "1e3", "99999999999999999999"],
        );
        check(
            "redis7",
            "reserved-memory-percent",
            &["0", "100"],
            &["101", "-1"],
        );
        check(
            "redis7",
            "notify-keyspace-events",
            &["", "KEA", "Ex$"],
            &["KEQ", "K E"],
        );
        check(
            "memcached1.6",
            "chunk_size_growth_factor",
            &["1", "1.25", "1024"],
            &["0.9", "1025", "-1", "", "inf", "NaN", "1e1"],
        );
        check("memcached1.6", "cas_disabled", &["0", "1"], &["2", "yes"]);
        check(
            "memcached1.6",
            "slab_automove",
            &["0", "1", "2"],
            &["3", "0,1"],
        );
    }

    #[test]
    fn commands_are_renamed_in_pairs() {
        check(
            "redis7",
            "rename-commands",
            &["", "flushall obliterate", "KEYS hidden-keys FLUSHDB wipe"],
            &[
                "flushall",
                "config hidden",
                "info about",
                "keys get",
                "keys a$b",
                "keys a keys b",
                "keys a flushall A",
            ],
        );
    }

    /// A customer who sends back what a describe has shown is not refused.
    #[test]
    fn every_default_of_a_modifiable_parameter_is_allowed() {
        for family in families() {
            for parameter in family.parameters.iter().filter(|one| one.is_modifiable) {
                if let Some(default) = parameter.default {
                    let refused = refusal(parameter, default);
                    let known = parameter.name == "cluster-databases";
                    assert_eq!(refused.is_some(), known, "{} {refused:?}", parameter.name);
                }
            }
        }
    }
}
