//! What is said to whom a budget or a limit refuses, and what is refused.

use ironward_core::Id;
use ironward_ledger::{Kind as Counts, Limit, Measure};
use ironward_policy::Cycle;
use ironward_store::objects::Tag;

use super::super::{ROOT, chat};
use super::{Content, Shop, Step, Unpriced, reply};

const FIELDS: &str = r#""max_tokens":100"#;

#[tokio::test]
async fn a_budget_is_refused_as_litellm_does_and_says_whose_it_is() {
    let mut shop = Shop::new(&[reply(20, 100)]);
    shop.change_key("one", |key| {
        key.alias = Some("mine".into());
        key.spending.max_budget = Some("0.0001".parse().unwrap());
    });
    assert_eq!(shop.call("sk-one", "mini", FIELDS).await.status, 200);
    let refused = shop.call("sk-one", "mini", FIELDS).await;
    // The body has 73 bytes: 73 x 0.15 and 100 x 0.6 millionths.
    refused.is(
        422,
        "budget_exceeded",
        "Budget has been exceeded! Key=one Current cost: 0.000063, Max budget: 0.0001. \
         This call may cost 0.00007155, and calls that run 0",
    );
    let body: serde_json::Value = serde_json::from_str(&refused.body).unwrap();
    assert_eq!(body["error"]["code"], "422");
    assert!(!refused.body.contains("sk-"), "{refused:?}");
    assert!(!refused.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn the_status_of_a_budget_is_the_operators() {
    let mut shop = Shop::with(&[reply(20, 100)], |settings| {
        settings.budget_status = Some(402);
    });
    shop.key("one", "0");
    let refused = shop.call("sk-one", "mini", FIELDS).await;
    assert_eq!(refused.status, 402);
    let body: serde_json::Value = serde_json::from_str(&refused.body).unwrap();
    assert_eq!(body["error"]["code"], "402");
    assert_eq!(body["error"]["type"], "budget_exceeded");
}

#[tokio::test]
async fn the_second_of_two_scopes_refuses_and_the_first_has_nothing_taken() {
    let mut shop = Shop::new(&[reply(20, 100)]);
    shop.world.set_team("red", |team| {
        team.spending.max_budget = Some("0.00005".parse().unwrap());
    });
    shop.change_key("one", |key| {
        key.spending.max_budget = Some("1".parse().unwrap());
        key.spending.rpm_limit = Some(1);
        key.team = Some(Id::new("red"));
    });
    for _ in 0..3 {
        let refused = shop.call("sk-one", "mini", FIELDS).await;
        assert!(refused.body.contains("Team=red"), "{refused:?}");
    }
    assert_eq!(shop.standing(Counts::Key, "one", Measure::Cost), (0, 0));
    assert_eq!(shop.standing(Counts::Key, "one", Measure::Requests), (0, 0));
    assert_eq!(shop.sent(), 0);
}

#[tokio::test]
async fn limits_say_when_to_come_back() {
    let mut shop = Shop::new(&[reply(20, 100)]);
    shop.change_key("one", |key| key.spending.rpm_limit = Some(2));
    shop.world
        .clock
        .advance(std::time::Duration::from_millis(18_500));
    for _ in 0..2 {
        assert_eq!(shop.call("sk-one", "mini", FIELDS).await.status, 200);
    }
    let refused = shop.call("sk-one", "mini", FIELDS).await;
    refused.is(
        429,
        "rate_limit_error",
        "Rate limit exceeded for api_key: one. Limit type: requests. Current limit: 2, \
         Remaining: 0. Limit resets at: 2026-01-01 00:01:00 UTC",
    );
    for (name, value) in [
        ("retry-after", "42"),
        ("x-ratelimit-limit-requests", "2"),
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "42s"),
        ("x-ratelimit-api_key-limit-requests", "2"),
        ("x-ratelimit-api_key-remaining-requests", "0"),
        ("rate_limit_type", "requests"),
        ("reset_at", "2026-01-01 00:01:00 UTC"),
    ] {
        assert_eq!(refused.headers[name], value, "{name}");
    }
    shop.world
        .clock
        .advance(std::time::Duration::from_millis(41_500));
    assert_eq!(shop.call("sk-one", "mini", FIELDS).await.status, 200);
}

#[tokio::test]
async fn tokens_are_estimated_and_made_true() {
    let mut shop = Shop::new(&[reply(20, 100)]);
    shop.change_key("one", |key| key.spending.tpm_limit = Some(250));
    // A quarter of the body's 73 bytes and 100; it comes to 120.
    assert_eq!(shop.call("sk-one", "mini", FIELDS).await.status, 200);
    assert_eq!(shop.standing(Counts::Key, "one", Measure::Tokens), (120, 0));
    assert_eq!(shop.call("sk-one", "mini", FIELDS).await.status, 200);
    let refused = shop.call("sk-one", "mini", FIELDS).await;
    assert!(refused.body.contains("Limit type: tokens"), "{refused:?}");
    assert_eq!(refused.headers["x-ratelimit-remaining-tokens"], "10");

    shop.change_key("two", |key| {
        key.spending.model_rpm_limit = [("mini".into(), 1)].into();
    });
    assert_eq!(shop.call("sk-two", "mini", FIELDS).await.status, 200);
    assert_eq!(shop.call("sk-two", "both", FIELDS).await.status, 200);
    let refused = shop.call("sk-two", "mini", FIELDS).await;
    assert!(
        refused.body.contains("model_per_key: two:mini"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn the_whole_gateway_has_a_budget() {
    let day = Cycle::DAY;
    let mut shop = Shop::with(&[reply(20, 100)], |settings| {
        settings.budget = Some(Limit::budget("0.00015".parse().unwrap(), day));
    });
    shop.world.set_key("one", |_| ());
    assert_eq!(shop.call("sk-one", "mini", FIELDS).await.status, 200);
    assert_eq!(shop.call(ROOT, "mini", FIELDS).await.status, 200);
    for key in ["sk-one", ROOT] {
        let refused = shop.call(key, "mini", FIELDS).await;
        assert!(
            refused.body.contains("Budget has been exceeded! Proxy"),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn what_nobody_can_price_is_refused_where_a_budget_is() {
    let unpriced = "the model has no price for something that the call uses (odd); a call that a \
                    budget bounds has to be one whose most cost is known";
    for (setting, with_budget, without) in [
        (Unpriced::RefuseWithBudget, 403, 200),
        (Unpriced::Refuse, 403, 403),
        (Unpriced::Allow, 200, 200),
    ] {
        let mut shop = Shop::with(&[reply(20, 100)], |settings| settings.unpriced = setting);
        shop.key("one", "1");
        shop.world.set_key("free", |_| ());
        let bounded = shop.call("sk-one", "odd", FIELDS).await;
        assert_eq!(bounded.status, with_budget, "{setting:?} {bounded:?}");
        if with_budget == 403 {
            bounded.is(403, "model_cost_map_missing", unpriced);
        } else {
            shop.world.ask("sk-one", &chat("odd")).await;
            let sent = shop.script.sent.lock().unwrap().pop().unwrap();
            assert!(!sent.contains("max_tokens"), "{sent}");
        }
        let free = shop.call("sk-free", "odd", FIELDS).await;
        assert_eq!(free.status, without, "{setting:?} {free:?}");
        assert_eq!(shop.call("sk-free", "mini", FIELDS).await.status, 200);
        let own = shop.call("sk-one", "mock", FIELDS).await;
        assert_eq!(own.status, 200, "the gateway's own answers cost nothing");
        assert_eq!(shop.spent("one"), ("0".into(), "0".into()));
    }
}

#[tokio::test]
async fn tags_of_the_key_and_of_the_call_are_counted() {
    let mut shop = Shop::new(&[reply(20, 100)]);
    for tag in ["blue", "green", "red"] {
        let mut object = Tag::default();
        object.spending.max_budget = Some("1".parse().unwrap());
        shop.world.writer.set(tag, Content::Tag(Box::new(object)));
    }
    shop.change_key("one", |key| key.tags = vec!["blue".into()]);
    let fields = r#""max_tokens":100,"metadata":{"tags":["green","blue","unknown"]}"#;
    let answer = shop.call("sk-one", "mini", fields).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    for (tag, spent) in [("blue", 63_000), ("green", 63_000), ("red", 0)] {
        let (found, _) = shop.standing(Counts::Tag, tag, Measure::Cost);
        assert_eq!(found, spent, "{tag}");
    }
}

#[tokio::test]
async fn an_answer_without_an_end_gets_what_is_left() {
    let mut shop = Shop::new(&[reply(20, 100)]);
    // The model gives 16384 tokens at most, for $0.0098304.
    shop.key("rich", "1");
    assert_eq!(shop.world.ask("sk-rich", &chat("mini")).await.status, 200);
    let sent = |shop: &Shop| shop.script.sent.lock().unwrap().pop().unwrap();
    assert!(
        !sent(&shop).contains("max_tokens"),
        "the model ends by itself"
    );
    shop.key("poor", "0.001");
    assert_eq!(shop.world.ask("sk-poor", &chat("mini")).await.status, 200);
    let told: serde_json::Value = serde_json::from_str(&sent(&shop)).unwrap();
    let told = told["max_tokens"].as_u64().unwrap();
    assert!((1_600..=1_666).contains(&told), "{told}");
    // Less than 256 tokens are no answer.
    shop.key("broke", "0.0001");
    let refused = shop.world.ask("sk-broke", &chat("mini")).await;
    assert_eq!(refused.status, 422);
    // One that the call names is not touched.
    shop.key("exact", "0.001");
    let refused = shop.call("sk-exact", "mini", r#""max_tokens":5000"#).await;
    assert_eq!(refused.status, 422);
}

/// A guess at an answer's length keeps nobody out for whom there is room.
#[tokio::test]
async fn a_limit_below_the_guess_lets_calls_through_until_it_is_used_up() {
    let mut shop = Shop::new(&[reply(20, 100)]);
    shop.change_key("one", |key| key.spending.tpm_limit = Some(500));
    let tokens = |shop: &Shop| shop.standing(Counts::Key, "one", Measure::Tokens);
    for call in 1..=5 {
        let answered = shop.call("sk-one", "mini", r#""user":"u""#).await;
        assert_eq!(answered.status, 200, "{call}: {answered:?}");
        assert_eq!(tokens(&shop), (120 * call, 0));
    }
    let bodies = shop.script.sent.lock().unwrap().clone();
    let is_told = |body: &String| body.contains("max_tokens");
    assert!(!bodies.iter().any(is_told), "{bodies:?}");
    let refused = shop.call("sk-one", "mini", r#""user":"u""#).await;
    assert_eq!(refused.status, 429, "{refused:?}");
    // Who names the end keeps to it.
    shop.change_key("two", |key| key.spending.tpm_limit = Some(500));
    let long = shop.call("sk-two", "mini", r#""max_tokens":1000"#).await;
    assert_eq!(long.status, 429, "{long:?}");
}

#[tokio::test]
async fn media_are_as_many_tokens_as_the_model_takes() {
    let mut shop = Shop::new(&[reply(20, 100)]);
    let image = r#"{"model":"mini","max_tokens":100,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}]}"#;
    // 128000 x 0.15 and 100 x 0.6 millionths.
    shop.key("one", "0.0192");
    assert_eq!(shop.world.ask("sk-one", image).await.status, 422);
    shop.key("two", "0.0193");
    assert_eq!(shop.world.ask("sk-two", image).await.status, 200);
}

#[tokio::test]
async fn a_call_that_costs_nothing_is_not_refused_by_a_budget() {
    let mut shop = Shop::new(&[Step::Reply(r#"{"input_tokens":3}"#.into())]);
    shop.key("one", "0");
    let body = r#"{"model":"mini","messages":[{"role":"user","content":"hi"}]}"#;
    let counted = shop.post("/v1/messages/count_tokens", "sk-one", body).await;
    assert_eq!(counted.status, 200, "{counted:?}");
}

#[tokio::test]
async fn whom_no_budget_bounds_sends_what_they_wrote() {
    let mut shop = Shop::with(&[reply(20, 100)], |settings| {
        settings.unpriced = Unpriced::Refuse;
    });
    shop.world.set_key("free", |_| ());
    shop.change_key("soft", |key| {
        key.spending.soft_budget = Some("0.00005".parse().unwrap());
    });
    let image = r#"{"model":"mini","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}]}"#;
    for key in ["sk-free", "sk-soft"] {
        assert_eq!(shop.world.ask(key, image).await.status, 200);
        let sent = shop.script.sent.lock().unwrap().pop().unwrap();
        assert!(!sent.contains("max_tokens"), "{sent}");
    }
    let crossings = shop.world.gateway.budgets.ledger().crossings();
    let [crossing] = &*crossings else {
        panic!("{crossings:?}");
    };
    assert_eq!((crossing.soft, crossing.spent), (50_000, 63_000));
}
