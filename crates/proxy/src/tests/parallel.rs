//! How many calls run at once, and who counts them.

use ironward_core::Id;
use ironward_policy::Grant;
use ironward_store::objects::{Kind, Owner};

use super::{World, chat, chat_with, member};

#[tokio::test]
async fn a_key_and_its_team_run_as_many_calls_at_once_as_each_may() {
    let mut world = World::new();
    world.set_team("red", |team| team.spending.max_parallel_requests = Some(2));
    for id in ["one", "two"] {
        world.set_key(id, |key| {
            key.team = Some(Id::new("red"));
            key.spending.max_parallel_requests = Some(1);
        });
    }
    world.set_key("three", |key| key.team = Some(Id::new("red")));
    let body = chat("gpt-test");
    let first = world.open("sk-one").await;
    world.ask("sk-one", &body).await.is(
        429,
        "rate_limit_error",
        "Rate limit exceeded for api_key: one. Limit type: max_parallel_requests. \
         Current limit: 1, Remaining: 0.",
    );
    let second = world.open("sk-two").await;
    // The team's two run, one for each of two keys; a third key of it has no place, and takes none
    // from anybody else by being refused.
    for _ in 0..3 {
        let answer = world.ask("sk-three", &body).await;
        answer.is(
            429,
            "rate_limit_error",
            "Rate limit exceeded for team: red. Limit type: max_parallel_requests. \
             Current limit: 2, Remaining: 0.",
        );
        assert_eq!(answer.headers["retry-after"], "1");
    }
    drop(first);
    assert_eq!(world.ask("sk-three", &body).await.status, 200);
    assert_eq!(world.ask("sk-one", &body).await.status, 200);
    drop(second);
}

#[tokio::test]
async fn everybody_who_bounds_a_call_counts_it() {
    type Limit = fn(&mut World);
    let links: [(&str, Limit); 8] = [
        ("user: ann", |world| {
            world.change_user("ann", |user| user.spending.max_parallel_requests = Some(1));
        }),
        ("team_member: ann", |world| {
            world.set_team("red", |team| {
                let mut ann = member("ann", Grant::default());
                ann.spending.max_parallel_requests = Some(1);
                team.members = vec![ann];
                team.organisation = Some(Id::new("acme"));
            });
        }),
        ("project: site", |world| {
            world.set_single(Kind::Project, "site");
        }),
        ("organization: acme", |world| {
            world.set_single(Kind::Organisation, "acme");
        }),
        ("user: bob", |world| {
            world.change_user("bob", |user| user.spending.max_parallel_requests = Some(1));
        }),
        ("end_user: dora", |world| {
            world.set_single(Kind::Customer, "dora");
        }),
        ("agent: bot", |world| {
            world.set_single(Kind::ServiceAccount, "bot");
            for id in ["one", "two"] {
                world.set_key(id, |key| {
                    key.team = Some(Id::new("red"));
                    key.owner = Owner::ServiceAccount(Id::new("bot"));
                });
            }
        }),
        ("team: red", |world| {
            // What an object does not say, its budget object does.
            world.set_team("red", |team| {
                team.members = vec![member("ann", Grant::default())];
                team.organisation = Some(Id::new("acme"));
                team.spending.budget_id = Some("small".into());
            });
            world.set_single(Kind::Budget, "small");
        }),
    ];
    for (name, limit) in links {
        let mut world = World::new();
        world.set_organisation("acme", Grant::default());
        world.set_team("red", |team| {
            team.members = vec![member("ann", Grant::default())];
            team.organisation = Some(Id::new("acme"));
        });
        world.set_project("site", "red", Grant::default());
        world.set_user("ann", Grant::default());
        world.set_user("bob", Grant::default());
        for id in ["one", "two"] {
            world.set_key(id, |key| {
                key.owner = Owner::User(Id::new("ann"));
                key.creator = Some(Id::new("bob"));
                key.team = Some(Id::new("red"));
                key.project = Some(Id::new("site"));
            });
        }
        limit(&mut world);
        let body = chat_with("gpt-test", r#""user":"dora""#);
        let held = world.open("sk-one").await;
        let refused = world.ask("sk-two", &body).await;
        assert_eq!(refused.status, 429, "{name}: {refused:?}");
        assert!(refused.body.contains(name), "{name}: {refused:?}");
        drop(held);
        assert_eq!(world.ask("sk-two", &body).await.status, 200, "{name}");
    }
}
