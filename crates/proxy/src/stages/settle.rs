use std::time::Duration;

use bytes::{BufMut as _, BytesMut};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use ironward_core::{CallId, DeploymentId};
use ironward_telemetry::Series;
use ironward_wire::Dialect;

use super::admit::{Grant, Outcome, Recorded};
use super::attempt::{Answer, Attempted, Failed, Progress};
use super::route::Plan;
use crate::Body;
use crate::access::Access;
use crate::labels;
use crate::reply::{JSON, Stream};
use crate::rescue::rescue;

const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream; charset=utf-8");

/// Grant x outcome -> response, once the call is on the record: accounts for a whole reply and for a fault
/// now, for a stream when it ends, also when the client hangs up.
pub(crate) async fn settle(
    access: &Access,
    mut grant: Grant,
    (dialect, id): (Dialect, CallId),
    plan: Option<&Plan>,
    outcome: Result<Attempted, Failed>,
) -> Response<Body> {
    let group = plan.map(Plan::group);
    match outcome {
        Ok(attempted) => {
            let Attempted {
                answer,
                charge,
                progress,
                headers,
            } = attempted;
            grant.charge_by(charge);
            if let Answer::Whole {
                usage: Some(usage), ..
            } = &answer
            {
                grant.observe(*usage);
            }
            if let Some((_, series)) = &progress.last {
                note_remaining(series, &headers);
            }
            let labels = Labels::of(id, group, &progress, headers);
            grant.attempted(progress);
            match grant.recorded().await {
                Ok(recorded) => answer_with(access, recorded, answer, &labels),
                Err(unrecorded) => rescue(&unrecorded.settle(), Some(dialect), id),
            }
        }
        Err(failed) => {
            let Failed {
                fault,
                progress,
                headers,
                own,
            } = failed;
            let labels = Labels::of(id, group, &progress, headers);
            grant.attempted(progress);
            match grant.recorded().await {
                Ok(recorded) => {
                    let mut response = rescue(&fault, Some(dialect), id);
                    labels.put(response.headers_mut());
                    response.headers_mut().extend(own);
                    recorded.settle(Outcome::Broken(fault));
                    response
                }
                Err(unrecorded) => rescue(&unrecorded.settle(), Some(dialect), id),
            }
        }
    }
}

/// What a response says of its call.
struct Labels<'a> {
    id: CallId,
    group: Option<&'a str>,
    deployment: Option<DeploymentId>,
    attempts: u32,
    /// The provider's reply headers.
    upstream: HeaderMap,
}

impl<'a> Labels<'a> {
    fn of(id: CallId, group: Option<&'a str>, progress: &Progress, upstream: HeaderMap) -> Self {
        Self {
            id,
            group,
            deployment: progress.deployment().cloned(),
            attempts: progress.attempts,
            upstream,
        }
    }

    fn put(&self, headers: &mut HeaderMap) {
        labels::call(headers, self.id);
        if let Some(group) = self.group {
            labels::attempted(headers, group, self.deployment.as_ref(), self.attempts);
        }
        labels::hand_on(headers, &self.upstream);
    }
}

fn answer_with(
    access: &Access,
    mut recorded: Recorded,
    answer: Answer,
    labels: &Labels<'_>,
) -> Response<Body> {
    let (total, overhead) = recorded.times();
    let mut charged = None;
    let (body, content_type) = match answer {
        Answer::Whole { bytes, .. } => {
            charged = recorded.settle(Outcome::Complete);
            (Body::whole(bytes), JSON)
        }
        Answer::Stream(begun) => {
            let cut = recorded.watch(access);
            (
                Body::stream(Stream::new(*begun, recorded, cut)),
                EVENT_STREAM,
            )
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
    labels.put(headers);
    insert_milliseconds(headers, "x-litellm-overhead-duration-ms", overhead);
    insert_milliseconds(headers, "x-litellm-response-duration-ms", total);
    labels::cost(headers, charged);
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
