//! What authentication costs a call, in nanoseconds, with 100,000 keys in memory:
//! `cargo bench -p ironward-benches --bench authenticate`. It prints one JSON line.
//!
//! A request with a key is answered once it is authenticated, as its route takes another method;
//! one to no route is answered without a look at its key. The difference is the key's.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "it measures, prints, and stops at the first thing that goes wrong"
)]

#[path = "../recorded.rs"]
mod recorded;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Empty;
use ironward_core::{Clock, CredentialId, Fault, Timeouts, UpstreamRequest};
use ironward_egress::{BoxFuture, Upstream, UpstreamReply};
use ironward_identity::Identities;
use ironward_proxy::{
    Access, Budgets, Gateway, InFlight, Keys, Peer, Routing, Settings, SidePool, SnapshotBuilder,
    keyless, serve,
};
use ironward_secret::KeyHasher;
use ironward_store::objects::{Content, Kind};
use ironward_store::{Directory, DirectoryWriter, Freshness};
use ironward_telemetry::Metrics;
use ironward_testkit::{FakeClock, SeededRandom};
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const KEYS: usize = 100_000;
/// Requests of one measurement; each with another key.
const REQUESTS: usize = 20_000;
const ROUNDS: usize = 15;

/// Nothing goes out.
struct Nowhere;

impl Upstream for Nowhere {
    fn send<'a>(
        &'a self,
        _: CredentialId,
        _: UpstreamRequest,
        _: &'a Timeouts,
    ) -> BoxFuture<'a, Result<UpstreamReply, Fault>> {
        Box::pin(std::future::pending())
    }
}

/// Makes the request of this number.
type Ask = Box<dyn Fn(usize) -> Request<Empty<Bytes>>>;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let gateway = gateway();
    let route = "/v1/chat/completions";
    let (no_key, no_method) = (StatusCode::UNAUTHORIZED, StatusCode::METHOD_NOT_ALLOWED);
    let cases: [(&str, StatusCode, Ask); 5] = [
        (
            "nothing",
            StatusCode::NOT_FOUND,
            Box::new(|number| request("/nowhere", &key(number))),
        ),
        (
            "plain",
            no_method,
            Box::new(move |number| request(route, &key(number * 2 % KEYS))),
        ),
        (
            "chain",
            no_method,
            Box::new(move |number| request(route, &key((number * 2 + 1) % KEYS))),
        ),
        (
            "unknown",
            no_key,
            Box::new(move |number| request(route, &key(number + KEYS))),
        ),
        (
            "malformed",
            no_key,
            Box::new(move |number| request(route, &format!("sk-iw-{}", key(number)))),
        ),
    ];
    let peer = Peer::default();
    let mut fastest = [f64::MAX; 5];
    for _ in 0..ROUNDS {
        for ((_, status, request), fastest) in cases.iter().zip(&mut fastest) {
            let requests: Vec<_> = (0..REQUESTS).map(request).collect();
            let begun = Instant::now();
            runtime.block_on(async {
                for request in requests {
                    let response = serve(&gateway, &peer, request).await;
                    assert_eq!(response.status(), *status);
                }
            });
            let each = begun.elapsed().as_nanos() as f64 / REQUESTS as f64;
            *fastest = fastest.min(each);
        }
    }
    let [nothing, plain, chain, unknown, malformed] = fastest;
    println!(
        "{}",
        json!({
            "keys": KEYS,
            "plain_ns": plain - nothing,
            "chain_ns": chain - nothing,
            "unknown_ns": unknown - nothing,
            "malformed_ns": malformed - nothing,
            "without_ns": nothing,
        })
    );
}

fn key(number: usize) -> String {
    format!(
        "sk-{:016x}{number:016x}",
        (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    )
}

fn request(path: &str, key: &str) -> Request<Empty<Bytes>> {
    Request::builder()
        .method(Method::GET)
        .uri(path)
        .header("host", "127.0.0.1:4000")
        .header("authorization", format!("Bearer {key}"))
        .body(Empty::new())
        .expect("a sound request")
}

fn gateway() -> Gateway {
    let hasher = Arc::new(KeyHasher::new(&[7; 32]));
    let metrics = Arc::new(Metrics::default());
    let snapshot = SnapshotBuilder {
        deployments: Vec::new(),
        aliases: HashMap::new(),
        keys: Keys {
            principals: HashMap::new(),
            header: None,
            hasher: Arc::clone(&hasher),
        },
        settings: Settings::default(),
        routing: Routing::default(),
        credentials: Vec::new(),
    };
    let clock = Arc::new(FakeClock::new());
    let freshness = Arc::new(Freshness::new(Arc::clone(&clock) as Arc<dyn Clock>));
    let directory = directory(&hasher);
    let keyless = keyless(&directory, Identities::new(&[], None));
    Gateway {
        access: Arc::new(Access::new(directory, hasher, freshness, None, keyless)),
        snapshot: Arc::new(ArcSwap::from_pointee(snapshot.build(&metrics))),
        upstream: Box::new(Nowhere),
        clock,
        random: Arc::new(SeededRandom::new(1)),
        in_flight: Arc::new(InFlight::default()),
        management: None,
        side_pool: Arc::new(SidePool::new(1)),
        buffers: Arc::default(),
        budgets: Arc::new(Budgets::new(Arc::new(FakeClock::new()))),
        metrics,
        journal: Arc::new(recorded::desk()),
    }
}

/// Every other key stands alone; the others are of a person in a team of an organisation, and made
/// by somebody else.
fn directory(hasher: &KeyHasher) -> Arc<Directory> {
    let origin = json!({"created_at": 0, "created_by": "", "updated_at": 0, "updated_by": ""});
    let grant = json!({"models": ["gpt-*"], "routes": ["llm_api_routes"]});
    let mut writer = DirectoryWriter::new();
    let mut set = |id: &str, kind, value: Value| {
        let body = serde_json::to_vec(&value).expect("JSON");
        writer.set(
            id,
            Content::read(kind, &body).expect("an object of its kind"),
        );
    };
    for user in (0..1000)
        .map(|number| format!("user-{number}"))
        .chain(["bob".to_owned()])
    {
        set(
            &user,
            Kind::User,
            json!({
                "role": "internal_user", "organisations": [], "grant": {}, "spending": {}, "metadata": {}, "origin": origin,
            }),
        );
    }
    set(
        "acme",
        Kind::Organisation,
        json!({
            "alias": "Acme", "grant": grant, "spending": {}, "metadata": {}, "origin": origin,
        }),
    );
    let members: Vec<Value> = (0..1000)
        .map(|number| json!({"user": format!("user-{number}"), "is_admin": false, "grant": {}, "spending": {}}))
        .collect();
    set(
        "red",
        Kind::Team,
        json!({
            "organisation": "acme", "members": members, "member_permissions": [], "model_aliases": {}, "grant": grant,
            "member_defaults": {"models": null, "spending": {}, "key_duration": null}, "spending": {}, "metadata": {},
            "kept": {}, "origin": origin,
        }),
    );
    for number in 0..KEYS {
        let hash: String = hasher
            .hash(key(number).as_bytes())
            .bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let owner = if number % 2 == 0 {
            json!("team")
        } else {
            json!({"user": format!("user-{}", number % 1000)})
        };
        let (team, creator) = if number % 2 == 0 {
            (Value::Null, Value::Null)
        } else {
            (json!("red"), json!("bob"))
        };
        set(
            &format!("key-{number}"),
            Kind::Key,
            json!({
                "secrets": [{"form": "presented", "hash": hash, "made": 0, "until": null}], "alias": null, "name": "sk-...",
                "owner": owner, "team": team, "project": null, "organisation": null, "creator": creator,
                "grant": {"models": ["gpt-test"]}, "spending": {}, "aliases": {}, "tags": [], "rotation_interval": null,
                "metadata": {}, "kept": {}, "origin": origin,
            }),
        );
    }
    writer.directory()
}
