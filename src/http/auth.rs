//! Who calls: the account by the access key, the region by the scope of the credential.

use axum::http::{HeaderMap, header};
use cacheplane_api::query::Form;
use cacheplane_api::{Fault, FaultCode, Service, sigv4};

use crate::resources::scope::Scope;

/// What a request says of its sender.
#[derive(Debug)]
pub(super) struct Claim {
    signed: Option<sigv4::Scope>,
}

impl Claim {
    /// Reads it from the header, or from the query of a presigned request.
    ///
    /// # Errors
    /// `IncompleteSignature` for a credential that is none.
    pub(super) fn read(headers: &HeaderMap, form: &Form) -> Result<Self, Fault> {
        let authorization = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let signed = match (authorization, form.value("X-Amz-Credential")) {
            (Some(header), _) => Some(sigv4::Scope::from_authorization(header)?),
            (None, Some(credential)) => Some(sigv4::Scope::from_credential(credential)?),
            (None, None) => None,
        };
        Ok(Self { signed })
    }

    /// The service that the request is for.
    pub(super) fn service(&self, form: &Form) -> Service {
        let signed_for = self.signed.as_ref().map(|signed| signed.service.as_str());
        Service::of(form, signed_for)
    }

    /// The caller's scope. A request without a signature is one of the default account and region.
    ///
    /// # Errors
    /// `IncompleteSignature` for a credential whose region is none.
    pub(super) fn caller(&self) -> Result<Scope, Fault> {
        match &self.signed {
            Some(signed) => {
                Scope::of_caller(&signed.access_key_id, &signed.region).ok_or_else(|| {
                    Fault::new(
                        FaultCode::IncompleteSignature,
                        "Credential should be scoped to a valid region.",
                    )
                })
            }
            None => Ok(Scope::of_anyone()),
        }
    }
}
