//! What a status means when the vendor's error body says nothing better, and `retry-after`.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use ironward_core::{Fault, FaultKind, Retry, Side};

/// The fault of an error reply, by its status alone, with `message` for the client.
pub(crate) fn fault(status: StatusCode, headers: &HeaderMap, message: String) -> Fault {
    let code = status.as_u16();
    let kind = kind(code);
    let after = retry_after(headers);
    let retry = match code {
        // Another deployment may hold another account, another quota or another model.
        401..=404 | 429 => Retry::Elsewhere(after),
        408 | 409 | 425 | 500..=599 => Retry::Again(after),
        _ => Retry::Never,
    };
    let mut fault = Fault::upstream(kind, retry, message).with_upstream_status(code);
    if matches!(
        kind,
        FaultKind::BadRequest | FaultKind::TooLarge | FaultKind::Unprocessable
    ) {
        fault.side = Side::Downstream;
    }
    fault
}

fn kind(code: u16) -> FaultKind {
    match code {
        401 => FaultKind::UpstreamAuthentication,
        402 => FaultKind::PaymentRequired,
        403 => FaultKind::PermissionDenied,
        404 => FaultKind::NotFound,
        408 | 504 => FaultKind::Timeout,
        409 => FaultKind::Conflict,
        413 => FaultKind::TooLarge,
        422 => FaultKind::Unprocessable,
        429 => FaultKind::RateLimited,
        502 => FaultKind::BadGateway,
        503 | 529 => FaultKind::Unavailable,
        400..=499 => FaultKind::BadRequest,
        500..=599 => FaultKind::UpstreamInternal,
        _ => FaultKind::BadGateway,
    }
}

/// `retry-after-ms` (OpenAI, Azure) or `retry-after` in seconds; at most a day. The form with an
/// HTTP date is not used by any provider and counts as absent.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    const DAY: f64 = 86_400.0;
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let seconds = number("retry-after-ms")
        .map(|milliseconds| milliseconds / 1000.0)
        .or_else(|| number(header::RETRY_AFTER.as_str()))?;
    (seconds.is_finite() && seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(DAY)))
}

#[cfg(test)]
mod tests;
