//! AUTH tokens of a replication group (behaviour.md section 23): the password of the user `default`, or two while they are rotated.

use super::timestamp::Timestamp;
use super::user::PasswordDigest;
use super::violation::Violation;

/// Special characters that a token may have when it comes with a new group.
const SPECIALS_AT_CREATION: &str = "!&#$^<>-";

/// Characters that no token has.
const REFUSED: &str = "/\"@%";

/// The tokens with which clients are let in. Tokens themselves are kept nowhere, only what a node compares with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthTokens {
    /// The one that came last.
    pub newest: PasswordDigest,
    /// The one before it, while both are valid.
    pub earlier: Option<PasswordDigest>,
    /// Whether clients without any are let in as well: as long as the first one of a group that had none is only rotated in.
    pub optional: bool,
    /// When they last changed.
    pub changed_at: Timestamp,
}

/// What a ModifyReplicationGroup does to the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthTokenStrategy {
    /// One more is valid, besides the last.
    Rotate,
    /// One alone is valid.
    Set,
    /// None is asked for any more.
    Delete,
}

impl AuthTokenStrategy {
    /// The strategy of this name, as the API spells it.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "ROTATE" => Some(Self::Rotate),
            "SET" => Some(Self::Set),
            "DELETE" => Some(Self::Delete),
            _ => None,
        }
    }

    /// What it is called in storage and in replies.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rotate => "ROTATE",
            Self::Set => "SET",
            Self::Delete => "DELETE",
        }
    }
}

/// What a node compares the token of a new group with.
///
/// # Errors
/// `InvalidParameterValue` unless it has 16 to 128 letters, digits and the special characters `! & # $ ^ < > -`.
pub fn at_creation(token: &str) -> Result<PasswordDigest, Violation> {
    digest(token, |c| {
        c.is_ascii_alphanumeric() || SPECIALS_AT_CREATION.contains(c)
    })
}

/// What a node compares another token of a group with.
///
/// # Errors
/// `InvalidParameterValue` unless it has 16 to 128 printable ASCII characters, none of `/ \" @ %`.
pub fn at_change(token: &str) -> Result<PasswordDigest, Violation> {
    digest(token, |c| (' '..='~').contains(&c) && !REFUSED.contains(c))
}

fn digest(token: &str, is_lawful: impl Fn(char) -> bool) -> Result<PasswordDigest, Violation> {
    match (16..=128).contains(&token.chars().count()) && token.chars().all(is_lawful) {
        true => Ok(PasswordDigest::of_lawful(token)),
        false => Err(Violation::value("Invalid AuthToken provided.")),
    }
}

impl AuthTokens {
    /// The token of a new group.
    pub fn first(token: PasswordDigest, now: Timestamp) -> Self {
        Self {
            newest: token,
            earlier: None,
            optional: false,
            changed_at: now,
        }
    }

    /// These, or none, with one more. The two newest are valid. Who had none before goes on without until a token is set.
    pub fn rotated(before: Option<&Self>, token: PasswordDigest, now: Timestamp) -> Self {
        Self {
            earlier: before.map(|it| it.newest.clone()),
            optional: before.is_none_or(|it| it.optional),
            newest: token,
            changed_at: now,
        }
    }

    /// These with one alone.
    ///
    /// # Errors
    /// `InvalidParameterCombination` unless one was rotated in before.
    pub fn set(
        before: Option<&Self>,
        token: PasswordDigest,
        now: Timestamp,
    ) -> Result<Self, Violation> {
        match before {
            Some(it) if it.optional || it.earlier.is_some() => Ok(Self::first(token, now)),
            _ => Err(Violation::combination(
                "The AUTH token can be set only after it was rotated. Use AuthTokenUpdateStrategy ROTATE first.",
            )),
        }
    }

    /// The valid ones, the newest first.
    pub fn valid(&self) -> impl Iterator<Item = &PasswordDigest> {
        std::iter::once(&self.newest).chain(&self.earlier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1);

    fn token(text: &str) -> PasswordDigest {
        at_change(text).expect("a token")
    }

    #[test]
    fn tokens_are_spelled_as_documented() {
        for lawful in ["0123456789abcdef", "abcDEF!&#$^<>-0123", &"x".repeat(128)] {
            assert!(at_creation(lawful).is_ok(), "{lawful}");
            assert!(at_change(lawful).is_ok(), "{lawful}");
        }
        assert!(at_change("a token with blanks, and a comma").is_ok());
        for unlawful in [
            "0123456789abcde",
            &"x".repeat(129),
            "0123456789abcde\u{e9}f",
            "",
        ] {
            assert!(at_change(unlawful).is_err(), "{unlawful}");
            assert!(at_creation(unlawful).is_err(), "{unlawful}");
        }
        for special in ["/", "\"", "@", "%"] {
            let text = format!("0123456789abcdef{special}");
            assert!(at_change(&text).is_err(), "{text}");
        }
        assert!(at_creation("a token with blanks, and a comma").is_err());
    }

    #[test]
    fn two_are_valid_while_they_are_rotated() {
        let (a, b, c) = (
            token("aaaaaaaaaaaaaaaa"),
            token("bbbbbbbbbbbbbbbb"),
            token("cccccccccccccccc"),
        );
        let valid = |tokens: &AuthTokens| tokens.valid().cloned().collect::<Vec<_>>();
        let first = AuthTokens::first(a.clone(), NOW);
        assert!(AuthTokens::set(Some(&first), b.clone(), NOW).is_err());
        assert!(AuthTokens::set(None, b.clone(), NOW).is_err());
        let two = AuthTokens::rotated(Some(&first), b.clone(), NOW);
        assert_eq!(valid(&two), [b.clone(), a.clone()]);
        let newer = AuthTokens::rotated(Some(&two), c.clone(), NOW);
        assert_eq!(valid(&newer), [c.clone(), b]);
        assert!(!newer.optional);
        let set = AuthTokens::set(Some(&newer), c.clone(), NOW).expect("set");
        assert_eq!(valid(&set), std::slice::from_ref(&c));

        let optional = AuthTokens::rotated(None, a.clone(), NOW);
        assert!(optional.optional && valid(&optional) == [a.clone()]);
        let still = AuthTokens::rotated(Some(&optional), c, NOW);
        assert!(still.optional);
        assert!(
            !AuthTokens::set(Some(&optional), a, NOW)
                .expect("set")
                .optional
        );
    }
}
