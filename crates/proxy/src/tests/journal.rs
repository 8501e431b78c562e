//! Every call that is let in is on the record before anything is told of it, and so is its end.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt as _, Full};
use ironward_core::{CredentialId, Fault, Id, SystemClock, Timeouts, UpstreamRequest};
use ironward_egress::{BoxFuture, Redaction, ReplyBody, Timing, Upstream, UpstreamReply};
use ironward_journal::{Desk, Durability, Folder, Journal, Options, Reader};
use ironward_policy::Grant;
use ironward_store::objects::Owner;
use ironward_testkit::SeededRandom;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Peer, ROOT, START, World, chat, chat_with, event, member, request, serve};

/// A journal that nobody looks into, for all tests of this process.
pub(super) fn shared() -> Desk {
    static SHARED: OnceLock<(Journal, TempDir)> = OnceLock::new();
    let (journal, _) = SHARED.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        (open(directory.path()), directory)
    });
    journal.desk()
}

fn open(directory: &Path) -> Journal {
    let journal = Journal::open(Options {
        folder: Folder::of(directory),
        seed: &[7; 32],
        origin: "ironward/test/node",
        durability: Durability::Process,
        // Time stands still in some tests.
        stall: Duration::MAX,
        clock: Arc::new(SystemClock),
        random: Arc::new(SeededRandom::new(2)),
        report: Box::new(|_| {}),
    });
    journal.unwrap()
}

/// A gateway with a journal of its own.
struct Site {
    world: World,
    journal: Journal,
    directory: TempDir,
}

impl Site {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let journal = open(directory.path());
        let mut world = World::new();
        world.gateway.journal = Arc::new(journal.desk());
        Self {
            world,
            journal,
            directory,
        }
    }

    /// Ends the journal; its records.
    fn records(self) -> Vec<Value> {
        let key = self.journal.key().clone();
        self.journal.close();
        let reader = Reader::open(Folder::of(self.directory.path()), &key).unwrap();
        let mut records = Vec::new();
        let each = reader.each(0, |_, record| {
            records.push(serde_json::from_slice(record).unwrap());
            true
        });
        each.unwrap();
        records
    }

    /// Puts the tails away, so that nothing can be written.
    fn obstruct(&self) {
        let (tails, away) = self.tails();
        std::fs::rename(tails, away).unwrap();
    }

    /// Brings them back, and waits until the journal has noticed.
    async fn clear(&self) {
        let (tails, away) = self.tails();
        std::fs::rename(away, tails).unwrap();
        while self.journal.trouble().is_some() {
            tokio::task::yield_now().await;
        }
    }

    fn tails(&self) -> (std::path::PathBuf, std::path::PathBuf) {
        let journal = self.directory.path().join("journal");
        (journal.join("tail"), journal.join("away"))
    }
}

fn of_kind<'r>(records: &'r [Value], kind: &str) -> Vec<&'r Value> {
    let of_kind = records.iter().filter(|record| record["kind"] == kind);
    of_kind.collect()
}

fn full(world: &mut World) {
    world.set_organisation("acme", Grant::default());
    world.set_user("ann", Grant::default());
    world.set_team("red", |team| {
        team.organisation = Some(Id::new("acme"));
        team.members = vec![member("ann", Grant::default())];
    });
    world.set_key("one", |key| {
        key.owner = Owner::User(Id::new("ann"));
        key.team = Some(Id::new("red"));
    });
}

#[tokio::test]
async fn a_call_and_its_end_are_recorded() {
    let mut site = Site::new();
    full(&mut site.world);
    let body = chat_with("gpt-both", r#""user":"dora""#);
    let answer = site.world.ask("sk-one", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let id = answer.headers["x-litellm-call-id"].to_str().unwrap();
    let asked = site.world.provider.asked.lock().unwrap().clone();
    let region = if asked == [2] { "eu" } else { "us" };
    let records = site.records();
    assert_eq!(
        records[0],
        json!({"v": 1, "at": START, "id": id, "kind": "call", "node": "node",
               "who": {"key": "one", "user": "ann", "team": "red", "organisation": "acme",
                       "source": "192.0.2.1"},
               "what": {"dialect": "openai_chat", "model": "gpt-both"}})
    );
    let cost = &records[1]["what"]["cost"];
    assert!(
        cost["dollars"].is_string() && cost["prices"].is_string(),
        "{cost}"
    );
    assert_eq!(
        records[1],
        json!({"v": 1, "at": START, "id": format!("{id}.settled"), "of": id,
               "kind": "call.settled", "node": "node",
               "what": {"attempts": 1, "status": 200, "cost": cost, "provider": "openai",
                        "deployment": format!("gpt-both-{}", asked[0]), "region": region,
                        "resolved_model": "upstream-model", "usage": {"input": 1, "output": 1},
                        "times": {"first_byte": 0, "overhead": 0, "total": 0}}})
    );
    assert_eq!(records.len(), 2);
}

#[tokio::test]
async fn nothing_of_a_prompt_or_a_reply_is_recorded() {
    let site = Site::new();
    let body = r#"{"model":"gpt-test","user":"dora","metadata":{"tag":"dora"},
        "messages":[{"role":"user","content":"the dora prompt"}]}"#;
    let answer = site.world.ask(ROOT, body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let response = site.world.open(ROOT).await;
    drop(response);
    let records = serde_json::to_string(&site.records()).unwrap();
    assert!(records.contains("master"), "{records}");
    for text in ["dora", "prompt", "\"hi\"", "\"one\"", "sk-"] {
        assert!(!records.contains(text), "{text}: {records}");
    }
}

#[tokio::test]
async fn a_stream_whose_client_hangs_up_is_settled() {
    let site = Site::new();
    let mut response = site.world.open(ROOT).await;
    response.body_mut().frame().await.unwrap().unwrap();
    site.world.clock.advance(Duration::from_millis(7));
    drop(response);
    let records = site.records();
    assert_eq!(records[0]["what"]["stream"], true);
    let what = &records[1]["what"];
    assert_eq!(
        (&what["status"], &what["fault"]),
        (&json!(499), &json!("client_gone"))
    );
    assert_eq!(
        what["times"],
        json!({"first_byte": 0, "overhead": 0, "total": 7000})
    );
    assert_eq!(records.len(), 2);
}

#[tokio::test]
async fn a_stream_that_its_provider_ends_is_settled() {
    let site = Site::new();
    let response = site.world.open(ROOT).await;
    let provider = site.world.provider.streams.lock().unwrap().pop().unwrap();
    provider.send(event("two")).unwrap();
    provider
        .send(Bytes::from_static(b"data: [DONE]\n\n"))
        .unwrap();
    drop(provider);
    response.into_body().collect().await.unwrap();
    let records = site.records();
    assert_eq!(records[1]["what"]["status"], 200);
    assert!(records[1]["what"].get("fault").is_none());
    assert_eq!(records.len(), 2);
}

#[tokio::test]
async fn a_call_without_a_plan_is_recorded_and_settled() {
    let site = Site::new();
    let mut call = request(
        &Method::POST,
        "/v1/chat/completions",
        ROOT,
        &chat("gpt-test"),
    );
    let headers = call.headers_mut();
    headers.insert("x-litellm-timeout", "soon".parse().unwrap());
    let response = site.world.send(call, "192.0.2.1").await;
    assert_eq!(response.status(), 400);
    let records = site.records();
    assert_eq!(of_kind(&records, "call").len(), 1);
    let what = &of_kind(&records, "call.settled")[0]["what"];
    assert_eq!(
        (&what["status"], &what["attempts"]),
        (&json!(400), &json!(0))
    );
}

#[tokio::test]
async fn what_is_not_let_in_is_no_call() {
    let site = Site::new();
    for (key, model) in [("sk-nobody", "gpt-test"), (ROOT, "no-such-model")] {
        let answer = site.world.ask(key, &chat(model)).await;
        assert!(answer.status >= 400, "{answer:?}");
    }
    site.world.ask(ROOT, &chat("gpt-test")).await;
    assert_eq!(site.records().len(), 2);
}

/// Attack 17: what cannot be recorded is not done, and that ends by itself.
#[tokio::test]
async fn while_the_journal_cannot_be_written_no_call_is_made() {
    let site = Site::new();
    site.obstruct();
    // Nobody knows yet: the provider is asked, and what it answers is kept back.
    let kept_back = site.world.ask(ROOT, &chat("gpt-test")).await;
    assert_eq!(kept_back.status, 503, "{kept_back:?}");
    assert!(
        kept_back.body.contains("could not record the call"),
        "{kept_back:?}"
    );
    assert!(!kept_back.body.contains("chat.completion"));
    assert_eq!(site.world.provider.asked.lock().unwrap().len(), 1);
    for stream in ["", r#","stream":true"#] {
        let body = chat_with("gpt-test", &format!(r#""n":1{stream}"#));
        let refused = site.world.ask(ROOT, &body).await;
        assert_eq!(refused.status, 503, "{refused:?}");
        let error: Value = serde_json::from_str(&refused.body).unwrap();
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains("takes none"), "{message}");
        assert_eq!(refused.headers["retry-after"], "1");
    }
    let anthropic = request(
        &Method::POST,
        "/v1/messages",
        ROOT,
        &chat_with("gpt-test", r#""max_tokens":9"#),
    );
    let refused = site.world.send(anthropic, "192.0.2.1").await;
    assert_eq!(refused.status(), 503);
    let body = refused.into_body().collect().await.unwrap().to_bytes();
    let error: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(error["type"], "error", "{error}");
    assert_eq!(
        site.world.provider.asked.lock().unwrap().len(),
        1,
        "nothing is sent to a provider"
    );
    site.clear().await;
    let answer = site.world.ask(ROOT, &chat("gpt-test")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let records = site.records();
    assert_eq!(of_kind(&records, "call").len(), 2);
    let settled = of_kind(&records, "call.settled");
    assert_eq!(settled.len(), 2);
    // What the provider did has its price, whatever the client was told.
    let what = &settled[0]["what"];
    assert_eq!(
        (&what["status"], &what["fault"]),
        (&json!(503), &json!("unavailable"))
    );
    assert_eq!(what["usage"], json!({"input": 1, "output": 1}));
    assert_eq!(of_kind(&records, "journal.recovered").len(), 1);
}

/// Has no answer, or a defect.
struct Bad(bool);

impl Upstream for Bad {
    fn send<'a>(
        &'a self,
        _: CredentialId,
        _: UpstreamRequest,
        _: &'a Timeouts,
    ) -> BoxFuture<'a, Result<UpstreamReply, Fault>> {
        let is_defect = self.0;
        Box::pin(async move {
            assert!(!is_defect, "a defect of the gateway");
            tokio::task::yield_now().await;
            let body = ReplyBody::whole(Bytes::from_static(b"{}"));
            Ok(UpstreamReply {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                headers: HeaderMap::new(),
                body,
                redaction: Redaction::default(),
                timing: Timing::default(),
            })
        })
    }
}

#[tokio::test]
async fn a_provider_that_fails_is_on_record() {
    let mut site = Site::new();
    site.world.gateway.upstream = Box::new(Bad(false));
    let answer = site.world.ask(ROOT, &chat("gpt-test")).await;
    assert!(answer.status >= 500, "{answer:?}");
    let records = site.records();
    let what = &of_kind(&records, "call.settled")[0]["what"];
    assert_eq!(what["status"], answer.status);
    assert_eq!(what["deployment"], "gpt-test-1");
    assert!(
        what["fault"].is_string() && what["attempts"].as_u64() > Some(1),
        "{what}"
    );
}

#[tokio::test]
async fn a_call_that_panics_or_is_given_up_is_settled() {
    for is_defect in [true, false] {
        let site = Site::new();
        let Site {
            mut world,
            journal,
            directory,
        } = site;
        world.gateway.upstream = Box::new(Bad(is_defect));
        let gateway = Arc::new(std::mem::replace(&mut world.gateway, World::new().gateway));
        let call: http::Request<Full<Bytes>> = request(
            &Method::POST,
            "/v1/chat/completions",
            ROOT,
            &chat("gpt-test"),
        );
        let calling = {
            let gateway = Arc::clone(&gateway);
            tokio::spawn(async move {
                let peer = Peer::default();
                drop(serve(&gateway, &peer, call).await);
            })
        };
        // It runs until it panics, or waits for its provider.
        tokio::task::yield_now().await;
        calling.abort();
        assert!(calling.await.is_err());
        drop(gateway);
        let site = Site {
            world,
            journal,
            directory,
        };
        let records = site.records();
        let settled = of_kind(&records, "call.settled");
        assert_eq!((of_kind(&records, "call").len(), settled.len()), (1, 1));
        let fault = if is_defect { "internal" } else { "client_gone" };
        assert_eq!(settled[0]["what"]["fault"], fault);
    }
}
