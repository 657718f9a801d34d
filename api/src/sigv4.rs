//! Who signs a request, and for which region: the credential scope of Signature Version 4.
//!
//! This reads what a request claims. Nothing here checks the signature.

use crate::{Fault, FaultCode};

/// Start of the header form.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Last part of every scope.
const TERMINATOR: &str = "aws4_request";

/// Longest access key id, region or service that is taken, in bytes; AWS's own bound for access key ids.
const MAX_PART_BYTES: usize = 128;

/// The scope of a signature, as its `Credential` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Whose key; it decides the account.
    pub access_key_id: String,
    /// Day of the signature, `YYYYMMDD`.
    pub date: String,
    /// Region that the request is for.
    pub region: String,
    /// Signing name of the service, `elasticache` for ours.
    pub service: String,
}

impl Scope {
    /// Reads an `Authorization` header.
    ///
    /// # Errors
    /// `IncompleteSignature` when the header has another algorithm, no `Credential`, or one that is no scope.
    pub fn from_authorization(header: &str) -> Result<Self, Fault> {
        let parameters = header
            .trim()
            .strip_prefix(ALGORITHM)
            .filter(|rest| rest.starts_with([' ', '\t']));
        let Some(parameters) = parameters else {
            return Err(incomplete(
                "Authorization header requires the algorithm AWS4-HMAC-SHA256.",
            ));
        };
        let mut parameters = parameters.split(',').map(str::trim);
        let Some(credential) =
            parameters.find_map(|parameter| parameter.strip_prefix("Credential="))
        else {
            return Err(incomplete(
                "Authorization header requires 'Credential' parameter.",
            ));
        };
        Self::from_credential(credential)
    }

    /// Reads the value of a `Credential`, or of the `X-Amz-Credential` of a presigned request after decoding:
    /// `key/date/region/service/aws4_request`.
    ///
    /// # Errors
    /// `IncompleteSignature` when it is not of that form.
    pub fn from_credential(credential: &str) -> Result<Self, Fault> {
        let mut parts = credential.split('/');
        let next = [
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
        ];
        let (
            [
                Some(key),
                Some(date),
                Some(region),
                Some(service),
                Some(TERMINATOR),
            ],
            None,
        ) = (next, parts.next())
        else {
            return Err(malformed());
        };
        let name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let well_formed = is_made_of(key, |byte| byte.is_ascii_graphic())
            && is_made_of(date, |byte| byte.is_ascii_digit())
            && date.len() == 8
            && is_made_of(region, name)
            && is_made_of(service, name);
        if !well_formed {
            return Err(malformed());
        }
        let [access_key_id, date, region, service] =
            [key, date, region, service].map(str::to_owned);
        Ok(Self {
            access_key_id,
            date,
            region,
            service,
        })
    }
}

fn is_made_of(part: &str, allowed: impl Fn(u8) -> bool) -> bool {
    !part.is_empty() && part.len() <= MAX_PART_BYTES && part.bytes().all(allowed)
}

fn malformed() -> Fault {
    incomplete("Credential must have the form key/YYYYMMDD/region/service/aws4_request.")
}

fn incomplete(message: &str) -> Fault {
    Fault::new(FaultCode::IncompleteSignature, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPE: &str = "AKIDEXAMPLE/20260102/us-east-1/elasticache/aws4_request";

    #[test]
    fn both_forms_give_the_scope() {
        let scope = Scope::from_credential(SCOPE).expect("a scope");
        assert_eq!(scope.access_key_id, "AKIDEXAMPLE");
        assert_eq!(scope.date, "20260102");
        assert_eq!(scope.region, "us-east-1");
        assert_eq!(scope.service, "elasticache");
        for header in [
            format!("AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=00"),
            format!("AWS4-HMAC-SHA256 SignedHeaders=host,Signature=00,Credential={SCOPE}"),
            format!("  AWS4-HMAC-SHA256   Credential={SCOPE}"),
        ] {
            assert_eq!(
                Scope::from_authorization(&header).expect("a scope"),
                scope,
                "{header}"
            );
        }
    }

    #[test]
    fn anything_else_is_an_incomplete_signature() {
        for header in [
            "",
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA256 Signature=00",
            "AWS4-HMAC-SHA256 Credential=",
            "AWS4-HMAC-SHA256Credential=a/20260102/b/c/aws4_request",
            "AWS4-HMAC-SHA256 Credential=a/2026010/b/c/aws4_request",
            "AWS4-HMAC-SHA256 Credential=a/20260102/B/c/aws4_request",
            "AWS4-HMAC-SHA256 Credential=/20260102/b/c/aws4_request",
            "AWS4-HMAC-SHA256 Credential=a/20260102/b/c/aws5_request",
            "AWS4-HMAC-SHA256 Credential=a/20260102/b/c/aws4_request/x",
            "AWS4-HMAC-SHA256 Credential=a/20260102/é/c/aws4_request",
            "Bearer Credential=a/20260102/b/c/aws4_request",
        ] {
            let fault = Scope::from_authorization(header).expect_err(header);
            assert_eq!(fault.code(), FaultCode::IncompleteSignature, "{header}");
        }
        let long = format!("{}/20260102/b/c/aws4_request", "a".repeat(129));
        assert!(Scope::from_credential(&long).is_err());
    }
}
