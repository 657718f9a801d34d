//! Users of caches: who they are, how they prove it, what they may do (behaviour.md section 22).

use std::fmt;

use sha2::{Digest, Sha256};

use super::access::AccessString;
use super::auth_token::AuthTokens;
use super::engine::{Engine, VersionNumber};
use super::engine_settings::withheld_rules;
use super::id;
use super::scope::Scope;
use super::timestamp::Timestamp;
use super::violation::Violation;

/// The user id and user name that every account has.
pub const DEFAULT_USER: &str = "default";

/// Most users of an account in a region (quota "Users").
pub const USERS_MAX: u32 = 2_000;

/// Most passwords of a user.
pub const PASSWORDS_MAX: usize = 2;

/// Fewest and most characters of a password.
const PASSWORD_LENGTHS: std::ops::RangeInclusive<usize> = 16..=128;

/// Characters that passwords may not have.
const PASSWORD_REFUSED: [char; 4] = [',', '"', '/', '@'];

/// The longest user name that is believed, in bytes.
const USER_NAME_MAX: usize = 256;

/// Names that nodes keep for the control plane itself begin like this.
const RESERVED_PREFIX: &str = "cacheplane-";

/// What a node knows of a password: its SHA-256, 64 lower-case hexadecimal digits. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordDigest(String);

impl PasswordDigest {
    /// The digest of a password that may be one.
    ///
    /// # Errors
    /// `InvalidParameterValue` unless it has 16 to 128 printable ASCII characters, none of `,` `"` `/` `@`.
    pub fn of(password: &str) -> Result<Self, Violation> {
        if !PASSWORD_LENGTHS.contains(&password.chars().count()) {
            return Err(Violation::value(
                "Passwords length must be between 16-128 characters.",
            ));
        }
        let is_lawful = |c: char| (' '..='~').contains(&c) && !PASSWORD_REFUSED.contains(&c);
        if !password.chars().all(is_lawful) {
            return Err(Violation::value(
                "Passwords must be printable ASCII characters other than , \" / and @.",
            ));
        }
        Ok(Self::of_lawful(password))
    }

    /// The digest of one that has been found lawful.
    pub(super) fn of_lawful(password: &str) -> Self {
        Self(hex::encode(Sha256::digest(password.as_bytes())))
    }

    /// One that was stored.
    pub fn stored(digits: String) -> Self {
        Self(digits)
    }

    /// The hexadecimal digits.
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordDigest(..)")
    }
}

/// How a user proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// With any of these, one or two.
    Password(Vec<PasswordDigest>),
    /// Not at all.
    NoPassword,
    /// With a token of IAM.
    Iam,
}

impl Authentication {
    /// As replies have it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Password(_) => "password",
            Self::NoPassword => "no-password",
            Self::Iam => "iam",
        }
    }

    /// How many passwords there are.
    pub fn password_count(&self) -> usize {
        match self {
            Self::Password(digests) => digests.len(),
            Self::NoPassword | Self::Iam => 0,
        }
    }
}

/// A user.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// The record's key; 0 before it is stored.
    pub key: i64,
    /// Whose it is.
    pub scope: Scope,
    /// Lower case.
    pub user_id: String,
    /// The name that clients give; case-sensitive.
    pub user_name: String,
    /// Redis or Valkey.
    pub engine: Engine,
    /// What it may do.
    pub access_string: AccessString,
    /// How it proves who it is.
    pub authentication: Authentication,
    /// When its deletion was asked for.
    pub deletion_requested_at: Option<Timestamp>,
    /// Whether a replication group has yet to follow a change of it.
    pub is_awaited: bool,
    /// The user groups that it is in.
    pub user_group_ids: Vec<String>,
    /// Counts the writes of the wish; a writer names the one that it read.
    pub revision: i64,
}

impl User {
    /// The one that every account has.
    pub fn default_of(scope: &Scope) -> Self {
        Self {
            key: 0,
            scope: scope.clone(),
            user_id: DEFAULT_USER.to_owned(),
            user_name: DEFAULT_USER.to_owned(),
            engine: Engine::Redis,
            access_string: AccessString::stored("on ~* +@all".to_owned()),
            authentication: Authentication::NoPassword,
            deletion_requested_at: None,
            is_awaited: false,
            user_group_ids: Vec::new(),
            revision: 0,
        }
    }

    /// Whether it is the one that every account has.
    pub fn is_built_in(&self) -> bool {
        self.user_id == DEFAULT_USER
    }

    /// `active`, `modifying` or `deleting`.
    pub fn status(&self) -> &'static str {
        match (self.deletion_requested_at, self.is_awaited) {
            (Some(_), _) => "deleting",
            (None, true) => "modifying",
            (None, false) => "active",
        }
    }

    /// The first engine version whose nodes it can be on: major and minor.
    pub fn minimum_engine_version(&self) -> (u32, u32) {
        let needs_7 =
            self.authentication == Authentication::Iam || self.access_string.needs_line_7();
        match self.engine {
            Engine::Valkey => (7, 2),
            Engine::Redis | Engine::Memcached if needs_7 => (7, 0),
            Engine::Redis | Engine::Memcached => (6, 0),
        }
    }

    /// What a node of this engine and line is told of it.
    pub fn rules(&self, engine: Engine, line: VersionNumber) -> Vec<String> {
        let mut rules = self.access_string.rules(engine, line);
        match &self.authentication {
            Authentication::Password(digests) => {
                rules.extend(digests.iter().map(|digest| format!("#{}", digest.digits())));
            }
            Authentication::NoPassword => rules.push("nopass".to_owned()),
            // Whoever checks its tokens is not the node.
            Authentication::Iam => {}
        }
        rules
    }
}

/// A user as a node is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeUser {
    /// The name that clients give.
    pub name: String,
    /// The engine's access rules, in their order.
    pub rules: Vec<String>,
}

/// All users of a node of this engine and line, besides the control plane's own. Without a user group everyone is let in, as the user
/// `default`, or whoever has one of `tokens`; with a user group that has no such user, nobody is let in as it.
pub fn node_users(
    users: Option<&[User]>,
    tokens: Option<&AuthTokens>,
    engine: Engine,
    line: VersionNumber,
) -> Vec<NodeUser> {
    let user = |name: &str, rules| NodeUser {
        name: name.to_owned(),
        rules,
    };
    let Some(users) = users else {
        let mut rules = vec!["reset".to_owned(), "on".to_owned()];
        match tokens.filter(|tokens| !tokens.optional) {
            Some(tokens) => rules.extend(tokens.valid().map(|one| format!("#{}", one.digits()))),
            // Of a password that may be left out the engine knows nothing: whoever names the user may give any.
            None => rules.push("nopass".to_owned()),
        }
        rules.extend(["~*", "+@all"].map(str::to_owned));
        if line.at_least(6, 2, 0) {
            rules.push("&*".to_owned());
        }
        rules.extend(withheld_rules(engine, line).map(str::to_owned));
        return vec![user(DEFAULT_USER, rules)];
    };
    let mut all: Vec<NodeUser> = users
        .iter()
        .map(|it| user(&it.user_name, it.rules(engine, line)))
        .collect();
    if !all.iter().any(|it| it.name == DEFAULT_USER) {
        all.push(user(
            DEFAULT_USER,
            vec!["reset".to_owned(), "off".to_owned()],
        ));
    }
    all
}

/// A user id in its stored form: lower case.
///
/// # Errors
/// `InvalidParameterValue` unless it begins with a letter and has only letters, digits and hyphens.
pub fn user_id(text: &str) -> Result<String, Violation> {
    id::access_id("UserId", text)
}

/// A user name, as nodes take it.
///
/// # Errors
/// `InvalidParameterValue` for none, for blanks and control characters, and for a name that is reserved.
pub fn user_name(text: &str) -> Result<String, Violation> {
    if text.is_empty() || text.len() > USER_NAME_MAX {
        return Err(Violation::value(format!(
            "The parameter UserName must have at least 1 and no more than {USER_NAME_MAX} characters."
        )));
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Violation::value(
            "The parameter UserName must not contain blanks or control characters.",
        ));
    }
    if text.starts_with(RESERVED_PREFIX) {
        return Err(Violation::value(format!(
            "User names that begin with {RESERVED_PREFIX} are reserved."
        )));
    }
    Ok(text.to_owned())
}

/// The engine of users and user groups, however it is spelled.
///
/// # Errors
/// `InvalidParameterValue` for any but Redis and Valkey.
pub fn engine(text: &str) -> Result<Engine, Violation> {
    match Engine::parse(&text.to_ascii_lowercase()) {
        Some(engine) if engine.speaks_resp() => Ok(engine),
        _ => Err(Violation::value(format!(
            "Invalid engine: {text}. It is redis or valkey."
        ))),
    }
}

#[cfg(test)]
pub(crate) mod tests;
