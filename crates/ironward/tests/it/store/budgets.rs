//! A budget of a key holds, whatever comes at once: attack 13 of the threat list.

use std::net::SocketAddr;
use std::sync::Barrier;

use ironward_testkit::raw::{self, Reply};
use ironward_testkit::{Gateway, Upstream};
use serde_json::{Value, json};

use super::{Site, manage};
use crate::rig::wait_until;

/// Trillionths of a dollar for a token, of input and of output.
const PRICE: u64 = 1_000_000;
/// A cent.
const BUDGET: u64 = 10_000_000_000;

fn site(upstream: &Upstream) -> Site {
    let entry = |group: &str, model: &str| {
        format!(
            "  - model_name: {group}\n    litellm_params: {{model: openai/{model}, api_base: '{}/v1', \
             api_key: sk-Held5By9The2Gateway7, input_cost_per_token: 0.000001, \
             output_cost_per_token: 0.000001}}\n",
            upstream.url()
        )
    };
    let entries = entry("slow", "slow-head-500") + &entry("fast", "gpt-test");
    Site::of(&format!("model_list:\n{entries}"))
}

fn body(model: &str, stream: bool) -> String {
    let body = json!({
        "model": model, "stream": stream, "max_tokens": 100,
        "messages": [{"role": "user", "content": "a word ".repeat(30)}],
    });
    body.to_string()
}

fn call(address: SocketAddr, key: &str, body: &str) -> Reply {
    let bearer = format!("Bearer {key}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let path = "/v1/chat/completions";
    raw::request(address, "POST", path, &headers, body.as_bytes()).expect("a reply")
}

/// What a reply cost, by its own usage, in trillionths of a dollar.
fn cost(reply: &Reply, stream: bool) -> u64 {
    let text = reply.text();
    let usage = if stream {
        let events = text.lines().filter_map(|line| line.strip_prefix("data: "));
        let mut events = events.filter_map(|event| serde_json::from_str::<Value>(event).ok());
        let found = events.rfind(|event| event["usage"].is_object());
        found.expect("a stream with usage")["usage"].clone()
    } else {
        reply.json()["usage"].clone()
    };
    let tokens = |name: &str| usage[name].as_u64().expect("a count");
    (tokens("prompt_tokens") + tokens("completion_tokens")) * PRICE
}

#[track_caller]
fn key(gateway: &Gateway, fields: &Value) -> String {
    let reply = manage(gateway, gateway.admin_key(), "/key/generate", fields);
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["key"].as_str().expect("a key").to_owned()
}

#[test]
fn two_hundred_calls_at_once_spend_a_cent_and_no_more() {
    let upstream = Upstream::start();
    let site = site(&upstream);
    let gateway = site.gateway().start();
    let key = key(&gateway, &json!({"max_budget": 0.01, "soft_budget": 0.005}));
    let address = gateway.address();
    let start = Barrier::new(200);
    let replies: Vec<Reply> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..200)
            .map(|_| {
                scope.spawn(|| {
                    let body = body("slow", false);
                    start.wait();
                    call(address, &key, &body)
                })
            })
            .collect();
        let replies = calls.into_iter().map(|call| call.join());
        replies.map(|reply| reply.expect("a reply")).collect()
    });
    let mut spent = 0;
    let mut let_in = 0;
    for reply in &replies {
        match reply.status {
            200 => {
                spent += cost(reply, false);
                let_in += 1;
            }
            422 => assert_eq!(reply.json()["error"]["type"], "budget_exceeded"),
            other => panic!("{other}: {}", reply.text()),
        }
    }
    assert!((20..200).contains(&let_in), "{let_in} were let in at once");
    // What is left can be spent too, whole or streamed.
    let usage = |body: String| {
        body.replace(
            "\"stream\":true",
            "\"stream\":true,\"stream_options\":{\"include_usage\":true}",
        )
    };
    for round in 0.. {
        let stream = round % 2 == 1;
        let reply = call(address, &key, &usage(body("fast", stream)));
        if reply.status == 422 {
            break;
        }
        assert_eq!(reply.status, 200, "{}", reply.text());
        spent += cost(&reply, stream);
        assert!(round < 1_000, "it never ends");
    }
    assert!(spent <= BUDGET, "{spent} of {BUDGET}");
    assert!(spent >= BUDGET / 100 * 95, "{spent} of {BUDGET}");
    wait_until("the soft budget is told", || {
        gateway.log().contains("soft budget reached")
    });
    assert!(!gateway.log().contains(&key));
}

#[test]
fn what_the_configuration_says_of_budgets_takes_effect() {
    let upstream = Upstream::start();
    let mut site = site(&upstream);
    site.config.push_str(
        "  - model_name: odd\n    litellm_params: {model: openai/never-heard-of, api_key: k, api_base: 'http://127.0.0.1:9/v1'}\n\
         litellm_settings: {max_budget: 0.0005, budget_duration: 1mo, budget_exceeded_status_code: 402}\n\
         ironward: {unpriced_models: refuse}\n",
    );
    let gateway = site.gateway().start();
    let key = key(&gateway, &json!({}));
    let odd = call(gateway.address(), &key, &body("odd", false));
    assert_eq!(odd.status, 403, "{}", odd.text());
    let mut replies = (0..50).map(|_| call(gateway.address(), &key, &body("fast", false)));
    assert_eq!(replies.next().map(|reply| reply.status), Some(200));
    let refused = replies
        .find(|reply| reply.status != 200)
        .expect("one is refused");
    assert_eq!(refused.status, 402, "{}", refused.text());
    let said = refused.text();
    assert!(
        said.contains("Proxy") && said.contains("resets at"),
        "{said}"
    );
}
