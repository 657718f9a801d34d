//! Tokens of IAM that stand for passwords: a presigned request to connect, without its scheme.

use std::borrow::Cow;

use cacheplane_sigv4::{Place, Request, Signed, body_digest};
use sha2::{Digest, Sha256};

use super::keys::Keys;

/// How long a token holds at most, in seconds (behaviour.md, "IAM authentication").
const LIFE_SECONDS_MAX: i64 = 900;

/// The longest token that is read, in bytes.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// The service that a token is signed for.
const SERVICE: &str = "elasticache";

/// Why a token does not count; never told to clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused(pub(super) Cow<'static, str>);

impl Refused {
    /// What it is like. Reasons of the signature's own tell of times and so are without number; they are one kind.
    pub(super) fn kind(&self) -> &'static str {
        match self.0 {
            Cow::Borrowed(reason) => reason,
            Cow::Owned(_) => "its signature does not hold",
        }
    }
}

fn refused<T>(reason: &'static str) -> Result<T, Refused> {
    Err(Refused(reason.into()))
}

/// Whether `token` lets `user` in at a time, in seconds since the Unix epoch.
///
/// # Errors
/// [`Refused`], with the reason.
pub(super) fn check(
    token: &[u8],
    user: &str,
    keys: &Keys,
    now_seconds: i64,
) -> Result<(), Refused> {
    if token.len() > TOKEN_BYTES_MAX {
        return refused("it is too long");
    }
    let Ok(token) = std::str::from_utf8(token) else {
        return refused("it is no text");
    };
    let Some((host, query)) = token.split_once("/?") else {
        return refused("it is no presigned request");
    };
    let request = Request {
        method: "GET",
        path: "/",
        query,
        headers: vec![("host", host.as_bytes())],
        body_digest: body_digest(&[]).into(),
    };
    let signed = match Signed::read(&request) {
        Ok(Some(signed)) => signed,
        Ok(None) => return refused("it is not signed"),
        Err(refusal) => return Err(Refused(refusal.to_string().into())),
    };
    if host != keys.cache {
        return refused("it is for another cache");
    }
    if only(&request, "Action")?.as_deref() != Some("connect") {
        return refused("it is not for connecting");
    }
    if only(&request, "User")?.as_deref() != Some(user) {
        return refused("it is for another user");
    }
    if only(&request, "ResourceType")?.is_some() {
        return refused("it is for another kind of cache");
    }
    if signed.scope.service != SERVICE || signed.scope.region != keys.region {
        return refused("it is for another service or region");
    }
    match signed.place {
        Place::Query { life_seconds } if life_seconds <= LIFE_SECONDS_MAX => {}
        _ => return refused("it would hold for too long"),
    }
    signed
        .check_time(now_seconds)
        .map_err(|refusal| Refused(refusal.to_string().into()))?;
    verify(&signed, &request, keys, now_seconds)
}

fn verify(
    signed: &Signed,
    request: &Request<'_>,
    keys: &Keys,
    now_seconds: i64,
) -> Result<(), Refused> {
    let Some(credentials) = &keys.credentials else {
        // The control plane verifies no signatures, and so nobody has a secret.
        return Ok(());
    };
    let scope = &signed.scope;
    let Some(credential) = credentials.get(&scope.access_key_id) else {
        return refused("its access key is not known");
    };
    if credential.ends_at.is_some_and(|end| end <= now_seconds) {
        return refused("its credential has ended");
    }
    let offered = signed
        .session_token
        .as_ref()
        .map(|token| Sha256::digest(token.as_bytes()).into());
    if offered != credential.session_token.as_ref().map(|it| it.0) {
        return refused("its session token is another");
    }
    let Some(key) = credential.days.get(&scope.date) else {
        return refused("there is no key for its day");
    };
    signed
        .verify(request, &key.signing_key())
        .map_err(|refusal| Refused(refusal.to_string().into()))
}

/// A parameter's value; none where it is not there.
fn only(request: &Request<'_>, name: &str) -> Result<Option<String>, Refused> {
    let pairs = request
        .parameters()
        .map_err(|refusal| Refused(refusal.to_string().into()))?;
    let mut found = pairs.into_iter().filter(|(it, _)| it == name);
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => refused("it says something twice"),
        (found, _) => Ok(found.map(|(_, value)| value)),
    }
}

#[cfg(test)]
mod tests;
