//! Whose key signs, for which day, region and service.

use crate::{ALGORITHM, Refusal, TERMINATOR};

/// Longest access key id, region or service that is taken, in bytes; AWS's own bound for access key ids.
const MAX_PART_BYTES: usize = 128;

/// The scope of a signature, as its `Credential` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Whose key.
    pub access_key_id: String,
    /// Day of the signature, `YYYYMMDD`.
    pub date: String,
    /// Region that the request is for.
    pub region: String,
    /// Signing name of the service, such as `elasticache`.
    pub service: String,
}

impl Scope {
    /// Reads an `Authorization` header.
    ///
    /// # Errors
    /// [`Refusal::Incomplete`] when the header has another algorithm, no `Credential`, or one that is no scope.
    pub fn from_authorization(header: &str) -> Result<Self, Refusal> {
        let credential = parameters(header)?
            .find_map(|parameter| parameter.strip_prefix("Credential="))
            .ok_or_else(|| {
                Refusal::Incomplete(
                    "Authorization header requires 'Credential' parameter.".to_owned(),
                )
            })?;
        Self::from_credential(credential)
    }

    /// Reads the value of a `Credential`, or of the `X-Amz-Credential` of a presigned request after decoding:
    /// `key/date/region/service/aws4_request`.
    ///
    /// # Errors
    /// [`Refusal::Incomplete`] when it is not of that form.
    pub fn from_credential(credential: &str) -> Result<Self, Refusal> {
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

    /// As the text that is signed names it, without the key.
    pub(crate) fn name(&self) -> String {
        let Self {
            date,
            region,
            service,
            ..
        } = self;
        format!("{date}/{region}/{service}/{TERMINATOR}")
    }
}

/// What an `Authorization` header says after its algorithm.
pub(crate) fn parameters(header: &str) -> Result<impl Iterator<Item = &str>, Refusal> {
    let parameters = header
        .trim()
        .strip_prefix(ALGORITHM)
        .filter(|rest| rest.starts_with([' ', '\t']));
    let Some(parameters) = parameters else {
        return Err(Refusal::Incomplete(format!(
            "Authorization header requires the algorithm {ALGORITHM}."
        )));
    };
    Ok(parameters.split(',').map(str::trim))
}

fn is_made_of(part: &str, allowed: impl Fn(u8) -> bool) -> bool {
    !part.is_empty() && part.len() <= MAX_PART_BYTES && part.bytes().all(allowed)
}

fn malformed() -> Refusal {
    Refusal::Incomplete(
        "Credential must have the form key/YYYYMMDD/region/service/aws4_request.".to_owned(),
    )
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
            let refusal = Scope::from_authorization(header).expect_err(header);
            assert!(matches!(refusal, Refusal::Incomplete(_)), "{header}");
        }
        let long = format!("{}/20260102/b/c/aws4_request", "a".repeat(129));
        assert!(Scope::from_credential(&long).is_err());
    }
}
