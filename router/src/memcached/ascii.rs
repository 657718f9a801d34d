//! The text protocol, as far as a router must understand it: where a request ends, which requests
//! are its own to answer, and where in the stream of replies it may speak.
//!
//! Nothing here does I/O. What belongs to a node is passed on as it came, so a command that this
//! file has never heard of works too; being wrong about a malformed request can only confuse
//! the client that sent it.

use bytes::{Buf, Bytes, BytesMut};

use super::discovery::{Form, KEY};
use super::step::{Begins, Scan, Step};

/// Bytes of a request line; memcached closes a connection whose line is longer, unless it is a
/// retrieval, which may name any number of keys.
const LINE_BYTES_MAX: usize = 2048;
/// Bytes of an item: the most that ElastiCache's `max_item_size` can be raised to.
const ITEM_BYTES_MAX: u64 = 128 << 20;
/// Bytes of a reply line that are held while looking for its end; longer ones are passed on in
/// parts (no reply with a data block has a line this long).
const REPLY_LINE_BYTES_MAX: usize = 8192;
/// The carriage return and line feed after a data block.
const LINE_END_BYTES: u64 = 2;

/// A request whose reply, and only whose reply, begins with [`MARK_REPLY`].
pub(crate) const MARK: &[u8] = b"version\r\n";
const MARK_REPLY: &[u8] = b"VERSION ";

const NO_NODE: &[u8] = b"SERVER_ERROR no node is available\r\n";
const TOO_LONG: &[u8] = b"CLIENT_ERROR line is too long\r\n";
const TOO_LARGE: &[u8] = b"SERVER_ERROR object too large for cache\r\n";
const NOT_YOURS: &[u8] = b"CLIENT_ERROR the cluster keeps its own configuration\r\n";

/// Finds the requests in what a client sends.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    place: Place,
    /// The second half of a command that is answered partly here and partly by a node.
    queued: Option<Step>,
}

#[derive(Debug, Default)]
enum Place {
    /// At the start of a line.
    #[default]
    Line,
    /// Inside a retrieval's line that is too long to be held.
    LongLine,
    /// Inside a data block, its line end included.
    Data { remaining: u64, kept: bool },
}

impl Requests {
    /// Takes the next step's bytes off the front of `input`; none when more must be read first.
    pub(crate) fn step(&mut self, input: &mut BytesMut) -> Option<Step> {
        if let Some(step) = self.queued.take() {
            return Some(step);
        }
        loop {
            match self.place {
                Place::Line => return self.line(input),
                Place::LongLine => return self.long_line(input),
                Place::Data { remaining, kept } => {
                    if input.is_empty() {
                        return None;
                    }
                    let taken = remaining.min(input.len() as u64);
                    self.place = if taken == remaining {
                        Place::Line
                    } else {
                        Place::Data {
                            remaining: remaining - taken,
                            kept,
                        }
                    };
                    let taken = taken as usize;
                    if kept {
                        let bytes = input.split_to(taken).freeze();
                        return Some(Step::Forward {
                            bytes,
                            begins: Begins::Nothing,
                        });
                    }
                    input.advance(taken);
                }
            }
        }
    }

    fn line(&mut self, input: &mut BytesMut) -> Option<Step> {
        let shown = &input[..input.len().min(LINE_BYTES_MAX)];
        let Some(end) = shown.iter().position(|byte| *byte == b'\n') else {
            if input.len() < LINE_BYTES_MAX {
                return None;
            }
            // Decided by the first bytes alone, so that it does not depend on how they were cut
            // into segments.
            if input.starts_with(b"get ") || input.starts_with(b"gets ") {
                self.place = Place::LongLine;
                let bytes = input.split_to(LINE_BYTES_MAX).freeze();
                return Some(Step::Forward {
                    bytes,
                    begins: command(NO_NODE),
                });
            }
            return Some(Step::Refuse {
                answer: Bytes::from_static(TOO_LONG),
            });
        };
        let line = input.split_to(end + 1).freeze();
        Some(self.command(line))
    }

    fn long_line(&mut self, input: &mut BytesMut) -> Option<Step> {
        if input.is_empty() {
            return None;
        }
        let taken = match input.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                self.place = Place::Line;
                end + 1
            }
            None => input.len(),
        };
        let bytes = input.split_to(taken).freeze();
        Some(Step::Forward {
            bytes,
            begins: Begins::Nothing,
        })
    }

    fn command(&mut self, line: Bytes) -> Step {
        let words = Words::of(&line);
        let refusal = if words.last() == b"noreply" {
            b""
        } else {
            NO_NODE
        };
        match words.get(0) {
            b"config" => self.config(&words),
            // memcached itself disagrees over versions on what else may stand in this line, so
            // the node is sent the one form that always has a VERSION reply.
            b"version" => Step::Forward {
                bytes: Bytes::from_static(MARK),
                begins: Begins::Marked {
                    refusal: Bytes::from_static(NO_NODE),
                },
            },
            b"quit" => Step::Quit { bytes: line },
            b"get" | b"gets" if has_key(&line) => self.discovery_key(&words, &line),
            _ => match data_bytes(&words) {
                Some(bytes) if bytes > ITEM_BYTES_MAX => {
                    self.skip(bytes);
                    Step::Say {
                        answer: Bytes::from_static(TOO_LARGE),
                    }
                }
                Some(bytes) => {
                    self.place = Place::Data {
                        remaining: bytes + LINE_END_BYTES,
                        kept: true,
                    };
                    Step::Forward {
                        begins: command(refusal),
                        bytes: line,
                    }
                }
                None => Step::Forward {
                    begins: command(refusal),
                    bytes: line,
                },
            },
        }
    }

    /// `config get|set|delete`, which stock memcached does not know.
    fn config(&mut self, words: &Words<'_>) -> Step {
        match (words.get(1), words.get(2)) {
            (b"get", b"cluster") => Step::Discover { form: Form::Config },
            // Nothing else is ever configured; an empty answer is how a retrieval says so.
            (b"get", _) => Step::Say {
                answer: Bytes::from_static(b"END\r\n"),
            },
            (b"set", _) => {
                // `config set cluster 0 <bytes>`, then a data block, which goes with it.
                let last = match words.last() {
                    b"noreply" => words.get(words.count().saturating_sub(2)),
                    last => last,
                };
                if let Some(bytes) = number(last) {
                    self.skip(bytes);
                }
                Step::Say {
                    answer: Bytes::from_static(NOT_YOURS),
                }
            }
            (b"delete", _) => Step::Say {
                answer: Bytes::from_static(NOT_YOURS),
            },
            _ => Step::Say {
                answer: Bytes::from_static(b"ERROR\r\n"),
            },
        }
    }

    /// A retrieval that names [`KEY`], perhaps among other keys, which a node is asked for.
    fn discovery_key(&mut self, words: &Words<'_>, line: &Bytes) -> Step {
        let with_cas = words.get(0) == b"gets";
        let mut others = BytesMut::with_capacity(line.len());
        others.extend_from_slice(words.get(0));
        let mut ends = true;
        for word in split(line).skip(1).filter(|word| *word != KEY) {
            others.extend_from_slice(b" ");
            others.extend_from_slice(word);
            ends = false;
        }
        if !ends {
            others.extend_from_slice(b"\r\n");
            let bytes = others.freeze();
            self.queued = Some(Step::Forward {
                bytes,
                begins: command(NO_NODE),
            });
        }
        Step::Discover {
            form: Form::Value { with_cas, ends },
        }
    }

    fn skip(&mut self, data_bytes: u64) {
        self.place = Place::Data {
            remaining: data_bytes + LINE_END_BYTES,
            kept: false,
        };
    }
}

fn command(refusal: &'static [u8]) -> Begins {
    Begins::Command {
        refusal: Bytes::from_static(refusal),
    }
}

fn has_key(line: &[u8]) -> bool {
    split(line).skip(1).any(|word| word == KEY)
}

/// The length of the data block that follows a line, if memcached would read one. A line that it
/// finds malformed has none: it answers an error, and what follows is the next command.
fn data_bytes(words: &Words<'_>) -> Option<u64> {
    let count = words.count();
    let length = match words.get(0) {
        b"set" | b"add" | b"replace" | b"append" | b"prepend" if (5..=6).contains(&count) => 4,
        b"cas" if (6..=7).contains(&count) => 4,
        b"ms" if count >= 3 => 2,
        _ => return None,
    };
    number(words.get(length))
}

/// A length as memcached reads it: decimal, at most 2^31 - 3.
fn number(word: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(word).ok()?;
    text.parse::<u64>()
        .ok()
        .filter(|value| *value <= i32::MAX as u64 - LINE_END_BYTES)
}

/// The words of a line, which blanks separate; the line end is not part of any.
fn split(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty())
}

/// The first words of a line, and its last.
struct Words<'a> {
    first: [&'a [u8]; 5],
    last: &'a [u8],
    count: usize,
}

impl<'a> Words<'a> {
    fn of(line: &'a [u8]) -> Self {
        let mut words = Self {
            first: [b""; 5],
            last: b"",
            count: 0,
        };
        for word in split(line) {
            if let Some(place) = words.first.get_mut(words.count) {
                *place = word;
            }
            words.last = word;
            words.count += 1;
        }
        words
    }

    /// A word by its place, empty when it isn't there or is beyond those that are kept.
    fn get(&self, place: usize) -> &'a [u8] {
        self.first.get(place).copied().unwrap_or(b"")
    }

    fn last(&self) -> &'a [u8] {
        self.last
    }

    fn count(&self) -> usize {
        self.count
    }
}

/// Finds the marks in what a node replies. Replies describe themselves (only `VALUE` and `VA` lines
/// have data after them), so it need not know what was asked.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    place: ReplyPlace,
}

#[derive(Debug, Default)]
enum ReplyPlace {
    #[default]
    Line,
    LongLine,
    Data {
        remaining: u64,
    },
}

impl Replies {
    /// Looks at what has been read: how much of it is for the client, and whether a mark follows.
    pub(crate) fn scan(&mut self, input: &[u8]) -> Scan {
        let mut pass = 0;
        loop {
            let rest = &input[pass..];
            match self.place {
                ReplyPlace::Data { remaining } => {
                    let taken = remaining.min(rest.len() as u64);
                    pass += taken as usize;
                    if taken < remaining {
                        self.place = ReplyPlace::Data {
                            remaining: remaining - taken,
                        };
                        return Scan { pass, mark: None };
                    }
                    self.place = ReplyPlace::Line;
                }
                ReplyPlace::Line | ReplyPlace::LongLine => {
                    let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
                        let long = matches!(self.place, ReplyPlace::LongLine);
                        if long || rest.len() > REPLY_LINE_BYTES_MAX {
                            self.place = ReplyPlace::LongLine;
                            pass = input.len();
                        }
                        return Scan { pass, mark: None };
                    };
                    let line = &rest[..=end];
                    if matches!(self.place, ReplyPlace::Line) {
                        if line.starts_with(MARK_REPLY) {
                            return Scan {
                                pass,
                                mark: Some(line.len()),
                            };
                        }
                        if let Some(bytes) = reply_data_bytes(line) {
                            self.place = ReplyPlace::Data {
                                remaining: bytes + LINE_END_BYTES,
                            };
                        }
                    } else {
                        self.place = ReplyPlace::Line;
                    }
                    pass += line.len();
                }
            }
        }
    }
}

/// The length of the data block after a reply's line: `VALUE <key> <flags> <bytes>`, `VA <bytes>`.
fn reply_data_bytes(line: &[u8]) -> Option<u64> {
    if line.starts_with(b"VALUE ") {
        number(Words::of(line).get(3))
    } else if line.starts_with(b"VA ") {
        number(Words::of(line).get(1))
    } else {
        None
    }
}
