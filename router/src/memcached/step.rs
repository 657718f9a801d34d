//! What the two protocols have in common: the steps of a conversation.

use bytes::{Bytes, BytesMut};

use super::discovery::Form;
use super::{ascii, binary};

/// One thing to do with what a client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Pass these bytes to the node.
    Forward {
        /// The bytes, usually as they came.
        bytes: Bytes,
        /// Whether they begin a command.
        begins: Begins,
    },
    /// Answer with the configuration.
    Discover {
        /// How it was asked for.
        form: Form,
    },
    /// Answer with these bytes.
    Say {
        /// The answer.
        answer: Bytes,
    },
    /// Answer with these bytes and hear no more: the requests can no longer be told apart.
    Refuse {
        /// The answer.
        answer: Bytes,
    },
    /// The client says that it is leaving; a node that hears it closes.
    Quit {
        /// How it said so.
        bytes: Bytes,
    },
}

/// What a forwarded piece begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Begins {
    /// Nothing: it goes on with the command before it, and shares its fate.
    Nothing,
    /// A command.
    Command {
        /// The answer when there is no node; empty when the client wants none.
        refusal: Bytes,
    },
    /// A command of the client's whose reply looks like a mark's.
    Marked {
        /// The answer when there is no node.
        refusal: Bytes,
    },
}

/// What a piece of a node's replies holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scan {
    /// This many bytes from the start are for the client.
    pub(crate) pass: usize,
    /// A mark of this many bytes comes right after them.
    pub(crate) mark: Option<usize>,
}

/// Which protocol a connection speaks; memcached too decides by the first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Lines of text, meta commands included.
    Ascii,
    /// Headers of 24 bytes.
    Binary,
}

impl Protocol {
    /// The request that has a node say "everything before this is answered".
    pub(crate) fn mark(self) -> &'static [u8] {
        match self {
            Self::Ascii => ascii::MARK,
            Self::Binary => binary::MARK,
        }
    }
}

/// Finds the requests in what a client sends.
pub(crate) enum Requests {
    Ascii(ascii::Requests),
    Binary(binary::Requests),
}

impl Requests {
    /// Begins with the first bytes of a connection; none while there are none.
    pub(crate) fn begin(input: &[u8]) -> Option<Self> {
        match *input.first()? {
            binary::REQUEST_MAGIC => Some(Self::Binary(binary::Requests::default())),
            _ => Some(Self::Ascii(ascii::Requests::default())),
        }
    }

    /// The protocol that they are in.
    pub(crate) fn protocol(&self) -> Protocol {
        match self {
            Self::Ascii(_) => Protocol::Ascii,
            Self::Binary(_) => Protocol::Binary,
        }
    }

    /// Takes the next step's bytes off the front of `input`; none when more must be read first.
    pub(crate) fn step(&mut self, input: &mut BytesMut) -> Option<Step> {
        match self {
            Self::Ascii(requests) => requests.step(input),
            Self::Binary(requests) => requests.step(input),
        }
    }
}

/// Finds the marks in what a node replies.
pub(crate) enum Replies {
    Ascii(ascii::Replies),
    Binary(binary::Replies),
}

impl Replies {
    /// Begins at a connection's first byte.
    pub(crate) fn new(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Ascii => Self::Ascii(ascii::Replies::default()),
            Protocol::Binary => Self::Binary(binary::Replies::default()),
        }
    }

    /// Looks at what has been read and not yet passed on.
    pub(crate) fn scan(&mut self, input: &[u8]) -> Scan {
        match self {
            Self::Ascii(replies) => replies.scan(input),
            Self::Binary(replies) => replies.scan(input),
        }
    }
}
