//! Buckets of S3, at AWS or at whatever speaks its language.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::{ClientOptions, RetryConfig};

use super::{Store, StoreError};

/// How long a request may stay without an answer.
const REQUEST_DEADLINE: Duration = Duration::from_secs(60);

/// How long it may take to be connected.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);

/// How long a request is tried again that failed for a reason that may pass.
const RETRY_DEADLINE: Duration = Duration::from_secs(30);

/// How often.
const RETRIES_MAX: usize = 4;

/// Where S3 is, and who we are to it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct S3 {
    /// `http://host:port` or `https://host`; none means AWS.
    pub endpoint: Option<String>,
    /// The access key's id.
    pub access_key_id: Option<String>,
    /// Its secret; never printed.
    pub secret_access_key: Option<String>,
}

impl fmt::Debug for S3 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("S3")
            .field("endpoint", &self.endpoint)
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

impl S3 {
    /// The bucket called `name` in `region`, as a store whose objects' names begin with `prefix`.
    ///
    /// # Errors
    /// [`StoreError::Store`] where no such bucket can be spoken of.
    pub fn bucket(&self, name: &str, region: &str, prefix: &str) -> Result<Store, StoreError> {
        // The client takes the provider that the process has; where there is one already, that one.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(name)
            .with_region(region)
            .with_retry(RetryConfig {
                max_retries: RETRIES_MAX,
                retry_timeout: RETRY_DEADLINE,
                ..RetryConfig::default()
            })
            .with_client_options(
                ClientOptions::new()
                    .with_timeout(REQUEST_DEADLINE)
                    .with_connect_timeout(CONNECT_DEADLINE),
            );
        if let Some(endpoint) = &self.endpoint {
            builder = builder
                .with_endpoint(endpoint)
                .with_allow_http(endpoint.starts_with("http://"));
        }
        builder = match (&self.access_key_id, &self.secret_access_key) {
            (Some(id), Some(secret)) => builder
                .with_access_key_id(id)
                .with_secret_access_key(secret),
            _ => builder.with_skip_signature(true),
        };
        let prefix = match prefix.trim_matches('/') {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        Ok(Store {
            objects: Arc::new(builder.build()?),
            directory: None,
            prefix,
        })
    }
}
