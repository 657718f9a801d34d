//! Bytes that are looked at as they pass.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use sha2::{Digest, Sha256};

use super::{Content, Stored};
use crate::rdb::{RdbError, Verifier};

/// So much of a file holds all its notes.
const BEGINNING_BYTES: usize = 1024;

#[derive(Default)]
struct State {
    verifier: Verifier,
    digest: Sha256,
    size_bytes: u64,
    beginning: Vec<u8>,
}

/// A content on its way through.
pub struct Watched {
    content: Content,
    state: Arc<Mutex<State>>,
}

/// What was seen of a content that has passed.
pub struct Seen {
    state: Arc<Mutex<State>>,
}

impl Watched {
    /// Looks at `content` as it passes.
    pub fn new(content: Content) -> (Self, Seen) {
        let state = Arc::<Mutex<State>>::default();
        let seen = Seen {
            state: Arc::clone(&state),
        };
        (Self { content, state }, seen)
    }
}

impl Stream for Watched {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.content.poll_next_unpin(cx);
        if let Poll::Ready(Some(Ok(bytes))) = &next {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.verifier.update(bytes);
            state.digest.update(bytes);
            state.size_bytes += bytes.len() as u64;
            let missing = BEGINNING_BYTES.saturating_sub(state.beginning.len());
            state.beginning.extend(bytes.iter().take(missing));
        }
        next
    }
}

impl Seen {
    /// The first kilobyte, once it has passed.
    pub fn beginning(&self) -> Vec<u8> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.beginning.clone()
    }

    /// Whether so many bytes have passed.
    pub fn is_whole(&self, size_bytes: u64) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.size_bytes == size_bytes
    }

    /// The verdict, after the last bytes.
    ///
    /// # Errors
    /// [`RdbError::NotRdb`]; [`RdbError::Corrupt`].
    pub fn finish(self) -> Result<Stored, RdbError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = std::mem::take(&mut *state);
        Ok(Stored {
            size_bytes: state.size_bytes,
            header: state.verifier.finish()?,
            sha256: hex::encode(state.digest.finalize()),
        })
    }
}
