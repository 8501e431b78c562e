//! What is said of a call that is not made, and what becomes of it when it is.

use ironward_core::{Id, Role};
use ironward_policy::{Explanation, Grant};
use ironward_store::objects::Owner;

use super::{START, World, blocked, chat, member, models};
use crate::{Question, explain_call};

impl World {
    fn explain(&self, key: &str, model: &str) -> Option<Explanation> {
        let question = Question {
            key,
            model,
            source: Some("192.0.2.1".parse().unwrap()),
            now: START,
        };
        let snapshot = self.gateway.snapshot();
        explain_call(&self.gateway.access, &snapshot, &question)
    }

    /// What is said and what happens are the same; the lines that refuse.
    async fn agrees(&self, model: &str) -> Vec<String> {
        let explained = self.explain("one", model).unwrap();
        let answer = self.ask("sk-one", &chat(model)).await;
        assert_eq!(
            explained.is_allowed(),
            answer.status == 200,
            "{explained:?}: {answer:?}"
        );
        let refusing = explained.reasons.iter().filter(|reason| !reason.is_allowed);
        let line = |reason: &ironward_policy::Reason| {
            format!(
                "{} {} {}: {}",
                reason.link, reason.name, reason.rule, reason.why
            )
        };
        refusing.map(line).collect()
    }
}

fn full() -> World {
    let mut world = World::new();
    world.set_organisation("acme", Grant::default());
    world.set_user("ann", Grant::default());
    world.set_user("bob", Grant::default());
    world.set_team("red", |team| {
        team.organisation = Some(Id::new("acme"));
        team.members = vec![member("ann", Grant::default())];
        team.model_aliases.insert("ours".into(), "fast".into());
    });
    world.set_key("one", |key| {
        key.owner = Owner::User(Id::new("ann"));
        key.creator = Some(Id::new("bob"));
        key.team = Some(Id::new("red"));
        key.aliases.insert("mine".into(), "ours".into());
        key.grant.expires = Some(START + 1);
    });
    world
}

#[tokio::test]
async fn every_link_is_named_for_its_rule() {
    let mut world = full();
    assert_eq!(world.agrees("gpt-test").await, [""; 0]);
    let explained = world.explain("one", "gpt-test").unwrap();
    let said: Vec<_> = explained
        .reasons
        .iter()
        .map(|reason| (reason.link, &*reason.name, reason.rule))
        .collect();
    let expected = [
        ("key", "one", "expires"),
        ("user", "ann", "role"),
        ("creator", "bob", "role"),
    ];
    assert_eq!(said, expected);
    world.set_organisation("acme", models(&["gpt-*"]));
    world.set_user("ann", models(&["other"]));
    assert_eq!(
        world.agrees("gpt-test").await,
        ["user ann models: nothing in its list covers gpt-test"]
    );
    world.set_user("ann", blocked());
    world.set_organisation("acme", models(&["other"]));
    assert_eq!(
        world.agrees("gpt-test").await,
        [
            "user ann blocked: it is blocked",
            "organization acme models: nothing in its list covers gpt-test",
        ]
    );
}

#[tokio::test]
async fn aliases_wildcards_and_regions_are_those_of_calls() {
    let mut world = full();
    for (model, meant, group) in [
        ("mine", "gpt-test", Some("gpt-test")),
        ("ours", "gpt-test", Some("gpt-test")),
        ("fast", "gpt-test", Some("gpt-test")),
        ("open/llama", "open/llama", Some("open/*")),
        ("nothing", "nothing", None),
    ] {
        assert_eq!(world.agrees(model).await, [""; 0], "{model}");
        let explained = world.explain("one", model).unwrap();
        assert_eq!(
            (&*explained.meant, explained.group.as_deref()),
            (meant, group)
        );
        assert_eq!(explained.is_allowed(), group.is_some());
    }
    // A grant may name the alias or what it stands for.
    for granted in ["fast", "gpt-test"] {
        world.set_organisation("acme", models(&[granted]));
        assert_eq!(world.agrees("mine").await, [""; 0], "{granted}");
    }
    let in_eu = |region: &str| Grant {
        regions: super::names(&[region]),
        ..Grant::default()
    };
    world.set_organisation("acme", in_eu("eu"));
    assert_eq!(world.agrees("gpt-both").await, [""; 0]);
    world.set_user("ann", in_eu("us"));
    assert_eq!(
        world.agrees("gpt-both").await,
        ["organization acme regions: it leaves no region that serves the model"]
    );
}

#[tokio::test]
async fn what_ends_a_call_before_its_rules_is_said_too() {
    let mut world = full();
    world.change_user("ann", |user| user.role = Role::Operator);
    assert_eq!(
        world.agrees("gpt-test").await,
        ["user ann role: its role is operator"]
    );
    world
        .writer
        .unset(ironward_store::objects::Kind::User, "ann");
    assert_eq!(world.agrees("gpt-test").await, [""; 0]);
    let failed = world.explain("one", "gpt-test").unwrap().failed.unwrap();
    assert!(failed.contains("the user of this key is gone"), "{failed}");
    world.set_key("one", |key| {
        for secret in &mut key.secrets {
            secret.until = Some(START);
        }
    });
    assert_eq!(world.agrees("gpt-test").await, [""; 0]);
    let failed = world.explain("one", "gpt-test").unwrap().failed.unwrap();
    assert!(failed.contains("no secret"), "{failed}");
    assert!(world.explain("none", "gpt-test").is_none());
    world.set_key("one", |key| key.grant.expires = Some(START));
    let refused = world.agrees("gpt-test").await;
    assert!(
        refused[0].starts_with("key one expires: it expired at"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn without_an_address_no_rule_of_addresses_is_judged() {
    let mut world = World::new();
    world.set_key("one", |key| {
        key.grant.sources = super::names(&["10.0.0.0/8"]);
    });
    assert_eq!(
        world.agrees("gpt-test").await,
        ["key one sources: 192.0.2.1 is not in its networks"]
    );
    let question = Question {
        key: "one",
        model: "gpt-test",
        source: None,
        now: START,
    };
    let snapshot = world.gateway.snapshot();
    let explained = explain_call(&world.gateway.access, &snapshot, &question).unwrap();
    assert!(explained.is_allowed() && explained.reasons.is_empty());
}
