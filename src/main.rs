//! The `cacheplane` program.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use cacheplane::config::{Command, Config};
use cacheplane::ground::data_dir::authority_certificate;
use cacheplane::{callers, control_plane, doctor, overview, telemetry};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(code) => code,
        Err(error) => {
            #[allow(
                clippy::print_stderr,
                reason = "the last word of a program that failed"
            )]
            {
                eprintln!("cacheplane: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<ExitCode> {
    match Command::read()? {
        Command::Serve(config) => {
            telemetry::start(&config.telemetry)?;
            control_plane::serve(config).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Ca(config) => {
            print_authority_certificate(&config)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Doctor(config) => doctor::run(&config).await,
        Command::Credentials { data_dir, command } => {
            callers::command::run(&data_dir, &command).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Status(url) => overview::run(&url).await,
    }
}

fn print_authority_certificate(config: &Config) -> anyhow::Result<()> {
    let certificate = authority_certificate(&config.data_dir)?.with_context(|| {
        format!(
            "there is no certificate authority in {} yet: `cacheplane serve` makes it at its first start",
            config.data_dir.display()
        )
    })?;
    std::io::stdout()
        .write_all(certificate.as_bytes())
        .context("print the certificate")
}
