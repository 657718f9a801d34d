//! Emits `operation.rs`: the list of operations and what each one's row in the model says.

use std::fmt::Write as _;

use crate::fault_code;
use crate::model::{Model, Operation};

/// The whole file.
pub(crate) fn file(model: &Model) -> anyhow::Result<String> {
    let mut out = String::new();
    out.push_str("//! The operations of the service.\n\nuse super::fault_code::FaultCode;\n\n");
    writeln!(
        out,
        "/// Version of the API, as the `Version` member of a request says it."
    )?;
    writeln!(
        out,
        "pub const API_VERSION: &str = {:?};\n",
        model.metadata.api_version
    )?;
    writeln!(out, "/// Namespace of every reply's root element.")?;
    writeln!(
        out,
        "pub const XML_NAMESPACE: &str = {:?};\n",
        model.metadata.xml_namespace
    )?;
    out.push_str("/// An operation of the API, named as its `Action`.\n");
    out.push_str("#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]\npub enum Operation {\n");
    for name in model.operations.keys() {
        writeln!(out, "/// `{name}`.\n{name},")?;
    }
    out.push_str("}\n\nimpl Operation {\n");
    writeln!(
        out,
        "/// Every operation, by name.\npub const ALL: [Self; {}] = [",
        model.operations.len()
    )?;
    for name in model.operations.keys() {
        writeln!(out, "Self::{name},")?;
    }
    out.push_str("];\n\n");
    function(
        &mut out,
        model,
        "name",
        "&'static str",
        "The `Action` that asks for it.",
        |name, _| format!("{name:?}"),
    )?;
    out.push_str(
        "/// The operation that an `Action` asks for; the comparison is exact, as on AWS.\n",
    );
    out.push_str("pub fn from_name(name: &str) -> Option<Self> {\nmatch name {\n");
    for name in model.operations.keys() {
        writeln!(out, "{name:?} => Some(Self::{name}),")?;
    }
    out.push_str("_ => None,\n}\n}\n\n");
    let doc = "Name of its input shape in the model.";
    function(
        &mut out,
        model,
        "input_shape",
        "&'static str",
        doc,
        |_, operation| format!("{:?}", operation.input.shape),
    )?;
    let doc = "Name of its output shape in the model; none where it answers nothing.";
    function(
        &mut out,
        model,
        "output_shape",
        "Option<&'static str>",
        doc,
        |_, operation| {
            format!(
                "{:?}",
                operation.output.as_ref().map(|output| &output.shape)
            )
        },
    )?;
    let doc = "The element around its output; none where it answers nothing.";
    function(
        &mut out,
        model,
        "result_wrapper",
        "Option<&'static str>",
        doc,
        |_, operation| {
            format!(
                "{:?}",
                operation
                    .output
                    .as_ref()
                    .map(|output| &output.result_wrapper)
            )
        },
    )?;
    let doc = "The faults that the model declares for it. SDKs know no other code of it by type.";
    function(
        &mut out,
        model,
        "declared_faults",
        "&'static [FaultCode]",
        doc,
        |_, operation| {
            let codes = operation
                .errors
                .iter()
                .map(|error| format!("FaultCode::{}", fault_code::variant(&error.shape)));
            format!("&[{}]", codes.collect::<Vec<_>>().join(", "))
        },
    )?;
    out.push_str("}\n\n");
    for_each(&mut out, model)?;
    Ok(out)
}

fn function(
    out: &mut String,
    model: &Model,
    name: &str,
    result: &str,
    doc: &str,
    value: impl Fn(&str, &Operation) -> String,
) -> anyhow::Result<()> {
    writeln!(
        out,
        "/// {doc}\npub const fn {name}(self) -> {result} {{\nmatch self {{"
    )?;
    for (name, operation) in &model.operations {
        writeln!(out, "Self::{name} => {},", value(name, operation))?;
    }
    out.push_str("}\n}\n\n");
    Ok(())
}

/// A macro that hands every operation and its input shape to another macro, for code that must cover all of them.
fn for_each(out: &mut String, model: &Model) -> anyhow::Result<()> {
    out.push_str("/// Calls a macro with every operation and its input shape, as `Operation => Shape,` rows.\n");
    out.push_str("#[macro_export]\nmacro_rules! for_each_operation {\n($callback:ident) => {\n$callback! {\n");
    for (name, operation) in &model.operations {
        writeln!(out, "    {name} => {},", operation.input.shape)?;
    }
    out.push_str("}\n};\n}\n");
    Ok(())
}
