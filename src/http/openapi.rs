//! The committed documents in `openapi/`, made from the code; a test keeps them true.

use std::fmt::Write as _;

use cacheplane_api::{API_VERSION, Operation};
use utoipa::OpenApi;

use super::{admin, debug};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "cacheplane",
        description = "What people and the dashboard use beside the Query API."
    ),
    paths(
        admin::health,
        admin::status,
        admin::publish,
        admin::cancel,
        debug::reconcilers,
        debug::wake
    ),
    components(schemas(
        admin::Health,
        admin::CacheStatus,
        admin::NewServiceUpdate,
        admin::Refused,
        debug::ReconcilerStatus
    ))
)]
struct People;

/// `openapi/admin.json`: the JSON side.
pub fn people() -> String {
    People::openapi().to_pretty_json().unwrap_or_default() + "\n"
}

/// `openapi/query.json`: the Query side, by a loop over the operations; the shapes are the service model's own.
pub fn query() -> String {
    let paths: serde_json::Map<String, serde_json::Value> = Operation::ALL
        .iter()
        .map(|operation| (format!("/#Action={}", operation.name()), path(*operation)))
        .collect();
    let document = serde_json::json!({
        "openapi": "3.1.0",
        "info": {
            "title": "ElastiCache Query API",
            "version": API_VERSION,
            "description": "Every action is a GET or POST of / with form-encoded members; members and answers are the shapes of \
                            api/model/elasticache-2015-02-02.json.",
        },
        "paths": paths,
    });
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = writeln!(text, "{document:#}");
    text
}

fn path(operation: Operation) -> serde_json::Value {
    let faults: Vec<serde_json::Value> = operation
        .declared_faults()
        .iter()
        .map(|fault| serde_json::json!({ "code": fault.wire_code(), "status": fault.status() }))
        .collect();
    serde_json::json!({
        "post": {
            "operationId": operation.name(),
            "requestBody": { "content": { "application/x-www-form-urlencoded": {
                "schema": { "$ref": format!("#/x-shapes/{}", operation.input_shape()) }
            } } },
            "responses": {
                "200": { "description": operation.output_shape().unwrap_or("no result"), "content": { "text/xml": {} } },
                "default": { "description": "A fault.", "x-faults": faults },
            },
        }
    })
}
