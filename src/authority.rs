//! The certificate authority of a data directory, and what it vouches for.
//!
//! It is made at the first start and signs a certificate for each node and each endpoint that speaks TLS. Its own certificate
//! is all that a client needs to know; its key never leaves the data directory. Keys of nodes are made with their certificates
//! and are nowhere but in the container of the node: one that is lost is replaced, so nothing has to be kept.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::resources::timestamp::Timestamp;

/// How long the authority's own certificate is valid. Clients are told of it once, so it outlives what it is made for.
const AUTHORITY_VALIDITY: Duration = Duration::from_hours(20 * 365 * 24);

/// How long a certificate of a node is valid.
pub const VALIDITY: Duration = Duration::from_hours(90 * 24);

/// How long before its end a certificate is replaced by another.
pub const RENEWAL: Duration = Duration::from_hours(30 * 24);

/// By how much the clock of a client may be behind ours.
const SKEW: Duration = Duration::from_hours(1);

/// What its certificate calls it, with the beginning of its key's fingerprint, so that several can be told apart.
const NAME: &str = "cacheplane certificate authority";

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The key is none, or of a kind that is not used here.
    #[error("the key of the certificate authority cannot be read")]
    Key(#[source] rcgen::Error),
    /// The certificate is none, or that of another key.
    #[error("the certificate of the certificate authority {0}")]
    Certificate(&'static str),
    /// A certificate could not be made.
    #[error("a certificate could not be made")]
    Issue(#[source] rcgen::Error),
}

/// Signs certificates. Its `Debug` form does not show its key.
pub struct Authority {
    certificate_pem: String,
    issuer: Issuer<'static, KeyPair>,
    roots: Arc<RootCertStore>,
}

/// A certificate and its key.
#[derive(Clone, PartialEq, Eq)]
pub struct Issued {
    /// The certificate, as PEM.
    pub certificate_pem: String,
    /// Its private key, as PEM (PKCS #8).
    pub key_pem: String,
    /// When it ends.
    pub ends_at: Timestamp,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued")
            .field("ends_at", &self.ends_at)
            .finish_non_exhaustive()
    }
}

impl Authority {
    /// A new key for an authority, as PEM (PKCS #8).
    ///
    /// # Errors
    /// [`AuthorityError::Issue`], where there is no randomness.
    pub fn generate_key() -> Result<String, AuthorityError> {
        let key = KeyPair::generate().map_err(AuthorityError::Issue)?;
        Ok(key.serialize_pem())
    }

    /// The certificate in which the authority with this key vouches for itself from `now` on, as PEM.
    ///
    /// # Errors
    /// [`AuthorityError::Key`] and [`AuthorityError::Issue`].
    pub fn self_certificate(key_pem: &str, now: Timestamp) -> Result<String, AuthorityError> {
        let key = KeyPair::from_pem(key_pem).map_err(AuthorityError::Key)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        let name = format!("{NAME} {}", fingerprint(&key));
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        valid(&mut params, now, AUTHORITY_VALIDITY);
        let certificate = params.self_signed(&key).map_err(AuthorityError::Issue)?;
        Ok(certificate.pem())
    }

    /// The authority with this certificate and this key.
    ///
    /// # Errors
    /// Where one of them cannot be read, or they do not belong together.
    pub fn read(certificate_pem: &str, key_pem: &str) -> Result<Self, AuthorityError> {
        let key = KeyPair::from_pem(key_pem).map_err(AuthorityError::Key)?;
        let certificate = CertificateDer::from_pem_slice(certificate_pem.as_bytes())
            .map_err(|_| AuthorityError::Certificate("cannot be read"))?;
        let (_, read) = x509_parser::parse_x509_certificate(&certificate)
            .map_err(|_| AuthorityError::Certificate("cannot be read"))?;
        if *read.public_key().subject_public_key.data != *key.public_key_raw() {
            return Err(AuthorityError::Certificate("belongs to another key"));
        }
        let issuer = Issuer::from_ca_cert_der(&certificate, key)
            .map_err(|_| AuthorityError::Certificate("cannot be read"))?;
        let mut roots = RootCertStore::empty();
        roots
            .add(certificate)
            .map_err(|_| AuthorityError::Certificate("is none of an authority"))?;
        Ok(Self {
            certificate_pem: certificate_pem.to_owned(),
            issuer,
            roots: Arc::new(roots),
        })
    }

    /// One that is kept nowhere, for simulated nodes.
    ///
    /// # Errors
    /// As [`Authority::self_certificate`].
    pub fn ephemeral(now: Timestamp) -> Result<Self, AuthorityError> {
        let key = Self::generate_key()?;
        Self::read(&Self::self_certificate(&key, now)?, &key)
    }

    /// Its own certificate, as PEM: what clients trust.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// A certificate for whoever is reached under any of `names`, host names and addresses, from `now` on.
    ///
    /// # Errors
    /// [`AuthorityError::Issue`], for a name that is none.
    pub fn issue(&self, names: &[String], now: Timestamp) -> Result<Issued, AuthorityError> {
        let key = KeyPair::generate().map_err(AuthorityError::Issue)?;
        let mut params = CertificateParams::new(names.to_vec()).map_err(AuthorityError::Issue)?;
        params.distinguished_name = DistinguishedName::new();
        // The name that counts is among the alternative ones; this one is for people.
        let name = names.first().map_or("cacheplane", String::as_str);
        params.distinguished_name.push(DnType::CommonName, name);
        params.use_authority_key_identifier_extension = true;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        // Nodes are each other's clients.
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        valid(&mut params, now, VALIDITY);
        let certificate = params
            .signed_by(&key, &self.issuer)
            .map_err(AuthorityError::Issue)?;
        Ok(Issued {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            ends_at: now.plus(VALIDITY),
        })
    }

    /// How to be a client that trusts this authority and nobody else, and looks at the name of whom it talks to.
    ///
    /// # Errors
    /// [`rustls::Error`], where the cryptography in use knows no version of TLS.
    pub fn client_config(&self) -> Result<Arc<ClientConfig>, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(Arc::clone(&self.roots))
            .with_no_client_auth();
        Ok(Arc::new(config))
    }
}

/// When the first certificate in `pem` ends; none where there is none.
pub fn end_of(pem: &str) -> Option<Timestamp> {
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    let (_, read) = x509_parser::parse_x509_certificate(&certificate).ok()?;
    let seconds = read.validity().not_after.timestamp();
    Some(Timestamp::from_millis(seconds.saturating_mul(1000)))
}

fn valid(params: &mut CertificateParams, now: Timestamp, validity: Duration) {
    let at = |instant: Timestamp| {
        let since = instant.since(Timestamp::from_millis(0));
        rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(since.as_secs())
    };
    params.not_before = at(now.minus(SKEW));
    params.not_after = at(now.plus(validity));
}

fn fingerprint(key: &KeyPair) -> String {
    use sha2::{Digest, Sha256};
    hex::encode(Sha256::digest(key.public_key_raw()))[..8].to_owned()
}

#[cfg(test)]
mod tests {
    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier;
    use rustls::pki_types::{ServerName, UnixTime};

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn authority() -> Authority {
        Authority::ephemeral(NOW).expect("an authority")
    }

    /// Whether a client of `authority` believes that it talks to `name`.
    fn is_believed(authority: &Authority, issued: &Issued, name: &str, at: Timestamp) -> bool {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::clone(&authority.roots), provider)
                .build()
                .expect("a verifier");
        let certificate = CertificateDer::from_pem_slice(issued.certificate_pem.as_bytes())
            .expect("a certificate");
        let now = UnixTime::since_unix_epoch(at.since(Timestamp::from_millis(0)));
        let name = ServerName::try_from(name).expect("a name");
        verifier
            .verify_server_cert(&certificate, &[], &name, &[], now)
            .is_ok()
    }

    #[test]
    fn a_certificate_is_believed_for_its_names_and_in_its_time() {
        let authority = authority();
        let names = ["10.211.0.5", "localhost", "caches.example.net"].map(str::to_owned);
        let issued = authority.issue(&names, NOW).expect("a certificate");
        for name in ["10.211.0.5", "localhost", "caches.example.net"] {
            assert!(is_believed(&authority, &issued, name, NOW), "{name}");
        }
        for name in ["10.211.0.6", "example.com"] {
            assert!(!is_believed(&authority, &issued, name, NOW), "{name}");
        }
        let last = issued.ends_at.minus(Duration::from_secs(1));
        let late = issued.ends_at.plus(Duration::from_secs(2));
        assert!(is_believed(&authority, &issued, "localhost", last));
        assert!(!is_believed(&authority, &issued, "localhost", late));
        assert_eq!(end_of(&issued.certificate_pem), Some(issued.ends_at));
    }

    #[test]
    fn another_authority_is_not_believed() {
        let issued = authority().issue(&["localhost".to_owned()], NOW);
        let issued = issued.expect("a certificate");
        assert!(!is_believed(&authority(), &issued, "localhost", NOW));
    }

    #[test]
    fn an_authority_is_what_its_files_are() {
        let key = Authority::generate_key().expect("a key");
        let certificate = Authority::self_certificate(&key, NOW).expect("a certificate");
        let authority = Authority::read(&certificate, &key).expect("an authority");
        assert_eq!(authority.certificate_pem(), certificate);
        let other = Authority::generate_key().expect("a key");
        let error = Authority::read(&certificate, &other).expect_err("another's");
        assert!(
            error.to_string().contains("belongs to another key"),
            "{error}"
        );
        for (certificate, key) in [("", key.as_str()), (&certificate, ""), ("-----BEGIN", "x")] {
            assert!(Authority::read(certificate, key).is_err());
        }
    }

    #[test]
    fn nothing_shows_a_key() {
        let authority = authority();
        let issued = authority.issue(&["localhost".to_owned()], NOW);
        let issued = issued.expect("a certificate");
        let shown = format!("{authority:?} {issued:?}");
        assert!(!shown.contains("PRIVATE KEY"), "{shown}");
    }
}
