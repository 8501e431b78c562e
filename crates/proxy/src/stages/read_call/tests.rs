use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::Full;
use ironward_core::{Fault, FaultKind};
use ironward_wire::Dialect;

use super::{is_tolerant_client, read_call};
use crate::{Settings, SidePool};

fn read(body: impl Into<Bytes>, headers: &[(&'static str, &str)]) -> Result<Box<str>, Fault> {
    let (mut head, ()) = Request::new(()).into_parts();
    for (name, value) in headers {
        head.headers.insert(*name, value.parse().unwrap());
    }
    let settings = Settings {
        body_limit: 1000,
        ..Settings::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let body = Full::new(body.into());
    let pool = SidePool::new(1);
    let buffers = Arc::default();
    let call = read_call(
        (&settings, (&pool, &buffers)),
        &head,
        body,
        Dialect::OpenAiChat,
        None,
    );
    let arrived = runtime.block_on(call);
    arrived.map(|arrived| arrived.call.model.clone())
}

#[test]
fn a_field_that_names_an_upstream_or_a_key_is_refused_wherever_it_hides() {
    for body in [
        r#"{"model":"m","api_base":"https://trap"}"#,
        r#"{"model":"m","base_url":"https://trap"}"#,
        r#"{"model":"m","BASE_URL":"https://trap"}"#,
        r#"{"model":"m","\u0061pi_base":"https://trap"}"#,
        r#"{"model":"m","user_config":{"model_list":[]}}"#,
        r#"{"model":"m","metadata":{"api_base":"https://trap"}}"#,
        r#"{"model":"m","litellm_metadata":{"user_config":{}}}"#,
        r#"{"model":"m","extra_body":{"api_base":"https://trap"}}"#,
        r#"{"model":"m","extra_headers":{"Host":"trap"}}"#,
        r#"{"model":"m","litellm_params":{"api_base":"https://trap"}}"#,
        r#"{"model":"m","fallbacks":["a",{"model":"m","api_base":"https://trap"}]}"#,
    ] {
        let fault = read(body, &[]).unwrap_err();
        assert_eq!(fault.kind, FaultKind::BadRequest, "{body}");
        assert!(
            fault.message.contains("cannot be set by a call") && !fault.message.contains("trap"),
            "{body}"
        );
    }
    assert!(
        read(r#"{"model":"https://trap/x"}"#, &[])
            .unwrap_err()
            .message
            .contains("URL")
    );
    assert!(
        read(
            r#"{"model":"m","metadata":{"tags":["a"]},"fallbacks":["b"]}"#,
            &[]
        )
        .is_ok()
    );
}

#[test]
fn a_model_that_is_a_path_is_refused() {
    for model in ["..", "azure/../../trap", "gemini/./x", "openai/.."] {
        let body = format!(r#"{{"model":"{model}"}}"#);
        let fault = read(body, &[]).unwrap_err();
        assert_eq!(fault.param.as_deref(), Some("model"), "{model}");
    }
    let dots = r#"{"model":"gpt-4.1/...x"}"#;
    assert_eq!(&*read(dots, &[]).unwrap(), "gpt-4.1/...x");
}

#[test]
fn the_limit_holds_announced_or_not() {
    let large = format!(r#"{{"model":"m","user":"{}"}}"#, "x".repeat(1000));
    assert_eq!(read(large, &[]).unwrap_err().kind, FaultKind::TooLarge);
    assert_eq!(
        read("{}", &[("content-length", "1001")]).unwrap_err().kind,
        FaultKind::TooLarge
    );
    assert_eq!(
        read("{}", &[("content-length", "99999999999999999")])
            .unwrap_err()
            .kind,
        FaultKind::TooLarge
    );
}

#[test]
fn only_plain_json_is_read() {
    let body = r#"{"model":"m"}"#;
    for (name, value) in [
        ("content-encoding", "gzip"),
        ("content-type", "text/plain"),
        ("content-type", "multipart/form-data"),
    ] {
        assert_eq!(
            read(body, &[(name, value)]).unwrap_err().kind,
            FaultKind::UnsupportedMediaType,
            "{value}"
        );
    }
    for value in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/vnd.x+json",
    ] {
        assert_eq!(&*read(body, &[("content-type", value)]).unwrap(), "m");
    }
}

#[test]
fn coding_agents_are_known_by_their_name() {
    let mut headers = HeaderMap::new();
    assert!(!is_tolerant_client(&headers));
    headers.insert(
        "user-agent",
        "claude-cli/2.1 (external, cli)".parse().unwrap(),
    );
    assert!(is_tolerant_client(&headers));
}

/// A body that comes in pieces, with a pause for the other tasks after each.
struct Pieces {
    left: Bytes,
    is_pause: bool,
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        self.is_pause = !self.is_pause;
        if self.is_pause {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let size = self.left.len().min(64 << 10);
        let piece = self.left.split_to(size);
        Poll::Ready((!piece.is_empty()).then(|| Ok(http_body::Frame::data(piece))))
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.left.len() as u64)
    }
}

/// The bound is wide for a busy machine; a debug build that walks 20 MB in one poll takes seconds.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "it measures how long a poll takes"
)]
fn no_poll_is_long_however_long_the_body() {
    let (head, ()) = Request::new(()).into_parts();
    let text = "all work and no play \\\"".repeat(900_000);
    let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{text}"}}]}}"#);
    let body = Pieces {
        left: body.into(),
        is_pause: false,
    };
    let settings = Settings::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let pool = SidePool::new(1);
    let buffers = Arc::default();
    let call = read_call(
        (&settings, (&pool, &buffers)),
        &head,
        body,
        Dialect::OpenAiChat,
        None,
    );
    let mut call = pin!(call);
    let mut longest = Duration::ZERO;
    let call = runtime.block_on(std::future::poll_fn(|context| {
        let begun = Instant::now();
        let polled = call.as_mut().poll(context);
        longest = longest.max(begun.elapsed());
        polled
    }));
    assert_eq!(&*call.unwrap().call.model, "m");
    assert!(longest < Duration::from_millis(250), "{longest:?}");
}
