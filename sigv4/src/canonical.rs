//! A request in the one form that sender and verifier agree on.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use crate::Refusal;

/// What stays as it is in a canonical query: the unreserved characters of RFC 3986.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// In a canonical path the separators stay too.
const PATH: &AsciiSet = &QUERY.remove(b'/');

/// The parameter that carries the signature, which does not sign itself.
const SIGNATURE: &str = "X-Amz-Signature";

/// A request as it came over the wire. Its parts are as they were sent, nothing decoded.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// The path, percent-encoded as it came.
    pub path: &'a str,
    /// What stands after the question mark; empty without one.
    pub query: &'a str,
    /// Names and values, in the order in which they came.
    pub headers: Vec<(&'a str, &'a [u8])>,
    /// The SHA-256 of the body, in lower-case hexadecimal digits: see [`crate::body_digest`].
    pub body_digest: Cow<'a, str>,
}

impl Request<'_> {
    /// The canonical request with these headers, which are in lower case and in order.
    pub(crate) fn canonical(&self, signed_headers: &[String]) -> Result<Vec<u8>, Refusal> {
        let mut text = Vec::with_capacity(512);
        let mut line = |parts: &[&[u8]]| {
            for part in parts {
                text.extend_from_slice(part);
            }
            text.push(b'\n');
        };
        line(&[self.method.as_bytes()]);
        line(&[path(self.path).as_bytes()]);
        line(&[query(self.query)?.as_bytes()]);
        for name in signed_headers {
            let value = self.header(name).ok_or_else(|| {
                Refusal::Mismatch(format!("The signed header {name} is not in the request."))
            })?;
            line(&[name.as_bytes(), b":", &value]);
        }
        line(&[]);
        line(&[signed_headers.join(";").as_bytes()]);
        text.extend_from_slice(self.body_digest.as_bytes());
        Ok(text)
    }

    /// The value of a header in its canonical form: those of all headers of that name, trimmed, with single blanks, separated by commas.
    pub(crate) fn header(&self, name: &str) -> Option<Vec<u8>> {
        let values: Vec<Vec<u8>> = self
            .headers
            .iter()
            .filter(|(it, _)| it.eq_ignore_ascii_case(name))
            .map(|(_, value)| trimmed(value))
            .collect();
        (!values.is_empty()).then(|| values.join(&b','))
    }

    /// The query's pairs, decoded, in the order in which they came.
    ///
    /// # Errors
    /// [`Refusal::Incomplete`] where the query is not properly percent-encoded.
    pub fn parameters(&self) -> Result<Vec<(String, String)>, Refusal> {
        pairs(self.query).collect()
    }
}

fn trimmed(value: &[u8]) -> Vec<u8> {
    let words: Vec<&[u8]> = value
        .split(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
        .filter(|word| !word.is_empty())
        .collect();
    words.join(&b' ')
}

/// The path without dots and empty parts, encoded once more than it came.
fn path(raw: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in raw.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let is_folder = raw.ends_with('/') || raw.ends_with("/.") || raw.ends_with("/..");
    let end = match is_folder && !parts.is_empty() {
        true => "/",
        false => "",
    };
    let normal = format!("/{}{end}", parts.join("/"));
    percent_encode(normal.as_bytes(), PATH).to_string()
}

/// The pairs in order, encoded in one way, whatever way they came in.
fn query(raw: &str) -> Result<String, Refusal> {
    let mut encoded = Vec::new();
    for pair in pairs(raw) {
        let (name, value) = pair?;
        if name != SIGNATURE {
            let encode = |text: &str| percent_encode(text.as_bytes(), QUERY).to_string();
            encoded.push((encode(&name), encode(&value)));
        }
    }
    encoded.sort();
    let pairs: Vec<String> = encoded
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    Ok(pairs.join("&"))
}

/// Pairs as the receiver of a form reads them, so that what is verified is what is done.
fn pairs(raw: &str) -> impl Iterator<Item = Result<(String, String), Refusal>> {
    raw.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((decoded(name)?, decoded(value)?))
    })
}

fn decoded(text: &str) -> Result<String, Refusal> {
    let text = text.replace('+', " ");
    let broken = || {
        Refusal::Incomplete("The query of the request is not properly percent-encoded.".to_owned())
    };
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let bytes = text.as_bytes();
    for at in (0..bytes.len()).filter(|at| bytes[*at] == b'%') {
        if !is_digit(bytes.get(at + 1)) || !is_digit(bytes.get(at + 2)) {
            return Err(broken());
        }
    }
    let decoded = percent_decode_str(&text)
        .decode_utf8()
        .map_err(|_| broken())?;
    Ok(decoded.into_owned())
}
