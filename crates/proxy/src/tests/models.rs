//! Which models, tools, regions and lengths a key may ask for, and what it is told of the others.

use ironward_core::Id;
use ironward_policy::Grant;

use super::{ROOT, World, blocked, chat, chat_with, models, names};

const UNKNOWN: &str = "/v1/chat/completions: Invalid model name passed in model=nothing. Call \
                       `/v1/models` to view available models for your key.";

#[tokio::test]
async fn a_name_that_may_not_be_used_says_nothing_of_whether_it_exists() {
    let mut world = World::new();
    world.set_key("one", |key| key.grant = models(&["gpt-test"]));
    for name in ["gpt-both", "nothing"] {
        let says = format!("key not allowed to access model. Tried to access {name}");
        let answer = world.ask("sk-one", &chat(name)).await;
        answer.is(403, "key_model_access_denied", &says);
        assert!(answer.body.contains(r#""param":"model""#));
    }
    world.set_key("any", |_| {});
    for key in [ROOT, "sk-any"] {
        let answer = world.ask(key, &chat("nothing")).await;
        answer.is(400, "invalid_request_error", UNKNOWN);
    }
}

#[tokio::test]
async fn each_link_is_named_by_its_code() {
    let mut world = World::new();
    let none = || models(&["other"]);
    world.set_team("red", |team| team.grant = models(&["other"]));
    world.set_user("ann", none());
    world.set_organisation("acme", none());
    world.set_key("team", |key| key.team = Some(Id::new("red")));
    world.set_key("user", |key| {
        key.owner = ironward_store::objects::Owner::User(Id::new("ann"));
    });
    world.set_key("org", |key| key.organisation = Some(Id::new("acme")));
    for (key, kind) in [
        ("team", "team_model_access_denied"),
        ("user", "user_model_access_denied"),
        ("org", "org_model_access_denied"),
    ] {
        let says = format!("{key} not allowed to access model. Tried to access gpt-test");
        let answer = world.ask(&format!("sk-{key}"), &chat("gpt-test")).await;
        answer.is(403, kind, &says);
    }
}

#[tokio::test]
async fn aliases_lead_to_what_is_granted_and_no_further() {
    let mut world = World::new();
    let alias = |to: &str| [("mine".into(), to.into())].into();
    // A key's own alias is no grant: what it leads to has to be allowed.
    world.set_key("one", |key| {
        key.aliases = alias("gpt-both");
        key.grant = models(&["mine", "gpt-test"]);
    });
    world.ask("sk-one", &chat("mine")).await.is(
        403,
        "key_model_access_denied",
        "key not allowed to access model. Tried to access mine",
    );
    // The key's alias first, then the team's, then the router's.
    world.set_team("red", |team| {
        team.model_aliases = [("second".into(), "fast".into())].into();
    });
    world.set_key("two", |key| {
        key.team = Some(Id::new("red"));
        key.aliases = alias("second");
        key.grant = models(&["gpt-test"]);
    });
    let answer = world.ask("sk-two", &chat("mine")).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains(r#""model":"mine""#), "{answer:?}");
    assert_eq!(*world.provider.asked.lock().unwrap(), [1]);
    // The router's alias may be granted by its own name.
    for granted in ["fast", "gpt-test"] {
        world.set_key("three", |key| key.grant = models(&[granted]));
        assert_eq!(world.ask("sk-three", &chat("fast")).await.status, 200);
    }
    assert_eq!(world.ask("sk-one", &chat("fast")).await.status, 200);
    world.set_key("three", |key| key.grant = models(&["fast"]));
    assert_eq!(world.ask("sk-three", &chat("gpt-test")).await.status, 403);
}

#[tokio::test]
async fn a_wildcard_group_is_granted_name_by_name() {
    let mut world = World::new();
    world.set_key("one", |key| key.grant = models(&["open/small"]));
    assert_eq!(world.ask("sk-one", &chat("open/small")).await.status, 200);
    assert_eq!(world.ask("sk-one", &chat("open/large")).await.status, 403);
}

#[tokio::test]
async fn the_list_shows_what_may_be_asked_for() {
    let mut world = World::new();
    world.set_team("red", |team| team.grant = models(&["gpt-*", "fast"]));
    world.set_key("one", |key| {
        key.team = Some(Id::new("red"));
        key.grant = models(&["gpt-both", "fast", "open/*"]);
    });
    world.set_key("none", |key| key.grant = models(&[]));
    let list = |answer: super::Answer| {
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        let models = body["data"].as_array().unwrap().iter();
        models
            .map(|model| model["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let path = "/v1/models";
    assert_eq!(list(world.get("sk-one", path).await), ["fast", "gpt-both"]);
    assert!(list(world.get("sk-none", path).await).is_empty());
    assert_eq!(
        list(world.get(ROOT, path).await),
        ["fast", "gpt-both", "gpt-test", "open/*"]
    );
    // What a call by this name would find is shown, also where a wildcard serves it.
    for (key, name) in [
        ("sk-one", "gpt-both"),
        (ROOT, "open/one"),
        (ROOT, "open/*"),
        (ROOT, "fast"),
    ] {
        let answer = world.get(key, &format!("/v1/models/{name}")).await;
        assert_eq!(answer.status, 200, "{key} {name}");
        assert!(answer.body.contains(&format!(r#""id":"{name}""#)));
    }
    for (key, name) in [
        ("sk-one", "open/one"),
        ("sk-none", "open/one"),
        (ROOT, "closed/one"),
    ] {
        let answer = world.get(key, &format!("/v1/models/{name}")).await;
        assert_eq!(answer.status, 404, "{key} {name}");
    }
    let hidden = world.get("sk-one", "/v1/models/gpt-test").await;
    let missing = world.get("sk-one", "/v1/models/nothing").await;
    assert_eq!(hidden.error(), missing.error());
    assert_eq!(hidden.status, 404);
}

#[tokio::test]
async fn tools_and_lengths_are_looked_at_in_the_call() {
    let mut world = World::new();
    world.set_key("one", |key| {
        key.grant.tools = names(&["read_*"]);
        key.grant.output_tokens = Some(100);
    });
    let ask = |fields: &'static str| {
        let body = chat_with("gpt-test", fields);
        let world = &world;
        async move { world.ask("sk-one", &body).await }
    };
    let tool = r#""tools":[{"type":"function","function":{"name":"read_file"}}]"#;
    assert_eq!(ask(tool).await.status, 200);
    ask(r#""tools":[{"type":"function","function":{"name":"delete"}}]"#)
        .await
        .is(
            403,
            "tool_access_denied",
            "key not allowed to use tool. Tried to use delete",
        );
    assert_eq!(ask(r#""max_tokens":100"#).await.status, 200);
    ask(r#""max_tokens":1,"max_completion_tokens":101"#)
        .await
        .is(
            403,
            "auth_error",
            "key not allowed to ask for 101 tokens; ask for at most 100",
        );
    assert_eq!(world.ask("sk-one", &chat("gpt-test")).await.status, 200);
}

#[tokio::test]
async fn a_call_goes_to_an_allowed_region() {
    let mut world = World::new();
    world.set_key("eu", |key| key.grant.regions = names(&["eu"]));
    for _ in 0..20 {
        assert_eq!(world.ask("sk-eu", &chat("gpt-both")).await.status, 200);
    }
    assert_eq!(*world.provider.asked.lock().unwrap(), [2; 20]);
    world.ask("sk-eu", &chat("gpt-test")).await.is(
        403,
        "key_model_access_denied",
        "key not allowed to access a region that serves model gpt-test",
    );
    // Two links that have no region in common.
    world.set_team("red", |team| team.grant.regions = names(&["us"]));
    world.set_key("eu", |key| {
        key.grant.regions = names(&["eu"]);
        key.team = Some(Id::new("red"));
    });
    assert_eq!(world.ask("sk-eu", &chat("gpt-both")).await.status, 403);
}

#[tokio::test]
async fn a_customer_joins_the_chain() {
    let mut world = World::new();
    world.set_key("one", |_| {});
    world.set_customer("dora", blocked());
    world.set_customer("emil", models(&["gpt-both"]));
    let body = |user: &str| chat_with("gpt-test", &format!(r#""user":"{user}""#));
    for key in ["sk-one", ROOT] {
        world.ask(key, &body("dora")).await.is(
            401,
            "auth_error",
            "User blocked from making LLM API Calls. User=dora",
        );
        world.ask(key, &body("emil")).await.is(
            403,
            "customer_model_access_denied",
            "customer not allowed to access model. Tried to access gpt-test",
        );
        assert_eq!(world.ask(key, &body("nobody")).await.status, 200);
    }
}

#[tokio::test]
async fn what_was_sent_is_shown_short_and_plain() {
    let mut world = World::new();
    world.set_key("one", |key| {
        key.grant = Grant {
            models: names(&["gpt-test"]),
            ..Grant::default()
        };
    });
    let long = "x".repeat(5_000);
    let answer = world.ask("sk-one", &chat(&long)).await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.len() < 700);
    let (.., message) = world.ask("sk-one", &chat(r"a\nb")).await.error();
    assert!(message.ends_with("a\u{fffd}b"), "{message}");
}
