//! However a call ends, what it came to is charged, or the most that it can have come to.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http_body_util::BodyExt as _;
use ironward_ledger::{Kind as Counts, Measure};

use super::super::{chat_with, event, request};
use super::{Answer, Shop, Step, begin, reply};

/// What 20 and 100 tokens of `mini` cost, in billionths of a dollar.
const COST: u64 = 63_000;

const FIELDS: &str = r#""max_tokens":100"#;
const STREAM: &str = r#""max_tokens":100,"stream":true"#;

fn cost(shop: &Shop) -> (u64, u64) {
    shop.standing(Counts::Key, "one", Measure::Cost)
}

/// The most that a call of 100 tokens can cost: a token for each byte, and its answer.
fn ceiling(fields: &str, model: &str) -> u64 {
    chat_with(model, fields).len() as u64 * 150 + 100 * 600
}

#[tokio::test]
async fn a_call_that_is_given_up_is_charged_its_ceiling_once_it_is_sent() {
    let mut shop = Shop::new(&[reply(20, 100)]);
    shop.key("one", "1");
    shop.script.gate.send_replace(false);
    let mut call = Box::pin(shop.call("sk-one", "mini", FIELDS));
    // Not polled yet: nothing has happened.
    assert_eq!(cost(&shop), (0, 0));
    begin(&mut call).await;
    assert_eq!(shop.sent(), 1);
    let most = ceiling(FIELDS, "mini");
    assert_eq!(cost(&shop), (0, most));
    drop(call);
    assert_eq!(cost(&shop), (most, 0));
}

#[tokio::test(start_paused = true)]
async fn what_never_reached_a_provider_costs_nothing() {
    for (step, status) in [(Step::Unreachable, 502), (Step::Status(400), 400)] {
        let mut shop = Shop::new(&[step]);
        shop.key("one", "1");
        let answer = shop.call("sk-one", "mini", FIELDS).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(cost(&shop), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_was_lost_is_charged_beside_the_one_that_answered() {
    let mut shop = Shop::new(&[Step::Lost, reply(20, 100)]);
    shop.key("one", "1");
    let answer = shop.call("sk-one", "mini", FIELDS).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(shop.sent(), 2);
    assert_eq!(cost(&shop), (ceiling(FIELDS, "mini") + COST, 0));
    // One that was refused by the provider is not.
    let mut shop = Shop::new(&[Step::Status(500), reply(20, 100)]);
    shop.key("one", "1");
    assert_eq!(shop.call("sk-one", "mini", FIELDS).await.status, 200);
    assert_eq!(cost(&shop), (COST, 0));
    assert_eq!(shop.sent(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_second_attempt_for_which_nothing_is_left_is_not_made() {
    let mut shop = Shop::new(&[Step::Lost, reply(20, 100)]);
    shop.key("one", "0.0001");
    let answer = shop.call("sk-one", "mini", FIELDS).await;
    assert_eq!(answer.status, 422, "{answer:?}");
    assert_eq!(shop.sent(), 1);
    assert_eq!(cost(&shop), (ceiling(FIELDS, "mini"), 0));
}

#[tokio::test]
async fn a_dearer_deployment_is_asked_if_there_is_enough() {
    for (budget, status, sent) in [("0.0002", 422, 1), ("0.01", 200, 2)] {
        let mut shop = Shop::new(&[Step::Status(401), reply(20, 100)]);
        shop.key("one", budget);
        let answer = shop.call("sk-one", "both", FIELDS).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(shop.sent(), sent);
        // 20 x 2.5 + 100 x 10 millionths
        let spent = if status == 200 { 1_050_000 } else { 0 };
        assert_eq!(cost(&shop), (spent, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_does_not_say_its_usage_is_charged_its_ceiling() {
    let silent = r#"{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}"#;
    for step in [Step::Reply(silent.into()), Step::Reply("no JSON".into())] {
        let mut shop = Shop::new(&[step]);
        shop.key("one", "1");
        shop.world
            .ask_from("sk-one", &chat_with("mini", FIELDS), "192.0.2.1")
            .await;
        let most = ceiling(FIELDS, "mini");
        let (spent, reserved) = cost(&shop);
        assert_eq!(spent % most, 0);
        assert_eq!((spent / most, reserved), (shop.sent() as u64, 0));
    }
}

#[tokio::test]
async fn a_provider_that_charges_more_than_it_could_is_paid_and_nobody_is_let_in_after() {
    let mut shop = Shop::new(&[reply(20, 1_000)]);
    shop.key("one", "0.0001");
    assert_eq!(shop.call("sk-one", "mini", FIELDS).await.status, 200);
    assert_eq!(cost(&shop), (603_000, 0));
    assert_eq!(shop.call("sk-one", "mini", FIELDS).await.status, 422);
}

/// A stream of `sk-one`, and what writes it.
async fn open(shop: &Shop) -> http::Response<crate::Body> {
    let body = chat_with("mini", STREAM);
    let request = request(&Method::POST, "/v1/chat/completions", "sk-one", &body);
    let response = shop.world.send(request, "192.0.2.1").await;
    assert_eq!(response.status(), 200);
    response
}

fn write(shop: &Shop, piece: impl Into<Bytes>) {
    let streams = shop.script.streams.lock().unwrap();
    // Once the reply is cut, nobody reads any more.
    let _cut = streams.last().unwrap().send(piece.into());
}

fn usage(input: u64, output: u64) -> String {
    let chunk = serde_json::json!({
        "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [],
        "usage": {"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output},
    });
    format!("data: {chunk}\n\ndata: [DONE]\n\n")
}

#[tokio::test]
async fn a_stream_is_settled_at_its_end() {
    let mut shop = Shop::new(&[Step::Stream]);
    shop.key("one", "1");
    let response = open(&shop).await;
    let most = ceiling(STREAM, "mini");
    assert_eq!(cost(&shop), (0, most), "as long as it runs");
    write(&shop, usage(20, 100));
    shop.script.streams.lock().unwrap().clear();
    let answer = Answer::of(response).await;
    assert!(answer.body.ends_with("data: [DONE]\n\n"), "{answer:?}");
    assert_eq!(cost(&shop), (COST, 0));
}

#[tokio::test]
async fn a_stream_that_is_left_or_breaks_is_charged_its_ceiling() {
    let mut shop = Shop::new(&[Step::Stream]);
    shop.key("one", "1");
    let most = ceiling(STREAM, "mini");
    drop(open(&shop).await);
    assert_eq!(cost(&shop), (most, 0), "left");
    let response = open(&shop).await;
    shop.script.streams.lock().unwrap().clear();
    let answer = Answer::of(response).await;
    assert!(answer.body.contains(r#""error""#), "{answer:?}");
    assert_eq!(cost(&shop), (2 * most, 0), "broken");
}

#[tokio::test]
async fn a_stream_beyond_its_ceiling_is_cut_with_an_error_of_its_dialect() {
    let mut shop = Shop::new(&[Step::Stream]);
    shop.key("one", "1");
    let mut response = open(&shop).await;
    // 100 tokens are hardly 1600 bytes.
    let long = "x".repeat(500);
    let mut text = String::new();
    for _ in 0..3 {
        write(&shop, event(&long));
        let frame = response.body_mut().frame().await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
    }
    assert!(!text.contains("error"), "{text}");
    write(&shop, event(&long));
    let answer = tokio::time::timeout(Duration::from_secs(5), Answer::of(response)).await;
    let answer = answer.expect("nothing more is waited for");
    let last = answer.body.trim().rsplit("data: ").next().unwrap();
    let error: serde_json::Value = serde_json::from_str(last).unwrap();
    assert_eq!(error["error"]["type"], "budget_exceeded", "{answer:?}");
    assert_eq!(cost(&shop), (ceiling(STREAM, "mini"), 0));
}

#[tokio::test]
async fn limits_count_a_failed_call_as_one_request() {
    let mut shop = Shop::new(&[Step::Status(400)]);
    shop.change_key("one", |key| {
        key.spending.rpm_limit = Some(5);
        key.spending.tpm_limit = Some(10_000);
    });
    shop.call("sk-one", "mini", FIELDS).await;
    assert_eq!(shop.standing(Counts::Key, "one", Measure::Requests), (1, 0));
    assert_eq!(shop.standing(Counts::Key, "one", Measure::Tokens), (0, 0));
}
