//! Requests in form encoding: the only decoder.
//!
//! [`Form::parse`] sorts the pairs, whose keys are dotted paths (`Tags.Tag.1.Key`), and the generated inputs look
//! their members up in them; so a member costs a search, not a scan, and nothing is allocated beyond the request's
//! own text. Nesting goes as deep as the model does, whatever the keys say. AWS's documents leave much of the rest
//! open; what is done here:
//!
//! - Broken percent-encoding, invalid UTF-8 and a request past the bounds below are `MalformedQueryString`.
//! - A key given twice with one value is one key; with two values the request is `MalformedQueryString`, since
//!   whichever value won, somebody would be surprised.
//! - A member that the operation does not have is ignored, as on AWS.
//! - A value of another type or kind is `MalformedInput`, with the texts that Query services answer.
//! - A required member that is absent (a string also: empty) is `InvalidParameterValue`.
//! - A list is `Name.<word>.N` with any word, since published samples and SDKs disagree on it, or plain `Name.N`.
//!   Entries stand in the order of their numbers; a gap between numbers is closed up and costs nothing.
//!   `Name=` is an empty list.
//! - Of the older versions of the API only those that old samples use are let through, as if they were the present one.

use std::fmt;
use std::str::FromStr;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use crate::{API_VERSION, Fault, FaultCode, Operation};

/// Pairs in one request. The largest legitimate request, 500 node groups with all they can say, has about 8,000.
pub const MAX_PAIRS: usize = 16_384;

/// Bytes of a key before decoding. The longest key of the model has about 100.
pub const MAX_KEY_BYTES: usize = 512;

/// Versions that old samples still send; members and answers are those of [`API_VERSION`].
const OLDER_VERSIONS: [&str; 2] = ["2014-12-01", "2014-09-30"];

/// How much of a client's own text an answer repeats, in characters.
const ECHO_CHARACTERS: usize = 128;

/// Whether this is a version of the API of ElastiCache that is answered.
pub(crate) fn is_known(version: &str) -> bool {
    version == API_VERSION || OLDER_VERSIONS.contains(&version)
}

/// A request's pairs.
pub struct Form {
    /// Sorted by path, part by part, so that everything under one path stands together; no path twice.
    pairs: Vec<Pair>,
}

struct Pair {
    path: String,
    value: String,
}

impl Form {
    /// Reads a form-encoded body, or the query part of an address.
    ///
    /// # Errors
    /// `MalformedQueryString`, as the module says.
    pub fn parse(encoded: &[u8]) -> Result<Self, Fault> {
        Self::parse_parts([encoded])
    }

    /// Reads a request whose pairs stand in several places, such as the address and the body.
    ///
    /// # Errors
    /// As [`Form::parse`]; the parts count as one request.
    pub fn parse_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, Fault> {
        let mut pairs = Vec::new();
        let encoded = parts
            .into_iter()
            .flat_map(|part| part.split(|&byte| byte == b'&'));
        for pair in encoded.filter(|pair| !pair.is_empty()) {
            if pairs.len() == MAX_PAIRS {
                let message = format!("The request has more than {MAX_PAIRS} parameters.");
                return Err(malformed_query(message));
            }
            let (key, value) = match pair.iter().position(|&byte| byte == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &[][..]),
            };
            if key.len() > MAX_KEY_BYTES {
                return Err(malformed_query("The name of a parameter is too long."));
            }
            pairs.push(Pair {
                path: percent_decoded(key)?,
                value: percent_decoded(value)?,
            });
        }
        // Not by whole text: `A-b` would come between `A` and `A.b`.
        pairs.sort_unstable_by(|a, b| a.path.split('.').cmp(b.path.split('.')));
        for neighbours in pairs.windows(2) {
            if neighbours[0].path == neighbours[1].path
                && neighbours[0].value != neighbours[1].value
            {
                let path = shortened(&neighbours[0].path);
                let message = format!("The parameter {path} is given twice with different values.");
                return Err(malformed_query(message));
            }
        }
        pairs.dedup_by(|a, b| a.path == b.path);
        Ok(Self { pairs })
    }

    /// The operation that the request asks for.
    ///
    /// # Errors
    /// `MissingAction` without an `Action`; `InvalidAction` when the version, said or not, has no such operation.
    pub fn operation(&self) -> Result<Operation, Fault> {
        let (action, version) = self.action_and_version()?;
        Operation::from_name(action)
            .filter(|_| is_known(version))
            .ok_or_else(|| self.unknown_action())
    }

    /// `Action`, and `Version` or what stands for it in answers.
    ///
    /// # Errors
    /// `MissingAction` without an `Action`.
    pub fn action_and_version(&self) -> Result<(&str, &str), Fault> {
        let Some(action) = self.action() else {
            return Err(Fault::new(
                FaultCode::MissingAction,
                "The request is missing an action or a required parameter.",
            ));
        };
        Ok((action, self.version().unwrap_or("NO_VERSION_SPECIFIED")))
    }

    /// `InvalidAction`, for an action that the service does not have in that version.
    pub fn unknown_action(&self) -> Fault {
        let (action, version) = self.action_and_version().unwrap_or_default();
        let (action, version) = (shortened(action), shortened(version));
        let message = format!("Could not find operation {action} for version {version}");
        Fault::new(FaultCode::InvalidAction, message)
    }

    /// `Action`, unless absent or empty.
    pub fn action(&self) -> Option<&str> {
        self.value("Action").filter(|value| !value.is_empty())
    }

    /// `Version`, unless absent or empty.
    pub fn version(&self) -> Option<&str> {
        self.value("Version").filter(|value| !value.is_empty())
    }

    /// The value of a key without dots, such as `X-Amz-Credential`.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.root().child(name)?.value()
    }

    /// All pairs, by their whole keys.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.pairs.iter();
        pairs.map(|pair| (pair.path.as_str(), pair.value.as_str()))
    }

    /// All pairs as one structure, which an input is read from.
    pub fn root(&self) -> Node<'_> {
        Node {
            pairs: &self.pairs,
            start: 0,
        }
    }
}

/// Shows names only: values may be secrets.
impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.pairs.iter().map(|pair| &pair.path))
            .finish()
    }
}

/// What stands under one path: a window on the sorted pairs that share it.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    pairs: &'a [Pair],
    /// Where in each path the next part begins; past the end in the one pair whose path ends here.
    start: usize,
}

impl<'a> Node<'a> {
    /// The node as a structure called `name`, for its members to be read.
    ///
    /// # Errors
    /// `MalformedInput` when it is a plain value.
    pub fn structure(self, name: &str) -> Result<Self, Fault> {
        if self.is_without_value() {
            return Ok(self);
        }
        Err(malformed(format!(
            "Unexpected complex element termination: {name}"
        )))
    }

    /// A member that may be absent.
    ///
    /// # Errors
    /// `MalformedInput` when it is not what the model says.
    pub fn optional<V: Value>(self, name: &str) -> Result<Option<V>, Fault> {
        self.child(name).map(|node| V::read(node, name)).transpose()
    }

    /// A member that the model requires.
    ///
    /// # Errors
    /// `InvalidParameterValue` when it is absent or blank, `MalformedInput` when it is not what the model says.
    pub fn required<V: Value>(self, name: &str) -> Result<V, Fault> {
        self.optional(name)?
            .filter(|value: &V| !value.is_blank())
            .ok_or_else(|| {
                let message = format!("The parameter {name} {}", V::REQUIREMENT);
                Fault::new(FaultCode::InvalidParameterValue, message)
            })
    }

    fn child(self, name: &str) -> Option<Self> {
        let from = self
            .pairs
            .partition_point(|pair| self.part(pair) < Some(name));
        let count = self.pairs[from..].partition_point(|pair| self.part(pair) == Some(name));
        (count > 0).then(|| self.below(&self.pairs[from..from + count], name))
    }

    fn children(self) -> impl Iterator<Item = (&'a str, Self)> {
        self.pairs
            .chunk_by(move |a, b| self.part(a) == self.part(b))
            .filter_map(move |pairs| {
                let name = self.part(&pairs[0])?;
                Some((name, self.below(pairs, name)))
            })
    }

    fn below(self, pairs: &'a [Pair], name: &str) -> Self {
        Self {
            pairs,
            start: self.start + name.len() + 1,
        }
    }

    /// The next part of a pair's path; none where the path ends at this node.
    fn part(self, pair: &'a Pair) -> Option<&'a str> {
        pair.path.get(self.start..)?.split('.').next()
    }

    /// The node's own value. Its pair sorts before those of children.
    fn value(self) -> Option<&'a str> {
        self.pairs
            .first()
            .filter(|pair| self.part(pair).is_none())
            .map(|pair| pair.value.as_str())
    }

    fn is_without_value(self) -> bool {
        self.value().is_none_or(str::is_empty)
    }

    fn scalar(self, name: &str) -> Result<&'a str, Fault> {
        if self.children().next().is_some() {
            return Err(malformed(format!(
                "Start of list found where not expected: {name}"
            )));
        }
        Ok(self.value().unwrap_or_default())
    }

    fn parsed<T: FromStr>(self, name: &str, kind: &str) -> Result<T, Fault> {
        let value = self.scalar(name)?.parse();
        value.map_err(|_| malformed(format!("The value of {name} is not {kind}.")))
    }

    /// The entries of a list called `name`, in the order of their numbers.
    fn entries(self, name: &str) -> Result<Vec<Self>, Fault> {
        let unexpected = || malformed(format!("Unexpected list element termination: {name}"));
        let mut children = self.children();
        let numbered = match (children.next(), children.next()) {
            (Some((word, below)), None) if index(word).is_none() && self.is_without_value() => {
                below
            }
            // Numbers at once; or two words, or a word beside numbers, which the numbers' check below refuses.
            _ => self,
        };
        if !numbered.is_without_value() {
            return Err(unexpected());
        }
        let mut entries = Vec::new();
        for (number, node) in numbered.children() {
            entries.push((index(number).ok_or_else(unexpected)?, node));
        }
        entries.sort_unstable_by_key(|(number, _)| *number);
        // `1` and `01`.
        if entries.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(unexpected());
        }
        Ok(entries.into_iter().map(|(_, node)| node).collect())
    }
}

/// The number of a list's entry. It is only compared, never allocated for.
fn index(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// What a member can hold.
pub trait Value: Sized {
    /// What AWS says of a required member of this kind that is absent.
    const REQUIREMENT: &'static str = "must be provided.";

    /// Reads it from the node called `name`.
    ///
    /// # Errors
    /// `MalformedInput` when the node holds something else; for structures, also what their members answer.
    fn read(node: Node<'_>, name: &str) -> Result<Self, Fault>;

    /// Whether it is too empty for a required member.
    fn is_blank(&self) -> bool {
        false
    }
}

impl Value for String {
    const REQUIREMENT: &'static str = "must be provided and must not be blank.";

    fn read(node: Node<'_>, name: &str) -> Result<Self, Fault> {
        node.scalar(name).map(str::to_owned)
    }

    /// Only the empty string: a replication group's description may be a single space.
    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}

impl Value for bool {
    fn read(node: Node<'_>, name: &str) -> Result<Self, Fault> {
        let text = node.scalar(name)?;
        // Python programs that build requests by hand send `True`.
        if text.eq_ignore_ascii_case("true") {
            Ok(true)
        } else if text.eq_ignore_ascii_case("false") {
            Ok(false)
        } else {
            Err(malformed(format!("The value of {name} is not a boolean.")))
        }
    }
}

impl Value for i32 {
    fn read(node: Node<'_>, name: &str) -> Result<Self, Fault> {
        node.parsed(name, "an integer")
    }
}

impl Value for i64 {
    fn read(node: Node<'_>, name: &str) -> Result<Self, Fault> {
        node.parsed(name, "an integer")
    }
}

impl Value for f64 {
    fn read(node: Node<'_>, name: &str) -> Result<Self, Fault> {
        node.parsed(name, "a number")
    }
}

impl Value for DateTime {
    fn read(node: Node<'_>, name: &str) -> Result<Self, Fault> {
        Self::from_str(node.scalar(name)?, Format::DateTimeWithOffset).map_err(|error| {
            malformed(format!("The value of {name} is not an ISO 8601 timestamp."))
                .with_source(error)
        })
    }
}

impl<V: Value> Value for Vec<V> {
    fn read(node: Node<'_>, name: &str) -> Result<Self, Fault> {
        node.entries(name)?
            .into_iter()
            .map(|entry| V::read(entry, name))
            .collect()
    }
}

fn percent_decoded(encoded: &[u8]) -> Result<String, Fault> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut bytes = encoded.iter();
    while let Some(&byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = (
                    bytes.next().copied().and_then(hex_digit),
                    bytes.next().copied().and_then(hex_digit),
                );
                let (Some(high), Some(low)) = digits else {
                    return Err(malformed_query(
                        "The query string contains a broken percent-encoding.",
                    ));
                };
                high << 4 | low
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).map_err(|_| malformed_query("The query string is not UTF-8."))
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

fn shortened(text: &str) -> &str {
    text.char_indices()
        .nth(ECHO_CHARACTERS)
        .map_or(text, |(end, _)| &text[..end])
}

fn malformed_query(message: impl Into<String>) -> Fault {
    Fault::new(FaultCode::MalformedQueryString, message)
}

fn malformed(message: String) -> Fault {
    Fault::new(FaultCode::MalformedInput, message)
}
