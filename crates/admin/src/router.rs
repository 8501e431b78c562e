//! The routes of the admin plane: exactly those of the table of routes, each with its operation.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{ConnectInfo, RawPathParams, Request, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use ironward_policy::access::{Effect, Route};
use ironward_wire::check_target;

use crate::actor::{Actor, Circumstances};
use crate::acts::{self, Act, Touched};
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::health::Condition;
use crate::plane::Plane;
use crate::{health, login, metrics, operation};

/// The largest body of a request.
const BODY_LIMIT: usize = 4 << 20;
/// How long a client may take to send it.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Every route of the admin plane, as a service.
pub fn router(plane: Arc<Plane>) -> Router {
    let condition = Arc::clone(&plane.condition);
    let logins = login::routes(&plane);
    let mut router = Router::new();
    for (path, routes) in by_path() {
        if routes == [Route::MetricsRead] {
            router = router.route(path, any(metrics::serve));
            continue;
        }
        let serve = move |State(plane): State<Arc<Plane>>, slots: Slots, request: Request| {
            serve(plane, routes.clone(), name(slots), request)
        };
        router = router.route(path, any(serve));
    }
    let router = router.with_state(plane);
    let router = router.merge(logins).merge(probes(condition));
    router.layer(from_fn(addressed))
}

/// A request that two readers could take to be addressed to different hosts or paths is refused,
/// whatever it asks for.
async fn addressed(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    match check_target(&head) {
        Ok(()) => next.run(Request::from_parts(head, body)).await,
        Err(fault) => Refusal::bad_request(fault.message).into_response(),
    }
}

/// The probes alone: all that there is without a store.
pub fn probes(condition: Arc<dyn Condition>) -> Router {
    Router::new()
        .route("/health/liveliness", get(health::show_liveness))
        .route("/health/liveness", get(health::show_liveness))
        .route("/health/readiness", get(health::show_readiness))
        .fallback(|| async { Refusal::no_route() })
        // A stranger who tries methods learns no more of a route than that it is not there.
        .method_not_allowed_fallback(|| async { Refusal::no_route() })
        .with_state(condition)
}

/// The routes at each path: they differ by method.
pub(crate) fn by_path() -> BTreeMap<&'static str, Vec<Route>> {
    let mut paths: BTreeMap<&'static str, Vec<Route>> = BTreeMap::new();
    for route in Route::ALL {
        for path in route.paths() {
            paths.entry(path).or_default().push(*route);
        }
    }
    paths
}

type Slots = Result<RawPathParams, RawPathParamsRejection>;

/// What stands for the slot of a path, if it has one. That it is no text is told only to who is let
/// in.
pub(crate) type Slot = Result<Option<Box<str>>, Refusal>;

fn name(slots: Slots) -> Slot {
    let slots = slots.map_err(|_| Refusal::bad_request("the path is not UTF-8"))?;
    Ok(slots.iter().next().map(|(_, value)| value.into()))
}

pub(crate) async fn serve(
    plane: Arc<Plane>,
    routes: Vec<Route>,
    name: Slot,
    request: Request,
) -> Response {
    match answer(&plane, &routes, name, request).await {
        Ok(answer) => answer.into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn answer(plane: &Plane, routes: &[Route], name: Slot, request: Request) -> Outcome {
    let (head, body) = request.into_parts();
    let route = routes
        .iter()
        .find(|route| is_method(**route, &head.method))
        .copied();
    let source = head
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());
    let actor = Actor::authenticate(plane, &head.headers, Circumstances { route, source });
    let (route, actor) = match (route, actor) {
        (Some(route), actor) => (route, actor?),
        (None, Err(_)) => return Err(Refusal::no_route()),
        (None, Ok(_)) => return Err(Refusal::wrong_method(allowed(routes))),
    };
    let mut call = Call {
        plane,
        actor: &actor,
        route,
        name: None,
        query: head.uri.query(),
        accept: accepted(&head.headers),
        bytes: Bytes::new(),
        source,
        touched: Touched::default(),
        now: plane.now(),
    };
    let changes = matches!(route.row().effect, Effect::Changes);
    if let Err(refusal) = call.admit() {
        if changes {
            acts::record_refused(&call, &refusal);
        }
        return Err(refusal);
    }
    call.name = name?;
    if takes_body(&head.method) {
        is_json(head.headers.get(CONTENT_TYPE).map(|value| value.as_bytes()))?;
        call.bytes = read(body).await?;
    }
    if !changes {
        return operation::run(&call).await;
    }
    let act = Act::begin(&call).await;
    let outcome = match act {
        Ok(act) => {
            let outcome = operation::run(&call).await;
            act.end(&outcome).await.and(outcome)
        }
        Err(refusal) => Err(refusal),
    };
    record(&call, &outcome);
    outcome
}

/// What a client wants to read; empty where it does not say.
pub(crate) fn accepted(headers: &HeaderMap) -> &str {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    accept.unwrap_or_default()
}

fn is_method(route: Route, method: &Method) -> bool {
    route.row().method.as_str() == method.as_str()
}

fn allowed(routes: &[Route]) -> String {
    let methods: Vec<&str> = routes
        .iter()
        .map(|route| route.row().method.as_str())
        .collect();
    methods.join(", ")
}

fn takes_body(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}

/// A body is JSON, whether it says so or not; one that says something else is not read.
fn is_json(content_type: Option<&[u8]>) -> Result<(), Refusal> {
    let Some(content_type) = content_type else {
        return Ok(());
    };
    let kind = content_type
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default();
    let kind = kind.trim_ascii().to_ascii_lowercase();
    if kind == b"application/json"
        || (kind.starts_with(b"application/") && kind.ends_with(b"+json"))
    {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "bad_request_error",
        "the body has to be JSON; send it with content-type: application/json",
    ))
}

async fn read(body: Body) -> Result<Bytes, Refusal> {
    let read = tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, BODY_LIMIT)).await;
    match read {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "bad_request_error",
            format!("the body is over {} MiB or was cut off", BODY_LIMIT >> 20),
        )),
        Err(_) => Err(Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "bad_request_error",
            format!(
                "the body did not arrive within {} s",
                BODY_TIMEOUT.as_secs()
            ),
        )),
    }
}

/// Every attempt to change something, by somebody who is let in, goes to the log.
fn record(call: &Call<'_>, outcome: &Outcome) {
    let (status, reason) = match outcome {
        Ok(_) => (StatusCode::OK, None),
        Err(refusal) => (refusal.status(), Some(refusal.message())),
    };
    ironward_telemetry::AdminAct {
        actor: call.actor.id(),
        changed_by: call.actor.changed_by(),
        route: call.route.row().path,
        status: status.as_u16(),
        reason,
    }
    .emit();
}
