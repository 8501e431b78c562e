//! A whole request through the pipeline, without sockets: authentication, the strict reading of the
//! body, routing, the provider's wire format, and the reply.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use gungraun::{library_benchmark, library_benchmark_group};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use ironward_catalogue::{Adjustments, PriceBook, PriceList, Priced, Prices, Pricing};
use ironward_core::{
    Clock, CredentialId, Deployment, DeploymentId, Fault, ParamPolicy, Principal, Role, Timeouts,
    UpstreamRequest,
};
use ironward_egress::{BoxFuture, Redaction, ReplyBody, Timing, Upstream, UpstreamReply};
use ironward_identity::Identities;
use ironward_proxy::{
    Access, Budgets, Gateway, InFlight, Keys, Peer, Routed, Routing, Settings, SidePool,
    SnapshotBuilder, keyless, serve,
};
use ironward_secret::KeyHasher;
use ironward_store::objects::{Content, Kind};
use ironward_store::{Directory, DirectoryWriter, Freshness};
use ironward_telemetry::Metrics;
use ironward_testkit::{FakeClock, SeededRandom};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::sample;

const KEY: &str = "sk-4Qw8vTz1Lr6Xn3Bc9Jd5";
/// Of a person in a team of an organisation, made by somebody else.
const VIRTUAL_KEY: &str = "sk-7Hm2kYp5Wd9Fs4Gv8Zq1";

/// A provider that has answered before it was asked.
struct Prompt(Bytes);

impl Upstream for Prompt {
    fn send<'a>(
        &'a self,
        _: CredentialId,
        _: UpstreamRequest,
        _: &'a Timeouts,
    ) -> BoxFuture<'a, Result<UpstreamReply, Fault>> {
        let mut headers = HeaderMap::new();
        let json = http::HeaderValue::from_static("application/json");
        headers.insert(http::header::CONTENT_TYPE, json);
        let reply = UpstreamReply {
            status: StatusCode::OK,
            headers,
            body: ReplyBody::whole(self.0.clone()),
            redaction: Redaction::default(),
            timing: Timing::default(),
        };
        Box::pin(std::future::ready(Ok(reply)))
    }
}

struct Prepared {
    runtime: Runtime,
    gateway: Gateway,
    request: Request<Full<Bytes>>,
}

fn gateway(spending: &serde_json::Value) -> Gateway {
    let hasher = Arc::new(KeyHasher::new(&[7; 32]));
    let metrics = Arc::new(Metrics::default());
    let principal = Principal {
        alias: "admin".into(),
        role: Role::ProxyAdmin,
    };
    let deployment = Deployment {
        id: DeploymentId::new("gpt-test"),
        group: "gpt-test".into(),
        provider: "openai",
        model: "gpt-test-2026".into(),
        credential: CredentialId::new(1),
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
    let vendor = ironward_provider::find("openai").expect("a provider of that name");
    let snapshot = SnapshotBuilder {
        deployments: vec![Routed {
            region: None,
            pricing: Arc::new(pricing()),
            deployment: Arc::new(deployment),
            provider: vendor.provider,
        }],
        aliases: HashMap::new(),
        keys: Keys {
            principals: HashMap::from([(hasher.hash(KEY.as_bytes()), Arc::new(principal))]),
            header: None,
            hasher: Arc::clone(&hasher),
        },
        settings: Settings::default(),
        routing: Routing::default(),
        credentials: Vec::new(),
    };
    let clock = Arc::new(FakeClock::new());
    let freshness = Arc::new(Freshness::new(Arc::clone(&clock) as Arc<dyn Clock>));
    let directory = directory(&hasher, spending);
    let keyless = keyless(&directory, Identities::new(&[], None));
    let access = Access::new(directory, hasher, freshness, None, keyless);
    Gateway {
        access: Arc::new(access),
        snapshot: Arc::new(ArcSwap::from_pointee(snapshot.build(&metrics))),
        upstream: Box::new(Prompt(sample::reply())),
        clock,
        random: Arc::new(SeededRandom::new(1)),
        in_flight: Arc::new(InFlight::default()),
        management: None,
        side_pool: Arc::new(SidePool::new(1)),
        buffers: Arc::default(),
        budgets: Arc::new(Budgets::new(Arc::new(FakeClock::new()))),
        metrics,
        journal: Arc::new(crate::recorded::desk()),
    }
}

/// By the catalogue's prices of a model that has some.
fn pricing() -> Pricing {
    let list = PriceList::new(&Arc::new(PriceBook::built_in()), &Adjustments::default());
    let priced = Priced {
        provider: "openai",
        model: "gpt-4o",
        base: None,
        own: Prices::default(),
        region: None,
    };
    Pricing::new(&list, priced)
}

/// A key with everything that may bound one, and what that says about models and routes; each may spend
/// so much.
fn directory(hasher: &KeyHasher, spending: &serde_json::Value) -> Arc<Directory> {
    let object = |value: serde_json::Value, kind| {
        let body = serde_json::to_vec(&value).expect("JSON");
        Content::read(kind, &body).expect("an object of its kind")
    };
    let origin = json!({"created_at": 0, "created_by": "", "updated_at": 0, "updated_by": ""});
    let grant = json!({"models": ["gpt-*"], "routes": ["llm_api_routes"]});
    let user = json!({
        "role": "internal_user", "organisations": [], "grant": {}, "spending": spending,
        "metadata": {}, "origin": origin,
    });
    let member = json!({"user": "ann", "is_admin": false, "grant": {}, "spending": spending});
    let team = json!({
        "organisation": "acme", "members": [member],
        "member_defaults": {"models": null, "spending": {}, "key_duration": null},
        "member_permissions": [], "model_aliases": {}, "grant": grant, "spending": spending,
        "metadata": {}, "kept": {}, "origin": origin,
    });
    let organisation = json!({
        "alias": "Acme", "grant": grant, "spending": spending, "metadata": {}, "origin": origin,
    });
    let project = json!({
        "alias": "site", "team": "red", "grant": {}, "spending": spending, "metadata": {},
        "origin": origin,
    });
    let hash: String = hasher
        .hash(VIRTUAL_KEY.as_bytes())
        .bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let secret = json!({"form": "presented", "hash": hash, "made": 0, "until": null});
    let key = json!({
        "secrets": [secret], "alias": "site", "name": "sk-...", "owner": {"user": "ann"},
        "team": "red", "project": "site", "organisation": null, "creator": "bob",
        "grant": {"models": ["gpt-test"]}, "spending": spending, "aliases": {}, "tags": [],
        "rotation_interval": null, "metadata": {}, "kept": {}, "origin": origin,
    });
    let mut writer = DirectoryWriter::new();
    writer.set("acme", object(organisation, Kind::Organisation));
    writer.set("red", object(team, Kind::Team));
    writer.set("site", object(project, Kind::Project));
    writer.set("ann", object(user.clone(), Kind::User));
    writer.set("bob", object(user, Kind::User));
    writer.set("key", object(key, Kind::Key));
    writer.directory()
}

fn prepare(
    method: &Method,
    path: &str,
    body: Bytes,
    (key, spending): (&str, &serde_json::Value),
) -> Prepared {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "127.0.0.1:4000")
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json")
        .header("user-agent", "OpenAI/Python 2.9.0")
        .body(Full::new(body))
        .expect("a sound request");
    let mut prepared = Prepared {
        runtime: tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime"),
        gateway: gateway(spending),
        request: Request::default(),
    };
    // What the first call sets up for good does not belong to a call.
    prepared = run(Prepared {
        request: request.clone(),
        ..prepared
    });
    prepared.request = request;
    prepared
}

fn run(prepared: Prepared) -> Prepared {
    let Prepared {
        runtime,
        gateway,
        request,
    } = prepared;
    let length = runtime.block_on(async {
        let response = serve(&gateway, &Peer::default(), request).await;
        assert_eq!(response.status(), StatusCode::OK);
        let body = response.into_body().collect().await;
        body.expect("a body without faults").to_bytes().len()
    });
    assert!(length > 0);
    Prepared {
        runtime,
        gateway,
        request: Request::default(),
    }
}

fn chat(prompt: usize) -> Prepared {
    prepare(
        &Method::POST,
        "/v1/chat/completions",
        sample::request(prompt),
        (KEY, &json!({})),
    )
}

fn chat_bounded(prompt: usize) -> Prepared {
    prepare(
        &Method::POST,
        "/v1/chat/completions",
        sample::request(prompt),
        (VIRTUAL_KEY, &json!({})),
    )
}

/// With a budget and limits of the key, its owner's place in the team, the project, the team and the
/// organisation.
fn chat_budgeted(prompt: usize) -> Prepared {
    let spending = json!({
        "max_budget": "1000000", "budget_duration": "1mo", "rpm_limit": 1_000_000_000,
        "tpm_limit": 1_000_000_000,
    });
    prepare(
        &Method::POST,
        "/v1/chat/completions",
        sample::request(prompt),
        (VIRTUAL_KEY, &spending),
    )
}

fn probe() -> Prepared {
    let key = (KEY, &json!({}));
    prepare(&Method::GET, "/health/liveliness", Bytes::new(), key)
}

// `probe` is the least that any request costs: the route and the response. `chat_bounded` is `chat`
// with a virtual key instead of the master key: the difference is the price of its chain. `chat_budgeted`
// has budgets and limits besides.
#[library_benchmark]
#[bench::probe(setup = probe)]
#[bench::chat(args = (100), setup = chat)]
#[bench::chat_large(args = (100_000), setup = chat)]
#[bench::chat_bounded(args = (100), setup = chat_bounded)]
#[bench::chat_budgeted(args = (100), setup = chat_budgeted)]
fn call(prepared: Prepared) -> Prepared {
    run(prepared)
}

library_benchmark_group!(name = calls, benchmarks = [call]);
