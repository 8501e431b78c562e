//! An open stream ends when what allowed it ends.

use std::time::Duration;

use http::Method;
use http_body_util::BodyExt as _;
use ironward_core::Id;
use ironward_policy::Grant;
use ironward_store::objects::{Kind, Owner};

use super::{START, World, blocked, chat_with, event, member, presented, request};
use crate::Body;

/// A stream of the key `one`, of which the first event has come.
async fn open(world: &World, path: &str, body: &str) -> Body {
    let response = world
        .send(request(&Method::POST, path, "sk-one", body), "192.0.2.1")
        .await;
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    assert!(next(&mut body).await.unwrap().contains("one"));
    body
}

async fn openai(world: &World) -> Body {
    let body = chat_with("gpt-test", r#""stream":true"#);
    open(world, "/v1/chat/completions", &body).await
}

async fn next(body: &mut Body) -> Option<String> {
    let frame = body.frame().await?;
    let bytes = frame.unwrap().into_data().unwrap();
    Some(String::from_utf8(bytes.to_vec()).unwrap())
}

/// The rest of a stream that was cut: an error and no sign of completeness.
async fn rest(mut body: Body) -> String {
    let mut rest = String::new();
    let pieces = async {
        while let Some(piece) = next(&mut body).await {
            rest.push_str(&piece);
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(10), pieces).await;
    ended.expect("the stream was to be cut");
    rest
}

/// Ann's key in the team `red` of `acme`.
fn full(world: &mut World) {
    world.set_organisation("acme", Grant::default());
    world.set_user("ann", Grant::default());
    world.set_user("bob", Grant::default());
    world.set_team("red", |team| {
        team.organisation = Some(Id::new("acme"));
        team.members = vec![member("ann", Grant::default())];
    });
    key(world, |_| {});
}

fn key(world: &mut World, change: impl FnOnce(&mut ironward_store::objects::Key)) {
    world.set_key("one", |key| {
        key.owner = Owner::User(Id::new("ann"));
        key.team = Some(Id::new("red"));
        key.creator = Some(Id::new("bob"));
        change(key);
    });
}

/// What happens to a key, or to somebody in its chain.
type Change = fn(&mut World);

#[tokio::test]
async fn a_revoked_keys_stream_is_cut_with_an_error() {
    let cases: [(Change, &str); 9] = [
        (|world| world.writer.unset(Kind::Key, "one"), "was deleted"),
        (
            |world| key(world, |key| key.grant.blocked = true),
            "Key is blocked",
        ),
        (
            |world| {
                let new = presented(world.hasher.hash(b"sk-new"));
                key(world, |key| key.secrets = vec![new]);
            },
            "was replaced by another one",
        ),
        (
            |world| key(world, |key| key.grant.expires = Some(START)),
            "Expired Key",
        ),
        (|world| world.set_user("ann", blocked()), "user is blocked"),
        (|world| world.set_user("bob", blocked()), "user is blocked"),
        (
            |world| world.set_organisation("acme", blocked()),
            "org is blocked",
        ),
        (
            |world| world.writer.unset(Kind::Team, "red"),
            "team of this key is gone",
        ),
        (
            |world| key(world, |key| key.grant.models = super::names(&["other"])),
            "not allowed to access model",
        ),
    ];
    for (revoke, says) in cases {
        let mut world = World::new();
        full(&mut world);
        let body = openai(&world).await;
        world.gateway.access.look(START);
        revoke(&mut world);
        world.gateway.access.look(START);
        // What comes from the provider now goes nowhere.
        let provider = world.provider.streams.lock().unwrap().pop().unwrap();
        let _gone = provider.send(event("two"));
        let rest = rest(body).await;
        assert!(rest.contains(says), "{says}: {rest}");
        assert!(!rest.contains("two") && !rest.contains("[DONE]"), "{rest}");
        assert!(rest.starts_with("data: {\"error\":"), "{rest}");
        assert!(provider.is_closed(), "the provider is told to stop");
        assert_eq!(world.gateway.in_flight.count(), 0, "the call is settled");
    }
}

#[tokio::test]
async fn each_dialect_is_told_in_its_own_words() {
    let mut world = World::new();
    full(&mut world);
    let body = chat_with("gpt-test", r#""stream":true,"max_tokens":9"#);
    let body = open(&world, "/v1/messages", &body).await;
    world.writer.unset(Kind::Key, "one");
    world.gateway.access.look(START);
    let rest = rest(body).await;
    assert!(rest.contains("event: error\n"), "{rest}");
    assert!(!rest.contains("message_stop"), "{rest}");
}

#[tokio::test]
async fn a_change_that_still_allows_it_leaves_a_stream_alone() {
    let mut world = World::new();
    full(&mut world);
    let mut body = openai(&world).await;
    key(&mut world, |key| key.alias = Some("renamed".into()));
    world.set_user("ann", super::models(&["gpt-*"]));
    for _ in 0..3 {
        world.gateway.access.look(START);
    }
    let provider = world.provider.streams.lock().unwrap().pop().unwrap();
    provider.send(event("two")).unwrap();
    assert!(next(&mut body).await.unwrap().contains("two"));
    drop(provider);
    // Later changes are seen as well.
    key(&mut world, |key| key.grant.blocked = true);
    world.gateway.access.look(START);
    assert!(rest(body).await.contains("Key is blocked"));
}

#[tokio::test]
async fn time_ends_a_stream_too() {
    let mut world = World::new();
    full(&mut world);
    for (change, says) in [
        ("expiry", "Expired Key"),
        ("overlap", "was replaced by another one"),
    ] {
        key(&mut world, |key| {
            if change == "expiry" {
                key.grant.expires = Some(START + 1_000);
            } else {
                key.secrets[0].until = Some(START + 1_000);
            }
        });
        let body = openai(&world).await;
        world.gateway.access.look(START + 999);
        let provider = world.provider.streams.lock().unwrap().pop().unwrap();
        assert!(!provider.is_closed());
        world.gateway.access.look(START + 1_000);
        assert!(rest(body).await.contains(says));
    }
}

#[tokio::test]
async fn a_stream_that_is_over_is_forgotten() {
    let mut world = World::new();
    full(&mut world);
    let body = openai(&world).await;
    drop(body);
    let mut complete = openai(&world).await;
    drop(world.provider.streams.lock().unwrap().pop());
    while next(&mut complete).await.is_some() {}
    drop(complete);
    assert_eq!(world.gateway.access.streams.count(), 2);
    world.gateway.access.look(START);
    assert_eq!(world.gateway.access.streams.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_idle_stream_is_cut_by_itself() {
    let mut world = World::new();
    full(&mut world);
    key(&mut world, |key| key.grant.expires = Some(START + 1_000));
    let first = openai(&world).await;
    let gateway = &world.gateway;
    let watching = gateway.access.cut_revoked(&*gateway.clock);
    // Time alone.
    world.clock.advance(Duration::from_secs(1));
    tokio::select! {
        () = watching => unreachable!("it runs until it is dropped"),
        rest = rest(first) => assert!(rest.contains("Expired Key")),
    }
    // A change, while nobody moves the clock.
    key(&mut world, |_| {});
    let second = openai(&world).await;
    world.writer.unset(Kind::Key, "one");
    let begun = tokio::time::Instant::now();
    let gateway = &world.gateway;
    tokio::select! {
        () = gateway.access.cut_revoked(&*gateway.clock) => unreachable!("as above"),
        rest = rest(second) => assert!(rest.contains("was deleted")),
    }
    assert!(begun.elapsed() <= Duration::from_millis(500));
}

#[tokio::test]
async fn the_stream_of_who_becomes_an_auditor_is_cut() {
    let mut world = World::new();
    full(&mut world);
    let stream = openai(&world).await;
    world.change_user("ann", |user| user.role = ironward_core::Role::Auditor);
    world.gateway.access.look(START);
    let rest = rest(stream).await;
    assert!(rest.contains("Role=auditor"), "{rest}");
    assert!(!rest.contains("[DONE]"), "{rest}");
}
