//! `cacheplane credentials`: adds, lists and removes them in the database, whether a control plane runs on it or not.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, bail};

use super::{Credential, Credentials, Secret};
use crate::clock::Clock;
use crate::config::CredentialsCommand;
use crate::datastore::{Datastore, Error};
use crate::ground::data_dir::{DataDir, database, secret_in_use};
use crate::resources::timestamp::Timestamp;

/// Characters of an access key id after its first four, and of a secret; AWS's own lengths.
const ID_CHARACTERS: usize = 16;
const SECRET_CHARACTERS: usize = 40;
const TOKEN_CHARACTERS: usize = 120;

/// What access key ids are made of.
const ID_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// What secrets are made of: 64 characters that nothing needs to quote, so that a random byte is a random character.
const SECRET_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Does it, and says on standard output what came of it.
///
/// # Errors
/// Where the data directory cannot be used, or there is no such credential.
pub async fn run(data_dir: &Path, command: &CredentialsCommand) -> anyhow::Result<()> {
    let (datastore, secret) = open(data_dir).await?;
    let done = act(&datastore, &secret, command).await;
    datastore.close().await;
    let text = done?;
    io::stdout()
        .write_all(text.as_bytes())
        .context("write to standard output")
}

/// The database and the secret that opens it, made where they are not there yet.
async fn open(path: &Path) -> anyhow::Result<(Datastore, Vec<u8>)> {
    let open = async || {
        let database = database(path);
        Datastore::open(&database)
            .await
            .with_context(|| format!("open the database {}", database.display()))
    };
    if let Some(secret) = secret_in_use(path)? {
        return Ok((open().await?, secret));
    }
    let held = DataDir::occupy(path).await?;
    let datastore = open().await?;
    let secret = held.secret(&datastore).await?;
    Ok((datastore, secret))
}

async fn act(
    datastore: &Datastore,
    secret: &[u8],
    command: &CredentialsCommand,
) -> anyhow::Result<String> {
    let now = Clock::System.now();
    match command {
        CredentialsCommand::Add { account, lifetime } => {
            let credentials = Credentials::open(datastore.clone(), secret, None)?;
            let credential = generate(account, lifetime.map(|lifetime| now.plus(lifetime)));
            credentials.add(&credential, now).await?;
            Ok(profile(&credential))
        }
        CredentialsCommand::List => {
            let mut text = format!("{:<24}{:<16}{}\n", "ACCESS KEY ID", "ACCOUNT", "ENDS");
            for one in datastore.credential_list().await? {
                let ends = match one.expires_at {
                    None => "never".to_owned(),
                    Some(end) if end <= now => "has ended".to_owned(),
                    Some(end) => format!("in {} minutes", minutes_until(end, now)),
                };
                text.push_str(&format!(
                    "{:<24}{:<16}{ends}\n",
                    one.access_key_id, one.account
                ));
            }
            Ok(text)
        }
        CredentialsCommand::Remove { access_key_id } => {
            match datastore.credential_delete(access_key_id).await {
                Err(Error::NotFound) => bail!(
                    "there is no credential {access_key_id}; `cacheplane credentials list` says which there are"
                ),
                result => result?,
            }
            Ok(format!("removed {access_key_id}\n"))
        }
    }
}

/// Rounded up.
fn minutes_until(end: Timestamp, now: Timestamp) -> u64 {
    end.since(now).as_secs().div_ceil(60)
}

/// One that nobody has yet. Those that end carry a session token, and begin as AWS's do.
fn generate(account: &str, expires_at: Option<Timestamp>) -> Credential {
    let prefix = match expires_at {
        None => "AKIA",
        Some(_) => "ASIA",
    };
    Credential {
        access_key_id: format!("{prefix}{}", random(ID_ALPHABET, ID_CHARACTERS)),
        account: account.to_owned(),
        secret_access_key: Secret(random(SECRET_ALPHABET, SECRET_CHARACTERS)),
        session_token: expires_at.map(|_| Secret(random(SECRET_ALPHABET, TOKEN_CHARACTERS))),
        expires_at,
    }
}

/// So many characters of an alphabet whose length is a power of two.
fn random(alphabet: &[u8], characters: usize) -> String {
    (0..characters)
        .map(|_| alphabet[usize::from(rand::random::<u8>()) % alphabet.len()] as char)
        .collect()
}

/// As a section of AWS's credentials file, to be pasted there. The only time that the secret is shown.
fn profile(credential: &Credential) -> String {
    let mut text = format!(
        "[cacheplane]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        credential.access_key_id,
        credential.secret_access_key.reveal()
    );
    if let Some(token) = &credential.session_token {
        text.push_str(&format!("aws_session_token = {}\n", token.reveal()));
    }
    text.push_str(&format!("aws_account_id = {}\n", credential.account));
    text
}
