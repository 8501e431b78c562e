//! What deployments and calls cost, as the management API tells it.

use ironward_core::Role;
use ironward_policy::{Grant, Spending};
use serde_json::{Value, json};

use crate::fixture::{ADMIN, Fixture};

impl Fixture {
    /// A deployment of OpenAI's with these parameters and this description.
    async fn priced(&self, group: &str, params: Value, info: Value) {
        let mut all = json!({"api_key": "sk-canary-Zq8vT3mWx71Lr0Pd"});
        let mut told = json!({"id": group});
        for (into, from) in [(&mut all, params), (&mut told, info)] {
            let from = from.as_object().unwrap().clone();
            into.as_object_mut().unwrap().extend(from);
        }
        let model = json!({"model_name": group, "litellm_params": all, "model_info": told});
        let made = self.post(ADMIN, "/model/new", &model).await;
        assert_eq!(made.status, 200, "{}", made.text);
        assert_eq!(made.json["notices"], json!([]), "{}", made.text);
    }

    async fn told(&self, id: &str) -> Value {
        let path = format!("/model/info?litellm_model_id={id}");
        let shown = self.get(ADMIN, &path).await;
        assert_eq!(shown.status, 200, "{}", shown.text);
        shown.json["data"][0]["model_info"].clone()
    }

    async fn calculate(&self, key: &str, body: &Value) -> (u16, Value) {
        let answered = self.post(key, "/spend/calculate", body).await;
        (answered.status, answered.json)
    }
}

#[tokio::test]
async fn prices_are_shown_as_they_hold() {
    let fixture = Fixture::new().await;
    let none = || json!({});
    fixture
        .priced("known", json!({"model": "openai/gpt-4o"}), none())
        .await;
    let own = json!({
        "model": "openai/gpt-4o",
        "input_cost_per_token": 0.000_003,
        "output_cost_per_token": "7e-06",
        "input_cost_per_token_above_200k_tokens": 6e-6,
    });
    let told = json!({"max_input_tokens": 1_000, "cache_read_input_token_cost": 5e-7});
    fixture.priced("own", own, told).await;
    fixture
        .priced("unknown", json!({"model": "openai/mine"}), none())
        .await;
    let known = fixture.told("known").await;
    for (field, value) in [
        ("litellm_provider", json!("openai")),
        ("mode", json!("chat")),
        ("max_input_tokens", json!(128_000)),
        ("max_output_tokens", json!(16_384)),
        ("supports_vision", json!(true)),
        ("input_cost_per_token", json!(2.5e-6)),
        ("input_cost_per_token_priority", json!(4.25e-6)),
        ("cache_read_input_token_cost", json!(1.25e-6)),
        ("output_cost_per_token", json!(1e-5)),
    ] {
        assert_eq!(known[field], value, "{field}: {known}");
    }
    let own = fixture.told("own").await;
    for (field, value) in [
        ("max_input_tokens", json!(1_000)),
        ("input_cost_per_token", json!(3e-6)),
        ("input_cost_per_token_above_200k_tokens", json!(6e-6)),
        ("output_cost_per_token", json!(7e-6)),
        ("cache_read_input_token_cost", json!(5e-7)),
        ("input_cost_per_token_priority", Value::Null),
    ] {
        assert_eq!(own[field], value, "{field}: {own}");
    }
    let unknown = fixture.told("unknown").await;
    assert_eq!(unknown.get("input_cost_per_token"), None, "{unknown}");
    // Digits as they are meant, and no noise of a float.
    let shown = fixture
        .get(ADMIN, "/model_group/info?model_group=known")
        .await;
    assert!(
        shown.text.contains(r#""input_cost_per_token":2.5e-6"#),
        "{}",
        shown.text
    );
    let group = &shown.json["data"][0];
    assert_eq!(group["output_cost_per_token"], 1e-5);
    assert_eq!(group["max_output_tokens"], 16_384.0);
    assert_eq!(group["supports_vision"], true);
    assert_eq!(group["mode"], "chat");
}

#[tokio::test]
async fn bad_prices_are_refused_with_their_name() {
    let fixture = Fixture::new().await;
    for (price, why) in [
        (json!(-1e-6), "a price cannot be negative"),
        (json!("cheap"), "not an amount of dollars"),
        (json!("NaN"), "not an amount of dollars"),
        (json!(1e30), "a price cannot be above 18 billion dollars"),
    ] {
        let params =
            json!({"model": "openai/x", "api_key": "k-1234567", "input_cost_per_token": price});
        let model = json!({"model_name": "x", "litellm_params": params});
        let refused = fixture.post(ADMIN, "/model/new", &model).await;
        assert_eq!(refused.status, 400, "{price}: {}", refused.text);
        let error = &refused.json["error"];
        assert!(
            error["message"].as_str().unwrap().contains(why),
            "{}",
            refused.text
        );
        assert!(
            refused.text.contains("litellm_params.input_cost_per_token"),
            "{}",
            refused.text
        );
    }
}

#[tokio::test]
async fn what_a_call_costs_can_be_asked() {
    let fixture = Fixture::new().await;
    let own =
        json!({"model": "openai/x", "input_cost_per_token": 0.001, "output_cost_per_token": 1});
    fixture.priced("own", own, json!({})).await;
    fixture
        .priced("unknown", json!({"model": "openai/mine"}), json!({}))
        .await;
    let messages = json!([{"role": "user", "content": "Hello there, how are you?"}]);
    let ask = |model: &str| json!({"model": model, "messages": messages});
    // The estimate of the tokens, at a tenth of a cent each.
    let (status, own) = fixture.calculate(ADMIN, &ask("own")).await;
    let tokens = own["cost"].as_f64().unwrap() * 1_000.0;
    assert_eq!(status, 200, "{own}");
    assert!(
        (tokens - tokens.round()).abs() < 1e-9 && (8.0..25.0).contains(&tokens),
        "{own}"
    );
    // The same tokens, by the catalogue's price of 2.5 dollars for a million.
    for model in ["openai/gpt-4o", "gpt-4o"] {
        let (status, known) = fixture.calculate(ADMIN, &ask(model)).await;
        assert_eq!(status, 200, "{known}");
        let cost = known["cost"].as_f64().unwrap();
        assert!((cost - tokens * 2.5e-6).abs() < 1e-12, "{known}");
    }
    let reply = |model: &str| {
        let usage = json!({
            "prompt_tokens": 3_000, "completion_tokens": 500, "total_tokens": 3_500,
            "prompt_tokens_details": {"cached_tokens": 2_048},
        });
        json!({"completion_response": {"model": model, "usage": usage}})
    };
    // 952 x 2.5 + 2048 x 1.25 + 500 x 10 for a million.
    let answer = fixture.calculate(ADMIN, &reply("gpt-4o-2024-08-06")).await;
    assert_eq!(answer, (200, json!({"cost": 0.009_94})));
    let bedrock =
        json!({"model": "anthropic.claude-3-5-haiku-20241022-v1:0", "messages": messages});
    assert_eq!(fixture.calculate(ADMIN, &bedrock).await.0, 200);
    for (body, param) in [
        (json!({}), Value::Null),
        (json!({"model": "gpt-4o"}), json!("messages")),
        (ask("never-heard-of"), json!("model")),
        (ask("unknown"), json!("model")),
        (reply("never-heard-of"), json!("model")),
        (
            json!({"completion_response": {"model": "gpt-4o"}}),
            json!("completion_response.usage"),
        ),
        (
            json!({"completion_response": {}}),
            json!("completion_response.model"),
        ),
        (
            json!({"model": "gpt-4o", "messages": [{"role": 1}]}),
            json!("messages[0].role"),
        ),
    ] {
        let (status, answer) = fixture.calculate(ADMIN, &body).await;
        assert_eq!(
            (status, &answer["error"]["param"]),
            (400, &param),
            "{body}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_group_that_somebody_may_not_use_is_priced_as_if_it_were_none() {
    let fixture = Fixture::new().await;
    let own = || json!({"model": "openai/x", "input_cost_per_token": 1});
    fixture.priced("secret", own(), json!({})).await;
    fixture.priced("gpt-4o", own(), json!({})).await;
    fixture.priced("open", own(), json!({})).await;
    let grant = Grant {
        models: Some(vec!["open".into()]),
        ..Grant::default()
    };
    fixture.user("ada", Role::InternalUser, &[]).await;
    fixture.narrow("ada", grant, Spending::default()).await;
    let (key, _) = fixture.key(&json!({"user_id": "ada"})).await;
    let ask =
        |model: &str| json!({"model": model, "messages": [{"role": "user", "content": "hi"}]});
    let (status, open) = fixture.calculate(&key, &ask("open")).await;
    assert!(
        status == 200 && open["cost"].as_f64().unwrap() >= 1.0,
        "{open}"
    );
    let (status, listed) = fixture.calculate(&key, &ask("gpt-4o")).await;
    assert!(
        status == 200 && listed["cost"].as_f64().unwrap() < 0.001,
        "{listed}"
    );
    let hidden = fixture.calculate(&key, &ask("secret")).await;
    assert_eq!(hidden, fixture.calculate(&key, &ask("no-such")).await);
    assert_eq!(hidden.0, 403);
}
