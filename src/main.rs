//! The `cacheplane` program.

use std::process::ExitCode;

use cacheplane::config::Command;
use cacheplane::{control_plane, doctor, telemetry};

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
        Command::Doctor(config) => doctor::run(&config).await,
    }
}
