//! Requests: which protocol, which operation, and the input in one form for all.

use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value as Json};

use super::{Code, Refusal};
use crate::query::Form;

/// How a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Smithy RPC v2 with CBOR: `POST /service/GraniteServiceVersion20100801/operation/NAME`.
    Cbor,
    /// AWS JSON 1.0: `X-Amz-Target: GraniteServiceVersion20100801.NAME`.
    Json,
    /// AWS Query: `Action=NAME` in a form.
    Query,
}

/// The service's name in paths and targets.
const SERVICE: &str = "GraniteServiceVersion20100801";

/// Deepest input; the deepest member of the model lies six levels down.
const DEPTH_MAX: usize = 16;

/// Longest list that a Query request may number.
const LIST_MAX: usize = 1000;

/// A request in the form that is the same for all protocols.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The protocol, for the reply.
    pub protocol: Protocol,
    /// The operation's name, as the client said it.
    pub operation: String,
    /// Its input. Times are seconds, or text; of Query all is text.
    pub input: Json,
}

/// Which protocol a request for this service speaks, and the operation where path or header name it; Query names it in the form.
pub fn protocol(path: &str, target: Option<&str>) -> (Protocol, Option<String>) {
    let named = path
        .strip_prefix("/service/")
        .and_then(|rest| rest.strip_prefix(SERVICE))
        .and_then(|rest| rest.strip_prefix("/operation/"));
    if let Some(name) = named {
        return (Protocol::Cbor, Some(name.to_owned()));
    }
    let targeted = target.and_then(|target| target.strip_prefix(SERVICE)?.strip_prefix('.'));
    match targeted {
        Some(name) => (Protocol::Json, Some(name.to_owned())),
        None => (Protocol::Query, None),
    }
}

fn unreadable(what: impl std::fmt::Display) -> Refusal {
    Refusal::new(
        Code::Serialization,
        format!("The body cannot be read: {what}."),
    )
}

/// Reads the input of a request whose body is CBOR.
///
/// # Errors
/// [`Code::Serialization`].
pub fn from_cbor(body: &[u8]) -> Result<Json, Refusal> {
    if body.is_empty() {
        return Ok(Json::Object(Map::new()));
    }
    let value: Cbor =
        ciborium::de::from_reader_with_recursion_limit(body, DEPTH_MAX).map_err(unreadable)?;
    plain(value)
}

fn plain(value: Cbor) -> Result<Json, Refusal> {
    Ok(match value {
        Cbor::Null => Json::Null,
        Cbor::Bool(value) => Json::Bool(value),
        Cbor::Integer(value) => {
            let value = i64::try_from(i128::from(value)).map_err(unreadable)?;
            Json::Number(value.into())
        }
        Cbor::Float(value) => Number::from_f64(value)
            .map(Json::Number)
            .ok_or_else(|| unreadable("a number that is none"))?,
        Cbor::Text(value) => Json::String(value),
        Cbor::Array(items) => Json::Array(items.into_iter().map(plain).collect::<Result<_, _>>()?),
        Cbor::Map(members) => {
            let mut object = Map::new();
            for (name, value) in members {
                let Cbor::Text(name) = name else {
                    return Err(unreadable("a member without a name"));
                };
                object.insert(name, plain(value)?);
            }
            Json::Object(object)
        }
        // 1 is a time: seconds since the Unix epoch.
        Cbor::Tag(1, value) => plain(*value)?,
        _ => return Err(unreadable("a value of a kind that no member has")),
    })
}

/// Reads the input of a request whose body is JSON.
///
/// # Errors
/// [`Code::Serialization`].
pub fn from_json(body: &[u8]) -> Result<Json, Refusal> {
    if body.is_empty() {
        return Ok(Json::Object(Map::new()));
    }
    serde_json::from_slice(body).map_err(unreadable)
}

/// Reads the input of a Query request: `A.B=v` is a member of a member, `A.member.1=v` the first of a list.
///
/// # Errors
/// [`Code::Serialization`] for members that are too deep or too many.
pub fn from_form(form: &Form) -> Result<Json, Refusal> {
    let mut root = Tree::default();
    for (name, value) in form.pairs() {
        if matches!(name, "Action" | "Version") || name.starts_with("X-Amz-") {
            continue;
        }
        let path: Vec<&str> = name.split('.').collect();
        if path.len() > DEPTH_MAX {
            return Err(unreadable(format!("{name} is too deep")));
        }
        root.put(&path, value);
    }
    root.json()
}

/// A form's pairs by their paths.
#[derive(Default)]
struct Tree {
    value: Option<String>,
    children: Vec<(String, Tree)>,
}

impl Tree {
    fn put(&mut self, path: &[&str], value: &str) {
        let Some((first, rest)) = path.split_first() else {
            self.value = Some(value.to_owned());
            return;
        };
        let place = match self.children.iter().position(|(name, _)| name == first) {
            Some(place) => place,
            None => {
                self.children.push(((*first).to_owned(), Tree::default()));
                self.children.len() - 1
            }
        };
        self.children[place].1.put(rest, value);
    }

    fn json(self) -> Result<Json, Refusal> {
        if self.children.is_empty() {
            return Ok(self.value.map_or(Json::Null, Json::String));
        }
        if let [(name, _)] = self.children.as_slice()
            && name == "member"
        {
            let list = self
                .children
                .into_iter()
                .next()
                .map(|(_, list)| list.children);
            let mut items = Vec::new();
            for (number, item) in list.unwrap_or_default() {
                let number: usize = number
                    .parse()
                    .map_err(|_| unreadable("a list is numbered from 1"))?;
                items.push((number, item));
            }
            if items.len() > LIST_MAX {
                return Err(unreadable(format!("a list has at most {LIST_MAX} members")));
            }
            items.sort_by_key(|(number, _)| *number);
            let items = items.into_iter().map(|(_, item)| item.json());
            return Ok(Json::Array(items.collect::<Result<_, _>>()?));
        }
        let mut object = Map::new();
        for (name, child) in self.children {
            object.insert(name, child.json()?);
        }
        Ok(Json::Object(object))
    }
}
