//! Which keys are let in, and what the others are told.

use std::time::Duration;

use ironward_core::{Id, Role};
use ironward_policy::{Grant, Hours};
use ironward_secret::{KeyId, KeyToken};
use ironward_store::objects::{Content, Kind, Owner, SecretForm};

use super::{Answer, ROOT, START, World, blocked, chat, member, presented, request, secret};

const WRONG: &str = "Authentication Error, Invalid proxy server token passed.";

#[tokio::test]
async fn a_key_of_the_directory_is_let_in_and_no_other() {
    let mut world = World::new();
    world.set_key("one", |_| {});
    let body = chat("gpt-test");
    assert_eq!(world.ask("sk-one", &body).await.status, 200);
    assert_eq!(world.ask(ROOT, &body).await.status, 200);
    let token = KeyToken::issue(KeyId::from_random(&[3; 10]), &[5; 32]);
    let issued = String::from_utf8(token.bytes().to_vec()).unwrap();
    let mut mistyped = issued.clone();
    let other = if issued.as_bytes().get(30) == Some(&b'x') {
        "y"
    } else {
        "x"
    };
    mistyped.replace_range(30..31, other);
    for wrong in [
        "sk-two",
        "sk-on",
        "sk-one'--",
        "x' UNION SELECT 1--",
        "'; SELECT pg_sleep(5)--",
        &issued,
        &mistyped,
        "sk-iw-short",
    ] {
        let answer = world.ask(wrong, &body).await;
        answer.is(401, "token_not_found_in_db", WRONG);
    }
    assert_eq!(world.provider.asked.lock().unwrap().len(), 2);
    world.writer.unset(Kind::Key, "one");
    let answer = world.ask("sk-one", &body).await;
    answer.is(401, "token_not_found_in_db", WRONG);
}

#[tokio::test]
async fn an_issued_key_is_let_in() {
    let mut world = World::with(None, Some(&[9; 32]));
    let token = KeyToken::issue(KeyId::from_random(&[3; 10]), &[5; 32]);
    let issued = String::from_utf8(token.bytes().to_vec()).unwrap();
    let hash = world.hasher.hash(token.bytes());
    world.set_key("one", |key| key.secrets = vec![presented(hash)]);
    assert_eq!(world.ask(&issued, &chat("gpt-test")).await.status, 200);
    assert_eq!(world.ask(ROOT, &chat("gpt-test")).await.status, 200);
}

#[tokio::test]
async fn what_litellm_keeps_of_a_key_proves_it_and_does_not_open_it() {
    let mut world = World::new();
    // printf sk-old | sha256sum
    let kept = "d3e64608f5182a4408eef248830800d9f4b82167cb91b4b193ac488aa1235fc9";
    let imported = world.hasher.hash_as_litellm(b"sk-old");
    let by_kept = world.hasher.hash(kept.as_bytes());
    world.set_key("old", |key| {
        key.secrets = vec![
            secret(imported, SecretForm::LitellmHash),
            secret(by_kept, SecretForm::LitellmHash),
        ];
    });
    assert_eq!(world.ask("sk-old", &chat("gpt-test")).await.status, 200);
    let answer = world.ask(kept, &chat("gpt-test")).await;
    answer.is(401, "token_not_found_in_db", WRONG);
}

#[tokio::test]
async fn a_rotated_secret_is_good_until_its_end() {
    let mut world = World::new();
    let new = world.hasher.hash(b"sk-new");
    world.set_key("one", |key| {
        key.secrets[0].until = Some(START + 60_000);
        key.secrets.push(presented(new));
    });
    let body = chat("gpt-test");
    assert_eq!(world.ask("sk-one", &body).await.status, 200);
    assert_eq!(world.ask("sk-new", &body).await.status, 200);
    world.clock.advance(Duration::from_secs(60));
    let answer = world.ask("sk-one", &body).await;
    answer.is(401, "token_not_found_in_db", WRONG);
    assert_eq!(world.ask("sk-new", &body).await.status, 200);
}

#[tokio::test]
async fn an_expired_key_is_told_so() {
    let mut world = World::new();
    world.set_key("one", |key| key.grant.expires = Some(START + 1_000));
    assert_eq!(world.ask("sk-one", &chat("gpt-test")).await.status, 200);
    world.clock.advance(Duration::from_secs(1));
    world.ask("sk-one", &chat("gpt-test")).await.is(
        401,
        "expired_key",
        "Authentication Error - Expired Key. Key Expiry time 2026-01-01T00:00:01Z and current \
         time 2026-01-01T00:00:01Z",
    );
}

/// A key of Ann's in the team `red` of the organisation `acme`, made by Bob.
fn full(world: &mut World) {
    world.set_organisation("acme", Grant::default());
    world.set_user("ann", Grant::default());
    world.set_user("bob", Grant::default());
    red(world, Grant::default());
    world.set_project("site", "red", Grant::default());
    world.set_service_account("bot", "red", Grant::default());
    world.set_key("one", |key| {
        key.owner = Owner::User(Id::new("ann"));
        key.team = Some(Id::new("red"));
        key.project = Some(Id::new("site"));
        key.creator = Some(Id::new("bob"));
    });
    world.set_key("agent", |key| {
        key.owner = Owner::ServiceAccount(Id::new("bot"));
        key.team = Some(Id::new("red"));
    });
    world.set_key("loose", |key| key.organisation = Some(Id::new("acme")));
}

fn red(world: &mut World, grant: Grant) {
    world.set_team("red", |team| {
        team.organisation = Some(Id::new("acme"));
        team.members = vec![member("ann", Grant::default())];
        team.grant = grant;
    });
}

#[tokio::test]
async fn whatever_is_blocked_blocks_the_key() {
    type Block = fn(&mut World);
    let auth = |what: &str| format!("Authentication Error, {what} is blocked.");
    let cases: [(Block, &str, String); 8] = [
        (
            |world| {
                world.set_team("red", |team| {
                    team.organisation = Some(Id::new("acme"));
                    team.members = vec![member("ann", blocked())];
                });
            },
            "sk-one",
            auth("team member"),
        ),
        (
            |world| red(world, blocked()),
            "sk-one",
            "Team=red is blocked. Update via `/team/unblock` if you're an admin.".to_owned(),
        ),
        (
            |world| world.set_user("ann", blocked()),
            "sk-one",
            auth("user"),
        ),
        (
            |world| world.set_user("bob", blocked()),
            "sk-one",
            auth("user"),
        ),
        (
            |world| world.set_organisation("acme", blocked()),
            "sk-one",
            auth("org"),
        ),
        (
            |world| world.set_organisation("acme", blocked()),
            "sk-loose",
            auth("org"),
        ),
        (
            |world| world.set_project("site", "red", blocked()),
            "sk-one",
            auth("project"),
        ),
        (
            |world| world.set_service_account("bot", "red", blocked()),
            "sk-agent",
            auth("agent"),
        ),
    ];
    for (block, key, says) in cases {
        let mut world = World::new();
        full(&mut world);
        assert_eq!(world.ask(key, &chat("gpt-test")).await.status, 200);
        block(&mut world);
        let answer = world.ask(key, &chat("gpt-test")).await;
        answer.is(401, "auth_error", &says);
        assert_eq!(world.get(key, "/v1/models").await.status, 401);
    }
    let mut world = World::new();
    world.set_key("one", |key| key.grant.blocked = true);
    world.ask("sk-one", &chat("gpt-test")).await.is(
        401,
        "auth_error",
        "Authentication Error, Key is blocked. Update via `/key/unblock` if you're an admin.",
    );
}

#[tokio::test]
async fn a_key_does_not_outlive_what_bounds_it() {
    let cases: [(Kind, &str, &str, &str); 7] = [
        (Kind::Team, "red", "sk-one", "team"),
        (Kind::User, "ann", "sk-one", "user"),
        (Kind::User, "bob", "sk-one", "creator"),
        (Kind::Project, "site", "sk-one", "project"),
        (Kind::Organisation, "acme", "sk-one", "organisation"),
        (Kind::Organisation, "acme", "sk-loose", "organisation"),
        (Kind::ServiceAccount, "bot", "sk-agent", "service account"),
    ];
    for (kind, id, key, what) in cases {
        let mut world = World::new();
        full(&mut world);
        world.writer.unset(kind, id);
        let says =
            format!("Authentication Error, the {what} of this key is gone; ask for another key.");
        let answer = world.ask(key, &chat("gpt-test")).await;
        answer.is(401, "auth_error", &says);
    }
    // Ann leaves the team; the account and the project move to another one.
    let mut world = World::new();
    full(&mut world);
    world.set_team("red", |team| team.organisation = Some(Id::new("acme")));
    assert_eq!(world.ask("sk-one", &chat("gpt-test")).await.status, 401);
    full(&mut world);
    world.set_service_account("bot", "blue", Grant::default());
    assert_eq!(world.ask("sk-agent", &chat("gpt-test")).await.status, 401);
    world.set_project("site", "blue", Grant::default());
    assert_eq!(world.ask("sk-one", &chat("gpt-test")).await.status, 401);
}

#[tokio::test]
async fn where_when_and_what_for_are_looked_at_before_the_body() {
    let mut world = World::new();
    world.set_key("near", |key| {
        key.grant.sources = super::names(&["10.0.0.0/8"]);
    });
    world.set_key("mail", |key| {
        key.grant.routes = super::names(&["/v1/embeddings"]);
    });
    world.set_key("monday", |key| {
        key.grant.hours = Some(vec![Hours {
            days: vec![0],
            from: 0,
            to: 1440,
        }]);
    });
    let no_json = "{";
    world.ask("sk-near", no_json).await.is(
        403,
        "auth_error",
        "Access forbidden: IP address 192.0.2.1 not allowed.",
    );
    let body = chat("gpt-test");
    let near = world.ask_from("sk-near", &body, "10.1.2.3").await;
    assert_eq!(near.status, 200);
    world.ask("sk-mail", no_json).await.is(
        403,
        "auth_error",
        "Virtual key is not allowed to call this route. Tried to call route: /v1/chat/completions",
    );
    world.ask("sk-monday", no_json).await.is(
        403,
        "auth_error",
        "key not allowed to call at this time. It is Thu 00:00 UTC",
    );
}

#[tokio::test]
async fn a_directory_that_was_cut_off_refuses_its_keys() {
    let limit = Duration::from_secs(10);
    let mut world = World::with(Some(limit), None);
    world.set_key("one", |_| {});
    let body = chat("gpt-test");
    let lost = "the gateway has lost its database and cannot tell which keys are still good; \
                try again soon";
    let check = |world: &World| {
        let now = ironward_core::Clock::now(&*world.clock);
        world.freshness.checked(now);
    };
    // From the snapshot alone, while the database is down: what is known is served.
    assert_eq!(world.ask("sk-one", &body).await.status, 200);
    assert_eq!(world.ask("sk-two", &body).await.status, 401);
    assert_eq!(world.ask(ROOT, &body).await.status, 200);
    check(&world);
    world.clock.advance(limit);
    assert_eq!(world.ask("sk-one", &body).await.status, 200);
    assert_eq!(world.ask("sk-two", &body).await.status, 401);
    world.clock.advance(Duration::from_millis(1));
    for key in ["sk-one", "sk-two"] {
        let answer = world.ask(key, &body).await;
        answer.is(503, "internal_server_error", lost);
    }
    assert_eq!(world.ask(ROOT, &body).await.status, 200);
    check(&world);
    assert_eq!(world.ask("sk-one", &body).await.status, 200);
}

#[tokio::test]
async fn a_flood_of_wrong_keys_locks_nobody_out() {
    let mut world = World::new();
    world.set_key("one", |_| {});
    let body = chat("gpt-test");
    for _ in 0..60 {
        assert_eq!(world.ask("sk-wrong", &body).await.status, 401);
    }
    let answer = world.ask("sk-wrong", &body).await;
    answer.is(
        429,
        "rate_limit_error",
        "too many wrong keys came from this address; correct the key, or wait",
    );
    assert_eq!(answer.headers["retry-after"], "2");
    assert_eq!(world.ask("sk-iw-malformed", &body).await.status, 429);
    assert_eq!(world.ask("sk-one", &body).await.status, 200);
    assert_eq!(world.ask(ROOT, &body).await.status, 200);
    world.clock.advance(Duration::from_secs(3));
    assert_eq!(world.ask("sk-wrong", &body).await.status, 401);
}

#[tokio::test]
async fn who_looks_after_the_gateway_does_not_use_it() {
    for role in Role::ALL {
        let mut world = World::new();
        world.set_user("ann", Grant::default());
        world.set_user("bob", Grant::default());
        world.change_user("ann", |user| user.role = role);
        world.set_key("owned", |key| key.owner = Owner::User(Id::new("ann")));
        world.set_key("made", |key| {
            key.owner = Owner::User(Id::new("bob"));
            key.creator = Some(Id::new("ann"));
        });
        let may_call = !matches!(role, Role::Auditor | Role::Operator);
        for key in ["sk-owned", "sk-made"] {
            let called = world.ask(key, &chat("gpt-test")).await;
            let listed = world.get(key, "/v1/models").await;
            if may_call {
                assert_eq!((called.status, listed.status), (200, 200), "{role:?}");
                continue;
            }
            let message = format!(
                "user not allowed to call models. Role={}; ask for a key of a user with another \
                 role",
                role.as_str()
            );
            called.is(403, "auth_error", &message);
            listed.is(403, "auth_error", &message);
            let path = "/v1/messages";
            let request = request(&http::Method::POST, path, key, &chat("gpt-test"));
            let anthropic = Answer::of(world.send(request, "192.0.2.1").await).await;
            assert_eq!(anthropic.status, 403);
            assert!(anthropic.body.contains(r#""type":"permission_error""#));
        }
    }
}

#[tokio::test]
async fn a_grant_that_cannot_be_read_allows_nothing() {
    let mut world = World::new();
    world.set_key("one", |key| key.grant.sources = super::names(&["nowhere"]));
    let answer = world.ask("sk-one", &chat("gpt-test")).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn an_access_group_is_as_wide_as_it_is_now() {
    let mut world = World::new();
    world.set_key("one", |key| key.grant.models = super::names(&["ours"]));
    let group = |models: &[&str]| {
        Content::AccessGroup(Box::new(ironward_store::objects::AccessGroup {
            models: models.iter().map(|model| (*model).into()).collect(),
            ..Default::default()
        }))
    };
    assert_eq!(world.ask("sk-one", &chat("gpt-test")).await.status, 403);
    world.writer.set("ours", group(&["gpt-*"]));
    assert_eq!(world.ask("sk-one", &chat("gpt-test")).await.status, 200);
    world.writer.set("ours", group(&["other"]));
    assert_eq!(world.ask("sk-one", &chat("gpt-test")).await.status, 403);
    world.writer.set("ours", group(&["gpt-test"]));
    assert_eq!(world.ask("sk-one", &chat("gpt-test")).await.status, 200);
    world.writer.unset(Kind::AccessGroup, "ours");
    assert_eq!(world.ask("sk-one", &chat("gpt-test")).await.status, 403);
}

#[tokio::test]
async fn a_key_was_used_when_it_was_let_in() {
    let mut world = World::new();
    world.set_key("one", |_| {});
    let body = chat("gpt-test");
    let used = |world: &World| {
        let key = world.writer.directory().keys.find("one").unwrap();
        key.object.last_use.at()
    };
    assert_eq!(used(&world), None);
    assert_eq!(world.ask(ROOT, &body).await.status, 200);
    assert_eq!(used(&world), None, "somebody else's call");
    assert_eq!(world.ask("sk-one", &body).await.status, 200);
    let seen = START / 1_000 * 1_000;
    assert_eq!(used(&world), Some(seen));

    // A change of the key keeps it, and a call that is refused is no use.
    world.clock.advance(Duration::from_secs(10));
    world.set_key("one", |key| key.grant = blocked());
    assert_ne!(world.ask("sk-one", &body).await.status, 200);
    assert_eq!(used(&world), Some(seen));
    world.set_key("one", |_| {});
    assert_eq!(world.ask("sk-one", &body).await.status, 200);
    assert_eq!(used(&world), Some(seen + 10_000));
}
