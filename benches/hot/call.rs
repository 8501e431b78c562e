//! A whole request through the pipeline, without sockets: authentication, the strict reading of the
//! body, routing, the provider's wire format, and the reply.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use gungraun::{library_benchmark, library_benchmark_group};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use ironward_core::{
    Clock, CredentialId, Deployment, DeploymentId, Fault, ParamPolicy, Principal, Role, Timeouts,
    UpstreamRequest,
};
use ironward_egress::{BoxFuture, Redaction, ReplyBody, Timing, Upstream, UpstreamReply};
use ironward_proxy::{
    Access, Gateway, InFlight, Keys, Routed, Routing, Settings, SnapshotBuilder, serve,
};
use ironward_secret::KeyHasher;
use ironward_store::{DirectoryWriter, Freshness};
use ironward_testkit::{FakeClock, SeededRandom};
use tokio::runtime::Runtime;

use crate::sample;

const KEY: &str = "sk-4Qw8vTz1Lr6Xn3Bc9Jd5";

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

fn gateway() -> Gateway {
    let hasher = Arc::new(KeyHasher::new(&[7; 32]));
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
    let directory = DirectoryWriter::new().directory();
    Gateway {
        access: Arc::new(Access::new(directory, hasher, freshness, None)),
        snapshot: Arc::new(ArcSwap::from_pointee(snapshot.build())),
        upstream: Box::new(Prompt(sample::reply())),
        clock,
        random: Arc::new(SeededRandom::new(1)),
        in_flight: Arc::new(InFlight::default()),
    }
}

fn prepare(method: &Method, path: &str, body: Bytes) -> Prepared {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "127.0.0.1:4000")
        .header("authorization", format!("Bearer {KEY}"))
        .header("content-type", "application/json")
        .header("user-agent", "OpenAI/Python 2.9.0")
        .body(Full::new(body))
        .expect("a sound request");
    let mut prepared = Prepared {
        runtime: tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime"),
        gateway: gateway(),
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
        let response = serve(&gateway, None, request).await;
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
    )
}

fn probe() -> Prepared {
    prepare(&Method::GET, "/health/liveliness", Bytes::new())
}

// `probe` is the least that any request costs: the route and the response.
#[library_benchmark]
#[bench::probe(setup = probe)]
#[bench::chat(args = (100), setup = chat)]
#[bench::chat_large(args = (100_000), setup = chat)]
fn call(prepared: Prepared) -> Prepared {
    run(prepared)
}

library_benchmark_group!(name = calls, benchmarks = [call]);
