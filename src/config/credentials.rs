//! The command line of `cacheplane credentials`.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::layers::Layer;
use super::{Command, ConfigError, CredentialsCommand, Surroundings, config};
use crate::resources::scope::DEFAULT_ACCOUNT;

/// Longest time that a credential may be lent for, in seconds: what AWS allows a session.
const LIFETIME_SECONDS: std::ops::RangeInclusive<u64> = 60..=129_600;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,

    /// The data directory of the server [default: as for serve]
    #[arg(long, value_name = "DIRECTORY", global = true)]
    data_dir: Option<String>,

    /// The file of settings of the server
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a credential and print it, this once, as a section of ~/.aws/credentials
    Add {
        /// Whose resources its holder sees: twelve digits
        #[arg(long, value_name = "DIGITS", default_value = DEFAULT_ACCOUNT, value_parser = account)]
        account: String,

        /// Lend it for so many seconds, with a session token [default: for ever]
        #[arg(long, value_name = "SECONDS", value_parser = lifetime)]
        lifetime_seconds: Option<Duration>,
    },
    /// Say which credentials there are, without their secrets
    List,
    /// Forget a credential; it counts no more from the next request on
    Remove {
        /// Which
        #[arg(value_name = "ACCESS_KEY_ID")]
        access_key_id: String,
    },
}

/// What the command line asks for, and where.
pub(super) fn command(
    arguments: Arguments,
    surroundings: &Surroundings,
) -> Result<Command, ConfigError> {
    let layer = Layer {
        data_dir: arguments.data_dir,
        config: arguments.config,
        ..Layer::default()
    };
    let command = match arguments.verb {
        Verb::Add {
            account,
            lifetime_seconds,
        } => CredentialsCommand::Add {
            account,
            lifetime: lifetime_seconds,
        },
        Verb::List => CredentialsCommand::List,
        Verb::Remove { access_key_id } => CredentialsCommand::Remove { access_key_id },
    };
    Ok(Command::Credentials {
        data_dir: config(layer, surroundings)?.data_dir,
        command,
    })
}

fn account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err("an account has twelve digits".to_owned())
}

fn lifetime(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok();
    seconds
        .filter(|seconds| LIFETIME_SECONDS.contains(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| {
            let (from, to) = LIFETIME_SECONDS.into_inner();
            format!("write a number of seconds between {from} and {to}")
        })
}
