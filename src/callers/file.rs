//! Credentials out of a file in the form of AWS's own (`~/.aws/credentials`): one section for each, whatever its name, with
//! `aws_access_key_id`, `aws_secret_access_key` and, where they are wanted, `aws_session_token` and `aws_account_id`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, bail};

use super::{Credential, Secret, is_account};
use crate::resources::scope::DEFAULT_ACCOUNT;

/// The credentials of a file, by their access key ids.
///
/// # Errors
/// Where it cannot be read or is not understood. Its lines are not repeated: there are secrets in them.
pub(super) fn read(path: &Path) -> anyhow::Result<BTreeMap<String, Credential>> {
    let text = fs::read_to_string(path)?;
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        tracing::warn!(
            file = %path.display(),
            "Other users may read the credentials; take that away with chmod 600"
        );
    }
    parse(&text)
}

pub(super) fn parse(text: &str) -> anyhow::Result<BTreeMap<String, Credential>> {
    let mut sections: Vec<BTreeMap<String, String>> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with('[') && line.ends_with(']') {
            sections.push(BTreeMap::new());
            continue;
        }
        let (key, value) = line.split_once('=').with_context(|| {
            format!("line {number} is neither a section nor a key with a value")
        })?;
        let section = sections
            .last_mut()
            .with_context(|| format!("line {number} stands before the first section"))?;
        let key = key.trim().to_ascii_lowercase();
        if section
            .insert(key.clone(), value.trim().to_owned())
            .is_some()
        {
            bail!("line {number} says {key} a second time in one section");
        }
    }
    let mut found = BTreeMap::new();
    for mut section in sections {
        // A profile may have nothing but a region.
        let Some(access_key_id) = section.remove("aws_access_key_id") else {
            continue;
        };
        let secret = section
            .remove("aws_secret_access_key")
            .filter(|secret| !secret.is_empty())
            .with_context(|| format!("{access_key_id} has no aws_secret_access_key"))?;
        let account = section
            .remove("aws_account_id")
            .unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned());
        if !is_account(&account) {
            bail!("the aws_account_id of {access_key_id} has not twelve digits");
        }
        let credential = Credential {
            access_key_id: access_key_id.clone(),
            account,
            secret_access_key: Secret(secret),
            session_token: section.remove("aws_session_token").map(Secret),
            expires_at: None,
        };
        if found.insert(access_key_id.clone(), credential).is_some() {
            bail!("{access_key_id} is there twice");
        }
    }
    Ok(found)
}
