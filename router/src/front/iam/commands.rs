//! The commands of a client, as far as they must be understood to find those that log in.
//!
//! The engine's own grammar (RESP arrays of bulk strings, and inline commands), or less: what an engine would forgive is refused here,
//! so that both always agree on where a command begins. If they did not, a client could have a password that we put in its place
//! written into one of its values. What logs in is held until it is whole, within bounds; everything else goes by as it comes.

use std::ops::Range;

/// The longest line of a length that is waited for, in bytes: more than any 64-bit number needs.
const LENGTH_LINE_MAX: usize = 32;

/// The longest inline command, in bytes: the engine's own bound.
const INLINE_BYTES_MAX: usize = 64 * 1024;

/// The longest command that logs in, in bytes. Tokens have some hundreds, with a session token a few thousands.
const LOGIN_BYTES_MAX: usize = 64 * 1024;

/// Most arguments of a command that logs in: `HELLO` has seven when it says everything.
const LOGIN_ARGUMENTS_MAX: usize = 16;

/// The engine's own bound on arguments.
const ARGUMENTS_MAX: i64 = i32::MAX as i64;

/// What is not understood; the connection ends with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) &'static str);

/// Replaces the password of a user, or leaves it.
pub(super) trait Passwords {
    /// What the engine shall be told in place of `password`; none leaves it as it is.
    fn replace(&mut self, user: &[u8], password: &[u8]) -> Option<Vec<u8>>;

    /// What the engine shall be told in a command that it refuses whatever the password is; none leaves it as it is.
    fn withhold(&mut self, user: &[u8]) -> Option<Vec<u8>>;
}

/// Where the next byte belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the beginning of a command, or within one that is held.
    Command,
    /// Before an argument of a command that goes by, of which there are so many yet.
    Argument { left: i64 },
    /// Within one, of which there are so many bytes yet.
    Content { bytes: u64, left: i64 },
}

/// Follows the commands of a connection.
#[derive(Debug)]
pub(super) struct Commands {
    place: Place,
    /// What has come of a command or a length that is not whole yet; bounded.
    held: Vec<u8>,
}

/// What the beginning of a command says.
enum Found {
    /// More has to come.
    Unfinished,
    /// So many bytes go by; then this is the place.
    Passes(usize, Place),
    /// A whole command of so many bytes that logs in, with its arguments.
    Login(usize, Vec<Vec<u8>>),
}

impl Commands {
    pub(super) fn new() -> Self {
        Self {
            place: Place::Command,
            held: Vec::new(),
        }
    }

    /// Reads on, and says in `out` what the engine shall be told.
    ///
    /// # Errors
    /// [`Malformed`] for what no client says; what came before it is in `out`.
    pub(super) fn feed(
        &mut self,
        input: &[u8],
        out: &mut Vec<u8>,
        passwords: &mut dyn Passwords,
    ) -> Result<(), Malformed> {
        let searched = self.held.len();
        self.held.extend_from_slice(input);
        let mut at = 0;
        while at < self.held.len() {
            let rest = &self.held[at..];
            let (length, next) = match self.place {
                Place::Content { bytes, left } => {
                    let length = usize::try_from(bytes).unwrap_or(usize::MAX).min(rest.len());
                    (length, after_content(bytes - length as u64, left))
                }
                Place::Argument { left } => match bulk(rest)? {
                    None => break,
                    Some((header, bytes)) => (header, after_content(bytes + 2, left - 1)),
                },
                Place::Command => match command(rest, searched.saturating_sub(at))? {
                    Found::Unfinished => break,
                    Found::Passes(length, next) => (length, next),
                    Found::Login(length, arguments) => {
                        match replaced(arguments, passwords) {
                            Some(arguments) => write(&arguments, out),
                            None => out.extend_from_slice(&rest[..length]),
                        }
                        at += length;
                        continue;
                    }
                },
            };
            out.extend_from_slice(&rest[..length]);
            at += length;
            self.place = next;
        }
        self.held.drain(..at);
        Ok(())
    }
}

fn after_content(bytes: u64, left: i64) -> Place {
    match (bytes, left) {
        (0, 0) => Place::Command,
        (0, left) => Place::Argument { left },
        (bytes, left) => Place::Content { bytes, left },
    }
}

/// Reads the beginning of a command, of which so many bytes are known to have no end of a line.
fn command(text: &[u8], searched: usize) -> Result<Found, Malformed> {
    if text.first() != Some(&b'*') {
        return inline(text, searched);
    }
    let Some((header, count)) = length(text)? else {
        return Ok(Found::Unfinished);
    };
    if count > ARGUMENTS_MAX {
        return Err(Malformed("invalid multibulk length"));
    }
    if count <= 0 {
        return Ok(Found::Passes(header, Place::Command));
    }
    let Some((name_header, bytes)) = bulk(&text[header..])? else {
        return Ok(Found::Unfinished);
    };
    let begin = header + name_header;
    if !matches!(bytes, 4 | 5) {
        return Ok(Found::Passes(begin, after_content(bytes + 2, count - 1)));
    }
    let Some(name) = text.get(begin..begin + bytes as usize) else {
        return Ok(Found::Unfinished);
    };
    if !logs_in(name) {
        return Ok(Found::Passes(begin, after_content(bytes + 2, count - 1)));
    }
    login(text, header, count)
}

/// Reads a command that logs in, whose arguments begin at `begin`.
fn login(text: &[u8], begin: usize, count: i64) -> Result<Found, Malformed> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if count > LOGIN_ARGUMENTS_MAX {
        return Err(Malformed("too many arguments of a command that logs in"));
    }
    let mut at = begin;
    let mut arguments: Vec<Range<usize>> = Vec::with_capacity(count);
    while arguments.len() < count {
        let rest = text.get(at..).unwrap_or_default();
        let Some((header, bytes)) = bulk(rest)? else {
            return Ok(Found::Unfinished);
        };
        if bytes > LOGIN_BYTES_MAX as u64 {
            return Err(Malformed("too long an argument of a command that logs in"));
        }
        let content = at + header..at + header + bytes as usize;
        at = content.end + 2;
        if at > LOGIN_BYTES_MAX {
            return Err(Malformed("too long a command that logs in"));
        }
        arguments.push(content);
    }
    if at > text.len() {
        return Ok(Found::Unfinished);
    }
    let arguments = arguments.into_iter().map(|it| text[it].to_vec());
    Ok(Found::Login(at, arguments.collect()))
}

fn inline(text: &[u8], searched: usize) -> Result<Found, Malformed> {
    let end = text[searched..].iter().position(|byte| *byte == b'\n');
    let Some(end) = end.map(|end| searched + end) else {
        return match text.len() > INLINE_BYTES_MAX {
            true => Err(Malformed("too big inline request")),
            false => Ok(Found::Unfinished),
        };
    };
    if end > INLINE_BYTES_MAX {
        return Err(Malformed("too big inline request"));
    }
    let line = text[..end].strip_suffix(b"\r").unwrap_or(&text[..end]);
    let words = words(line)?;
    match words.first() {
        Some(name) if logs_in(name) && words.len() > LOGIN_ARGUMENTS_MAX => {
            Err(Malformed("too many arguments of a command that logs in"))
        }
        Some(name) if logs_in(name) => Ok(Found::Login(end + 1, words)),
        _ => Ok(Found::Passes(end + 1, Place::Command)),
    }
}

/// The words of an inline command, as the engine splits them.
fn words(line: &[u8]) -> Result<Vec<Vec<u8>>, Malformed> {
    const UNBALANCED: Malformed = Malformed("unbalanced quotes in request");
    if line.contains(&0) {
        // Where the engine's line ends then depends on its version.
        return Err(Malformed("a zero byte in an inline request"));
    }
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        while let [first, after @ ..] = rest
            && is_blank(*first)
        {
            rest = after;
        }
        if rest.is_empty() {
            return Ok(words);
        }
        let mut word = Vec::new();
        let mut quote = None;
        while let [byte, after @ ..] = rest {
            rest = after;
            match (quote, *byte) {
                (None, b' ' | b'\t' | b'\r') => break,
                (None, b'"' | b'\'') => quote = Some(*byte),
                (Some(open), byte) if byte == open => {
                    if rest.first().is_some_and(|it| !is_blank(*it)) {
                        return Err(UNBALANCED);
                    }
                    quote = None;
                    break;
                }
                (Some(b'"'), b'\\') => rest = escaped(rest, &mut word),
                (Some(b'\''), b'\\') if rest.first() == Some(&b'\'') => {
                    word.push(b'\'');
                    rest = &rest[1..];
                }
                (_, byte) => word.push(byte),
            }
        }
        if quote.is_some() {
            return Err(UNBALANCED);
        }
        words.push(word);
    }
}

/// What C calls so: Rust does not count the vertical tab.
fn is_blank(byte: u8) -> bool {
    byte == 0x0b || byte.is_ascii_whitespace()
}

/// What stands after a backslash between double quotes; returns what is left.
fn escaped<'a>(rest: &'a [u8], word: &mut Vec<u8>) -> &'a [u8] {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    if let [b'x', high, low, after @ ..] = rest
        && let (Some(high), Some(low)) = (digit(high), digit(low))
    {
        word.push((high * 16 + low) as u8);
        return after;
    }
    let Some((first, after)) = rest.split_first() else {
        // The line ends with it, so the quote is never closed.
        word.push(b'\\');
        return rest;
    };
    word.push(match first {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        other => *other,
    });
    after
}

fn logs_in(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"AUTH") || name.eq_ignore_ascii_case(b"HELLO")
}

/// The bytes of a bulk string's header, and its length.
fn bulk(text: &[u8]) -> Result<Option<(usize, u64)>, Malformed> {
    match text.first() {
        None => Ok(None),
        Some(b'$') => match length(text)? {
            None => Ok(None),
            Some((header, bytes)) => match u64::try_from(bytes) {
                Ok(bytes) => Ok(Some((header, bytes))),
                Err(_) => Err(Malformed("invalid bulk length")),
            },
        },
        Some(_) => Err(Malformed("expected '$'")),
    }
}

/// The number on a line that begins with its kind, and how many bytes that line has.
fn length(text: &[u8]) -> Result<Option<(usize, i64)>, Malformed> {
    let window = &text[..text.len().min(LENGTH_LINE_MAX)];
    let Some(end) = window.iter().position(|byte| *byte == b'\r') else {
        return match window.len() == LENGTH_LINE_MAX {
            true => Err(Malformed("too long a length")),
            false => Ok(None),
        };
    };
    match text.get(end + 1) {
        None => Ok(None),
        Some(b'\n') => number(&text[1..end])
            .map(|number| Some((end + 2, number)))
            .ok_or(Malformed("invalid length")),
        Some(_) => Err(Malformed("a line that does not end")),
    }
}

/// A number as the engine writes it, and in no other form.
fn number(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let is_plain = match digits {
        [] => false,
        [b'0', ..] => text == b"0",
        digits => digits.iter().all(u8::is_ascii_digit),
    };
    let text = std::str::from_utf8(text).ok().filter(|_| is_plain)?;
    text.parse().ok()
}

/// A command that logs in, with other passwords; none where they stay.
fn replaced(mut arguments: Vec<Vec<u8>>, passwords: &mut dyn Passwords) -> Option<Vec<Vec<u8>>> {
    let (users, is_whole) = logins(&arguments);
    let mut is_other = false;
    for user in users {
        let Some([name, password]) = arguments.get_mut(user..user + 2) else {
            continue;
        };
        let other = match is_whole {
            true => passwords.replace(name, password),
            false => passwords.withhold(name),
        };
        if let Some(other) = other {
            *password = other;
            is_other = true;
        }
    }
    is_other.then_some(arguments)
}

/// Where a command that logs in has users, each with a password behind, and whether it is whole. The engine hides the passwords of
/// a whole one from its slow log and from `MONITOR`; any other it refuses, and shows as it is.
fn logins(arguments: &[Vec<u8>]) -> (Vec<usize>, bool) {
    let is = |word: &[u8], name: &str| word.eq_ignore_ascii_case(name.as_bytes());
    if is(&arguments[0], "AUTH") {
        return match arguments.len() {
            // With one argument it names no user.
            ..=2 => (Vec::new(), true),
            length => (vec![1], length == 3),
        };
    }
    // HELLO [version [AUTH user password] [SETNAME name]]
    let version = arguments.get(1).map(Vec::as_slice);
    let mut is_whole = matches!(version, None | Some(b"2" | b"3"));
    let mut users = Vec::new();
    let mut at = 2;
    loop {
        match arguments.get(at..).unwrap_or_default() {
            [] => return (users, is_whole),
            [option, _, _, ..] if is(option, "AUTH") => {
                users.push(at + 1);
                at += 3;
            }
            [option, name, ..] if is(option, "SETNAME") => {
                is_whole &= name.iter().all(u8::is_ascii_graphic);
                at += 2;
            }
            // The engine reads no further, and tells what it stumbled over.
            _ => return (users, false),
        }
    }
}

fn write(arguments: &[Vec<u8>], out: &mut Vec<u8>) {
    out.extend_from_slice(format!("*{}\r\n", arguments.len()).as_bytes());
    for argument in arguments {
        out.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        out.extend_from_slice(argument);
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests;
