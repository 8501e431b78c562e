//! What is counted of calls, and what is no series however often it is sent.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use ironward_core::{CredentialId, Fault, Timeouts, UpstreamRequest};
use ironward_egress::{BoxFuture, Redaction, ReplyBody, Timing, Upstream, UpstreamReply};
use ironward_telemetry::{Exposition, Moment};
use ironward_testkit::FakeClock;
use ironward_wire::Dialect;

use super::{REPLY, ROOT, World, chat};
use crate::routes;

impl World {
    fn metrics(&self) -> String {
        let metrics = &self.gateway.metrics;
        metrics.write(Exposition::Prometheus, Moment::default())
    }
}

#[tokio::test]
async fn ten_thousand_made_up_names_are_one_series() {
    let mut world = World::new();
    world.set_key("one", |_| {});
    let answer = world.ask("sk-one", &chat("open/x")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(world.ask("sk-one", &chat("x")).await.status, 400);
    let names = |text: &str| -> BTreeSet<String> {
        let lines = text.lines().filter(|line| !line.starts_with("process_"));
        lines
            .map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
            .collect()
    };
    let before = names(&world.metrics());
    for number in 0..5_000 {
        let name = format!("open/made-up-{number}");
        assert_eq!(world.ask("sk-one", &chat(&name)).await.status, 200);
        let name = format!("made-up-{number}");
        assert_eq!(world.ask("sk-one", &chat(&name)).await.status, 400);
    }
    let text = world.metrics();
    assert_eq!(names(&text), before);
    assert!(!text.contains("made-up"), "{text}");
    let count = r#"ironward_calls_total{model_group="open/*",provider="openai",deployment="open/*-4",dialect="openai_chat",status="2xx",fault=""} 5001"#;
    assert!(text.lines().any(|line| line == count), "{text}");
    assert!(
        text.contains("\nironward_refusals_total{fault=\"unknown_model\"} 5001\n"),
        "{text}"
    );
}

/// Works for 5 ms, lets others do something, works for 7 ms, and answers.
struct Working(Arc<FakeClock>);

impl Upstream for Working {
    fn send<'a>(
        &'a self,
        _: CredentialId,
        _: UpstreamRequest,
        _: &'a Timeouts,
    ) -> BoxFuture<'a, Result<UpstreamReply, Fault>> {
        let mut is_first = true;
        Box::pin(std::future::poll_fn(move |context| {
            if std::mem::take(&mut is_first) {
                self.0.advance(Duration::from_millis(5));
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            self.0.advance(Duration::from_millis(7));
            Poll::Ready(Ok(UpstreamReply {
                status: StatusCode::OK,
                headers: HeaderMap::new(),
                body: ReplyBody::whole(REPLY),
                redaction: Redaction::default(),
                timing: Timing::default(),
            }))
        }))
    }
}

#[tokio::test]
async fn work_on_an_attempt_is_overhead_and_waiting_is_none() {
    let mut world = World::new();
    let clock = Arc::clone(&world.clock);
    world.gateway.upstream = Box::new(Working(Arc::clone(&clock)));
    let body = chat("gpt-test");
    let (answer, ()) = tokio::join!(world.ask(ROOT, &body), async {
        clock.advance(Duration::from_millis(100));
    });
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.headers["x-litellm-response-duration-ms"], "112.000");
    assert_eq!(answer.headers["x-litellm-overhead-duration-ms"], "12.000");
    let text = world.metrics();
    let at = r#"{model_group="gpt-test",provider="openai",deployment="gpt-test-1"}"#;
    for line in [
        format!("ironward_call_duration_seconds_sum{at} 0.112"),
        format!("ironward_overhead_seconds_sum{at} 0.012"),
        format!("ironward_attempt_duration_seconds_sum{at} 0.112"),
    ] {
        assert!(text.lines().any(|known| known == line), "{line}: {text}");
    }
}

#[tokio::test]
async fn a_call_that_no_plan_is_made_for_is_settled_with_its_fault() {
    let world = World::new();
    let mut request = super::request(
        &http::Method::POST,
        "/v1/chat/completions",
        ROOT,
        &chat("gpt-test"),
    );
    let headers = request.headers_mut();
    headers.insert("x-litellm-timeout", "soon".parse().unwrap());
    let response = world.send(request, "192.0.2.1").await;
    assert_eq!(response.status(), 400);
    let text = world.metrics();
    let count = r#"ironward_calls_total{model_group="gpt-test",provider="",deployment="",dialect="openai_chat",status="4xx",fault="bad_request"} 1"#;
    assert!(text.lines().any(|line| line == count), "{text}");
    assert!(
        !text.contains("client_gone") && !text.contains("ironward_refusals"),
        "{text}"
    );
}

#[tokio::test]
async fn callers_are_told_apart_by_key_team_and_user() {
    let mut world = World::new();
    world.set_team("red", |team| team.alias = Some("Red".into()));
    world.set_key("one", |key| {
        key.alias = Some("crawler".into());
        key.team = Some(ironward_core::Id::new("red"));
    });
    world.set_key("two", |_| {});
    for key in ["sk-one", "sk-two", "sk-two"] {
        assert_eq!(world.ask(key, &chat("gpt-test")).await.status, 200);
    }
    let text = world.metrics();
    let at = r#"requested_model="gpt-test",model="upstream-model",model_id="gpt-test-1",api_provider="openai""#;
    for line in [
        format!(
            r#"litellm_requests_metric_total{{hashed_api_key="one",api_key_alias="crawler",team="red",team_alias="Red",user="None",{at}}} 1"#
        ),
        format!(
            r#"litellm_requests_metric_total{{hashed_api_key="two",api_key_alias="None",team="None",team_alias="None",user="None",{at}}} 2"#
        ),
    ] {
        assert!(text.lines().any(|known| known == line), "{line}: {text}");
    }
}

#[tokio::test]
async fn litellms_routes_are_the_dialects_own() {
    let mut world = World::new();
    world.set_key("one", |_| {});
    let metrics = &world.gateway.metrics;
    let named = ironward_telemetry::Named {
        alias: "one",
        key: Some("one"),
        account: None,
        subject: None,
        team: None,
        team_alias: None,
    };
    for dialect in Dialect::ALL {
        metrics.refuse(ironward_core::FaultKind::TooLarge, Some((dialect, named)));
        let route = routes::templates(dialect)[0];
        assert!(
            world.metrics().contains(&format!(r#"route="{route}""#)),
            "{route}"
        );
    }
}
