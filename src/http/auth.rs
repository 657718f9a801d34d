//! Who calls: the account by the access key, the region by the scope of the credential.

use axum::http::{HeaderMap, header};
use cacheplane_api::query::Form;
use cacheplane_api::{Fault, FaultCode, sigv4};

use crate::resources::scope::Scope;

/// The caller's scope. A request without a signature is one of the default account and region.
///
/// # Errors
/// `IncompleteSignature` for a credential that is none, or whose region is none.
pub(super) fn caller(headers: &HeaderMap, form: &Form) -> Result<Scope, Fault> {
    let authorization = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let signed = match (authorization, form.value("X-Amz-Credential")) {
        (Some(header), _) => Some(sigv4::Scope::from_authorization(header)?),
        (None, Some(credential)) => Some(sigv4::Scope::from_credential(credential)?),
        (None, None) => None,
    };
    match &signed {
        Some(signed) => Scope::of_caller(&signed.access_key_id, &signed.region).ok_or_else(|| {
            Fault::new(
                FaultCode::IncompleteSignature,
                "Credential should be scoped to a valid region.",
            )
        }),
        None => Ok(Scope::of_anyone()),
    }
}
