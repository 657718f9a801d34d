//! Signatures of requests, in the API's own words: what [`cacheplane_sigv4`] finds wrong with one, as the fault that clients read.

pub use cacheplane_sigv4::{Request, Scope, Signed, SigningKey, body_digest};

use cacheplane_sigv4::Refusal;

use crate::{Fault, FaultCode};

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::Incomplete(_) => FaultCode::IncompleteSignature,
            Refusal::Expired(_) => FaultCode::RequestExpired,
            Refusal::Mismatch(_) => FaultCode::SignatureDoesNotMatch,
        };
        Self::new(code, refusal.message())
    }
}
