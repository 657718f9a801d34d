//! The binary protocol, as far as a router must understand it. Old, deprecated by memcached, and
//! still what some cluster clients speak by default.
//!
//! Every request and reply is a header of 24 bytes and a body whose length stands in it.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::discovery::Form;
use super::step::{Begins, Scan, Step};

/// The first byte of every request.
pub(crate) const REQUEST_MAGIC: u8 = 0x80;
const REPLY_MAGIC: u8 = 0x81;
const HEADER_BYTES: usize = 24;

const NOOP: u8 = 0x0a;
const QUIT: u8 = 0x07;
const QUIET_QUIT: u8 = 0x17;
/// ElastiCache's own operations, as its cluster clients define them.
const CONFIG_GET: u8 = 0x60;
const CONFIG_SET: u8 = 0x64;
const CONFIG_DELETE: u8 = 0x66;

const UNKNOWN_COMMAND: u16 = 0x0081;
const TEMPORARY_FAILURE: u16 = 0x0086;

/// Bytes of a body: the largest item, and its key and extras.
const BODY_BYTES_MAX: u64 = (128 << 20) + 1024;

/// A no-op, which a node answers when it has answered everything before it.
pub(crate) const MARK: &[u8] = &[
    REQUEST_MAGIC,
    NOOP,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
];

/// Finds the requests in what a client sends.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    /// What is left of the body that is being read.
    remaining: u64,
    /// Whether that body goes to the node.
    kept: bool,
}

impl Requests {
    /// Takes the next step's bytes off the front of `input`; none when more must be read first.
    pub(crate) fn step(&mut self, input: &mut BytesMut) -> Option<Step> {
        while self.remaining > 0 {
            if input.is_empty() {
                return None;
            }
            let taken = self.remaining.min(input.len() as u64);
            self.remaining -= taken;
            if self.kept {
                let bytes = input.split_to(taken as usize).freeze();
                return Some(Step::Forward {
                    bytes,
                    begins: Begins::Nothing,
                });
            }
            input.advance(taken as usize);
        }
        if input.first().is_some_and(|magic| *magic != REQUEST_MAGIC) {
            return Some(Step::Refuse {
                answer: Bytes::new(),
            });
        }
        if input.len() < HEADER_BYTES {
            return None;
        }
        let header = input.split_to(HEADER_BYTES).freeze();
        Some(self.command(header))
    }

    fn command(&mut self, header: Bytes) -> Step {
        let opcode = header[1];
        let opaque = (&header[12..16]).get_u32();
        self.remaining = u64::from((&header[8..12]).get_u32());
        self.kept = false;
        if self.remaining > BODY_BYTES_MAX {
            return Step::Refuse {
                answer: Bytes::new(),
            };
        }
        match opcode {
            CONFIG_GET => Step::Discover {
                form: Form::Binary { opaque },
            },
            CONFIG_SET | CONFIG_DELETE => Step::Say {
                answer: refusal(opcode, opaque, UNKNOWN_COMMAND, b"Unknown command"),
            },
            QUIT | QUIET_QUIT => Step::Quit { bytes: header },
            _ => {
                self.kept = true;
                let refusal = refusal(opcode, opaque, TEMPORARY_FAILURE, b"no node is available");
                let begins = match opcode {
                    NOOP => Begins::Marked { refusal },
                    _ => Begins::Command { refusal },
                };
                Step::Forward {
                    bytes: header,
                    begins,
                }
            }
        }
    }
}

fn refusal(opcode: u8, opaque: u32, status: u16, text: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(HEADER_BYTES + text.len());
    put_header(
        &mut out,
        Header {
            opcode,
            extras_bytes: 0,
            status,
            opaque,
            cas: 0,
        },
        text.len(),
    );
    out.put_slice(text);
    out.freeze()
}

/// Writes the configuration in the shape of a get's reply: flags, then the value.
pub(crate) fn put_config(out: &mut BytesMut, opaque: u32, version: u64, payload: &str) {
    const FLAGS: u32 = 0;
    let header = Header {
        opcode: CONFIG_GET,
        extras_bytes: 4,
        status: 0,
        opaque,
        cas: version,
    };
    put_header(out, header, 4 + payload.len());
    out.put_u32(FLAGS);
    out.put_slice(payload.as_bytes());
}

struct Header {
    opcode: u8,
    extras_bytes: u8,
    status: u16,
    opaque: u32,
    cas: u64,
}

fn put_header(out: &mut BytesMut, header: Header, body_bytes: usize) {
    out.put_u8(REPLY_MAGIC);
    out.put_u8(header.opcode);
    out.put_u16(0);
    out.put_u8(header.extras_bytes);
    out.put_u8(0);
    out.put_u16(header.status);
    out.put_u32(u32::try_from(body_bytes).unwrap_or(u32::MAX));
    out.put_u32(header.opaque);
    out.put_u64(header.cas);
}

/// Finds the marks in what a node replies.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    remaining: u64,
}

impl Replies {
    /// Looks at what has been read: how much of it is for the client, and whether a mark follows.
    pub(crate) fn scan(&mut self, input: &[u8]) -> Scan {
        let mut pass = 0;
        loop {
            let taken = self.remaining.min((input.len() - pass) as u64);
            self.remaining -= taken;
            pass += taken as usize;
            let rest = &input[pass..];
            if rest.len() < HEADER_BYTES {
                return Scan { pass, mark: None };
            }
            let body_bytes = u64::from((&rest[8..12]).get_u32());
            if rest[1] == NOOP && body_bytes == 0 {
                return Scan {
                    pass,
                    mark: Some(HEADER_BYTES),
                };
            }
            self.remaining = body_bytes;
            pass += HEADER_BYTES;
        }
    }
}
