//! Encryption of what is kept: XChaCha20-Poly1305, whose nonces are long enough to be drawn at random.

use anyhow::anyhow;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Length of a nonce, in bytes.
const NONCE_BYTES: usize = 24;

/// What the key is for, so that the data directory's secret gives another for each purpose.
const PURPOSE: &[u8] = b"seal credentials";

/// Closes and opens. Never printed.
#[derive(Clone)]
pub(super) struct Seal(XChaCha20Poly1305);

impl Seal {
    /// With a key that is derived from the data directory's secret.
    pub(super) fn new(secret: &[u8]) -> Self {
        #[allow(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(secret).expect("take a key");
        mac.update(PURPOSE);
        Self(XChaCha20Poly1305::new(&mac.finalize().into_bytes()))
    }

    /// Encrypts `plain`; what comes out opens only where it is said to belong.
    pub(super) fn close(&self, plain: &[u8], owner: &[u8]) -> anyhow::Result<Vec<u8>> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload {
            msg: plain,
            aad: owner,
        };
        let closed = self
            .0
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| anyhow!("it is too long to be encrypted"))?;
        Ok([nonce.as_slice(), &closed].concat())
    }

    /// Decrypts what was closed with this key for this owner, and nothing else.
    pub(super) fn open(&self, sealed: &[u8], owner: &[u8]) -> anyhow::Result<Vec<u8>> {
        let unfit = || anyhow!("it was not encrypted with the secret of this data directory");
        let (nonce, closed) = sealed
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or_else(unfit)?;
        let payload = Payload {
            msg: closed,
            aad: owner,
        };
        self.0
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| unfit())
    }
}
