//! Signature Version 4 as who verifies it sees it: reads what a request claims of its sender, and finds out whether the sender
//! had the secret.
//!
//! Written for the control plane, which verifies calls of its API, and for the router, which verifies tokens that stand for passwords.
//! Nothing here does I/O, knows the time, or remembers anything. The rules are those of "Create a signed AWS API request" in the IAM
//! guide; the odd cases are in AWS's test suite (`tests/suite.rs`).
//!
//! - [`Signed::read`]: the claim, in the header or in the query.
//! - [`Signed::check_time`]: whether it holds now.
//! - [`Signed::verify`]: whether it is true.

mod canonical;
mod scope;
mod signed;
pub mod time;

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

pub use canonical::Request;
pub use scope::Scope;
pub use signed::{Place, Signed};

/// The one algorithm.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Last part of every scope.
pub const TERMINATOR: &str = "aws4_request";

/// How far the clocks of sender and verifier may be apart, in seconds.
pub const SKEW_SECONDS: i64 = 15 * 60;

/// Why a signature does not count; the text is for its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It is not whole, or not formed like one.
    Incomplete(String),
    /// Its time is over, or has not come.
    Expired(String),
    /// It is not the one that the secret gives.
    Mismatch(String),
}

impl Refusal {
    /// What is told to the sender.
    pub fn message(&self) -> &str {
        match self {
            Self::Incomplete(text) | Self::Expired(text) | Self::Mismatch(text) => text,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for Refusal {}

/// What a secret comes down to for one day, region and service. It signs for these, and does not give the secret away. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey([u8; 32]);

impl SigningKey {
    /// The key of a secret for a day (`YYYYMMDD`), a region and a service.
    pub fn derive(secret: &str, date: &str, region: &str, service: &str) -> Self {
        let first = authenticated(format!("AWS4{secret}").as_bytes(), date.as_bytes());
        let key = [region, service, TERMINATOR]
            .iter()
            .fold(first, |key, part| authenticated(&key, part.as_bytes()));
        Self(key)
    }

    /// One that was derived elsewhere.
    pub fn derived(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The signature of a text, as senders make it.
    pub fn sign(&self, text: &[u8]) -> [u8; 32] {
        authenticated(&self.0, text)
    }

    /// Whether `signature` is that of `text`; takes as long for a near miss as for a far one.
    fn has_signed(&self, text: &[u8], signature: &[u8]) -> bool {
        mac(&self.0, text).verify_slice(signature).is_ok()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// The SHA-256 of a request's body, in lower-case hexadecimal digits.
pub fn body_digest(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}

fn mac(key: &[u8], text: &[u8]) -> Hmac<Sha256> {
    #[allow(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("take a key");
    mac.update(text);
    mac
}

fn authenticated(key: &[u8], text: &[u8]) -> [u8; 32] {
    mac(key, text).finalize().into_bytes().into()
}
