//! Telling others: SNS topics in AWS's words, webhooks in ours; and bringing lines to CloudWatch Logs, or to files. This room knows HTTP
//! and no cache.

pub mod cloudwatch_logs;
pub mod log_files;

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::StatusCode;
pub use reqwest::Url;

use crate::resources::timestamp::Timestamp;

/// How long a destination may take to answer.
const DEADLINE: Duration = Duration::from_secs(10);

/// How much of an answer is kept for the log, in characters.
const ANSWER_SHOWN: usize = 200;

/// Why somebody was not told.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// It will not take this message, however often it is sent.
    #[error("{destination} refused it with {status}: {answer}")]
    Refused {
        /// Who.
        destination: String,
        /// The status of the answer.
        status: u16,
        /// What it said.
        answer: String,
    },
    /// It may take it later.
    #[error("{destination} does not take it now: {reason}")]
    Unavailable {
        /// Who.
        destination: String,
        /// Why.
        reason: String,
    },
}

/// An endpoint of one of AWS's services, and as whom it is called.
#[derive(Clone)]
pub struct AwsEndpoint {
    /// Where it is.
    pub url: Url,
    /// The access key.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
}

impl fmt::Debug for AwsEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsEndpoint")
            .field("url", &self.url.as_str())
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// Tells others.
#[derive(Debug, Clone)]
pub struct Messenger {
    client: reqwest::Client,
}

impl Messenger {
    /// # Errors
    /// Where the HTTP client cannot be set up.
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(DEADLINE)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { client })
    }

    /// Publishes a message to a topic. `id` is the same each time that this message is sent.
    ///
    /// # Errors
    /// [`DeliveryError`].
    pub async fn publish(
        &self,
        endpoint: &AwsEndpoint,
        topic_arn: &str,
        message: &str,
        id: &str,
        now: Timestamp,
    ) -> Result<(), DeliveryError> {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", "Publish")
            .append_pair("Version", "2010-03-31")
            .append_pair("TopicArn", topic_arn)
            .append_pair("Message", message)
            .append_pair("MessageAttributes.entry.1.Name", "EventId")
            .append_pair("MessageAttributes.entry.1.Value.DataType", "String")
            .append_pair("MessageAttributes.entry.1.Value.StringValue", id)
            .finish();
        let region = topic_arn.split(':').nth(3).unwrap_or_default();
        let kind = "application/x-www-form-urlencoded";
        let mut request = self
            .client
            .post(endpoint.url.clone())
            .header("content-type", kind);
        let signed = signature(endpoint, "sns", region, &body, kind, now).map_err(|reason| {
            DeliveryError::Unavailable {
                destination: topic_arn.to_owned(),
                reason,
            }
        })?;
        for (name, value) in signed {
            request = request.header(name, value);
        }
        settled(topic_arn, request.body(body)).await
    }

    /// Posts JSON. `id` is the same each time that this message is sent.
    ///
    /// # Errors
    /// [`DeliveryError`].
    pub async fn post(
        &self,
        url: &Url,
        body: &serde_json::Value,
        id: &str,
    ) -> Result<(), DeliveryError> {
        let request = self
            .client
            .post(url.clone())
            .header("cacheplane-event-id", id)
            .json(body);
        // What follows the path may be a secret of the receiver's.
        let shown = format!("{}{}", url.origin().ascii_serialization(), url.path());
        settled(&shown, request).await
    }
}

/// The headers that sign a request.
fn signature(
    endpoint: &AwsEndpoint,
    service: &str,
    region: &str,
    body: &str,
    kind: &str,
    now: Timestamp,
) -> Result<Vec<(String, String)>, String> {
    let credentials = Credentials::new(
        &endpoint.access_key_id,
        &endpoint.secret_access_key,
        None,
        None,
        "configuration",
    );
    let identity = credentials.into();
    let since = u64::try_from(now.as_millis()).unwrap_or_default();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(UNIX_EPOCH + Duration::from_millis(since))
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let host = endpoint.url.authority().to_owned();
    let headers = [("host", host.as_str()), ("content-type", kind)];
    let request = SignableRequest::new(
        "POST",
        endpoint.url.as_str(),
        headers.into_iter(),
        SignableBody::Bytes(body.as_bytes()),
    )
    .map_err(|error| error.to_string())?;
    let (instructions, _) = sign(request, &parameters)
        .map_err(|error| error.to_string())?
        .into_parts();
    let headers = instructions.headers();
    Ok(headers
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect())
}

/// Sends, and sorts what comes of it by whether sending again may help.
async fn settled(destination: &str, request: reqwest::RequestBuilder) -> Result<(), DeliveryError> {
    let unavailable = |reason: String| DeliveryError::Unavailable {
        destination: destination.to_owned(),
        reason,
    };
    let answer = request
        .send()
        .await
        .map_err(|error| unavailable(error.without_url().to_string()))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let may_change = status.is_server_error()
        || [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::UNAUTHORIZED,
            StatusCode::FORBIDDEN,
        ]
        .contains(&status);
    if may_change || status.is_redirection() {
        return Err(unavailable(format!("it answered {status}")));
    }
    let text = answer.text().await.unwrap_or_default();
    Err(DeliveryError::Refused {
        destination: destination.to_owned(),
        status: status.as_u16(),
        answer: text
            .chars()
            .filter(|c| !c.is_control())
            .take(ANSWER_SHOWN)
            .collect(),
    })
}
