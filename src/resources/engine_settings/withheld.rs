//! Commands that the service withholds from its customers (section 2 of the facts on restricted commands).
//!
//! Redis 6.0 and later withhold them by rules of the user `default`; the hidden administrator has no such rules. A rule
//! that names a command or subcommand that the line does not know keeps the engine from starting, so every rule carries
//! the first line that knows it.

use super::{Engine, VersionNumber};

/// Access rules, to be appended to `+@all`, that take from a user what the service withholds.
///
/// Redis 6.0 and 6.2 cannot deny a subcommand, so there the whole command is denied and the subcommands that
/// remain are allowed one by one. From 7.0 on the withheld subcommands are denied, and those that a later line adds
/// are available as the service has them.
pub fn withheld_rules(engine: Engine, line: VersionNumber) -> impl Iterator<Item = &'static str> {
    let subcommands: &[Rule] = if line.at_least(7, 0, 0) {
        SUBCOMMANDS_DENIED
    } else {
        SUBCOMMANDS_ALLOWED
    };
    let known = move |rule: &&Rule| match rule.valkey_only {
        true => engine == Engine::Valkey && line >= rule.since,
        false => line >= rule.since,
    };
    COMMANDS
        .iter()
        .chain(subcommands)
        .filter(known)
        .map(|rule| rule.text)
}

/// Whether the service withholds the command or subcommand (`acl|setuser`) of this name, in lower case, on any line.
pub fn is_withheld(name: &str) -> bool {
    COMMANDS
        .iter()
        .chain(SUBCOMMANDS_DENIED)
        .any(|rule| rule.text.strip_prefix('-') == Some(name))
}

/// Commands that a line without users renames to nothing.
///
/// What replicas ask of their primary stays, since a renamed command is renamed for them too, and so does
/// `CLUSTER`, of which only some subcommands are withheld.
pub(super) fn renamed_away(line: VersionNumber) -> impl Iterator<Item = &'static str> {
    COMMANDS
        .iter()
        .filter(move |rule| line >= rule.since)
        .map(|rule| rule.text.trim_start_matches('-'))
        .filter(|name| !["psync", "sync", "replconf"].contains(name))
}

struct Rule {
    text: &'static str,
    since: VersionNumber,
    valkey_only: bool,
}

const fn rule(text: &'static str, major: u32, minor: u32) -> Rule {
    Rule {
        text,
        since: VersionNumber {
            major,
            minor,
            patch: 0,
        },
        valkey_only: false,
    }
}

const fn valkey_rule(text: &'static str, major: u32, minor: u32) -> Rule {
    Rule {
        text,
        since: VersionNumber {
            major,
            minor,
            patch: 0,
        },
        valkey_only: true,
    }
}

static COMMANDS: &[Rule] = &[
    rule("-bgrewriteaof", 2, 6),
    rule("-bgsave", 2, 6),
    rule("-config", 2, 6),
    rule("-debug", 2, 6),
    rule("-migrate", 2, 6),
    rule("-psync", 2, 8),
    rule("-replconf", 2, 6),
    rule("-save", 2, 6),
    rule("-shutdown", 2, 6),
    rule("-slaveof", 2, 6),
    rule("-sync", 2, 6),
    rule("-module", 4, 0),
    rule("-replicaof", 5, 0),
    rule("-failover", 6, 2),
];

static SUBCOMMANDS_DENIED: &[Rule] = &[
    rule("-acl|deluser", 7, 0),
    rule("-acl|load", 7, 0),
    rule("-acl|save", 7, 0),
    rule("-acl|setuser", 7, 0),
    rule("-cluster|addslots", 7, 0),
    rule("-cluster|addslotsrange", 7, 0),
    rule("-cluster|bumpepoch", 7, 0),
    rule("-cluster|delslots", 7, 0),
    rule("-cluster|delslotsrange", 7, 0),
    rule("-cluster|failover", 7, 0),
    rule("-cluster|flushslots", 7, 0),
    rule("-cluster|forget", 7, 0),
    rule("-cluster|links", 7, 0),
    rule("-cluster|meet", 7, 0),
    rule("-cluster|replicate", 7, 0),
    rule("-cluster|reset", 7, 0),
    rule("-cluster|saveconfig", 7, 0),
    rule("-cluster|set-config-epoch", 7, 0),
    rule("-cluster|setslot", 7, 0),
    // Not in the service's list, which is older than they are; they change who owns what, like the others.
    valkey_rule("-cluster|cancelslotmigrations", 9, 0),
    valkey_rule("-cluster|migrateslots", 9, 0),
    valkey_rule("-cluster|syncslots", 9, 0),
];

static SUBCOMMANDS_ALLOWED: &[Rule] = &[
    rule("-acl", 6, 0),
    rule("+acl|cat", 6, 0),
    rule("+acl|genpass", 6, 0),
    rule("+acl|getuser", 6, 0),
    rule("+acl|help", 6, 0),
    rule("+acl|list", 6, 0),
    rule("+acl|log", 6, 0),
    rule("+acl|users", 6, 0),
    rule("+acl|whoami", 6, 0),
    rule("-cluster", 6, 0),
    rule("+cluster|count-failure-reports", 6, 0),
    rule("+cluster|countkeysinslot", 6, 0),
    rule("+cluster|getkeysinslot", 6, 0),
    rule("+cluster|help", 6, 0),
    rule("+cluster|info", 6, 0),
    rule("+cluster|keyslot", 6, 0),
    rule("+cluster|myid", 6, 0),
    rule("+cluster|nodes", 6, 0),
    rule("+cluster|replicas", 6, 0),
    rule("+cluster|slaves", 6, 0),
    rule("+cluster|slots", 6, 0),
];
