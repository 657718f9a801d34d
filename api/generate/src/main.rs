//! Service model in, `api/src/generated/` out.
//!
//! `cargo run -p cacheplane-api-generate` writes the files; with `--check` it writes nothing and exits non-zero
//! when the committed files differ from what the model gives. It is a crate of its own, and does not depend on the
//! wire contract, so that it runs even when its last output does not compile.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, bail};

use crate::model::Model;

mod common_faults;
mod fault_code;
mod model;
mod names;
mod operation;
mod shapes;

/// First line of every generated file.
const HEADER: &str =
    "// Generated from api/model by `cargo run -p cacheplane-api-generate`; do not edit.\n\n";

/// Edition that the generated code is formatted for; the workspace's own.
const EDITION: &str = "2024";

#[expect(
    clippy::print_stderr,
    reason = "a build-time program speaks to a person"
)]
fn main() -> ExitCode {
    let check = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--check") => true,
        Some(other) => {
            eprintln!("unknown argument {other}; usage: cacheplane-api-generate [--check]");
            return ExitCode::FAILURE;
        }
    };
    match run(check) {
        Ok(stale) if check && !stale.is_empty() => {
            for path in stale {
                eprintln!("out of date: {}", path.display());
            }
            eprintln!("run `cargo run -p cacheplane-api-generate`");
            ExitCode::FAILURE
        }
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Generates every file; returns those whose content on disk was another. Writes them unless `check`.
fn run(check: bool) -> anyhow::Result<Vec<PathBuf>> {
    let api = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("find the api directory")?;
    let model = Model::read(&api.join("model/elasticache-2015-02-02.json"))?;
    let files = [
        ("mod.rs", module_file()),
        ("operation.rs", operation::file(&model)?),
        ("shapes.rs", shapes::file(&model)?),
        ("fault_code.rs", fault_code::file(&model)?),
    ];
    let directory = api.join("src/generated");
    let mut stale = Vec::new();
    for (name, source) in files {
        let path = directory.join(name);
        let source =
            format(&format!("{HEADER}{source}")).with_context(|| format!("format {name}"))?;
        if fs::read_to_string(&path).ok().as_deref() == Some(source.as_str()) {
            continue;
        }
        if !check {
            fs::create_dir_all(&directory).context("create the directory of generated files")?;
            fs::write(&path, source).with_context(|| format!("write {}", path.display()))?;
        }
        stale.push(path);
    }
    Ok(stale)
}

fn module_file() -> String {
    "//! What the service model says, as Rust: nothing here is written by hand.\n\
     \n\
     pub(crate) mod fault_code;\n\
     pub(crate) mod operation;\n\
     pub mod shapes;\n"
        .to_owned()
}

/// Runs the source through rustfmt with the workspace's settings.
fn format(source: &str) -> anyhow::Result<String> {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rustfmt.toml");
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", EDITION, "--emit", "stdout", "--config-path"])
        .arg(config)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("start rustfmt")?;
    let mut stdin = rustfmt.stdin.take().context("open rustfmt's input")?;
    let input = source.to_owned();
    // The writer has its own thread: rustfmt may fill its output pipe before it has read all of its input.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = rustfmt.wait_with_output().context("wait for rustfmt")?;
    writer
        .join()
        .map_err(|_| anyhow::anyhow!("writer to rustfmt panicked"))?
        .context("write to rustfmt")?;
    if !output.status.success() {
        bail!("rustfmt failed: {}", output.status);
    }
    String::from_utf8(output.stdout).context("read rustfmt's output")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    #[test]
    fn committed_files_are_what_the_model_gives() {
        assert_eq!(super::run(true).expect("generated"), Vec::<PathBuf>::new());
    }
}
