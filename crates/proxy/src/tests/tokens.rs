//! Who comes without a key: with a token of an issuer, or a certificate.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use ironward_config::{Algorithm, KeySource, Place};
use ironward_core::{Clock, CredentialId, Fault, Id, Location, Timeouts, UpstreamRequest};
use ironward_egress::{
    BoxFuture, Credentials, Redaction, ReplyBody, Timing, Upstream, UpstreamReply,
};
use ironward_identity::{Identities, KeysEvent, Refresher, SpiffeId, Workload};
use ironward_policy::{Grant, Spending};
use ironward_store::objects::{Claim, Content, Kind, ServiceAccount};
use ironward_testkit::{Issuer, unsigned_token};
use serde_json::{Value, json};

use super::{Answer, ROOT, START, World, blocked, chat, chat_with, event, models, request};
use crate::{Body, Peer, serve};

const WRONG: &str = "Authentication Error, Invalid proxy server token passed.";
const SPIFFE: &str = "spiffe://prod.example.com/ns/agents/sa/planner";

/// The way to an issuer that needs no network.
struct Documents(Arc<Issuer>);

impl Upstream for Documents {
    fn send<'a>(
        &'a self,
        _: CredentialId,
        request: UpstreamRequest,
        _: &'a Timeouts,
    ) -> BoxFuture<'a, Result<UpstreamReply, Fault>> {
        let document = self.0.document(&request.path).unwrap();
        Box::pin(std::future::ready(Ok(UpstreamReply {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: ReplyBody::whole(document),
            redaction: Redaction::default(),
            timing: Timing::default(),
        })))
    }
}

fn configured(issuer: &Issuer) -> ironward_config::Issuer {
    let document = format!("{}/.well-known/openid-configuration", issuer.url());
    ironward_config::Issuer {
        place: Place::start(&Arc::from("config.yaml")),
        issuer: issuer.url(),
        audiences: vec![Issuer::AUDIENCE.to_owned()],
        algorithms: vec![Algorithm::Rs256],
        keys: KeySource::Discovery(Location::parse(&document).unwrap()),
    }
}

/// Puts the issuer in force, with its keys.
async fn trust(world: &World, issuer: &Arc<Issuer>) {
    let identities = Identities::new(&[configured(issuer)], None);
    let upstream: Arc<dyn Upstream> = Arc::new(Documents(Arc::clone(issuer)));
    let clock = Arc::clone(&world.clock) as Arc<dyn Clock>;
    let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
    let report = move |event| drop(sender.send(event));
    let refresher = Refresher::new(&identities, &upstream, &Credentials::new(), &clock, report);
    tokio::select! {
        () = refresher.unwrap().run() => unreachable!("there is an issuer"),
        event = events.recv() => assert!(matches!(event, Some(KeysEvent::Fetched { .. }))),
    }
    world.gateway.access.keyless.replace(identities);
}

fn claim(name: &str, value: &str) -> Claim {
    Claim {
        name: name.into(),
        value: value.into(),
    }
}

/// A service account of the team `red` of `acme`, which lists `identities`.
fn account(world: &mut World, id: &str, identities: Vec<Vec<Claim>>) {
    set_account(world, id, |account| account.identities = identities);
}

fn set_account(world: &mut World, id: &str, change: impl FnOnce(&mut ServiceAccount)) {
    if world.writer.directory().teams.find("red").is_none() {
        world.set_organisation("acme", Grant::default());
        world.set_team("red", |team| team.organisation = Some(Id::new("acme")));
    }
    if world.writer.directory().service_accounts.find(id).is_none() {
        world.set_service_account(id, "red", Grant::default());
    }
    let held = world.writer.directory().service_accounts.find(id).unwrap();
    let mut account = held.object.clone();
    change(&mut account);
    let content = Content::ServiceAccount(Box::new(account));
    world.writer.set(id, content);
}

fn of(issuer: &Issuer, subject: &str) -> Vec<Claim> {
    vec![claim("iss", &issuer.url()), claim("sub", subject)]
}

/// A world in which the service account `bot` is proven by tokens for `planner`.
async fn world() -> (World, Arc<Issuer>) {
    let mut world = World::new();
    let issuer = Arc::new(Issuer::start());
    trust(&world, &issuer).await;
    account(&mut world, "bot", vec![of(&issuer, "planner")]);
    (world, issuer)
}

fn claims(issuer: &Issuer, subject: &str) -> Value {
    issuer.claims(subject, START / 1000 + 600)
}

fn asked(world: &World) -> usize {
    world.provider.asked.lock().unwrap().len()
}

#[tokio::test]
async fn a_token_stands_for_whoever_lists_its_claims() {
    let (mut world, issuer) = world().await;
    let token = issuer.token(&claims(&issuer, "planner"));
    assert_eq!(world.ask(&token, &chat("gpt-test")).await.status, 200);
    let stranger = issuer.token(&claims(&issuer, "stranger"));
    let answer = world.ask(&stranger, &chat("gpt-test")).await;
    answer.is(401, "token_not_found_in_db", WRONG);
    // A person is bounded as by a key that is of no team.
    world.set_user("ann", models(&["gpt-test"]));
    let identities = vec![of(&issuer, "ann@example.com")];
    world.change_user("ann", |ann| ann.identities = identities);
    let token = issuer.token(&claims(&issuer, "ann@example.com"));
    assert_eq!(world.ask(&token, &chat("gpt-test")).await.status, 200);
    let answer = world.ask(&token, &chat("gpt-both")).await;
    assert_eq!(
        (answer.status, answer.error().1.as_str()),
        (403, "user_model_access_denied")
    );
    // Where two list them, neither is meant.
    account(&mut world, "other", vec![of(&issuer, "planner")]);
    let token = issuer.token(&claims(&issuer, "planner"));
    let answer = world.ask(&token, &chat("gpt-test")).await;
    answer.is(401, "token_not_found_in_db", WRONG);
    assert_eq!(asked(&world), 2);
}

#[tokio::test]
async fn every_forged_token_is_answered_as_a_wrong_key() {
    let (world, issuer) = world().await;
    let sound = claims(&issuer, "planner");
    let victim = issuer.token(&sound);
    let (head, signature) = victim.rsplit_once('.').unwrap();
    let header = head.split_once('.').unwrap().0;
    let with = |name: &str, value: Value| {
        let mut claims = sound.clone();
        claims[name] = value;
        issuer.token(&claims)
    };
    let other = unsigned_token(&json!({}), &claims(&issuer, "root"), signature);
    let payload = other.split('.').nth(1).unwrap();
    let mut forged = vec![
        format!("{header}.{payload}.{signature}"),
        format!("{head}."),
        format!("{victim}x"),
        unsigned_token(&json!({"alg": "none"}), &sound, ""),
        unsigned_token(&json!({"alg": "None", "kid": "k"}), &sound, signature),
        with("aud", json!("elsewhere")),
        with("aud", json!(null)),
        with("exp", json!(START / 1000 - 60)),
        with("exp", json!(null)),
        with("nbf", json!(START / 1000 + 61)),
        with("iss", json!("https://elsewhere.example.com")),
        Issuer::start().token(&sound),
        issuer.token_with(&json!({"alg": "RS256", "kid": "other"}), &sound),
        issuer.token_with(
            &json!({"alg": "RS256", "crit": ["b64"], "kid": "k"}),
            &sound,
        ),
    ];
    forged.extend(issuer.confused_tokens(&sound));
    for is_warm in [false, true] {
        if is_warm {
            assert_eq!(world.ask(&victim, &chat("gpt-test")).await.status, 200);
        }
        for token in &forged {
            let answer = world.ask(token, &chat("gpt-test")).await;
            answer.is(401, "token_not_found_in_db", WRONG);
        }
    }
    assert_eq!(asked(&world), 1);
}

#[tokio::test]
async fn wrong_tokens_are_counted_with_wrong_keys() {
    let (world, issuer) = world().await;
    let expired = issuer.token(&issuer.claims("planner", START / 1000 - 600));
    let sound = issuer.token(&claims(&issuer, "planner"));
    for number in 0..60 {
        let wrong = if number % 2 == 0 {
            expired.as_str()
        } else {
            "sk-x"
        };
        assert_eq!(world.ask(wrong, &chat("gpt-test")).await.status, 401);
    }
    assert_eq!(world.ask(&expired, &chat("gpt-test")).await.status, 429);
    assert_eq!(world.ask(&sound, &chat("gpt-test")).await.status, 200);
}

#[tokio::test]
async fn without_an_issuer_a_token_is_a_key_like_any_other() {
    let mut world = World::new();
    let text = unsigned_token(&json!({"alg": "none"}), &json!({"sub": "x"}), "");
    let hash = world.hasher.hash(text.as_bytes());
    world.set_key("one", |key| key.secrets = vec![super::presented(hash)]);
    assert_eq!(world.ask(&text, &chat("gpt-test")).await.status, 200);
}

#[tokio::test]
async fn nobody_can_tell_a_good_token_without_the_issuers_keys() {
    let (world, issuer) = world().await;
    let identities = Identities::new(&[configured(&issuer)], None);
    world.gateway.access.keyless.replace(identities);
    let token = issuer.token(&claims(&issuer, "planner"));
    let answer = world.ask(&token, &chat("gpt-test")).await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(world.ask(ROOT, &chat("gpt-test")).await.status, 200);
}

/// Something that happens meanwhile.
type Change = fn(&mut World);

#[tokio::test]
async fn an_accounts_chain_bounds_its_tokens() {
    let cases: [(Change, u16, &str); 5] = [
        (
            |world| set_account(world, "bot", |bot| bot.grant = models(&["other"])),
            403,
            "agent_model_access_denied",
        ),
        (
            |world| set_account(world, "bot", |bot| bot.grant = blocked()),
            401,
            "auth_error",
        ),
        (
            |world| world.set_team("red", |team| team.grant = models(&["other"])),
            403,
            "team_model_access_denied",
        ),
        (
            |world| world.set_organisation("acme", models(&["other"])),
            403,
            "org_model_access_denied",
        ),
        (
            |world| world.writer.unset(Kind::Team, "red"),
            401,
            "auth_error",
        ),
    ];
    for (change, status, kind) in cases {
        let (mut world, issuer) = world().await;
        let token = issuer.token(&claims(&issuer, "planner"));
        change(&mut world);
        let answer = world.ask(&token, &chat("gpt-test")).await;
        assert_eq!(
            (answer.status, answer.error().1.as_str()),
            (status, kind),
            "{answer:?}"
        );
        assert_eq!(asked(&world), 0);
    }
}

#[tokio::test]
async fn all_calls_of_an_account_are_counted_together() {
    let (mut world, issuer) = world().await;
    set_account(&mut world, "bot", |bot| {
        bot.spending = Spending {
            max_parallel_requests: Some(1),
            ..Spending::default()
        };
    });
    let token = |seconds| issuer.token(&issuer.claims("planner", START / 1000 + seconds));
    let stream = open(&world, &token(600)).await;
    let answer = world.ask(&token(601), &chat("gpt-test")).await;
    assert_eq!(answer.status, 429, "{answer:?}");
    assert!(answer.body.contains("agent: bot"), "{answer:?}");
    drop(stream);
    assert_eq!(world.ask(&token(601), &chat("gpt-test")).await.status, 200);
}

/// A stream of a token, of which the first event has come.
async fn open(world: &World, token: &str) -> Body {
    let body = chat_with("gpt-test", r#""stream":true"#);
    let request = request(&Method::POST, "/v1/chat/completions", token, &body);
    begun(world.send(request, "192.0.2.1").await).await
}

async fn begun(response: http::Response<Body>) -> Body {
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    assert!(next(&mut body).await.unwrap().contains("one"));
    body
}

async fn next(body: &mut Body) -> Option<String> {
    let frame = body.frame().await?;
    let bytes = frame.unwrap().into_data().unwrap();
    Some(String::from_utf8(bytes.to_vec()).unwrap())
}

/// The rest of a stream, and whether it was cut.
async fn rest(world: &World, mut body: Body) -> String {
    let provider = world.provider.streams.lock().unwrap().pop().unwrap();
    let _gone = provider.send(event("two"));
    drop(provider);
    let mut rest = String::new();
    while let Some(piece) = next(&mut body).await {
        rest.push_str(&piece);
    }
    rest
}

#[tokio::test]
async fn what_ends_a_token_cuts_its_stream() {
    let gone = "is not accepted any more";
    let cases: [(Change, &str); 6] = [
        (
            |world| set_account(world, "bot", |bot| bot.grant = blocked()),
            "agent is blocked",
        ),
        (
            |world| world.writer.unset(Kind::ServiceAccount, "bot"),
            gone,
        ),
        (|world| account(world, "bot", Vec::new()), gone),
        (
            |world| {
                world
                    .gateway
                    .access
                    .keyless
                    .replace(Identities::new(&[], None));
            },
            gone,
        ),
        (|world| world.writer.unset(Kind::Team, "red"), "is gone"),
        (
            |world| set_account(world, "bot", |bot| bot.grant = models(&["other"])),
            "agent not allowed",
        ),
    ];
    for (end, says) in cases {
        let (mut world, issuer) = world().await;
        let token = issuer.token(&claims(&issuer, "planner"));
        let stream = open(&world, &token).await;
        // Somebody else's binding is no reason.
        account(&mut world, "other", vec![of(&issuer, "somebody-else")]);
        world.gateway.access.look(START);
        end(&mut world);
        world.gateway.access.look(START);
        let rest = rest(&world, stream).await;
        assert!(rest.contains(says), "{says}: {rest}");
        assert!(!rest.contains("two") && !rest.contains("[DONE]"), "{rest}");
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let (world, issuer) = world().await;
    let token = issuer.token(&issuer.claims("planner", START / 1000 + 10));
    // A minute for clocks that differ.
    let (last, over) = (START + 69_999, START + 70_000);
    let stream = open(&world, &token).await;
    world.gateway.access.look(last);
    assert!(rest(&world, stream).await.contains("two"));
    let stream = open(&world, &token).await;
    world.gateway.access.look(over);
    let rest = rest(&world, stream).await;
    assert!(
        rest.contains("has expired") && !rest.contains("two"),
        "{rest}"
    );
}

fn bare(body: &str, key: Option<&str>) -> Request<Full<Bytes>> {
    let mut request = request(&Method::POST, "/v1/chat/completions", "x", body);
    let headers = request.headers_mut();
    headers.remove("authorization");
    if let Some(key) = key {
        headers.insert("x-api-key", key.parse().unwrap());
    }
    request
}

fn workload(id: &str, until: u64) -> Peer {
    Peer {
        address: Some("192.0.2.1".parse().unwrap()),
        workload: Some(Arc::new(Workload {
            id: SpiffeId::parse(id).unwrap(),
            until: UNIX_EPOCH + Duration::from_millis(until),
        })),
    }
}

#[tokio::test]
async fn a_certificate_counts_where_nothing_else_is_shown() {
    let mut world = World::new();
    account(&mut world, "bot", vec![vec![claim("spiffe", SPIFFE)]]);
    world.set_key("one", |key| key.grant = models(&["gpt-both"]));
    let peer = workload(SPIFFE, START + 1_000);
    let ask = async |peer: &Peer, key: Option<&str>, model: &str| {
        let response = serve(&world.gateway, peer, bare(&chat(model), key)).await;
        Answer::of(response).await
    };
    assert_eq!(ask(&peer, None, "gpt-test").await.status, 200);
    // What is presented beside it decides, also when it is wrong.
    assert_eq!(ask(&peer, Some("sk-one"), "gpt-both").await.status, 200);
    assert_eq!(ask(&peer, Some("sk-one"), "gpt-test").await.status, 403);
    assert_eq!(ask(&peer, Some("sk-wrong"), "gpt-test").await.status, 401);
    assert_eq!(ask(&peer, Some(""), "gpt-test").await.status, 401);
    // Another workload's, or one that has ended since the connection began.
    let none = "Authentication Error, No api key passed in.";
    let stranger = workload(
        "spiffe://prod.example.com/ns/agents/sa/other",
        START + 1_000,
    );
    for peer in [&stranger, &workload(SPIFFE, START), &Peer::default()] {
        let (status, _, message) = ask(peer, None, "gpt-test").await.error();
        assert_eq!((status, message.as_str()), (401, none));
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_certificate() {
    let mut world = World::new();
    account(&mut world, "bot", vec![vec![claim("spiffe", SPIFFE)]]);
    let body = chat_with("gpt-test", r#""stream":true"#);
    let peer = workload(SPIFFE, START + 1_000);
    let response = serve(&world.gateway, &peer, bare(&body, None)).await;
    let stream = begun(response).await;
    world.gateway.access.look(START + 999);
    world.gateway.access.look(START + 1_000);
    assert!(rest(&world, stream).await.contains("has expired"));
}
