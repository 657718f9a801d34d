//! What a request claims of its sender, and whether it is true.

use sha2::{Digest, Sha256};

use crate::canonical::Request;
use crate::scope::{Scope, parameters};
use crate::{ALGORITHM, Refusal, SKEW_SECONDS, SigningKey, time};

/// The longest time that a presigned request may hold, in seconds: a week.
const LIFE_SECONDS_MAX: i64 = 604_800;

/// Most headers that a signature may name.
const SIGNED_HEADERS_MAX: usize = 128;

/// Where a signature stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the `Authorization` header.
    Header,
    /// In the query: the request is presigned.
    Query {
        /// How long it holds, from the time that it names.
        life_seconds: i64,
    },
}

/// A signature, with all that it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Who signs, and for what.
    pub scope: Scope,
    /// Where the signature stands.
    pub place: Place,
    /// When it was made, in seconds since the Unix epoch.
    pub at_seconds: i64,
    /// The token that comes with credentials that end.
    pub session_token: Option<String>,
    /// In lower case, in order.
    signed_headers: Vec<String>,
    signature: Vec<u8>,
}

impl Signed {
    /// Reads the signature of a request; none where it has none.
    ///
    /// # Errors
    /// [`Refusal::Incomplete`] for one that is not whole, and for two.
    pub fn read(request: &Request<'_>) -> Result<Option<Self>, Refusal> {
        let authorizations = || {
            let named = |(name, _): &&(&str, &[u8])| name.eq_ignore_ascii_case("authorization");
            request.headers.iter().filter(named)
        };
        let presigned = Presigned::read(request)?;
        match (authorizations().next(), presigned) {
            (None, None) => Ok(None),
            (None, Some(presigned)) => presigned.signed().map(Some),
            (Some((_, value)), None) if authorizations().count() == 1 => {
                let value = std::str::from_utf8(value)
                    .map_err(|_| incomplete("Authorization header is no text."))?;
                Self::of_header(request, value).map(Some)
            }
            _ => Err(incomplete(
                "A request must be signed once: in one Authorization header, or in its query.",
            )),
        }
    }

    fn of_header(request: &Request<'_>, header: &str) -> Result<Self, Refusal> {
        let scope = Scope::from_authorization(header)?;
        let parameter = |name: &str| {
            let prefix = format!("{name}=");
            let mut found = parameters(header)?.filter_map(|it| it.strip_prefix(prefix.as_str()));
            match (found.next(), found.next()) {
                (Some(value), None) => Ok(value.to_owned()),
                _ => Err(Refusal::Incomplete(format!(
                    "Authorization header requires '{name}' parameter."
                ))),
            }
        };
        let text = |name: &str| {
            request
                .header(name)
                .map(|value| String::from_utf8_lossy(&value).into_owned())
        };
        let Some(at) = text("x-amz-date").or_else(|| text("date")) else {
            return Err(incomplete(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
            ));
        };
        Self {
            scope,
            place: Place::Header,
            at_seconds: instant(&at)?,
            session_token: text("x-amz-security-token"),
            signed_headers: header_names(&parameter("SignedHeaders")?),
            signature: digits(&parameter("Signature")?)?,
        }
        .checked(&at)
    }

    /// What holds of every signature.
    fn checked(self, at: &str) -> Result<Self, Refusal> {
        if self.signed_headers.len() > SIGNED_HEADERS_MAX {
            return Err(incomplete("Too many headers are signed."));
        }
        if !self.signed_headers.iter().any(|name| name == "host") {
            return Err(Refusal::Mismatch(
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
                    .to_owned(),
            ));
        }
        let day = &at[..8];
        if self.scope.date != day {
            return Err(Refusal::Mismatch(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
                 '{}' != '{day}', from '{at}'.",
                self.scope.date
            )));
        }
        Ok(self)
    }

    /// Whether the signature holds at a time, in seconds since the Unix epoch.
    ///
    /// # Errors
    /// [`Refusal::Expired`] when it is too old, or from the future.
    pub fn check_time(&self, now_seconds: i64) -> Result<(), Refusal> {
        let at = self.at_seconds;
        if at > now_seconds + SKEW_SECONDS {
            return Err(Refusal::Expired(format!(
                "Signature not yet current: {} is still later than {} ({} + 15 min.)",
                time::text(at),
                time::text(now_seconds + SKEW_SECONDS),
                time::text(now_seconds),
            )));
        }
        match self.place {
            Place::Header if at < now_seconds - SKEW_SECONDS => Err(Refusal::Expired(format!(
                "Signature expired: {} is now earlier than {} ({} - 15 min.)",
                time::text(at),
                time::text(now_seconds - SKEW_SECONDS),
                time::text(now_seconds),
            ))),
            Place::Query { life_seconds } if at + life_seconds < now_seconds => {
                Err(Refusal::Expired("Request has expired.".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Whether the signature is the one that `key` gives. Takes as long for a near miss as for a far one.
    ///
    /// # Errors
    /// [`Refusal::Mismatch`] when it is not.
    pub fn verify(&self, request: &Request<'_>, key: &SigningKey) -> Result<(), Refusal> {
        let canonical = request.canonical(&self.signed_headers)?;
        let text = [
            ALGORITHM,
            &time::text(self.at_seconds),
            &self.scope.name(),
            &hex::encode(Sha256::digest(&canonical)),
        ]
        .join("\n");
        if key.has_signed(text.as_bytes(), &self.signature) {
            return Ok(());
        }
        Err(Refusal::Mismatch(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and \
             signing method. Consult the service documentation for details."
                .to_owned(),
        ))
    }
}

/// What the query of a presigned request says.
struct Presigned {
    algorithm: Option<String>,
    credential: Option<String>,
    date: Option<String>,
    expires: Option<String>,
    signed_headers: Option<String>,
    signature: Option<String>,
    token: Option<String>,
}

impl Presigned {
    /// None where the query speaks of no signature.
    fn read(request: &Request<'_>) -> Result<Option<Self>, Refusal> {
        if !request.query.contains("X-Amz-") {
            return Ok(None);
        }
        let pairs = request.parameters()?;
        let one = |name: &str| {
            let mut found = pairs.iter().filter(|(it, _)| it == name);
            match (found.next(), found.next()) {
                (Some(_), Some(_)) => {
                    Err(Refusal::Incomplete(format!("{name} must be given once.")))
                }
                (found, _) => Ok(found.map(|(_, value)| value.clone())),
            }
        };
        let presigned = Self {
            algorithm: one("X-Amz-Algorithm")?,
            credential: one("X-Amz-Credential")?,
            date: one("X-Amz-Date")?,
            expires: one("X-Amz-Expires")?,
            signed_headers: one("X-Amz-SignedHeaders")?,
            signature: one("X-Amz-Signature")?,
            token: one("X-Amz-Security-Token")?,
        };
        let speaks = presigned.credential.is_some() || presigned.signature.is_some();
        Ok(speaks.then_some(presigned))
    }

    fn signed(self) -> Result<Signed, Refusal> {
        let needed = |name: &str, value: Option<String>| {
            value.ok_or_else(|| {
                Refusal::Incomplete(format!(
                    "AWS query-string parameters must include '{name}'."
                ))
            })
        };
        if needed("X-Amz-Algorithm", self.algorithm)? != ALGORITHM {
            return Err(Refusal::Incomplete(format!(
                "X-Amz-Algorithm must be {ALGORITHM}."
            )));
        }
        let at = needed("X-Amz-Date", self.date)?;
        let life = needed("X-Amz-Expires", self.expires)?;
        let life_seconds = life
            .parse()
            .ok()
            .filter(|life| (1..=LIFE_SECONDS_MAX).contains(life))
            .ok_or_else(|| {
                Refusal::Incomplete(format!(
                    "X-Amz-Expires must be between 1 and {LIFE_SECONDS_MAX} seconds."
                ))
            })?;
        Signed {
            scope: Scope::from_credential(&needed("X-Amz-Credential", self.credential)?)?,
            place: Place::Query { life_seconds },
            at_seconds: instant(&at)?,
            session_token: self.token,
            signed_headers: header_names(&needed("X-Amz-SignedHeaders", self.signed_headers)?),
            signature: digits(&needed("X-Amz-Signature", self.signature)?)?,
        }
        .checked(&at)
    }
}

/// The names as they are signed: in the order of the sender, which must be the canonical one or the signature will not match.
fn header_names(text: &str) -> Vec<String> {
    text.split(';').map(str::to_ascii_lowercase).collect()
}

fn instant(text: &str) -> Result<i64, Refusal> {
    time::seconds(text).ok_or_else(|| {
        Refusal::Incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601",
            text.chars().take(64).collect::<String>()
        ))
    })
}

fn digits(text: &str) -> Result<Vec<u8>, Refusal> {
    let is_lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() == 64 && text.bytes().all(is_lower) {
        return hex::decode(text).map_err(|_| incomplete("Signature is malformed."));
    }
    // Whoever sends something else has not calculated it.
    Ok(Vec::new())
}

fn incomplete(text: &str) -> Refusal {
    Refusal::Incomplete(text.to_owned())
}
