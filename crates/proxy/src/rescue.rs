//! The one way from a fault to a response.

use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use ironward_core::{CallId, Fault, FaultKind};
use ironward_wire::Dialect;

use crate::Body;
use crate::labels;
use crate::reply::JSON;

/// Writes `fault` in the client's dialect; a request that never found its route gets OpenAI's form.
pub(crate) fn rescue(fault: &Fault, dialect: Option<Dialect>, id: CallId) -> Response<Body> {
    let bytes = dialect.unwrap_or(Dialect::OpenAiChat).encode_fault(fault);
    let mut response = Response::new(Body::whole(bytes));
    *response.status_mut() =
        StatusCode::from_u16(fault.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    labels::call(headers, id);
    if let Some(after) = fault.retry_after() {
        // Rounded up: a client that comes back too early is refused again.
        headers.insert(
            RETRY_AFTER,
            HeaderValue::from(after.as_millis().div_ceil(1000).min(86_400) as u64),
        );
    }
    match fault.kind {
        FaultKind::MethodNotAllowed => {
            if let Some(allowed) = fault
                .code
                .as_deref()
                .and_then(|code| HeaderValue::from_str(code).ok())
            {
                headers.insert(ALLOW, allowed);
            }
        }
        // The rest of the request's body is not read: the connection cannot go on.
        FaultKind::TooLarge | FaultKind::Timeout => {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        _ => {}
    }
    response
}
