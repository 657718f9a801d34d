//! The service model as its JSON says it, with the few questions that the emitters ask.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fmt, fs};

use anyhow::{Context as _, bail};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The whole model: operations and shapes by name.
#[derive(Debug, Deserialize)]
pub(crate) struct Model {
    pub(crate) metadata: Metadata,
    pub(crate) operations: BTreeMap<String, Operation>,
    pub(crate) shapes: BTreeMap<String, Shape>,
}

/// What the model says of the service itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub(crate) api_version: String,
    pub(crate) xml_namespace: String,
}

/// One action.
#[derive(Debug, Deserialize)]
pub(crate) struct Operation {
    pub(crate) input: Reference,
    pub(crate) output: Option<Output>,
    #[serde(default)]
    pub(crate) errors: Vec<Reference>,
}

/// A reference to a shape; in lists also the word that stands between a list's name and an index.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reference {
    pub(crate) shape: String,
    pub(crate) location_name: Option<String>,
}

/// The output of an operation and the element around it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    pub(crate) shape: String,
    pub(crate) result_wrapper: String,
}

/// One shape. Members keep the model's order, which is the order of elements in a reply.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shape {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default, deserialize_with = "in_order")]
    pub(crate) members: Vec<(String, Reference)>,
    #[serde(default)]
    pub(crate) required: Vec<String>,
    pub(crate) member: Option<Reference>,
    #[serde(rename = "enum", default)]
    pub(crate) values: Vec<String>,
    #[serde(default)]
    pub(crate) exception: bool,
    pub(crate) error: Option<ErrorTrait>,
    /// A name for the element of every member of this shape; SDKs disagree on whether it counts.
    pub(crate) location_name: Option<String>,
}

/// How a fault looks on the wire.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorTrait {
    pub(crate) code: String,
    pub(crate) http_status_code: u16,
    pub(crate) sender_fault: bool,
}

/// A structure's member, resolved.
#[derive(Debug)]
pub(crate) struct Member {
    /// The model's name, which is the name on the wire.
    pub(crate) name: String,
    pub(crate) shape: String,
    pub(crate) required: bool,
}

/// Reads a JSON object as pairs: a map would lose the order of members.
fn in_order<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(String, Reference)>, D::Error> {
    struct Pairs;

    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, Reference)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of members")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }

    deserializer.deserialize_map(Pairs)
}

impl Model {
    /// Reads the model from its file.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("parse {}", path.display()))
    }

    /// The shape of that name.
    pub(crate) fn shape(&self, name: &str) -> anyhow::Result<&Shape> {
        self.shapes
            .get(name)
            .with_context(|| format!("no shape {name}"))
    }

    /// The members of a structure, in the model's order.
    pub(crate) fn members(&self, structure: &str) -> anyhow::Result<Vec<Member>> {
        let shape = self.shape(structure)?;
        let mut members = Vec::with_capacity(shape.members.len());
        for (name, reference) in &shape.members {
            if reference.location_name.is_some() {
                bail!(
                    "{structure}.{name}: member with a name of its own on the wire; teach the emitters"
                );
            }
            members.push(Member {
                name: name.clone(),
                shape: reference.shape.clone(),
                required: shape.required.contains(name),
            });
        }
        Ok(members)
    }

    /// A list's element shape, and the word of an element on the wire (`member` where the model names none).
    pub(crate) fn element(&self, list: &str) -> anyhow::Result<(&str, &str)> {
        let member = self
            .shape(list)?
            .member
            .as_ref()
            .with_context(|| format!("list {list} has no member"))?;
        Ok((
            &member.shape,
            member.location_name.as_deref().unwrap_or("member"),
        ))
    }

    /// Names of the operations' input structures and everything inside them.
    pub(crate) fn input_shapes(&self) -> anyhow::Result<BTreeSet<String>> {
        self.reachable(
            self.operations
                .values()
                .map(|operation| operation.input.shape.as_str()),
        )
    }

    /// Names of the operations' output structures and everything inside them.
    pub(crate) fn output_shapes(&self) -> anyhow::Result<BTreeSet<String>> {
        let outputs = self
            .operations
            .values()
            .filter_map(|operation| operation.output.as_ref());
        self.reachable(outputs.map(|output| output.shape.as_str()))
    }

    fn reachable<'a>(
        &self,
        roots: impl Iterator<Item = &'a str>,
    ) -> anyhow::Result<BTreeSet<String>> {
        let mut seen = BTreeSet::new();
        let mut ahead: Vec<String> = roots.map(str::to_owned).collect();
        while let Some(name) = ahead.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            match self.shape(&name)?.kind.as_str() {
                "structure" => {
                    ahead.extend(self.members(&name)?.into_iter().map(|member| member.shape))
                }
                "list" => ahead.push(self.element(&name)?.0.to_owned()),
                _ => {}
            }
        }
        Ok(seen)
    }
}
