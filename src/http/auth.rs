//! Who calls. One door for all services on the port: it knows a request's bytes, and not what is asked for.

use axum::http::header;
use axum::http::request::Parts;
use cacheplane_api::query::Form;
use cacheplane_api::sigv4::{self, Signed, SigningKey};
use cacheplane_api::{Fault, FaultCode, Service};

use crate::callers::{Callers, Credential, Credentials};
use crate::resources::scope::Scope;
use crate::resources::timestamp::Timestamp;

/// Who calls, and whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    /// Account and region.
    pub(super) scope: Scope,
    /// The service that the request is signed for; none where nobody signed it.
    pub(super) signed_for: Option<String>,
}

/// Who has sent a request with this body, as far as `callers` wants to know it.
///
/// # Errors
/// `IncompleteSignature` for a signature that is none. Where signatures are verified: `MissingAuthenticationToken` without one,
/// `InvalidClientTokenId` for a credential that is not known, `ExpiredTokenException` for one that has ended, `RequestExpired` and
/// `SignatureDoesNotMatch`.
pub(super) async fn caller(
    callers: &Callers,
    now: Timestamp,
    parts: &Parts,
    body: &[u8],
) -> Result<Caller, Fault> {
    match callers {
        Callers::Anyone => claimed(parts),
        Callers::Signed(credentials) => verified(credentials, now, parts, body).await,
    }
}

/// What the request says of its sender: the account by the access key, the region by the scope of the credential. A request
/// without a signature is one of the default account and region.
fn claimed(parts: &Parts) -> Result<Caller, Fault> {
    let authorization = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let query = Form::parse(parts.uri.query().unwrap_or_default().as_bytes())?;
    let signed = match (authorization, query.value("X-Amz-Credential")) {
        (Some(header), _) => sigv4::Scope::from_authorization(header)?,
        (None, Some(credential)) => sigv4::Scope::from_credential(credential)?,
        (None, None) => {
            return Ok(Caller {
                scope: Scope::of_anyone(),
                signed_for: None,
            });
        }
    };
    let scope = Scope::of_caller(&signed.access_key_id, &signed.region).ok_or_else(no_region)?;
    Ok(Caller {
        scope,
        signed_for: Some(signed.service),
    })
}

/// Who the sender is, proved.
async fn verified(
    credentials: &Credentials,
    now: Timestamp,
    parts: &Parts,
    body: &[u8],
) -> Result<Caller, Fault> {
    let request = sigv4::Request {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: parts
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect(),
        body_digest: sigv4::body_digest(body).into(),
    };
    let Some(signed) = Signed::read(&request)? else {
        return Err(Fault::new(
            FaultCode::MissingAuthenticationToken,
            "Request is missing Authentication Token",
        ));
    };
    let scope = &signed.scope;
    let credential = credentials
        .find(&scope.access_key_id)
        .await
        .map_err(|error| {
            Fault::new(
                FaultCode::InternalFailure,
                "An internal error has occurred.",
            )
            .with_source(error)
        })?
        .filter(|credential| brings_token(credential, signed.session_token.as_deref()))
        .ok_or_else(unknown)?;
    if credential.has_expired(now) {
        return Err(Fault::new(
            FaultCode::ExpiredTokenException,
            "The security token included in the request is expired",
        ));
    }
    signed.check_time(now.as_millis().div_euclid(1000))?;
    let secret = credential.secret_access_key.reveal();
    let key = SigningKey::derive(secret, &scope.date, &scope.region, &scope.service);
    signed.verify(&request, &key)?;
    Ok(Caller {
        scope: Scope::of_account(&credential.account, &scope.region).ok_or_else(no_region)?,
        signed_for: Some(signed.scope.service),
    })
}

/// Whether the request carries the token that comes with the credential, or none if none does.
fn brings_token(credential: &Credential, token: Option<&str>) -> bool {
    match (&credential.session_token, token) {
        (None, None) => true,
        (Some(known), Some(offered)) => known.is(offered),
        _ => false,
    }
}

/// The service that a request is for: the one that it is signed for, which must be the one that it means, where it says so.
///
/// # Errors
/// `SignatureDoesNotMatch` when it is signed for another, or for one that is not here, and signatures are verified.
pub(super) fn service(
    callers: &Callers,
    caller: &Caller,
    meant: Option<Service>,
) -> Result<Service, Fault> {
    let signed_for = caller.signed_for.as_deref().and_then(|name| {
        Service::ALL
            .into_iter()
            .find(|service| service.signing_name() == name)
    });
    match (callers, signed_for, meant) {
        // Its newer protocols say it in the address.
        (Callers::Anyone, _, Some(Service::CloudWatch)) => Ok(Service::CloudWatch),
        (Callers::Anyone, Some(service), _) => Ok(service),
        (Callers::Anyone, None, meant) => Ok(meant.unwrap_or(Service::ElastiCache)),
        (Callers::Signed(_), Some(service), None) => Ok(service),
        (Callers::Signed(_), Some(service), Some(meant)) if service == meant => Ok(service),
        (Callers::Signed(_), _, meant) => {
            let name = meant.unwrap_or(Service::ElastiCache).signing_name();
            Err(Fault::new(
                FaultCode::SignatureDoesNotMatch,
                format!("Credential should be scoped to correct service: '{name}'."),
            ))
        }
    }
}

fn unknown() -> Fault {
    Fault::new(
        FaultCode::InvalidClientTokenId,
        "The security token included in the request is invalid.",
    )
}

fn no_region() -> Fault {
    Fault::new(
        FaultCode::IncompleteSignature,
        "Credential should be scoped to a valid region.",
    )
}
