//! The whole map of what is served.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use cacheplane_api::cloudwatch::Protocol;
use cacheplane_api::query::Form;
use cacheplane_api::{Fault, FaultCode, Service, xml};
use http_body_util::{BodyExt, Limited};
use tracing::Instrument;

use super::exposition::Latencies;
use super::refusals::Refusals;
use super::{admin, auth, cloudwatch, debug, dispatch, exposition, sts};
use crate::activators::Activators;
use crate::callers::Callers;
use crate::clock::Clock;
use crate::datastore::Datastore;
use crate::operations::{Context, Presentation};
use crate::reconcile::driver::Statuses;
use crate::reconcile::metric::Readings;
use crate::resources::scope::Scope;
use crate::store::bucket::S3;

/// Longest body that is read, in bytes. The largest legitimate request of the API has about 400 kB.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// How long a client may take to send its body.
const BODY_DEADLINE: Duration = Duration::from_secs(20);

/// What handlers share.
#[derive(Debug, Clone)]
pub struct App {
    /// Wishes and observations.
    pub datastore: Datastore,
    /// Who is woken.
    pub activators: Arc<Activators>,
    /// Where buckets are.
    pub s3: S3,
    /// Time.
    pub clock: Clock,
    /// Who may call.
    pub callers: Callers,
    /// How resources are shown.
    pub presentation: Arc<Presentation>,
    /// What can be seen of what goes on.
    pub sight: Sight,
    /// The certificate of the certificate authority, as PEM.
    pub authority_certificate: Arc<str>,
}

/// What can be seen of what goes on.
#[derive(Debug, Clone, Default)]
pub struct Sight {
    /// What the reconcilers last did.
    pub statuses: Statuses,
    /// What was last read of each node.
    pub readings: Readings,
    /// How long requests took.
    pub latencies: Latencies,
    /// What was said of callers that were refused.
    pub refusals: Refusals,
}

/// Everything that is served.
pub fn router(app: App) -> Router {
    let operators = Router::new()
        .route("/admin/v1/status", get(admin::status))
        .route("/admin/v1/service-updates", post(admin::publish))
        .route(
            "/admin/v1/service-updates/{name}/cancel",
            post(admin::cancel),
        )
        .route("/debug/v1/reconcilers", get(debug::reconcilers))
        .route("/debug/v1/reconcilers/{name}/wake", post(debug::wake))
        .layer(middleware::from_fn(refuse_from_afar));
    Router::new()
        .route("/", get(query).post(query))
        .route("/service/{service}/operation/{operation}", post(query))
        .route("/metrics", get(exposition::metrics))
        .route("/admin/v1/health", get(admin::health))
        .merge(operators)
        .layer(middleware::from_fn(refuse_strangers))
        // Whoever reaches this may know whom to trust, under whatever name.
        .route("/ca.pem", get(authority_certificate))
        .with_state(Arc::new(app))
}

/// What is an operator's is for whoever is on this machine: no signature is asked for there, and a service update names the image that nodes
/// run. Someone who is elsewhere comes through a tunnel of the operator's own.
async fn refuse_from_afar(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    if !peer.ip().to_canonical().is_loopback() {
        return (
            StatusCode::FORBIDDEN,
            "This is answered on the machine's own loopback only.\n",
        )
            .into_response();
    }
    next.run(request).await
}

/// A browser says where a page came from. A page of somebody else's must not be able to change anything here, neither by a
/// form nor through a name that it makes point at this address: then its origin is the very host that it asks. Programs send
/// no `Origin`, and may reach the Query API under whatever name a network gives it.
async fn refuse_strangers(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let text = |name: header::HeaderName| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let (host, origin) = (text(header::HOST), text(header::ORIGIN));
    let is_page = !origin.is_empty();
    // With a GET of another site's page (an image, a link, a form) browsers send no Origin, but say whose page it was.
    let site = text(header::HeaderName::from_static("sec-fetch-site"));
    let foreign = (is_page && origin.split_once("://").map(|(_, from)| from) != Some(host))
        || !matches!(site, "" | "same-origin" | "none");
    // Through a name that a page's owner makes point here, a GET says nothing at all of the page. SDKs post.
    let inside = request.uri().path() != "/" || request.method() == Method::GET;
    if foreign || ((is_page || inside) && !is_own_name(host)) {
        return (
            StatusCode::FORBIDDEN,
            "This page may not be used from there.\n",
        )
            .into_response();
    }
    next.run(request).await
}

/// An address, or the one name that nobody else can make point here.
fn is_own_name(host: &str) -> bool {
    let name = host
        .rsplit_once(':')
        .map_or(host, |(name, port)| match port.parse::<u16>() {
            Ok(_) => name,
            Err(_) => host,
        });
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok()
}

/// The certificate of the certificate authority: what clients of caches with encryption in transit trust.
async fn authority_certificate(State(app): State<Arc<App>>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/x-pem-file")];
    (kind, app.authority_certificate.to_string()).into_response()
}

/// A request of the Query API: one action, in the address, in the body, or in both.
async fn query(State(app): State<Arc<App>>, request: Request) -> Response {
    let request_id = uuid::Uuid::new_v4().to_string();
    let span = tracing::info_span!("query", request_id, action = tracing::field::Empty);
    let began = Instant::now();
    let mut action = "";
    let answered = answer(&app, request, &request_id, &mut action)
        .instrument(span.clone())
        .await;
    let response = answered.unwrap_or_else(|refusal| {
        let (status, body) = span.in_scope(|| refuse(&app.sight.refusals, &refusal, &request_id));
        reply(status, body, &request_id)
    });
    let took = began.elapsed();
    app.sight
        .latencies
        .record(action, response.status().as_u16(), took);
    response
}

/// A fault, and the service in whose words it is told.
struct Refusal {
    service: Service,
    fault: Fault,
}

impl From<Fault> for Refusal {
    /// Of a request of which nothing else is known yet.
    fn from(fault: Fault) -> Self {
        Self {
            service: Service::ElastiCache,
            fault,
        }
    }
}

async fn answer(
    app: &App,
    request: Request,
    request_id: &str,
    action: &mut &'static str,
) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let body = match parts.method {
        Method::POST => read(&parts.headers, body).await?,
        _ => Bytes::new(),
    };
    let named = cloudwatch::operation_named(parts.uri.path(), &parts.headers);
    let form = match named {
        Some(_) => form(&parts.uri, &[])?,
        None => form(&parts.uri, &body)?,
    };
    let meant = match named {
        Some(_) => Service::CloudWatch,
        None => Service::of(&form, None),
    };
    let admitted = auth::caller(&app.callers, app.clock.now(), &parts, &body).await;
    let admitted = admitted.and_then(|caller| {
        let said = named.is_some() || Service::of_version(&form).is_some();
        let service = auth::service(&app.callers, &caller, said.then_some(meant))?;
        Ok((caller.scope, service))
    });
    let (caller, service) = match (admitted, &named) {
        (Ok(admitted), _) => admitted,
        (Err(fault), Some((protocol, _))) => {
            return Ok(cloudwatch::response(
                *protocol,
                Err(fault.into()),
                &app.sight.refusals,
                request_id,
            ));
        }
        (Err(fault), None) => {
            return Err(Refusal {
                service: meant,
                fault,
            });
        }
    };
    *action = action_asked(
        service,
        &form,
        named.as_ref().map(|(_, name)| name.as_str()),
    );
    let answered = match service {
        Service::ElastiCache => elasticache(app, caller, &form, request_id).await,
        Service::Sts => sts::answer(&caller, &form, request_id),
        Service::CloudWatch => {
            let context = context(app, caller);
            let refusals = &app.sight.refusals;
            return Ok(metrics(&context, refusals, named, (&form, &body), request_id).await);
        }
    };
    answered
        .map(|body| reply(StatusCode::OK, body, request_id))
        .map_err(|fault| Refusal { service, fault })
}

/// What is asked for, as the latencies are counted by; empty for what nobody knows.
fn action_asked(service: Service, form: &Form, named: Option<&str>) -> &'static str {
    match service {
        Service::ElastiCache => form.operation().map_or("", |operation| operation.name()),
        Service::Sts => "GetCallerIdentity",
        Service::CloudWatch => {
            let known = named
                .or(form.action())
                .and_then(cloudwatch::Operation::named);
            known.map_or("", |operation| operation.name())
        }
    }
}

/// CloudWatch's part. Its faults are its own, in the protocol of the request.
async fn metrics(
    context: &Context,
    refusals: &Refusals,
    named: Option<(Protocol, String)>,
    (form, body): (&Form, &Bytes),
    request_id: &str,
) -> Response {
    let protocol = named
        .as_ref()
        .map_or(Protocol::Query, |(protocol, _)| *protocol);
    let answered = async {
        let (operation, input) = match named {
            Some((protocol, operation)) => (operation, cloudwatch::input(protocol, body)?),
            None => cloudwatch::form_input(form)?,
        };
        tracing::Span::current().record("action", operation.as_str());
        cloudwatch::answer(context, protocol, &operation, input, request_id).await
    };
    cloudwatch::response(protocol, answered.await, refusals, request_id)
}

fn context(app: &App, caller: Scope) -> Context {
    Context {
        scope: caller,
        datastore: app.datastore.clone(),
        activators: Arc::clone(&app.activators),
        s3: app.s3.clone(),
        clock: app.clock.clone(),
        presentation: Arc::clone(&app.presentation),
    }
}

async fn elasticache(
    app: &App,
    caller: Scope,
    form: &Form,
    request_id: &str,
) -> Result<String, Fault> {
    let operation = form.operation()?;
    tracing::Span::current().record("action", operation.name());
    let context = context(app, caller);
    dispatch::dispatch(&context, operation, form, request_id).await
}

/// Reads the body, up to its bound and within its time.
async fn read(headers: &HeaderMap, body: axum::body::Body) -> Result<Bytes, Fault> {
    let too_large = || {
        Fault::new(
            FaultCode::RequestEntityTooLarge,
            format!("The request is longer than {BODY_BYTES_MAX} bytes."),
        )
    };
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > BODY_BYTES_MAX) {
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_DEADLINE, Limited::new(body, BODY_BYTES_MAX).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => Err(Fault::new(
            FaultCode::MalformedQueryString,
            "The body of the request could not be read.",
        )
        .with_source(error)),
        Err(_) => Err(Fault::new(
            FaultCode::MalformedQueryString,
            "The body of the request did not arrive in time.",
        )),
    }
}

fn form(uri: &Uri, body: &[u8]) -> Result<Form, Fault> {
    Form::parse_parts([uri.query().unwrap_or_default().as_bytes(), body])
}

/// Logs a fault, once, with all that led to it, unless too many callers were refused like this one; the client gets code and message.
fn refuse(
    refusals: &Refusals,
    Refusal { service, fault }: &Refusal,
    request_id: &str,
) -> (StatusCode, String) {
    let status = StatusCode::from_u16(fault.code().status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut causes = String::new();
    let mut cause = std::error::Error::source(fault);
    while let Some(error) = cause {
        causes.push_str(": ");
        causes.push_str(&error.to_string());
        cause = error.source();
    }
    if fault.code().is_sender() {
        if let Some(left_out) = refusals.admit(fault.code(), Instant::now()) {
            tracing::info!(
                fault.code = fault.code().wire_code(),
                fault.message = fault.message(),
                causes,
                left_out,
                "A request was refused"
            );
        }
    } else {
        tracing::error!(
            fault.code = fault.code().wire_code(),
            causes,
            "A request failed"
        );
    }
    (status, xml::error_response(*service, fault, request_id))
}

fn reply(status: StatusCode, body: String, request_id: &str) -> Response {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

#[cfg(test)]
mod tests;
