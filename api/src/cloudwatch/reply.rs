//! Replies, and how each protocol writes them.

use aws_smithy_types::DateTime;
use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value as Json};

use super::request::Protocol;
use super::{Operation, Refusal};
use crate::xml::{self, Content};
use crate::{Output, Service};

/// A value of a reply.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Text.
    Text(String),
    /// A number.
    Double(f64),
    /// A moment, in milliseconds since the Unix epoch.
    Time(i64),
    /// Several of a kind.
    List(Vec<Node>),
    /// Members by name.
    Structure(Vec<(&'static str, Node)>),
    /// Values by keys of the client's.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// Of the members that are there.
    pub fn structure<const N: usize>(members: [(&'static str, Option<Node>); N]) -> Self {
        let members = members.into_iter();
        Self::Structure(
            members
                .filter_map(|(name, node)| Some((name, node?)))
                .collect(),
        )
    }

    fn cbor(&self) -> Cbor {
        match self {
            Self::Text(text) => Cbor::Text(text.clone()),
            Self::Double(number) => Cbor::Float(*number),
            Self::Time(at) => Cbor::Tag(1, Box::new(Cbor::Float(seconds(*at)))),
            Self::List(items) => Cbor::Array(items.iter().map(Self::cbor).collect()),
            Self::Structure(members) => {
                let members = members.iter();
                Cbor::Map(
                    members
                        .map(|(name, node)| (Cbor::Text((*name).to_owned()), node.cbor()))
                        .collect(),
                )
            }
            Self::Map(entries) => {
                let entries = entries.iter();
                Cbor::Map(
                    entries
                        .map(|(key, node)| (Cbor::Text(key.clone()), node.cbor()))
                        .collect(),
                )
            }
        }
    }

    fn json(&self) -> Json {
        match self {
            Self::Text(text) => Json::String(text.clone()),
            Self::Double(number) => float(*number),
            Self::Time(at) => float(seconds(*at)),
            Self::List(items) => Json::Array(items.iter().map(Self::json).collect()),
            Self::Structure(members) => {
                let members = members.iter();
                Json::Object(
                    members
                        .map(|(name, node)| ((*name).to_owned(), node.json()))
                        .collect(),
                )
            }
            Self::Map(entries) => {
                let entries = entries.iter();
                Json::Object(
                    entries
                        .map(|(key, node)| (key.clone(), node.json()))
                        .collect(),
                )
            }
        }
    }
}

impl Content for Node {
    fn write(&self, w: &mut xml::Writer) {
        match self {
            Self::Text(text) => text.write(w),
            Self::Double(number) => number.to_string().write(w),
            Self::Time(at) => DateTime::from_millis(*at).write(w),
            Self::List(items) => items.iter().for_each(|item| w.element("member", item)),
            Self::Structure(members) => members
                .iter()
                .for_each(|(name, node)| w.element(name, node)),
            Self::Map(entries) => {
                for (key, value) in entries {
                    let entry = [("key", Self::Text(key.clone())), ("value", value.clone())];
                    w.element("entry", &Self::Structure(entry.into()));
                }
            }
        }
    }
}

impl Output for Node {
    fn encode(&self, w: &mut xml::Writer) {
        self.write(w);
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "milliseconds of any year that there is"
)]
fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}

/// JSON has no word for what is no number.
fn float(number: f64) -> Json {
    Number::from_f64(number).map_or(Json::Null, Json::Number)
}

/// The content type of a protocol's replies.
pub fn content_type(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Cbor => "application/cbor",
        Protocol::Json => "application/x-amz-json-1.0",
        Protocol::Query => "text/xml",
    }
}

/// The body of a reply.
pub fn reply(protocol: Protocol, operation: Operation, node: &Node, request_id: &str) -> Vec<u8> {
    match protocol {
        Protocol::Cbor => bytes(&node.cbor()),
        Protocol::Json => node.json().to_string().into_bytes(),
        Protocol::Query => {
            let name = operation.name();
            let wrapper = format!("{name}Result");
            xml::response_of(Service::CloudWatch, name, Some(&wrapper), node, request_id)
                .into_bytes()
        }
    }
}

/// The body of a refusal. Clients of the older protocols find the code in it; those of CBOR also in the header
/// `x-amzn-query-error`, as `CODE;Sender`.
pub fn refusal(protocol: Protocol, refusal: &Refusal, request_id: &str) -> Vec<u8> {
    let code = refusal.code;
    match protocol {
        Protocol::Cbor => bytes(&Cbor::Map(vec![
            (
                text("__type"),
                text(&format!("com.amazonaws.cloudwatch#{}", code.shape())),
            ),
            (text("message"), text(&refusal.message)),
        ])),
        Protocol::Json => {
            let mut body = Map::new();
            body.insert(
                "__type".to_owned(),
                format!("com.amazonaws.cloudwatch#{}", code.shape()).into(),
            );
            body.insert("message".to_owned(), refusal.message.clone().into());
            Json::Object(body).to_string().into_bytes()
        }
        Protocol::Query => xml::refusal_of(
            Service::CloudWatch,
            (code.query(), code.is_sender()),
            &refusal.message,
            request_id,
        )
        .into_bytes(),
    }
}

fn text(text: &str) -> Cbor {
    Cbor::Text(text.to_owned())
}

fn bytes(value: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Into memory, it cannot fail.
    let _ = ciborium::into_writer(value, &mut bytes);
    bytes
}
