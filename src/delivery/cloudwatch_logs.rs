//! CloudWatch Logs: `CreateLogStream` and `PutLogEvents` over JSON 1.1.

use serde_json::{Value, json};

use super::{AwsEndpoint, DeliveryError, Messenger, settled, signature};
use crate::resources::timestamp::Timestamp;

/// Most lines of one call (10,000 are allowed; so many are read of a node at once at most).
const EVENTS_MAX: usize = 1_000;

/// Most bytes of one call, each line counted with 26 more (PutLogEvents, CloudWatch Logs API reference: 1,048,576).
const BATCH_BYTES_MAX: usize = 900_000;

/// What each line counts besides its own bytes.
const EVENT_BYTES: usize = 26;

/// Longest time between the first and the last line of one call, in milliseconds.
const SPAN_MAX: i64 = 23 * 60 * 60 * 1000;

/// A line, and when it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    /// When.
    pub at: Timestamp,
    /// The line, without its end.
    pub message: String,
}

/// A stream of a log group.
#[derive(Debug, Clone, Copy)]
pub struct LogStream<'a> {
    /// The region of the group.
    pub region: &'a str,
    /// The group.
    pub group: &'a str,
    /// The stream in it.
    pub name: &'a str,
}

impl Messenger {
    /// Makes a stream unless it is there.
    async fn create_log_stream(
        &self,
        endpoint: &AwsEndpoint,
        stream: LogStream<'_>,
        now: Timestamp,
    ) -> Result<(), DeliveryError> {
        let body = json!({"logGroupName": stream.group, "logStreamName": stream.name});
        match self
            .call(endpoint, stream, "CreateLogStream", &body, now)
            .await
        {
            Err(error) if is(&error, "ResourceAlreadyExistsException") => Ok(()),
            answered => answered,
        }
    }

    /// Appends lines to a stream, which is made where it is not there; without any lines that is all. After an error some of them may be
    /// there.
    ///
    /// # Errors
    /// [`DeliveryError`]; refused where there is no such group.
    pub async fn put_log_events(
        &self,
        endpoint: &AwsEndpoint,
        stream: LogStream<'_>,
        events: &[LogEvent],
        now: Timestamp,
    ) -> Result<(), DeliveryError> {
        if events.is_empty() {
            return self.create_log_stream(endpoint, stream, now).await;
        }
        let mut sorted: Vec<&LogEvent> = events.iter().collect();
        sorted.sort_by_key(|event| event.at);
        for batch in batches(&sorted) {
            let lines: Vec<Value> = batch
                .iter()
                .map(|event| json!({"timestamp": event.at.as_millis(), "message": event.message}))
                .collect();
            let body = json!({
                "logGroupName": stream.group,
                "logStreamName": stream.name,
                "logEvents": lines,
            });
            let put = self
                .call(endpoint, stream, "PutLogEvents", &body, now)
                .await;
            match put {
                Err(error) if is(&error, "ResourceNotFoundException") => {
                    self.create_log_stream(endpoint, stream, now).await?;
                    self.call(endpoint, stream, "PutLogEvents", &body, now)
                        .await?;
                }
                answered => answered?,
            }
        }
        Ok(())
    }

    async fn call(
        &self,
        endpoint: &AwsEndpoint,
        stream: LogStream<'_>,
        action: &str,
        body: &Value,
        now: Timestamp,
    ) -> Result<(), DeliveryError> {
        let kind = "application/x-amz-json-1.1";
        let body = body.to_string();
        let destination = format!("the log group {}", stream.group);
        let signed = signature(endpoint, "logs", stream.region, &body, kind, now);
        let signed = signed.map_err(|reason| DeliveryError::Unavailable {
            destination: destination.clone(),
            reason,
        })?;
        let mut request = self
            .client
            .post(endpoint.url.clone())
            .header("content-type", kind)
            .header("x-amz-target", format!("Logs_20140328.{action}"));
        for (name, value) in signed {
            request = request.header(name, value);
        }
        settled(&destination, request.body(body)).await
    }
}

/// Whether it was refused with this error.
fn is(error: &DeliveryError, code: &str) -> bool {
    matches!(error, DeliveryError::Refused { answer, .. } if answer.contains(code))
}

/// Lines in the order of their times, as many at once as the service takes.
fn batches<'a, 'b>(sorted: &'b [&'a LogEvent]) -> Vec<&'b [&'a LogEvent]> {
    let (mut found, mut begin, mut bytes) = (Vec::new(), 0, 0);
    for (index, event) in sorted.iter().enumerate() {
        let size = event.message.len() + EVENT_BYTES;
        let span = event.at.as_millis() - sorted[begin].at.as_millis();
        let is_full =
            index - begin >= EVENTS_MAX || bytes + size > BATCH_BYTES_MAX || span > SPAN_MAX;
        if is_full && index > begin {
            found.push(&sorted[begin..index]);
            (begin, bytes) = (index, 0);
        }
        bytes += size;
    }
    if begin < sorted.len() {
        found.push(&sorted[begin..]);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_what_the_service_takes() {
        let event = |hours: i64, length: usize| LogEvent {
            at: Timestamp::from_millis(hours * 3_600_000),
            message: "x".repeat(length),
        };
        let check = |events: &[LogEvent], expected: &[usize]| {
            let all: Vec<&LogEvent> = events.iter().collect();
            let sizes: Vec<usize> = batches(&all).iter().map(|batch| batch.len()).collect();
            assert_eq!(sizes, expected);
        };
        check(&[], &[]);
        check(&[event(0, 1), event(1, 1), event(23, 1)], &[3]);
        check(&[event(0, 1), event(24, 1), event(25, 1)], &[1, 2]);
        check(
            &[event(0, 400_000), event(0, 400_000), event(0, 400_000)],
            &[2, 1],
        );
        check(&[event(0, 2_000_000), event(0, 1)], &[1, 1]);
        check(&vec![event(0, 1); 1_001], &[1_000, 1]);
    }
}
