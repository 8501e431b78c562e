//! The pipeline as a whole, with an upstream of the test's own and a directory in memory.

mod budgets;
mod chains;
mod costs;
mod explain;
mod journal;
mod keys;
mod metrics;
mod models;
mod parallel;
mod streams;
mod tokens;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full};
use ironward_core::{
    Clock, CredentialId, Deployment, DeploymentId, Fault, Id, ParamPolicy, Principal, Role,
    Timeouts, UpstreamRequest,
};
use ironward_egress::{BoxFuture, Redaction, ReplyBody, Timing, Upstream, UpstreamReply};
use ironward_identity::Identities;
use ironward_policy::{Grant, Spending};
use ironward_secret::{KeyHash, KeyHasher};
use ironward_store::objects::{
    Budget, Content, Customer, Key, KeySecret, Kind, Member, Organisation, Origin, Owner, Project,
    SecretForm, ServiceAccount, Team, User,
};
use ironward_store::{DirectoryWriter, Freshness};
use ironward_telemetry::{Metrics, MetricsSettings};
use ironward_testkit::{FakeClock, SeededRandom};
use tokio::sync::mpsc;

use crate::{
    Access, Alias, Body, Budgets, Gateway, InFlight, Keys, Peer, Routed, Routing, Settings,
    SidePool, SnapshotBuilder, keyless, serve,
};

const ROOT: &str = "sk-the-master-key";
/// 2026-01-01T00:00:00Z, where the fake clock begins; a Thursday.
const START: u64 = 1_767_225_600_000;
const REPLY: &str = r#"{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#;

/// A gateway with everything that it looks at.
struct World {
    clock: Arc<FakeClock>,
    hasher: Arc<KeyHasher>,
    freshness: Arc<Freshness>,
    writer: DirectoryWriter,
    gateway: Gateway,
    provider: Arc<Provider>,
}

/// Answers whole calls at once, and streams as the test says. It notes which deployment was asked.
#[derive(Default)]
struct Provider {
    streams: Mutex<Vec<mpsc::UnboundedSender<Bytes>>>,
    asked: Mutex<Vec<u64>>,
}

struct Way(Arc<Provider>);

struct Pieces(mpsc::UnboundedReceiver<Bytes>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let next = self.0.poll_recv(context);
        next.map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}

impl Upstream for Way {
    fn send<'a>(
        &'a self,
        credential: CredentialId,
        request: UpstreamRequest,
        _: &'a Timeouts,
    ) -> BoxFuture<'a, Result<UpstreamReply, Fault>> {
        let number = (0..9).find(|number| CredentialId::new(*number) == credential);
        self.0.asked.lock().unwrap().extend(number);
        let is_stream = request
            .body
            .joined()
            .windows(13)
            .any(|text| text == br#""stream":true"#);
        let body = if is_stream {
            let (sender, receiver) = mpsc::unbounded_channel();
            sender.send(event("one")).unwrap();
            self.0.streams.lock().unwrap().push(sender);
            ReplyBody::new(Pieces(receiver))
        } else {
            ReplyBody::whole(REPLY)
        };
        let kind = if is_stream {
            "text/event-stream"
        } else {
            "application/json"
        };
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, kind.parse().unwrap());
        Box::pin(std::future::ready(Ok(UpstreamReply {
            status: StatusCode::OK,
            headers,
            body,
            redaction: Redaction::default(),
            timing: Timing::default(),
        })))
    }
}

/// One event of a provider's stream.
fn event(text: &str) -> Bytes {
    let chunk = serde_json::json!({
        "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}],
    });
    format!("data: {chunk}\n\n").into()
}

fn deployment(group: &str, number: u64, region: Option<&str>) -> Routed {
    let deployment = Deployment {
        id: DeploymentId::new(&format!("{group}-{number}")),
        group: group.into(),
        provider: "openai",
        model: "upstream-model".into(),
        credential: CredentialId::new(number),
        weight: 1.0,
        order: 1,
        retries: None,
        timeouts: Timeouts::default(),
        stream_first_byte: None,
        params: ParamPolicy::default(),
        api_version: None,
        extra_headers: HeaderMap::new(),
        mock_response: None,
    };
    Routed {
        pricing: costs::pricing(&deployment.model),
        deployment: Arc::new(deployment),
        provider: ironward_provider::find("openai").unwrap().provider,
        region: region.map(Into::into),
    }
}

impl World {
    fn new() -> Self {
        Self::with(None, None)
    }

    /// `pepper`: of the directory's keys, where it is another than the configuration's.
    fn with(stale_after: Option<Duration>, pepper: Option<&[u8; 32]>) -> Self {
        let clock = Arc::new(FakeClock::new());
        let root_hasher = Arc::new(KeyHasher::new(&[7; 32]));
        let hasher = pepper.map_or_else(
            || Arc::clone(&root_hasher),
            |pepper| Arc::new(KeyHasher::new(pepper)),
        );
        let principal = Principal {
            alias: "master".into(),
            role: Role::ProxyAdmin,
        };
        let alias = |group: &str| Alias {
            group: group.into(),
            hidden: false,
        };
        let snapshot = SnapshotBuilder {
            deployments: vec![
                deployment("gpt-test", 1, None),
                deployment("gpt-both", 2, Some("eu")),
                deployment("gpt-both", 3, Some("us")),
                deployment("open/*", 4, None),
            ],
            aliases: HashMap::from([("fast".into(), alias("gpt-test"))]),
            keys: Keys {
                principals: HashMap::from([(
                    root_hasher.hash(ROOT.as_bytes()),
                    Arc::new(principal),
                )]),
                header: None,
                hasher: root_hasher,
            },
            settings: Settings::default(),
            routing: Routing::default(),
            credentials: Vec::new(),
        };
        let settings = MetricsSettings {
            litellm: true,
            ..MetricsSettings::default()
        };
        let metrics = Arc::new(Metrics::new(settings, clock.wall(), Arc::default()));
        let writer = DirectoryWriter::new();
        let freshness = Arc::new(Freshness::new(Arc::clone(&clock) as Arc<dyn Clock>));
        let keyless = keyless(&writer.directory(), Identities::new(&[], None));
        let access = Access::new(
            writer.directory(),
            Arc::clone(&hasher),
            Arc::clone(&freshness),
            stale_after,
            keyless,
        );
        let provider = Arc::new(Provider::default());
        let gateway = Gateway {
            snapshot: Arc::new(ArcSwap::from_pointee(snapshot.build(&metrics))),
            access: Arc::new(access),
            upstream: Box::new(Way(Arc::clone(&provider))),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random: Arc::new(SeededRandom::new(1)),
            in_flight: Arc::new(InFlight::default()),
            management: None,
            side_pool: Arc::new(SidePool::new(1)),
            buffers: Arc::default(),
            budgets: Arc::new(Budgets::new(Arc::clone(&clock) as Arc<dyn Clock>)),
            metrics,
            journal: Arc::new(journal::shared()),
        };
        Self {
            clock,
            hasher,
            freshness,
            writer,
            gateway,
            provider,
        }
    }

    /// A key that is proven by `secret`, with nothing that bounds it.
    fn key(&self, secret: &str) -> Key {
        Key {
            secrets: vec![presented(self.hasher.hash(secret.as_bytes()))],
            alias: None,
            name: "sk-...".into(),
            owner: Owner::Team,
            team: None,
            project: None,
            organisation: None,
            creator: None,
            grant: Grant::default(),
            spending: Default::default(),
            aliases: Default::default(),
            tags: Vec::new(),
            rotation_interval: None,
            metadata: Default::default(),
            kept: Default::default(),
            origin: Origin::default(),
        }
    }

    /// The key `id` with the secret `sk-` and the id, changed as `change` says.
    fn set_key(&mut self, id: &str, change: impl FnOnce(&mut Key)) {
        let mut key = self.key(&format!("sk-{id}"));
        change(&mut key);
        self.writer.set(id, Content::Key(Box::new(key)));
    }

    fn set_team(&mut self, id: &str, change: impl FnOnce(&mut Team)) {
        let mut team = Team::default();
        change(&mut team);
        self.writer.set(id, Content::Team(Box::new(team)));
    }

    fn set_user(&mut self, id: &str, grant: Grant) {
        let user = User {
            email: None,
            alias: None,
            role: Role::InternalUser,
            organisations: Vec::new(),
            grant,
            spending: Default::default(),
            sso_user_id: None,
            identities: Vec::new(),
            metadata: Default::default(),
            kept: Default::default(),
            origin: Origin::default(),
        };
        self.writer.set(id, Content::User(Box::new(user)));
    }

    fn change_user(&mut self, id: &str, change: impl FnOnce(&mut User)) {
        let user = self.writer.directory().users.find(id).unwrap();
        let mut user = user.object.clone();
        change(&mut user);
        self.writer.set(id, Content::User(Box::new(user)));
    }

    /// Lets an object run one call at once.
    fn set_single(&mut self, kind: Kind, id: &str) {
        let spending = Spending {
            max_parallel_requests: Some(1),
            ..Spending::default()
        };
        let content = match kind {
            Kind::Project => {
                self.set_project(id, "red", Grant::default());
                let found = self.writer.directory().projects.find(id).unwrap();
                Content::Project(Box::new(Project {
                    spending,
                    ..found.object.clone()
                }))
            }
            Kind::ServiceAccount => {
                self.set_service_account(id, "red", Grant::default());
                let found = self.writer.directory().service_accounts.find(id).unwrap();
                Content::ServiceAccount(Box::new(ServiceAccount {
                    spending,
                    ..found.object.clone()
                }))
            }
            Kind::Organisation => Content::Organisation(Box::new(Organisation {
                spending,
                ..Organisation::default()
            })),
            Kind::Customer => Content::Customer(Box::new(Customer {
                spending,
                ..Customer::default()
            })),
            Kind::Budget => Content::Budget(Box::new(Budget {
                spending,
                ..Budget::default()
            })),
            other => panic!("{other:?}"),
        };
        self.writer.set(id, content);
    }

    fn set_organisation(&mut self, id: &str, grant: Grant) {
        let organisation = Organisation {
            grant,
            ..Organisation::default()
        };
        let content = Content::Organisation(Box::new(organisation));
        self.writer.set(id, content);
    }

    fn set_project(&mut self, id: &str, team: &str, grant: Grant) {
        let project = Project {
            alias: "p".into(),
            team: Id::new(team),
            grant,
            spending: Default::default(),
            metadata: Default::default(),
            kept: Default::default(),
            origin: Origin::default(),
        };
        self.writer.set(id, Content::Project(Box::new(project)));
    }

    fn set_service_account(&mut self, id: &str, team: &str, grant: Grant) {
        let account = ServiceAccount {
            alias: "s".into(),
            team: Id::new(team),
            grant,
            spending: Default::default(),
            identities: Vec::new(),
            metadata: Default::default(),
            kept: Default::default(),
            origin: Origin::default(),
        };
        let content = Content::ServiceAccount(Box::new(account));
        self.writer.set(id, content);
    }

    fn set_customer(&mut self, id: &str, grant: Grant) {
        let customer = Customer {
            grant,
            ..Customer::default()
        };
        self.writer.set(id, Content::Customer(Box::new(customer)));
    }

    async fn send(&self, request: Request<Full<Bytes>>, source: &str) -> http::Response<Body> {
        let peer = Peer {
            address: Some(source.parse().unwrap()),
            workload: None,
        };
        serve(&self.gateway, &peer, request).await
    }

    /// A call of `key`, and its answer.
    async fn ask(&self, key: &str, body: &str) -> Answer {
        self.ask_from(key, body, "192.0.2.1").await
    }

    async fn ask_from(&self, key: &str, body: &str, source: &str) -> Answer {
        let request = request(&Method::POST, "/v1/chat/completions", key, body);
        Answer::of(self.send(request, source).await).await
    }

    /// A stream of `key` that goes on until the response is dropped.
    async fn open(&self, key: &str) -> http::Response<Body> {
        let body = chat_with("gpt-test", r#""stream":true,"user":"dora""#);
        let request = request(&Method::POST, "/v1/chat/completions", key, &body);
        let response = self.send(request, "192.0.2.1").await;
        assert_eq!(response.status(), 200);
        response
    }

    async fn get(&self, key: &str, path: &str) -> Answer {
        let request = request(&Method::GET, path, key, "");
        Answer::of(self.send(request, "192.0.2.1").await).await
    }
}

fn request(method: &Method, path: &str, key: &str, body: &str) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "127.0.0.1:4000")
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
        .unwrap()
}

/// A chat call to a model.
fn chat(model: &str) -> String {
    format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"hi"}}]}}"#)
}

/// One with more fields.
fn chat_with(model: &str, fields: &str) -> String {
    format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"hi"}}],{fields}}}"#)
}

fn presented(hash: KeyHash) -> KeySecret {
    secret(hash, SecretForm::Presented)
}

fn secret(hash: KeyHash, form: SecretForm) -> KeySecret {
    let hex: String = hash
        .bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    KeySecret {
        form,
        hash: hex.into(),
        made: START,
        until: None,
    }
}

fn member(user: &str, grant: Grant) -> Member {
    Member {
        user: Id::new(user),
        is_admin: false,
        grant,
        spending: Default::default(),
    }
}

fn names(items: &[&str]) -> Option<Vec<Box<str>>> {
    Some(items.iter().map(|item| (*item).into()).collect())
}

/// One of each of a grant that bounds nothing but one thing.
fn models(items: &[&str]) -> Grant {
    Grant {
        models: names(items),
        ..Grant::default()
    }
}

fn blocked() -> Grant {
    Grant {
        blocked: true,
        ..Grant::default()
    }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    async fn of(response: http::Response<Body>) -> Self {
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Self {
            status: head.status.as_u16(),
            headers: head.headers,
            body: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// Status, type and message of an error.
    fn error(&self) -> (u16, String, String) {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        let word = |name: &str| body["error"][name].as_str().unwrap_or_default().to_owned();
        (self.status, word("type"), word("message"))
    }

    #[track_caller]
    fn is(&self, status: u16, kind: &str, message: &str) {
        let expected = (status, kind.to_owned(), message.to_owned());
        assert_eq!(self.error(), expected);
    }
}
