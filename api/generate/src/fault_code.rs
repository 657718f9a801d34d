//! Emits `fault_code.rs`: every code a client may see, with its HTTP status.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Context as _, bail};

use crate::common_faults::COMMON_FAULTS;
use crate::model::Model;

struct Row {
    variant: String,
    doc: String,
    code: String,
    status: u16,
    sender: bool,
}

/// The variant of a modelled fault: its shape's name without the `Fault` or `Exception` that only some carry.
pub(crate) fn variant(shape: &str) -> &str {
    shape
        .strip_suffix("Fault")
        .or_else(|| shape.strip_suffix("Exception"))
        .unwrap_or(shape)
}

/// The whole file.
pub(crate) fn file(model: &Model) -> anyhow::Result<String> {
    let modelled = modelled(model)?;
    let common: Vec<Row> = COMMON_FAULTS
        .iter()
        .map(|fault| Row {
            variant: fault.code.to_owned(),
            doc: format!("`{}`, common to all operations.", fault.code),
            code: fault.code.to_owned(),
            status: fault.status,
            sender: fault.status < 500,
        })
        .collect();
    let mut variants = BTreeSet::new();
    for row in modelled.iter().chain(&common) {
        if !variants.insert(row.variant.as_str()) {
            bail!("two faults want the variant {}", row.variant);
        }
    }

    let mut out = String::new();
    out.push_str("//! The codes of faults; irregular on the wire (some end in `Fault`, some do not), regular here.\n\n");
    out.push_str("/// A fault's code. A modelled fault is named as its shape, without a closing `Fault` or `Exception`;\n");
    out.push_str("/// a common one as its wire code.\n");
    out.push_str("#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]\npub enum FaultCode {\n");
    for row in modelled.iter().chain(&common) {
        writeln!(out, "/// {}\n{},", row.doc, row.variant)?;
    }
    out.push_str("}\n\nimpl FaultCode {\n");
    list(
        &mut out,
        "MODELLED",
        "Faults of the service model.",
        &modelled,
    )?;
    list(
        &mut out,
        "COMMON",
        "Faults outside the model, which any operation may answer.",
        &common,
    )?;
    out.push_str("/// The code as it stands in the `Code` element.\npub const fn wire_code(self) -> &'static str {\nmatch self {\n");
    for row in modelled.iter().chain(&common) {
        writeln!(out, "Self::{} => {:?},", row.variant, row.code)?;
    }
    out.push_str("}\n}\n\n/// HTTP status of a reply that carries this fault.\npub const fn status(self) -> u16 {\nmatch self {\n");
    arms(&mut out, modelled.iter().chain(&common), |row| {
        row.status.to_string()
    })?;
    out.push_str("}\n}\n\n/// Whether the caller is to blame (`Sender`) rather than the service (`Receiver`).\n");
    out.push_str("pub const fn is_sender(self) -> bool {\nmatch self {\n");
    arms(&mut out, modelled.iter().chain(&common), |row| {
        row.sender.to_string()
    })?;
    out.push_str("}\n}\n}\n");
    Ok(out)
}

fn modelled(model: &Model) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (name, shape) in model.shapes.iter().filter(|(_, shape)| shape.exception) {
        let error = shape
            .error
            .as_ref()
            .with_context(|| format!("fault {name} has no code"))?;
        rows.push(Row {
            variant: variant(name).to_owned(),
            doc: format!("`{name}` of the service model."),
            code: error.code.clone(),
            status: error.http_status_code,
            sender: error.sender_fault,
        });
    }
    Ok(rows)
}

fn list(out: &mut String, name: &str, doc: &str, rows: &[Row]) -> anyhow::Result<()> {
    writeln!(
        out,
        "/// {doc}\npub const {name}: [Self; {}] = [",
        rows.len()
    )?;
    for row in rows {
        writeln!(out, "Self::{},", row.variant)?;
    }
    out.push_str("];\n\n");
    Ok(())
}

/// One match arm per distinct value, in the order in which values first appear.
fn arms<'a>(
    out: &mut String,
    rows: impl Iterator<Item = &'a Row>,
    value: impl Fn(&Row) -> String,
) -> anyhow::Result<()> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for row in rows {
        let value = value(row);
        let variant = format!("Self::{}", row.variant);
        match groups.iter_mut().find(|(seen, _)| *seen == value) {
            Some((_, variants)) => variants.push(variant),
            None => groups.push((value, vec![variant])),
        }
    }
    for (value, variants) in groups {
        writeln!(out, "{} => {value},", variants.join(" | "))?;
    }
    Ok(())
}
