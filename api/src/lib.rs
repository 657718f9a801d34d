//! The wire contract: shapes, faults and operations of the ElastiCache Query API, with one decoder and one encoder.
//!
//! - [`Operation`], [`FaultCode`] and [`shapes`] are generated from the service model (`api/model`).
//! - [`query`] reads a request: form pairs into an [`Input`]. It is the only decoder.
//! - [`xml`] writes a reply: an [`Output`] or a [`Fault`] as XML. It is the only encoder.
//! - [`sigv4`] says in faults what is wrong with a signature.
//! - [`cloudwatch`] is the part of CloudWatch that reads metrics, in all of its protocols.
//! - [`service`] says which service a request is for; [`sts`] is the little that there is of the Security Token Service.
//!
//! Nothing here does I/O, knows a thread, or remembers anything.

use std::fmt;

pub mod cloudwatch;
pub mod fault;
mod generated;
#[cfg(feature = "peer")]
pub mod peer;
pub mod query;
pub mod service;
pub mod sigv4;
pub mod sts;
pub mod xml;

pub use fault::Fault;
pub use generated::fault_code::FaultCode;
pub use generated::operation::{API_VERSION, Operation, XML_NAMESPACE};
pub use generated::shapes;
pub use service::Service;

/// The input of exactly one operation, which is how a handler's argument names its operation.
pub trait Input: query::Value {
    /// The operation that takes this input.
    const OPERATION: Operation;

    /// What that operation answers; `()` where it answers nothing.
    type Output: Output;

    /// Reads the input from a request.
    ///
    /// # Errors
    /// `InvalidParameterValue` for a required member that is absent, `MalformedInput` for a value of another type.
    fn decode(form: &query::Form) -> Result<Self, Fault> {
        Self::read(form.root(), Self::OPERATION.name())
    }
}

/// What an operation answers.
pub trait Output {
    /// Writes the members, without the elements around them.
    fn encode(&self, w: &mut xml::Writer);
}

impl Output for () {
    fn encode(&self, _: &mut xml::Writer) {}
}

/// Stands for a secret in `Debug` output.
struct Redacted;

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}
