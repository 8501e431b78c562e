//! Whatever the chain: a call reaches the provider exactly if each link by itself lets it.

use ironward_core::Id;
use ironward_policy::{Asked, Grant, Link, Verdict, Which, check};
use ironward_store::objects::Owner;
use proptest::prelude::*;

use super::{START, World, chat_with, member, names};

const TOOL: &str = r#""max_tokens":50,"tools":[{"type":"function","function":{"name":"read"}}]"#;

/// Most links limit nothing, so that it is often one alone that refuses.
fn grants() -> impl Strategy<Value = Grant> {
    prop_oneof![4 => Just(Grant::default()), 1 => limiting()]
}

fn limiting() -> impl Strategy<Value = Grant> {
    let list = |items: &'static [&'static [&'static str]]| {
        prop_oneof![
            4 => Just(None),
            3 => proptest::sample::select(items).prop_map(names),
        ]
    };
    let number = |items: &'static [u64]| prop_oneof![3 => Just(None), 1 => proptest::sample::select(items).prop_map(Some)];
    (
        list(&[&["gpt-test"], &["gpt-*", "x"], &["other"], &[]]),
        list(&[
            &["/v1/chat/completions"],
            &["llm_api_routes"],
            &["/v1/embeddings"],
        ]),
        list(&[&["192.0.2.0/24"], &["10.0.0.0/8"]]),
        list(&[&["read"], &["*"], &["write"]]),
        number(&[START, START + 1]),
        number(&[49, 50]),
        prop::bool::weighted(0.05),
        prop::bool::weighted(0.05),
    )
        .prop_map(
            |(models, routes, sources, tools, expires, output_tokens, blocks_tool, blocked)| {
                Grant {
                    models,
                    routes,
                    sources,
                    tools,
                    expires,
                    output_tokens,
                    blocked_tools: if blocks_tool {
                        vec!["r*".into()]
                    } else {
                        Vec::new()
                    },
                    blocked,
                    ..Grant::default()
                }
            },
        )
}

fn allows(world: &World, grant: &Grant) -> bool {
    let grant = world.writer.directory().compile(grant, false).unwrap();
    let link = Link {
        which: Which::Key,
        name: "x",
        grant: &grant,
    };
    let asked = Asked {
        now: START,
        source: Some("192.0.2.1".parse().unwrap()),
        route: &["/v1/chat/completions"],
        model: Some("gpt-test"),
        tools: &["read"],
        output_tokens: Some(50),
        ..Asked::default()
    };
    check(&[link], &asked) == Verdict::Allowed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_link_that_refuses_lets_no_call_through(
        links in prop::array::uniform7(grants()),
        is_agent in any::<bool>(),
        has_customer in any::<bool>(),
    ) {
        let mut world = World::new();
        let [key, holder, place, project, team, organisation, creator] = links;
        let mut all = vec![&key, &holder, &project, &team, &organisation];
        all.push(&creator);
        if !is_agent {
            all.push(&place);
        }
        let is_allowed = all.iter().all(|grant| allows(&world, grant));
        world.set_organisation("acme", organisation);
        world.set_team("red", |red| {
            red.organisation = Some(Id::new("acme"));
            red.members = vec![member("ann", place.clone())];
            red.grant = team.clone();
        });
        world.set_user("ann", if is_agent { Grant::default() } else { holder.clone() });
        world.set_service_account("bot", "red", holder);
        world.set_project("site", "red", project);
        // The last grant is the creator's or the customer's.
        world.set_user("bob", creator.clone());
        world.set_customer("dora", creator.clone());
        world.set_key("one", |one| {
            one.owner = if is_agent {
                Owner::ServiceAccount(Id::new("bot"))
            } else {
                Owner::User(Id::new("ann"))
            };
            one.team = Some(Id::new("red"));
            one.project = Some(Id::new("site"));
            one.creator = (!has_customer).then(|| Id::new("bob"));
            one.grant = key.clone();
        });
        let user = if has_customer { "dora" } else { "nobody" };
        let body = chat_with("gpt-test", &format!(r#"{TOOL},"user":"{user}""#));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let answer = runtime.block_on(world.ask("sk-one", &body));
        let asked = world.provider.asked.lock().unwrap().len();
        prop_assert_eq!(asked, usize::from(is_allowed), "{:?}", answer);
        prop_assert_eq!(answer.status == 200, is_allowed, "{:?}", answer);
    }
}
