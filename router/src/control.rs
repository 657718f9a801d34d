//! The control API: `/routes` and `/metrics` for the control plane, `/health` for all.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::config::Token;
use crate::plane::{Plane, Refusal};

/// Bytes of a table; one of 8000 routes with a few targets each takes about half.
const BODY_BYTES_MAX: usize = 8 << 20;
/// Connections to the control API, so that they can't use up what the caches' clients need.
const CONNECTIONS_MAX: usize = 64;
/// How long a request's head may take to arrive, and so how long a connection may be idle.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);
/// How long the rest of a request may take, body and answer.
const REQUEST_DEADLINE: Duration = Duration::from_secs(10);
/// How long to wait when the kernel has no descriptor for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

#[derive(Clone)]
struct Control {
    plane: Plane,
    token: Token,
}

/// The API as a service.
fn api(plane: Plane, token: Token) -> Router {
    let control = Control { plane, token };
    let routes = Router::new()
        .route("/routes", get(show_routes).put(put_routes))
        // Its labels name the caches of every account.
        .route("/metrics", get(show_metrics))
        .route_layer(middleware::from_fn_with_state(
            control.clone(),
            demand_token,
        ));
    Router::new()
        .route("/health", get(|| async { "ok\n" }))
        .merge(routes)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(bound_time))
        .with_state(control)
}

/// Serves the control API for ever.
pub async fn serve(listener: TcpListener, plane: Plane, token: Token) {
    let api = api(plane, token);
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        // Never closed, so there is always a permit to wait for.
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let api = api.clone();
                tokio::spawn(async move {
                    converse(stream, api).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "accept a control connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn converse(stream: TcpStream, api: Router) {
    // Not axum's own server: that one has no deadline for a request's head.
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(api))
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a control connection ended");
    }
}

async fn bound_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_DEADLINE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => fault(StatusCode::REQUEST_TIMEOUT, "the request took too long"),
    }
}

async fn demand_token(State(control): State<Control>, request: Request, next: Next) -> Response {
    let offered = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    if offered.is_some_and(|offered| control.token.matches(offered)) {
        next.run(request).await
    } else {
        fault(StatusCode::UNAUTHORIZED, "the token is missing or wrong")
    }
}

async fn show_routes(State(control): State<Control>) -> Response {
    Json(control.plane.report().await).into_response()
}

async fn put_routes(State(control): State<Control>, body: Bytes) -> Response {
    match control.plane.put(body).await {
        Ok(report) => Json(report).into_response(),
        Err(Refusal::Malformed(reason)) => fault(StatusCode::BAD_REQUEST, &reason),
        Err(Refusal::Stale(in_force)) => {
            let reason = format!("generation {in_force} is in force, which is newer");
            fault(StatusCode::CONFLICT, &reason)
        }
        Err(Refusal::Storage(error)) => {
            let reason = format!("{error:#}");
            tracing::error!(error = reason, "store a table");
            fault(StatusCode::INTERNAL_SERVER_ERROR, &reason)
        }
    }
}

async fn show_metrics(State(control): State<Control>) -> Response {
    let text = control.plane.metrics().await;
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

fn fault(status: StatusCode, reason: &str) -> Response {
    (status, Json(json!({ "error": reason }))).into_response()
}
