//! Budgets and limits on a call's way: what is taken before it leaves, what it comes to, and what is
//! said to whom nothing is left.

mod ends;
mod refusals;

use std::collections::HashMap;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use ironward_core::{CredentialId, Fault, FaultKind, Id, Money, Retry, Timeouts, UpstreamRequest};
use ironward_egress::{BoxFuture, Redaction, ReplyBody, Timing, Upstream, UpstreamReply};
use ironward_ledger::{Kind as Counts, Measure, Standing};
use ironward_policy::Spending;
use ironward_store::objects::{Content, Key, Kind, Member, Owner};
use tokio::sync::{mpsc, watch};

use super::{Answer, Pieces, World, chat_with, costs, deployment, event, member, request};
use crate::{Keys, Settings, SnapshotBuilder, Unpriced};

/// A provider that does what the test says, one thing a request, and then the last thing again.
struct Script {
    steps: Mutex<VecDeque<Step>>,
    /// The bodies that came.
    sent: Mutex<Vec<String>>,
    /// Nobody is answered until it is open.
    gate: watch::Sender<bool>,
    streams: Mutex<Vec<mpsc::UnboundedSender<Bytes>>>,
}

#[derive(Clone)]
enum Step {
    /// A whole reply.
    Reply(String),
    /// A refusal.
    Status(u16),
    /// The connection is lost once the request is out.
    Lost,
    /// There is no connection.
    Unreachable,
    /// A stream that the test writes.
    Stream,
}

struct Way(Arc<Script>);

impl Upstream for Way {
    fn send<'a>(
        &'a self,
        _: CredentialId,
        request: UpstreamRequest,
        _: &'a Timeouts,
    ) -> BoxFuture<'a, Result<UpstreamReply, Fault>> {
        let body = String::from_utf8(request.body.joined().to_vec()).unwrap();
        self.0.sent.lock().unwrap().push(body);
        let step = {
            let mut steps = self.0.steps.lock().unwrap();
            let next = steps.pop_front().unwrap();
            if steps.is_empty() {
                steps.push_back(next.clone());
            }
            next
        };
        Box::pin(async move {
            let mut gate = self.0.gate.subscribe();
            gate.wait_for(|open| *open).await.unwrap();
            let broken = |message: &str| {
                Fault::upstream(FaultKind::BadGateway, Retry::Elsewhere(None), message)
            };
            let (status, body, kind) = match step {
                Step::Reply(reply) => (200, ReplyBody::whole(reply), "application/json"),
                Step::Status(status) => {
                    let error = r#"{"error":{"message":"no","type":"server_error"}}"#;
                    (status, ReplyBody::whole(error), "application/json")
                }
                Step::Lost => return Err(broken("lost").after_sending()),
                Step::Unreachable => return Err(broken("unreachable")),
                Step::Stream => {
                    let (sender, receiver) = mpsc::unbounded_channel();
                    sender.send(event("one")).unwrap();
                    self.0.streams.lock().unwrap().push(sender);
                    let body = ReplyBody::new(Pieces(receiver));
                    (200, body, "text/event-stream")
                }
            };
            let mut headers = HeaderMap::new();
            headers.insert(http::header::CONTENT_TYPE, kind.parse().unwrap());
            Ok(UpstreamReply {
                status: StatusCode::from_u16(status).unwrap(),
                headers,
                body,
                redaction: Redaction::default(),
                timing: Timing::default(),
            })
        })
    }
}

fn reply(input: u64, output: u64) -> Step {
    Step::Reply(
        serde_json::json!({
            "id": "c", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"},
                         "finish_reason": "stop"}],
            "usage": {"prompt_tokens": input, "completion_tokens": output,
                      "total_tokens": input + output},
        })
        .to_string(),
    )
}

/// A world whose group `mini` is gpt-4o-mini ($0.15 and $0.60 a million), `both` that and then gpt-4o
/// ($2.50 and $10), `vector` text-embedding-3-small ($0.02), and `odd` nobody knows what.
struct Shop {
    world: World,
    script: Arc<Script>,
}

impl Shop {
    fn new(steps: &[Step]) -> Self {
        Self::with(steps, |_| ())
    }

    fn with(steps: &[Step], change: impl FnOnce(&mut Settings)) -> Self {
        let mut world = World::new();
        let priced = |group, number, order, model: &str| {
            let mut routed = deployment(group, number, None);
            routed.pricing = costs::pricing(model);
            let deployment = Arc::make_mut(&mut routed.deployment);
            deployment.model = model.into();
            deployment.order = order;
            routed
        };
        let mut settings = Settings::default();
        change(&mut settings);
        let old = world.gateway.snapshot.load_full();
        let mut mocked = priced("mock", 6, 1, "never-heard-of");
        Arc::make_mut(&mut mocked.deployment).mock_response = Some("hi".into());
        let snapshot = SnapshotBuilder {
            deployments: vec![
                priced("mini", 1, 1, "gpt-4o-mini"),
                priced("both", 2, 1, "gpt-4o-mini"),
                priced("both", 3, 2, "gpt-4o"),
                priced("vector", 4, 1, "text-embedding-3-small"),
                priced("odd", 5, 1, "never-heard-of"),
                mocked,
            ],
            aliases: HashMap::new(),
            keys: Keys {
                hasher: Arc::clone(&old.keys.hasher),
                principals: old.keys.principals.clone(),
                header: None,
            },
            settings,
            routing: old.routing.clone(),
            credentials: Vec::new(),
        };
        let snapshot = snapshot.build(&world.gateway.metrics);
        world.gateway.snapshot.store(Arc::new(snapshot));
        let script = Arc::new(Script {
            steps: Mutex::new(steps.to_vec().into()),
            sent: Mutex::default(),
            gate: watch::Sender::new(true),
            streams: Mutex::default(),
        });
        world.gateway.upstream = Box::new(Way(Arc::clone(&script)));
        Self { world, script }
    }

    /// A key with a budget of so many dollars.
    fn key(&mut self, id: &str, dollars: &str) {
        let budget = dollars.parse().unwrap();
        self.world
            .set_key(id, |key| key.spending.max_budget = Some(budget));
    }

    fn change_key(&mut self, id: &str, change: impl FnOnce(&mut Key)) {
        self.world.set_key(id, change);
    }

    async fn call(&self, key: &str, model: &str, fields: &str) -> Answer {
        self.world.ask(key, &chat_with(model, fields)).await
    }

    async fn post(&self, path: &str, key: &str, body: &str) -> Answer {
        let request = request(&Method::POST, path, key, body);
        Answer::of(self.world.send(request, "192.0.2.1").await).await
    }

    /// How the counter of this scope stands: what is spent, what is reserved.
    fn standing(&self, kind: Counts, id: &str, measure: Measure) -> (u64, u64) {
        let found = self.find(kind, id, measure);
        found.map_or((0, 0), |standing| (standing.spent, standing.reserved))
    }

    fn find(&self, kind: Counts, id: &str, measure: Measure) -> Option<Standing> {
        let standings = self.world.gateway.budgets.ledger().standings();
        standings.into_iter().find(|standing| {
            (standing.scope.kind(), standing.scope.id()) == (kind, id)
                && standing.measure == measure
        })
    }

    /// What the key has spent, in dollars, and what is reserved.
    fn spent(&self, id: &str) -> (String, String) {
        let (spent, reserved) = self.standing(Counts::Key, id, Measure::Cost);
        let dollars = |nanos| Money::from_nanos(nanos).to_string();
        (dollars(spent), dollars(reserved))
    }

    fn sent(&self) -> usize {
        self.script.sent.lock().unwrap().len()
    }
}

/// Polls all of them until all are done.
async fn all<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut running: Vec<_> = futures.into_iter().map(|one| Some(Box::pin(one))).collect();
    let mut done = Vec::new();
    poll_fn(|context| {
        for place in &mut running {
            if let Some(one) = place
                && let Poll::Ready(value) = one.as_mut().poll(context)
            {
                done.push(value);
                *place = None;
            }
        }
        if running.iter().all(Option::is_none) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    done
}

/// Polls once: the call comes as far as it can.
async fn begin<T>(future: &mut Pin<Box<impl Future<Output = T>>>) {
    poll_fn(|context| {
        let _running = future.as_mut().poll(context);
        Poll::Ready(())
    })
    .await;
}

#[tokio::test]
async fn two_hundred_calls_at_once_stay_within_a_cent_and_can_spend_it() {
    // 20 x 0.15 + 100 x 0.6 millionths
    let mut shop = Shop::new(&[reply(20, 100)]);
    shop.key("one", "0.01");
    shop.script.gate.send_replace(false);
    let calls = (0..200).map(|_| shop.call("sk-one", "mini", r#""max_tokens":100"#));
    let open = async {
        // All of those that are let in are with the provider by then.
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        let (spent, reserved) = shop.standing(Counts::Key, "one", Measure::Cost);
        assert_eq!(spent, 0);
        assert!(reserved <= 10_000_000 && reserved > 9_500_000, "{reserved}");
        shop.script.gate.send_replace(true);
    };
    let (answers, ()) = tokio::join!(all(calls), open);
    let let_in = answers.iter().filter(|one| one.status == 200).count();
    let refused = answers.iter().filter(|one| one.status == 422).count();
    assert_eq!(let_in + refused, 200);
    assert_eq!(let_in, shop.sent(), "a call that is refused is not sent");
    assert!((100..200).contains(&let_in), "{let_in}");
    while shop
        .call("sk-one", "mini", r#""max_tokens":100"#)
        .await
        .status
        == 200
    {}
    let (spent, reserved) = shop.standing(Counts::Key, "one", Measure::Cost);
    assert_eq!(reserved, 0);
    assert_eq!(spent, shop.sent() as u64 * 63_000);
    assert!((9_500_000..=10_000_000).contains(&spent), "{spent}");
}

#[tokio::test]
async fn several_answers_are_several_times_as_much() {
    let mut shop = Shop::new(&[reply(20, 1_000)]);
    // Ten answers of 100 tokens are $0.0006.
    shop.key("one", "0.0006");
    let ten = shop
        .call("sk-one", "mini", r#""max_tokens":100,"n":10"#)
        .await;
    assert_eq!(ten.status, 422);
    assert_eq!(shop.sent(), 0);
    let one = shop
        .call("sk-one", "mini", r#""max_tokens":100,"n":1"#)
        .await;
    assert_eq!(one.status, 200);
    shop.key("two", "0.0007");
    let ten = shop
        .call("sk-two", "mini", r#""max_tokens":100,"n":10"#)
        .await;
    assert_eq!(ten.status, 200);
    assert_eq!(shop.spent("two").0, "0.000603");
}

#[tokio::test]
async fn embeddings_and_messages_and_completions_are_counted_too() {
    let vectors = serde_json::json!({
        "object": "list", "model": "m",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}],
        "usage": {"prompt_tokens": 1_000, "total_tokens": 1_000},
    });
    let mut shop = Shop::new(&[Step::Reply(vectors.to_string())]);
    shop.key("one", "0.00003");
    let text = "x".repeat(1_200);
    let body = format!(r#"{{"model":"vector","input":"{text}"}}"#);
    let answer = shop.post("/v1/embeddings", "sk-one", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(shop.spent("one"), ("0.00002".into(), "0".into()));
    let answer = shop.post("/v1/embeddings", "sk-one", &body).await;
    assert_eq!(answer.error().1, "budget_exceeded");

    let mut shop = Shop::new(&[reply(20, 100)]);
    shop.key("one", "0.0001");
    let body = r#"{"model":"mini","max_tokens":100,"messages":[{"role":"user","content":"hi"}]}"#;
    let answer = shop.post("/v1/messages", "sk-one", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(shop.spent("one").0, "0.000063");
    let answer = shop.post("/v1/messages", "sk-one", body).await;
    let error: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((answer.status, &error["type"]), (422, &"error".into()));
    assert_eq!(error["error"]["type"], "invalid_request_error");
    let said = error["error"]["message"].as_str().unwrap();
    assert!(
        said.starts_with("Budget has been exceeded! Key=one"),
        "{said}"
    );

    // Each prompt of a completion has an answer of its own.
    let body = r#"{"model":"mini","max_tokens":100,"prompt":["a","b"]}"#;
    shop.key("two", "0.0001");
    let answer = shop.post("/v1/completions", "sk-two", body).await;
    assert_eq!(answer.status, 422);
    shop.key("three", "0.0002");
    let answer = shop.post("/v1/completions", "sk-three", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn who_is_not_counted_holds_no_counter_and_everybody_else_is_counted() {
    let mut shop = Shop::new(&[reply(20, 100)]);
    shop.world.set_key("free", |_| ());
    let free = shop.call("sk-free", "odd", r#""max_tokens":100"#).await;
    assert_eq!(free.status, 200, "no budget asks for the price");
    assert!(shop.world.gateway.budgets.ledger().standings().is_empty());

    let budget = || Spending {
        max_budget: Some("1".parse().unwrap()),
        ..Spending::default()
    };
    for kind in [Kind::Organisation, Kind::Customer] {
        shop.world.set_single(
            kind,
            if kind == Kind::Customer {
                "dora"
            } else {
                "acme"
            },
        );
    }
    shop.world.set_team("red", |team| {
        team.spending = budget();
        team.members = vec![Member {
            spending: budget(),
            ..member("ann", Default::default())
        }];
        team.organisation = Some(Id::new("acme"));
    });
    shop.world.set_user("ann", Default::default());
    shop.world
        .change_user("ann", |user| user.spending = budget());
    shop.world.set_user("bob", Default::default());
    shop.world
        .change_user("bob", |user| user.spending = budget());
    shop.change_key("one", |key| {
        key.spending = Spending {
            model_max_budget: [(
                "mini".into(),
                ironward_policy::ModelBudget {
                    max_budget: Some("1".parse().unwrap()),
                    ..Default::default()
                },
            )]
            .into(),
            ..budget()
        };
        key.team = Some(Id::new("red"));
        key.owner = Owner::User(Id::new("ann"));
        key.creator = Some(Id::new("bob"));
    });
    let answer = shop.call("sk-one", "mini", r#""max_tokens":100"#).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let standings = shop.world.gateway.budgets.ledger().standings();
    let mut names: Vec<String> = standings
        .iter()
        .map(|standing| {
            assert_eq!(standing.spent, 63_000, "{standing:?}");
            standing.scope.to_string()
        })
        .collect();
    names.sort();
    // A person's own budget does not pay for a team's calls, and who made a key pays for none.
    let expected = [
        "key one",
        "member ann of team red",
        "model mini of key one",
        "team red",
    ];
    assert_eq!(names, expected);
    // Without the team, it is the person's own.
    shop.change_key("two", |key| key.owner = Owner::User(Id::new("ann")));
    shop.call("sk-two", "mini", r#""max_tokens":100"#).await;
    let (spent, _) = shop.standing(Counts::User, "ann", Measure::Cost);
    assert_eq!(spent, 63_000);
}

#[tokio::test]
async fn a_limit_that_changes_goes_on_with_what_was_counted() {
    let mut shop = Shop::new(&[reply(20, 100)]);
    shop.key("one", "0.0001");
    let fields = r#""max_tokens":100"#;
    assert_eq!(shop.call("sk-one", "mini", fields).await.status, 200);
    assert_eq!(shop.call("sk-one", "mini", fields).await.status, 422);
    shop.key("one", "0.0002");
    assert_eq!(shop.call("sk-one", "mini", fields).await.status, 200);
    assert_eq!(shop.spent("one").0, "0.000126");
    // In a budget object, which the key only names.
    shop.change_key("one", |key| key.spending.budget_id = Some("small".into()));
    assert_eq!(
        shop.call("sk-one", "mini", fields).await.status,
        200,
        "nothing is said where there is no such object"
    );
    let set = |shop: &mut Shop, dollars: &str| {
        let spending = Spending {
            max_budget: Some(dollars.parse().unwrap()),
            ..Spending::default()
        };
        let budget = ironward_store::objects::Budget {
            spending,
            ..Default::default()
        };
        let content = Content::Budget(Box::new(budget));
        shop.world.writer.set("small", content);
    };
    set(&mut shop, "0.00019");
    assert_eq!(shop.call("sk-one", "mini", fields).await.status, 422);
    set(&mut shop, "0.001");
    assert_eq!(shop.call("sk-one", "mini", fields).await.status, 200);
    set(&mut shop, "0.0001");
    assert_eq!(shop.call("sk-one", "mini", fields).await.status, 422);
}

#[tokio::test]
async fn a_budget_starts_anew_when_its_window_ends() {
    let mut shop = Shop::new(&[reply(20, 100)]);
    shop.change_key("one", |key| {
        key.spending.max_budget = Some("0.0001".parse().unwrap());
        key.spending.budget_duration = Some("1d".into());
    });
    let fields = r#""max_tokens":100"#;
    assert_eq!(shop.call("sk-one", "mini", fields).await.status, 200);
    let refused = shop.call("sk-one", "mini", fields).await;
    assert!(
        refused
            .body
            .contains("Budget resets at: 2026-01-02 00:00:00 UTC"),
        "{refused:?}"
    );
    shop.world.clock.advance(Duration::from_secs(86_399));
    assert_eq!(shop.call("sk-one", "mini", fields).await.status, 422);
    shop.world.clock.advance(Duration::from_secs(1));
    assert_eq!(shop.call("sk-one", "mini", fields).await.status, 200);
}

#[tokio::test]
async fn it_begins_with_what_the_store_says_that_was_spent() {
    let mut shop = Shop::new(&[reply(20, 100)]);
    let fields = r#""max_tokens":100"#;
    let set = |shop: &mut Shop, spend: f64| {
        shop.change_key("one", |key| {
            key.spending.max_budget = Some("1".parse().unwrap());
            key.kept.insert("spend".into(), spend.into());
        });
    };
    set(&mut shop, 0.99995);
    assert_eq!(shop.call("sk-one", "mini", fields).await.status, 422);
    // An administrator writes another number.
    set(&mut shop, 0.5);
    assert_eq!(shop.call("sk-one", "mini", fields).await.status, 200);
    assert_eq!(shop.spent("one").0, "0.500063");
    // One that says the same changes nothing.
    set(&mut shop, 0.5);
    assert_eq!(shop.call("sk-one", "mini", fields).await.status, 200);
    assert_eq!(shop.spent("one").0, "0.500126");
}
