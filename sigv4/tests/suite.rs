//! AWS's own test suite, from the verifier's side: every signed request of it verifies, and none verifies any more when a byte of it
//! is another.

use std::fs;
use std::path::{Path, PathBuf};

use cacheplane_sigv4::{Refusal, Request, Signed, SigningKey, body_digest};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A request of the suite, taken apart.
#[derive(Debug, Clone)]
struct Message {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Message {
    fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file)
            .expect("read a request")
            .replace('\r', "");
        let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let start = lines.next().expect("a request line");
        let (method, rest) = start.split_once(' ').expect("a method");
        let (target, _) = rest.rsplit_once(' ').expect("a target");
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
        for line in lines {
            match (line.starts_with([' ', '\t']), headers.last_mut()) {
                // A value over several lines is one with a blank between them (RFC 9112, section 5.2).
                (true, Some((_, value))) => {
                    value.push(b' ');
                    value.extend_from_slice(line.as_bytes());
                }
                _ => {
                    let (name, value) = line.split_once(':').expect("a header");
                    headers.push((name.to_owned(), value.as_bytes().to_vec()));
                }
            }
        }
        // The signed request of one case (get-vanilla-with-session-token) has a signature that is none; the answer that the suite
        // expects stands in a file of its own.
        let authorization = fs::read(file.with_extension("authz")).expect("read the answer");
        for (name, value) in &mut headers {
            if name == "Authorization" {
                *value = authorization.trim_ascii().to_vec();
            }
        }
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: body.as_bytes().to_vec(),
        }
    }

    fn verify(&self) -> Result<(), Refusal> {
        let request = Request {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: self
                .headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_slice()))
                .collect(),
            body_digest: body_digest(&self.body).into(),
        };
        let signed = Signed::read(&request)?.expect("a signature");
        let scope = &signed.scope;
        let secret = match scope.access_key_id.as_str() {
            "AKIDEXAMPLE" => SECRET,
            _ => "another key has another secret",
        };
        let key = SigningKey::derive(secret, &scope.date, &scope.region, &scope.service);
        signed.verify(&request, &key)
    }

    /// The headers that are signed, and the one with the signature.
    fn matters(&self, name: &str) -> bool {
        let authorization = self
            .headers
            .iter()
            .find(|(it, _)| it == "Authorization")
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
            .expect("a signature");
        let (_, rest) = authorization.split_once("SignedHeaders=").expect("names");
        let names = rest.split(',').next().expect("names");
        name == "Authorization" || names.split(';').any(|it| it.eq_ignore_ascii_case(name))
    }
}

fn requests(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("read the suite") {
        let path = entry.expect("read the suite").path();
        if path.is_dir() {
            requests(&path, found);
        } else if path.extension().is_some_and(|it| it == "sreq") {
            found.push(path);
        }
    }
}

fn suite() -> Vec<(String, Message)> {
    let mut found = Vec::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/aws4_testsuite");
    requests(&folder, &mut found);
    found.sort();
    found
        .iter()
        .map(|path| {
            (
                path.file_stem()
                    .expect("a name")
                    .to_string_lossy()
                    .into_owned(),
                Message::read(path),
            )
        })
        .collect()
}

/// Each alphanumeric byte of a text replaced by another, one at a time.
fn mutations(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let places = (0..bytes.len()).filter(|at| bytes[*at].is_ascii_alphanumeric());
    places.map(|at| {
        let mut other = bytes.to_vec();
        other[at] ^= 1;
        other
    })
}

#[test]
fn every_request_of_the_suite_verifies() {
    let suite = suite();
    assert_eq!(suite.len(), 34, "requests of the suite");
    for (name, message) in suite {
        assert_eq!(message.verify(), Ok(()), "{name}");
    }
}

#[test]
fn no_request_of_the_suite_verifies_with_one_byte_changed() {
    let mut tried = 0;
    for (name, message) in suite() {
        let mut refuse = |what: &str, changed: Message| {
            tried += 1;
            assert!(
                changed.verify().is_err(),
                "{name}: {what} changed: {changed:?}"
            );
        };
        let text = |bytes| String::from_utf8(bytes).expect("still text");
        // What a path leads out of again does not count.
        let path = match message.path.contains("..") {
            true => "",
            false => &message.path,
        };
        for path in mutations(path.as_bytes()) {
            let path = text(path);
            refuse(
                "the path",
                Message {
                    path,
                    ..message.clone()
                },
            );
        }
        for query in mutations(message.query.as_bytes()) {
            let query = text(query);
            refuse(
                "the query",
                Message {
                    query,
                    ..message.clone()
                },
            );
        }
        for body in mutations(&message.body) {
            refuse(
                "the body",
                Message {
                    body,
                    ..message.clone()
                },
            );
        }
        for (index, (header, value)) in message.headers.iter().enumerate() {
            if message.matters(header) {
                for value in mutations(value) {
                    let mut changed = message.clone();
                    changed.headers[index].1 = value;
                    refuse(header, changed);
                }
            }
        }
        for (what, changed) in rearranged(&message) {
            refuse(what, changed);
        }
    }
    assert!(tried > 4_000, "{tried} changes were tried");
}

/// Whole parts more, less, or others.
fn rearranged(message: &Message) -> Vec<(&'static str, Message)> {
    let mut all = Vec::new();
    let mut with = |what, change: &dyn Fn(&mut Message)| {
        let mut changed = message.clone();
        change(&mut changed);
        all.push((what, changed));
    };
    with("the method", &|it| it.method = "PUT".to_owned());
    with("the path", &|it| it.path.push_str("/more"));
    with("the query", &|it| it.query.push_str("&Param9=9"));
    with("the body", &|it| it.body.push(b'a'));
    with("one more header of a name", &|it| {
        it.headers.push(("hOST".to_owned(), b"other".to_vec()));
    });
    with("two signatures", &|it| {
        let again = it
            .headers
            .iter()
            .find(|(name, _)| name == "Authorization")
            .cloned();
        it.headers.extend(again);
    });
    for (index, (name, _)) in message.headers.iter().enumerate() {
        if message.matters(name) && name != "Authorization" {
            with("a header less", &|it| drop(it.headers.remove(index)));
        }
    }
    all
}
