//! A call, top to bottom.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body::Body as HttpBody;
use ironward_core::{CallId, Fault, FaultKind};
use ironward_identity::Workload;
use ironward_policy::Backoff;
use ironward_wire::{Call, Dialect, Envelope, check_target};

use crate::budgets::Bounds;
use crate::detach::detach;
use crate::gateway::milliseconds_since_1970;
use crate::management::{Management, hand_over};
use crate::models::{self, Form};
use crate::reply::JSON;
use crate::rescue::rescue;
use crate::routes::{self, Route};
use crate::snapshot::Snapshot;
use crate::stages::{
    Arrival, Authorised, Caller, Failed, Grant, Plan, Request as AdmitRequest, Visible, admit,
    attempt, authenticate, authorise, bounds, may_call, read_call, reserve, route, settle,
};
use crate::{Body, Gateway};

/// LiteLLM's bound on the random part of a pause.
const JITTER: Duration = Duration::from_millis(750);

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Default)]
pub struct Peer {
    /// The address, where it is known.
    pub address: Option<IpAddr>,
    /// Whose certificate TLS has verified.
    pub workload: Option<Arc<Workload>>,
}

/// Answers one request that came from `peer`.
pub async fn serve<B>(gateway: &Gateway, peer: &Peer, request: Request<B>) -> Response<Body>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let id = gateway.draw_call_id();
    let (head, body) = request.into_parts();
    let found = check_target(&head).and_then(|()| find(&head));
    let dialect = match &found {
        Ok(Route::Call(dialect, _)) => Some(*dialect),
        _ => is_anthropic(&head).then_some(Dialect::AnthropicMessages),
    };
    // Who called, as soon as that is known: a refusal is logged with it.
    let mut caller = None;
    let answer = match found {
        Ok(Route::Call(dialect, model)) => {
            let model = model.map(std::borrow::Cow::into_owned);
            let head = detach(head, &body);
            let call = call(
                gateway,
                id,
                (&head, peer),
                body,
                (dialect, model),
                &mut caller,
            );
            // Boxed, so that an idle connection does not hold room for a whole call.
            Box::pin(call).await
        }
        Ok(other) => answer(gateway, (&head, peer), &other, &mut caller),
        Err(fault) => match managed(gateway, &fault, &head) {
            Some(managed) => {
                let head = (head, peer);
                Box::pin(manage(gateway, managed, head, body, &mut caller)).await
            }
            None => Err(fault),
        },
    };
    answer.unwrap_or_else(|fault| {
        let caller = caller.as_ref().map(Caller::named);
        let call = dialect.zip(caller);
        gateway.metrics.refuse(fault.kind, call);
        ironward_telemetry::CallRefused {
            id,
            caller,
            fault: &fault,
        }
        .emit();
        rescue(&fault, dialect, id)
    })
}

/// A call to a model: one stage after the other, each handing its evidence to the next.
async fn call<B>(
    gateway: &Gateway,
    id: CallId,
    (head, peer): (&Parts, &Peer),
    body: B,
    (dialect, path_model): (Dialect, Option<String>),
    known: &mut Option<Caller>,
) -> Result<Response<Body>, Fault>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let started = gateway.clock.now();
    let snapshot = gateway.snapshot();
    let Snapshot {
        settings, routing, ..
    } = &**snapshot;

    let access = &gateway.access;
    let arrival = Arrival {
        headers: &head.headers,
        source: peer.address,
        workload: peer.workload.as_ref(),
        route: routes::templates(dialect),
        now: milliseconds_since_1970(&*gateway.clock),
    };
    let caller = &*known.insert(authenticate(access, &snapshot, arrival)?);
    refuse_other_method(head, &Method::POST)?;
    let places = (&*gateway.side_pool, &gateway.buffers);
    let arrived = read_call((settings, places), head, body, dialect, path_model).await?;
    let path = head.uri.path();
    let Authorised {
        permit,
        group,
        stars,
        usable,
    } = authorise(gateway, &snapshot, caller, arrival, (&arrived, path)).await?;
    let call = &arrived.call;
    let bounds = bounds(gateway, settings, &permit, (head, call))?;
    let request = AdmitRequest {
        id,
        permit,
        dialect,
        model: &call.model,
        stream: call.stream,
        series: Arc::clone(&group.series),
        started,
        now: arrival.now,
    };
    let grant = admit(gateway, settings, request)?;
    let plan = route(
        gateway,
        (settings, routing),
        (group, stars, usable),
        &head.headers,
        call.stream,
    );
    let envelope = Envelope {
        call_id: id,
        created: arrival.now / 1000,
        model: call.model.clone(),
        include_usage: call.include_usage || settings.always_include_usage,
    };
    Ok(carry_out(gateway, &snapshot, (grant, plan, bounds), (call, &envelope)).await)
}

/// The rest of a call that was let in.
async fn carry_out(
    gateway: &Gateway,
    snapshot: &Snapshot,
    (mut grant, plan, bounds): (Grant, Result<Plan, Fault>, Bounds),
    (call, envelope): (&Arc<Call>, &Envelope),
) -> Response<Body> {
    let Snapshot {
        settings, routing, ..
    } = snapshot;
    let backoff = Backoff {
        floor: routing.retry_after,
        jitter: JITTER,
    };
    let reserved = match &plan {
        Ok(plan) => reserve((gateway, settings), plan, bounds, call)
            .await
            .map(|held| (plan, held))
            .map_err(|refusal| Failed::refused(*refusal, gateway.clock.now())),
        Err(fault) => Err(Failed::unplanned(fault.clone(), gateway.clock.now())),
    };
    let outcome = match reserved {
        Ok((plan, mut held)) => {
            let fitted = held.fitted();
            let reserved = (&mut held, fitted.as_ref().unwrap_or(call));
            let outcome = attempt(gateway, settings, backoff, plan, reserved, envelope).await;
            if outcome.is_ok() {
                grant.hold(held);
            }
            outcome
        }
        Err(failed) => Err(failed),
    };
    let (access, plan) = (&gateway.access, plan.as_ref().ok());
    settle(
        access,
        grant,
        (call.dialect, envelope.call_id),
        plan,
        outcome,
    )
    .await
}

/// The routes that are no calls.
fn answer(
    gateway: &Gateway,
    (head, peer): (&Parts, &Peer),
    route: &Route<'_>,
    known: &mut Option<Caller>,
) -> Result<Response<Body>, Fault> {
    let snapshot = gateway.snapshot();
    if route.is_public() {
        // A method that a public route does not have is no route at all: it asks for no key.
        if head.method != route.method() {
            return Err(no_route());
        }
        return Ok(health(gateway, route));
    }
    let arrival = Arrival {
        headers: &head.headers,
        source: peer.address,
        workload: peer.workload.as_ref(),
        route: route.templates(),
        now: milliseconds_since_1970(&*gateway.clock),
    };
    let caller = &*known.insert(authenticate(&gateway.access, &snapshot, arrival)?);
    refuse_other_method(head, &route.method())?;
    let form = if is_anthropic(head) {
        Form::Anthropic
    } else {
        Form::OpenAi
    };
    let body = match route {
        Route::Model(id) => {
            if !may_call(&snapshot, caller, id) {
                return Err(Fault::downstream(
                    FaultKind::NotFound,
                    "the model does not exist, or this key may not use it",
                )
                .with_param("model"));
            }
            models::one(id, form)
        }
        _ => models::list(&Visible::to(&snapshot, caller).0, form),
    };
    Ok(json(StatusCode::OK, body))
}

/// Who answers a path that is no route of the data port, and its templates, if somebody does.
fn managed<'a>(
    gateway: &'a Gateway,
    fault: &Fault,
    head: &Parts,
) -> Option<(&'a dyn Management, &'static [&'static str])> {
    let management = gateway.management.as_deref()?;
    // Any other fault says that the target itself is not sound.
    let is_unknown = fault.kind == FaultKind::NotFound;
    let templates = is_unknown.then(|| management.find(head.uri.path()))??;
    Some((management, templates))
}

/// A request to the management plane, from somebody who is let in here: so wrong keys are counted
/// and answered as everywhere on this port, and trouble nobody else.
async fn manage<B>(
    gateway: &Gateway,
    (management, templates): (&dyn Management, &'static [&'static str]),
    (head, peer): (Parts, &Peer),
    body: B,
    known: &mut Option<Caller>,
) -> Result<Response<Body>, Fault>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let arrival = Arrival {
        headers: &head.headers,
        source: peer.address,
        workload: peer.workload.as_ref(),
        route: templates,
        now: milliseconds_since_1970(&*gateway.clock),
    };
    let snapshot = gateway.snapshot();
    *known = Some(authenticate(&gateway.access, &snapshot, arrival)?);
    drop(snapshot);
    hand_over(management, (head, peer.address), body).await
}

/// LiteLLM's answers to probes.
fn health(gateway: &Gateway, route: &Route<'_>) -> Response<Body> {
    let is_draining = gateway.in_flight.is_draining();
    match route {
        Route::Liveness if is_draining => draining(),
        Route::Liveness => json(StatusCode::OK, Bytes::from_static(b"\"I'm alive!\"")),
        Route::Readiness if is_draining => draining(),
        Route::Readiness if !gateway.in_flight.is_recorded() => json(
            StatusCode::SERVICE_UNAVAILABLE,
            Bytes::from_static(br#"{"status":"unhealthy","journal":"unwritable"}"#),
        ),
        Route::Readiness => {
            let (status, body) = match gateway.access.is_connected() {
                Some(true) => (StatusCode::OK, r#"{"status":"healthy","db":"connected"}"#),
                Some(false) => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    r#"{"status":"unhealthy","db":"disconnected"}"#,
                ),
                None => (
                    StatusCode::OK,
                    r#"{"status":"healthy","db":"Not connected"}"#,
                ),
            };
            json(status, Bytes::from_static(body.as_bytes()))
        }
        Route::Root | Route::Call(..) | Route::Models | Route::Model(_) => {
            Response::new(Body::empty())
        }
    }
}

fn draining() -> Response<Body> {
    json(
        StatusCode::SERVICE_UNAVAILABLE,
        Bytes::from_static(br#"{"status":"shutting_down"}"#),
    )
}

fn json(status: StatusCode, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::whole(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

fn find(head: &Parts) -> Result<Route<'_>, Fault> {
    routes::find(head.uri.path()).ok_or_else(no_route)
}

fn refuse_other_method(head: &Parts, method: &Method) -> Result<(), Fault> {
    if head.method == *method {
        return Ok(());
    }
    let message = format!("this route answers {method} only");
    Err(Fault::downstream(FaultKind::MethodNotAllowed, message).with_code(method.as_str()))
}

fn no_route() -> Fault {
    Fault::downstream(FaultKind::NotFound, "no such route")
}

fn is_anthropic(head: &Parts) -> bool {
    head.headers.contains_key("anthropic-version")
}
