//! The wire contract of CloudWatch, as far as metrics are read: its shapes, and the three protocols that clients speak
//! (`cloudwatch-2010-08-01`): Smithy RPC v2 with CBOR, AWS JSON 1.0, and Query.
//!
//! A request is brought into one form, whatever the protocol ([`request`]), and read from there into a shape by serde; a reply is a
//! [`Node`], which each protocol writes in its own way ([`reply`]). Nothing but these two modules knows a protocol.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{Fault, FaultCode};

pub mod reply;
pub mod request;
pub mod shapes;

pub use reply::Node;
pub use request::{Protocol, Request};

/// The version of the model.
pub const API_VERSION: &str = "2010-08-01";

/// The namespace of replies in XML.
pub const XML_NAMESPACE: &str = "http://monitoring.amazonaws.com/doc/2010-08-01/";

/// The service's name in signatures.
pub const SIGNING_NAME: &str = "monitoring";

/// Operations that are served; every other one of the model is refused by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Which metrics there are.
    ListMetrics,
    /// Points of one metric.
    GetMetricStatistics,
    /// Points of several metrics, and of expressions over them.
    GetMetricData,
}

impl Operation {
    /// The operation of that name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "ListMetrics" => Some(Self::ListMetrics),
            "GetMetricStatistics" => Some(Self::GetMetricStatistics),
            "GetMetricData" => Some(Self::GetMetricData),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::ListMetrics => "ListMetrics",
            Self::GetMetricStatistics => "GetMetricStatistics",
            Self::GetMetricData => "GetMetricData",
        }
    }
}

/// A kind of refusal, with the name that its shape has in the model and the code that Query clients see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// A value that is none, or out of bounds.
    InvalidParameterValue,
    /// Values that do not go together.
    InvalidParameterCombination,
    /// A required member is absent.
    MissingParameter,
    /// A token that no reply gave.
    InvalidNextToken,
    /// The operation is not served here.
    UnknownOperation,
    /// A request that its protocol cannot read.
    Serialization,
    /// A credential that is none.
    IncompleteSignature,
    /// Its sender may not call, or has not proved that it may.
    Caller(FaultCode),
    /// Our own fault.
    InternalServiceError,
}

impl Code {
    /// The shape's name, which JSON and CBOR clients match on.
    pub fn shape(self) -> &'static str {
        match self {
            Self::InvalidParameterValue => "InvalidParameterValueException",
            Self::InvalidParameterCombination => "InvalidParameterCombinationException",
            Self::MissingParameter => "MissingRequiredParameterException",
            Self::InvalidNextToken => "InvalidNextToken",
            Self::UnknownOperation => "UnknownOperationException",
            Self::Serialization => "SerializationException",
            Self::IncompleteSignature => "IncompleteSignature",
            Self::Caller(code) => code.wire_code(),
            Self::InternalServiceError => "InternalServiceFault",
        }
    }

    /// The code that Query clients match on.
    pub fn query(self) -> &'static str {
        match self {
            Self::InvalidParameterValue => "InvalidParameterValue",
            Self::InvalidParameterCombination => "InvalidParameterCombination",
            Self::MissingParameter => "MissingParameter",
            Self::InvalidNextToken => "InvalidNextToken",
            Self::UnknownOperation => "InvalidAction",
            Self::Serialization => "MalformedInput",
            Self::IncompleteSignature => "IncompleteSignature",
            Self::Caller(code) => code.wire_code(),
            Self::InternalServiceError => "InternalServiceError",
        }
    }

    /// Whether the client is to blame.
    pub fn is_sender(self) -> bool {
        match self {
            Self::Caller(code) => code.is_sender(),
            other => other != Self::InternalServiceError,
        }
    }

    /// The status of the reply.
    pub fn status(self) -> u16 {
        match self {
            Self::Caller(code) => code.status(),
            Self::InternalServiceError => 500,
            _ => 400,
        }
    }
}

impl From<Fault> for Refusal {
    /// Of a request that is refused for who sends it.
    fn from(fault: Fault) -> Self {
        Self::new(Code::Caller(fault.code()), fault.message())
    }
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The kind.
    pub code: Code,
    /// The message.
    pub message: String,
}

impl Refusal {
    /// A refusal with a message.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// A value that is none, or out of bounds.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidParameterValue, message)
    }

    /// Values that do not go together.
    pub fn combination(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidParameterCombination, message)
    }

    /// A required member that is absent.
    pub fn missing(member: &str) -> Self {
        Self::new(
            Code::MissingParameter,
            format!("The parameter {member} is required."),
        )
    }
}

/// Reads a shape from a request's input.
///
/// # Errors
/// [`Code::Serialization`] for a value of another type.
pub fn read<T: DeserializeOwned>(input: serde_json::Value) -> Result<T, Refusal> {
    let input = match input {
        serde_json::Value::Object(_) => input,
        // Of a form that says nothing but its action.
        serde_json::Value::Null => serde_json::Value::Object(serde_json::Map::new()),
        // A list would be taken for the members in their order.
        _ => {
            return Err(Refusal::new(
                Code::Serialization,
                "The input cannot be read: it has no members.",
            ));
        }
    };
    T::deserialize(input).map_err(|error| {
        Refusal::new(
            Code::Serialization,
            format!("The input cannot be read: {error}."),
        )
    })
}

/// Reads a member that Query tells as text and the other protocols in its own type.
fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: DeserializeOwned + std::str::FromStr,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Said<T> {
        Own(T),
        Text(String),
    }
    match Option::<Said<T>>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Said::Own(value)) => Ok(Some(value)),
        Some(Said::Text(text)) => text
            .parse()
            .map(Some)
            .map_err(|_| serde::de::Error::custom(format!("`{text}` is of another type"))),
    }
}

/// Reads a time: seconds since the Unix epoch, or text as RFC 3339 has it. In milliseconds.
fn time<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    use aws_smithy_types::DateTime;
    use aws_smithy_types::date_time::Format;

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Said {
        Seconds(f64),
        Text(String),
    }
    let refused = |text: &str| serde::de::Error::custom(format!("`{text}` is no time"));
    match Option::<Said>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Said::Seconds(seconds)) =>
        {
            #[allow(
                clippy::cast_possible_truncation,
                reason = "milliseconds of any year that there is"
            )]
            Ok(Some((seconds * 1000.0).round() as i64))
        }
        Some(Said::Text(text)) => {
            if let Ok(seconds) = text.parse::<f64>() {
                #[allow(clippy::cast_possible_truncation, reason = "as above")]
                return Ok(Some((seconds * 1000.0).round() as i64));
            }
            // The zone may be left out (`2026-03-04T12:00:00`), as the command line sends it on.
            let zoned =
                match text.len() > 19 && (text.ends_with('Z') || text[19..].contains(['+', '-'])) {
                    true => text.clone(),
                    false => format!("{text}Z"),
                };
            let read = DateTime::from_str(&zoned, Format::DateTimeWithOffset)
                .map_err(|_| refused(&text))?;
            read.to_millis().map(Some).map_err(|_| refused(&text))
        }
    }
}

#[cfg(test)]
mod tests;
