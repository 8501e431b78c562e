//! `GET /metrics`: what was counted, for Prometheus.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use ironward_policy::access::Route;
use ironward_telemetry::{Exposition, Moment};

use crate::answer::Answer;
use crate::call::{Call, Outcome};
use crate::plane::Plane;
use crate::router::{self, accepted};

/// What it may be answered as.
pub(crate) const CONTENT_TYPES: [&str; 2] = ["text/plain", "application/openmetrics-text"];

/// Answers it on the admin plane's own listener: without a key where the operator wants it so, as
/// nowhere else.
pub(crate) async fn serve(State(plane): State<Arc<Plane>>, request: Request) -> Response {
    if plane.settings.load().open_metrics && request.method() == Method::GET {
        let (kind, text) = write(&plane, accepted(request.headers()));
        return ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store")], text).into_response();
    }
    router::serve(plane, vec![Route::MetricsRead], Ok(None), request).await
}

/// Answers it to somebody whom the table allows to read it.
pub(crate) fn show(call: &Call<'_>) -> Outcome {
    let (permit, _) = call.authorise_route()?;
    let (kind, text) = write(call.plane, call.accept);
    Ok(Answer::text(&permit, kind, text))
}

fn write(plane: &Plane, accept: &str) -> (&'static str, String) {
    let format = Exposition::accepted(accept);
    let moment = Moment {
        calls_running: plane.calls.running(),
        store_age: plane.feed.freshness().age(),
        is_connected: plane.condition.is_connected(),
        wrong_keys: plane.failures.count(),
    };
    (format.content_type(), plane.metrics.write(format, moment))
}
