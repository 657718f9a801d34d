//! Emits `shapes.rs`: one plain structure per structure of the model, and the impls by which the codec reaches
//! its members. The impls only name members; how a member is written is the codec's alone.

use std::fmt::Write as _;

use anyhow::bail;

use crate::model::{Member, Model};
use crate::names;

/// Members that hold a secret. Their structures get a `Debug` that does not show them.
const SECRETS: &[&str] = &["AuthToken", "Password", "Passwords"];

/// The whole file.
pub(crate) fn file(model: &Model) -> anyhow::Result<String> {
    let inputs = model.input_shapes()?;
    let outputs = model.output_shapes()?;
    let mut out = String::new();
    out.push_str("//! The shapes of the service model that operations take and give.\n");
    out.push_str("//!\n//! A member that the model requires is plain, any other an `Option`.\n\n");
    out.push_str("// A field is its member of the model in snake case; there is nothing to add.\n");
    out.push_str("#![allow(missing_docs)]\n\n");
    out.push_str("use std::fmt;\n\nuse aws_smithy_types::DateTime;\n\n");
    out.push_str("use super::operation::Operation;\nuse crate::fault::Fault;\nuse crate::{Input, Output, Redacted, query, xml};\n\n");
    for (name, shape) in &model.shapes {
        let (is_input, is_output) = (inputs.contains(name), outputs.contains(name));
        if !is_input && !is_output {
            continue;
        }
        if shape.kind == "structure" {
            structure(&mut out, model, name, is_input, is_output)?;
        } else if !shape.values.is_empty() {
            enumeration(&mut out, name, &shape.values)?;
        }
    }
    contracts(&mut out, model)?;
    Ok(out)
}

fn structure(
    out: &mut String,
    model: &Model,
    name: &str,
    is_input: bool,
    is_output: bool,
) -> anyhow::Result<()> {
    let members = model.members(name)?;
    let secret = members.iter().any(is_secret);
    writeln!(out, "/// `{name}` of the service model.")?;
    let debug = if secret { "" } else { "Debug, " };
    writeln!(out, "#[derive({debug}Clone, Default, PartialEq)]")?;
    out.push_str("#[cfg_attr(feature = \"peer\", derive(serde::Serialize, serde::Deserialize))]\n");
    out.push_str("#[cfg_attr(feature = \"peer\", serde(default, deny_unknown_fields, rename_all = \"PascalCase\"))]\n");
    writeln!(out, "pub struct {name} {{")?;
    for member in &members {
        let field = names::field(&member.name);
        let mut peer = Vec::new();
        if names::pascal_of_field(&field) != member.name {
            peer.push(format!("rename = {:?}", member.name));
        }
        if model.shape(&member.shape)?.kind == "timestamp" {
            peer.push("with = \"crate::peer::timestamp\"".to_owned());
        }
        if !peer.is_empty() {
            writeln!(
                out,
                "#[cfg_attr(feature = \"peer\", serde({}))]",
                peer.join(", ")
            )?;
        }
        writeln!(out, "pub {field}: {},", field_type(model, member)?)?;
    }
    out.push_str("}\n\n");
    if secret {
        redacted_debug(out, name, &members)?;
    }
    if is_input {
        reading(out, model, name, &members)?;
    }
    if is_output {
        writing(out, model, name, &members)?;
    }
    Ok(())
}

fn is_secret(member: &Member) -> bool {
    SECRETS.contains(&member.name.as_str())
}

fn field_type(model: &Model, member: &Member) -> anyhow::Result<String> {
    let value = value_type(model, &member.shape)?;
    if !member.required {
        return Ok(format!("Option<{value}>"));
    }
    if value == "DateTime" {
        bail!(
            "{}: a required timestamp; DateTime has no default, so teach the emitter",
            member.name
        );
    }
    Ok(value)
}

fn value_type(model: &Model, shape: &str) -> anyhow::Result<String> {
    Ok(match model.shape(shape)?.kind.as_str() {
        "string" => "String".to_owned(),
        "boolean" => "bool".to_owned(),
        "integer" => "i32".to_owned(),
        "long" => "i64".to_owned(),
        "double" => "f64".to_owned(),
        "timestamp" => "DateTime".to_owned(),
        "structure" => shape.to_owned(),
        "list" => format!("Vec<{}>", value_type(model, model.element(shape)?.0)?),
        other => bail!("shape {shape}: no Rust type for {other}"),
    })
}

fn redacted_debug(out: &mut String, name: &str, members: &[Member]) -> anyhow::Result<()> {
    writeln!(out, "impl fmt::Debug for {name} {{")?;
    out.push_str("fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {\n");
    writeln!(out, "f.debug_struct({name:?})")?;
    for member in members {
        let field = names::field(&member.name);
        let label = field.trim_start_matches("r#");
        match (is_secret(member), member.required) {
            (true, true) => writeln!(out, ".field({label:?}, &Redacted)")?,
            (true, false) => writeln!(
                out,
                ".field({label:?}, &self.{field}.as_ref().map(|_| Redacted))"
            )?,
            (false, _) => writeln!(out, ".field({label:?}, &self.{field})")?,
        }
    }
    out.push_str(".finish()\n}\n}\n\n");
    Ok(())
}

fn reading(out: &mut String, model: &Model, name: &str, members: &[Member]) -> anyhow::Result<()> {
    writeln!(out, "impl query::Value for {name} {{")?;
    out.push_str("fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {\n");
    out.push_str("let members = node.structure(name)?;\nOk(Self {\n");
    for member in members {
        let how = if member.required {
            "required"
        } else {
            "optional"
        };
        if model.shape(&member.shape)?.location_name.is_some() {
            bail!(
                "{name}.{}: a name on the shape of a request's member; teach the emitter",
                member.name
            );
        }
        writeln!(
            out,
            "{}: members.{how}({:?})?,",
            names::field(&member.name),
            member.name
        )?;
    }
    out.push_str("})\n}\n}\n\n");
    Ok(())
}

fn writing(out: &mut String, model: &Model, name: &str, members: &[Member]) -> anyhow::Result<()> {
    writeln!(
        out,
        "impl xml::Content for {name} {{\nfn write(&self, w: &mut xml::Writer) {{"
    )?;
    for member in members {
        let field = names::field(&member.name);
        let shape = model.shape(&member.shape)?;
        // botocore takes a name on the shape itself for the member's element; the SDKs for Go, Ruby and JavaScript do
        // not. Each skips the element that it does not know, so both are written and everyone finds the member.
        for name in [Some(&member.name), shape.location_name.as_ref()]
            .into_iter()
            .flatten()
        {
            match (shape.kind.as_str(), member.required) {
                ("list", required) => {
                    let element = model.element(&member.shape)?.1;
                    let (how, value) = if required {
                        ("list", format!("&self.{field}"))
                    } else {
                        ("optional_list", format!("self.{field}.as_deref()"))
                    };
                    writeln!(out, "w.{how}({name:?}, {element:?}, {value});")?;
                }
                (_, true) => writeln!(out, "w.element({name:?}, &self.{field});")?,
                (_, false) => writeln!(out, "w.optional({name:?}, self.{field}.as_ref());")?,
            }
        }
    }
    out.push_str("}\n}\n\n");
    Ok(())
}

fn enumeration(out: &mut String, name: &str, values: &[String]) -> anyhow::Result<()> {
    writeln!(
        out,
        "/// Values of `{name}` of the service model.\npub mod {} {{",
        names::snake(name)
    )?;
    for value in values {
        writeln!(
            out,
            "pub const {}: &str = {value:?};",
            names::constant(value)
        )?;
    }
    let all: Vec<String> = values.iter().map(|value| names::constant(value)).collect();
    writeln!(
        out,
        "/// All of them, in the model's order.\npub const VALUES: &[&str] = &[{}];\n}}\n",
        all.join(", ")
    )?;
    Ok(())
}

/// Which structure is whose input and output.
fn contracts(out: &mut String, model: &Model) -> anyhow::Result<()> {
    let mut outputs = std::collections::BTreeSet::new();
    for (name, operation) in &model.operations {
        let output = operation
            .output
            .as_ref()
            .map_or("()", |output| output.shape.as_str());
        writeln!(out, "impl Input for {} {{", operation.input.shape)?;
        writeln!(
            out,
            "const OPERATION: Operation = Operation::{name};\ntype Output = {output};\n}}\n"
        )?;
        if output != "()" {
            outputs.insert(output);
        }
    }
    for output in outputs {
        writeln!(
            out,
            "impl Output for {output} {{\nfn encode(&self, w: &mut xml::Writer) {{"
        )?;
        out.push_str("xml::Content::write(self, w);\n}\n}\n\n");
    }
    Ok(())
}
