use std::time::Duration;

use bytes::{BufMut as _, BytesMut};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use ironward_core::CallId;
use ironward_telemetry::Series;

use super::admit::{Grant, Outcome};
use super::attempt::{Answer, Attempted};
use super::route::Plan;
use crate::Body;
use crate::access::Access;
use crate::labels;
use crate::reply::{JSON, Stream};

const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream; charset=utf-8");

/// Grant x answer -> response: accounts for a whole reply now, for a stream when it ends, also when
/// the client hangs up.
pub(crate) fn settle(
    access: &Access,
    mut grant: Grant,
    id: CallId,
    plan: &Plan,
    attempted: Attempted,
) -> Response<Body> {
    let Attempted {
        answer,
        routed,
        charge,
        progress,
        headers: upstream_headers,
    } = attempted;
    grant.charge_by(charge);
    let mut charged = None;
    let attempts = progress.attempts;
    let (total, overhead) = grant.attempted(&progress);
    if let Some((_, series)) = &progress.last {
        note_remaining(series, &upstream_headers);
    }
    let (body, content_type) = match answer {
        Answer::Whole { bytes, usage } => {
            if let Some(usage) = usage {
                grant.observe(usage);
            }
            charged = grant.settle(Outcome::Complete);
            (Body::whole(bytes), JSON)
        }
        Answer::Stream(begun) => {
            let cut = grant.watch(access, total);
            (Body::stream(Stream::new(*begun, grant, cut)), EVENT_STREAM)
        }
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.reserve(12);
    if content_type == EVENT_STREAM {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        );
    }
    headers.insert(CONTENT_TYPE, content_type);
    labels::call(headers, id);
    labels::attempted(headers, plan.group(), Some(&routed.deployment.id), attempts);
    insert_milliseconds(headers, "x-litellm-overhead-duration-ms", overhead);
    insert_milliseconds(headers, "x-litellm-response-duration-ms", total);
    labels::cost(headers, charged);
    labels::hand_on(headers, &upstream_headers);
    response
}

/// What providers say is left of their limits, by the names of OpenAI, of those who speak like it, and
/// of Anthropic.
fn note_remaining(series: &Series, headers: &HeaderMap) {
    let number = |names: [&str; 2]| {
        let value = names.into_iter().find_map(|name| headers.get(name))?;
        value.to_str().ok()?.parse().ok()
    };
    series.note_remaining(
        number([
            "x-ratelimit-remaining-requests",
            "anthropic-ratelimit-requests-remaining",
        ]),
        number([
            "x-ratelimit-remaining-tokens",
            "anthropic-ratelimit-tokens-remaining",
        ]),
    );
}

/// Milliseconds with three decimals: LiteLLM's clients read a float.
fn insert_milliseconds(headers: &mut HeaderMap, name: &'static str, duration: Duration) {
    let micros = duration.as_micros();
    let mut text = BytesMut::with_capacity(24);
    text.put_slice(itoa::Buffer::new().format(micros / 1000).as_bytes());
    // 1000 to 1999: its last three digits are the decimals, zeros in front included.
    let mut decimals = itoa::Buffer::new();
    let decimals = decimals.format(1000 + micros % 1000).as_bytes();
    text.put_u8(b'.');
    text.put_slice(decimals.get(1..).unwrap_or_default());
    if let Ok(value) = HeaderValue::from_maybe_shared(text.freeze()) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderMap;

    use super::insert_milliseconds;

    #[test]
    fn writes_milliseconds_with_three_decimals() {
        for (micros, text) in [
            (0, "0.000"),
            (7, "0.007"),
            (70, "0.070"),
            (999, "0.999"),
            (1_000, "1.000"),
            (1_050, "1.050"),
            (61_234_567, "61234.567"),
        ] {
            let mut headers = HeaderMap::new();
            insert_milliseconds(&mut headers, "x", Duration::from_micros(micros));
            assert_eq!(headers["x"], text);
        }
    }
}
