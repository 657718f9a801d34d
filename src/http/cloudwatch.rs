//! CloudWatch's part of the port: its three protocols, and a line for each operation.

use std::time::Instant;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
pub(super) use cacheplane_api::cloudwatch::Operation;
use cacheplane_api::cloudwatch::request::{self, Protocol};
use cacheplane_api::cloudwatch::{self, Code, Refusal, reply};
use cacheplane_api::query::Form;
use serde_json::Value;

use super::refusals::Refusals;
use crate::operations::{Context, metric};

/// What a request says that is not of the Query protocol: its operation, where it is one of this service.
pub(super) fn operation_named(path: &str, headers: &HeaderMap) -> Option<(Protocol, String)> {
    let target = headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok());
    match request::protocol(path, target) {
        (protocol, Some(operation)) => Some((protocol, operation)),
        (_, None) => None,
    }
}

/// Reads the input, in whatever form it came.
pub(super) fn input(protocol: Protocol, body: &Bytes) -> Result<Value, Refusal> {
    match protocol {
        Protocol::Cbor => request::from_cbor(body),
        Protocol::Json => request::from_json(body),
        Protocol::Query => Err(Refusal::new(Code::Serialization, "The body is no form.")),
    }
}

/// Answers a request whose caller is known.
pub(super) async fn answer(
    cx: &Context,
    protocol: Protocol,
    operation: &str,
    input: Value,
    request_id: &str,
) -> Result<Vec<u8>, Refusal> {
    let Some(known) = Operation::named(operation) else {
        let shown: String = operation
            .chars()
            .filter(|c| !c.is_control())
            .take(64)
            .collect();
        return Err(Refusal::new(
            Code::UnknownOperation,
            format!(
                "The operation {shown} is not supported here: metrics are read by ListMetrics, GetMetricStatistics and GetMetricData."
            ),
        ));
    };
    let node = match known {
        Operation::ListMetrics => metric::list_metrics(cx, cloudwatch::read(input)?)
            .await?
            .node(),
        Operation::GetMetricStatistics => {
            metric::get_metric_statistics(cx, cloudwatch::read(input)?)
                .await?
                .node()
        }
        Operation::GetMetricData => metric::get_metric_data(cx, cloudwatch::read(input)?)
            .await?
            .node(),
    };
    Ok(reply::reply(protocol, known, &node, request_id))
}

/// Reads a Query request's input.
pub(super) fn form_input(form: &Form) -> Result<(String, Value), Refusal> {
    let action = form.action().ok_or_else(|| Refusal::missing("Action"))?;
    Ok((action.to_owned(), request::from_form(form)?))
}

/// The whole reply.
pub(super) fn response(
    protocol: Protocol,
    answered: Result<Vec<u8>, Refusal>,
    refusals: &Refusals,
    request_id: &str,
) -> Response {
    let (status, body, refusal) = match answered {
        Ok(body) => (StatusCode::OK, body, None),
        Err(refusal) => {
            let written = match refusal.code {
                Code::Caller(code) => refusals.admit(code, Instant::now()),
                _ => Some(0),
            };
            if let Some(left_out) = written {
                tracing::info!(
                    code = refusal.code.shape(),
                    message = refusal.message,
                    left_out,
                    "A request for metrics was refused"
                );
            }
            let status =
                StatusCode::from_u16(refusal.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
            let body = reply::refusal(protocol, &refusal, request_id);
            (status, body, Some(refusal))
        }
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(reply::content_type(protocol)),
    );
    if protocol == Protocol::Cbor {
        headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    }
    if let Some(refusal) = refusal.filter(|_| protocol != Protocol::Query) {
        let kind = if refusal.code.is_sender() {
            "Sender"
        } else {
            "Receiver"
        };
        if let Ok(code) = HeaderValue::from_str(&format!("{};{kind}", refusal.code.query())) {
            headers.insert("x-amzn-query-error", code);
        }
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}
