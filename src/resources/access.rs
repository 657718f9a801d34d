//! Access strings: what a user may do, in the engine's own grammar of access rules, as far as the service takes it (behaviour.md section 22).
//!
//! A string is kept as it was given. What a node is told is made of it here: the same rules in the same order, and after them those
//! that take away what the service withholds from everybody.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::engine::{Engine, VersionNumber};
use super::engine_settings::{is_withheld, withheld_rules};
use super::violation::Violation;

/// The longest access string that is believed, in bytes.
const ACCESS_STRING_MAX: usize = 10_000;

/// Names of commands and subcommands that rules may name.
static COMMANDS: LazyLock<BTreeSet<&'static str>> =
    LazyLock::new(|| include_str!("../../facts/commands.txt").lines().collect());

/// Categories that rules may name; the last three are of modules.
const CATEGORIES: [&str; 25] = [
    "all",
    "admin",
    "bitmap",
    "blocking",
    "connection",
    "dangerous",
    "fast",
    "geo",
    "hash",
    "hyperloglog",
    "keyspace",
    "list",
    "pubsub",
    "read",
    "scripting",
    "set",
    "slow",
    "sortedset",
    "stream",
    "string",
    "transaction",
    "write",
    "bloom",
    "json",
    "search",
];

/// A valid access string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessString(String);

/// A part of an access string.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part<'a> {
    Rule(&'a str),
    /// The rules between parentheses.
    Selector(Vec<&'a str>),
}

/// What has been granted so far, of which the engine takes no part again.
#[derive(Default)]
struct Granted {
    all_keys: bool,
    all_channels: bool,
}

impl AccessString {
    /// # Errors
    /// `InvalidParameterValue` for what the engine's grammar does not have, for what the service wants to be said elsewhere (passwords),
    /// and for commands that it withholds.
    pub fn new(text: &str) -> Result<Self, Violation> {
        if text.len() > ACCESS_STRING_MAX {
            return Err(Violation::value(format!(
                "The access-string must have no more than {ACCESS_STRING_MAX} characters."
            )));
        }
        let mut granted = Granted::default();
        for part in parts(text)? {
            match part {
                Part::Rule(rule) => check(rule, &mut granted, false)?,
                Part::Selector(rules) => {
                    let mut granted = Granted::default();
                    for rule in rules {
                        check(rule, &mut granted, true)?;
                    }
                }
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// One that was valid when it was stored.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// This one, and `more` after it.
    ///
    /// # Errors
    /// As for a new one.
    pub fn append(&self, more: &str) -> Result<Self, Violation> {
        Self::new(&format!("{} {more}", self.0))
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether engines before 7.0 do not understand it: selectors, and keys that may only be read or written.
    pub fn needs_line_7(&self) -> bool {
        parts(&self.0).unwrap_or_default().iter().any(|part| {
            matches!(part, Part::Selector(_) | Part::Rule("clearselectors"))
                || matches!(part, Part::Rule(rule) if rule.starts_with('%'))
        })
    }

    /// The rules that a node of this engine and line is given, without passwords. What the service withholds is taken away last, and in
    /// each selector, which is a set of rights of its own.
    pub fn rules(&self, engine: Engine, line: VersionNumber) -> Vec<String> {
        let parts = parts(&self.0).unwrap_or_default();
        let has_channels = line.at_least(6, 2, 0);
        let top: Vec<&str> = parts
            .iter()
            .filter_map(|part| match part {
                Part::Rule(rule) => Some(*rule),
                Part::Selector(_) => None,
            })
            .collect();
        let mut rules = vec!["reset".to_owned()];
        if has_channels && names_channels(&top) {
            // A user that names no channel has what the parameter acl-pubsub-default says.
            rules.push("resetchannels".to_owned());
        }
        for part in &parts {
            match part {
                Part::Rule(rule) if is_channel_rule(rule) && !has_channels => {}
                Part::Rule(rule) => rules.push((*rule).to_owned()),
                Part::Selector(inner) => rules.push(selector(inner, engine, line)),
            }
        }
        rules.extend(withheld(&top, engine, line));
        rules
    }
}

fn selector(inner: &[&str], engine: Engine, line: VersionNumber) -> String {
    let first = names_channels(inner).then_some("resetchannels");
    let withheld = withheld_rules(engine, line).map(|rule| -> &str { rule });
    let rules: Vec<&str> = first
        .into_iter()
        .chain(inner.iter().copied())
        .chain(withheld)
        .collect();
    format!("({})", rules.join(" "))
}

/// What takes away from `rules` what the service withholds. Lines before 7.0 cannot deny a subcommand: there the whole command is denied,
/// and its harmless subcommands are granted to whoever was granted it, or them.
fn withheld(rules: &[&str], engine: Engine, line: VersionNumber) -> Vec<String> {
    let all = withheld_rules(engine, line);
    if line.at_least(7, 0, 0) {
        return all.map(str::to_owned).collect();
    }
    let is_named = |rule: &str| rules.iter().any(|it| it.eq_ignore_ascii_case(rule));
    let (acl, cluster) = (grants(rules, "acl"), grants(rules, "cluster"));
    all.filter(|rule| {
        let granted = match rule.split_once('|').map(|(command, _)| command) {
            Some("+acl") => acl,
            Some("+cluster") => cluster,
            _ => return true,
        };
        granted || is_named(rule)
    })
    .map(str::to_owned)
    .collect()
}

/// Whether `rules` leave somebody with `command`, one of those that are in the categories admin, slow and dangerous.
fn grants(rules: &[&str], command: &str) -> bool {
    rules.iter().fold(false, |granted, rule| {
        let rule = rule.to_ascii_lowercase();
        let (sign, name) = match (rule.as_str(), rule.split_at_checked(1)) {
            ("allcommands", _) => ("+", "@all"),
            ("nocommands", _) => ("-", "@all"),
            (_, Some((sign @ ("+" | "-"), name))) => (sign, name),
            _ => return granted,
        };
        let concerns = name == command || ["@all", "@admin", "@slow", "@dangerous"].contains(&name);
        match concerns {
            true => sign == "+",
            false => granted,
        }
    })
}

fn is_channel_rule(rule: &str) -> bool {
    rule.starts_with('&')
        || ["allchannels", "resetchannels"]
            .iter()
            .any(|word| rule.eq_ignore_ascii_case(word))
}

fn names_channels(rules: &[&str]) -> bool {
    rules.iter().any(|rule| rule.starts_with('&'))
}

/// The rules of an access string; those of a selector together.
fn parts(text: &str) -> Result<Vec<Part<'_>>, Violation> {
    let mut parts = Vec::new();
    let mut selector: Option<Vec<&str>> = None;
    for word in text.split_ascii_whitespace() {
        let (opens, word) = match word.strip_prefix('(') {
            Some(rest) => (true, rest),
            None => (false, word),
        };
        if opens && selector.replace(Vec::new()).is_some() {
            return Err(invalid());
        }
        // A pattern may hold a parenthesis; only within a selector one ends something.
        let (closes, word) = match (word.strip_suffix(')'), &selector) {
            (Some(rest), Some(_)) => (true, rest),
            _ => (false, word),
        };
        match &mut selector {
            Some(rules) if !word.is_empty() => rules.push(word),
            Some(_) => {}
            None => parts.push(Part::Rule(word)),
        }
        if closes && let Some(rules) = selector.take() {
            parts.push(Part::Selector(rules));
        }
    }
    match selector {
        None => Ok(parts),
        Some(_) => Err(invalid()),
    }
}

/// Texts: behaviour.md section 40.
fn check(rule: &str, granted: &mut Granted, in_selector: bool) -> Result<(), Violation> {
    let lower = rule.to_ascii_lowercase();
    match lower.as_str() {
        "on" | "off" | "clearselectors" if !in_selector => return Ok(()),
        "allcommands" | "nocommands" => return Ok(()),
        "allkeys" => granted.all_keys = true,
        "resetkeys" => granted.all_keys = false,
        "allchannels" => granted.all_channels = true,
        "resetchannels" => granted.all_channels = false,
        "nopass" | "resetpass" => return Err(password_rule()),
        "reset" => {
            return Err(Violation::value(
                "reset rule is not supported in Elasticache user api",
            ));
        }
        _ => return check_pattern(rule, &lower, granted),
    }
    Ok(())
}

fn check_pattern(rule: &str, lower: &str, granted: &mut Granted) -> Result<(), Violation> {
    match lower.as_bytes().first() {
        Some(b'>' | b'<' | b'#' | b'!') => Err(password_rule()),
        Some(b'~') => grant(&mut granted.all_keys, &rule[1..]),
        Some(b'%') => match lower.split_once('~') {
            Some(("%r" | "%w", _)) => refuse_after_all(granted.all_keys),
            Some(("%rw" | "%wr", pattern)) => grant(&mut granted.all_keys, pattern),
            _ => Err(invalid()),
        },
        Some(b'&') => grant(&mut granted.all_channels, &rule[1..]),
        Some(b'+' | b'-') => check_command(lower),
        _ if lower.starts_with("db=") => Err(Violation::value(
            "cacheplane does not support database rules in access strings yet.",
        )),
        _ => Err(invalid()),
    }
}

/// The engine takes no pattern after the one that stands for all.
fn grant(all: &mut bool, pattern: &str) -> Result<(), Violation> {
    if pattern == "*" {
        *all = true;
        return Ok(());
    }
    refuse_after_all(*all)
}

fn refuse_after_all(all: bool) -> Result<(), Violation> {
    if all { Err(invalid()) } else { Ok(()) }
}

fn check_command(rule: &str) -> Result<(), Violation> {
    let (sign, name) = rule.split_at(1);
    if let Some(category) = name.strip_prefix('@') {
        if CATEGORIES.contains(&category) {
            return Ok(());
        }
        return Err(Violation::value(
            "Access string contains invalid category(s)",
        ));
    }
    let command = name.split_once('|').map_or(name, |(command, _)| command);
    if is_withheld(name) || is_withheld(command) {
        return Err(Violation::value(format!(
            "Access string contains a restricted command: {name}"
        )));
    }
    let has_subcommands = || {
        let prefix = format!("{command}|");
        COMMANDS.iter().any(|known| known.starts_with(&prefix))
    };
    // The first argument of a command that has no subcommands can be granted, not denied.
    let is_first_argument =
        || name != command && sign == "+" && COMMANDS.contains(command) && !has_subcommands();
    if COMMANDS.contains(name) || is_first_argument() {
        return Ok(());
    }
    Err(Violation::value(format!(
        "Access string contains an unknown command: {name}"
    )))
}

fn invalid() -> Violation {
    Violation::value("The access-string is invalid.")
}

fn password_rule() -> Violation {
    Violation::value(
        "Password rules are not supported in Elasticache access string. Please use Passwords parameter to set/modify user password.",
    )
}

#[cfg(test)]
mod tests;
