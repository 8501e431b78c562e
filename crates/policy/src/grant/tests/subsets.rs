use proptest::prelude::*;

use super::super::{Grant, Link, Rule, Unset, Verdict, Which, Wider, check, narrowest, subset};
use super::arbitrary::{about_one_subject, calls, grants};
use super::{compiled, names};

fn verdict(child: &Grant, parent: &Grant, unset: Unset) -> Result<(), Wider> {
    let (child, parent) = (compiled(child), compiled(parent));
    let chain = [Link {
        which: Which::Creator,
        name: "alice",
        grant: &parent,
    }];
    subset(&child, &chain, unset)
}

#[test]
fn a_key_cannot_be_made_wider_than_its_maker() {
    let parent = Grant {
        models: names(&["openai/*"]),
        routes: names(&["llm_api_routes"]),
        blocked_tools: names(&["rm"]).unwrap(),
        ..Grant::default()
    };
    let unset = Grant::default;
    for (child, said) in [
        (
            Grant {
                models: names(&["*"]),
                ..unset()
            },
            "models: \"*\" is more than the user who asks may pass on",
        ),
        (
            Grant {
                models: names(&["all-proxy-models"]),
                ..unset()
            },
            "models: \"*\" is more than the user who asks may pass on",
        ),
        (
            Grant {
                models: names(&["openai/gpt-4o", "o3"]),
                ..unset()
            },
            "models: \"o3\" is more than the user who asks may pass on",
        ),
        (
            Grant {
                routes: names(&["/*"]),
                ..unset()
            },
            "routes: \"/*\" is more than the user who asks may pass on",
        ),
        (
            Grant {
                tools: names(&["*"]),
                ..unset()
            },
            "blocked_tools: \"rm\" is more than the user who asks may pass on",
        ),
    ] {
        for way in [Unset::Bounded, Unset::Unbounded] {
            let error = verdict(&child, &Grant { ..parent.clone() }, way).unwrap_err();
            if way == Unset::Bounded {
                assert_eq!(error.to_string(), said);
            }
        }
    }
    let narrow = Grant {
        models: names(&["openai/gpt-4o", "openai/gpt-*"]),
        routes: names(&["/v1/chat/completions", "anthropic_routes"]),
        blocked_tools: names(&["r*"]).unwrap(),
        ..unset()
    };
    assert_eq!(verdict(&narrow, &parent, Unset::Unbounded), Ok(()));
}

#[test]
fn what_is_not_set_is_bounded_only_by_the_objects_own_chain() {
    let parent = Grant {
        models: names(&["a"]),
        ..Grant::default()
    };
    assert_eq!(verdict(&Grant::default(), &parent, Unset::Bounded), Ok(()));
    assert_eq!(
        verdict(&Grant::default(), &parent, Unset::Unbounded)
            .unwrap_err()
            .to_string(),
        "models: has to be set, as the user who asks may not pass on everything"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn what_is_let_through_allows_nothing_more(
        (child, chain) in about_one_subject(), calls in prop::collection::vec(calls(), 8),
    ) {
        let parents: Vec<_> = chain.iter().map(compiled).collect();
        let links: Vec<_> = parents
            .iter()
            .map(|grant| Link { which: Which::Creator, name: "alice", grant })
            .collect();
        let child = compiled(&child);
        let own = [Link { which: Which::Key, name: "k", grant: &child }];
        if subset(&child, &links, Unset::Unbounded).is_ok() {
            for call in calls {
                let is_wider = call.ask(|asked| {
                    check(&own, asked) == Verdict::Allowed && check(&links, asked) != Verdict::Allowed
                });
                prop_assert!(!is_wider, "{call:?}");
            }
            let (own, theirs) = (narrowest(&own), narrowest(&links));
            let is_within = |own: Option<u64>, theirs: Option<u64>| {
                theirs.is_none_or(|most| own.is_some_and(|own| own <= most))
            };
            prop_assert!(is_within(own.output_tokens, theirs.output_tokens));
        }
    }

    #[test]
    fn everybody_may_pass_on_what_they_have(grant in grants()) {
        prop_assert_eq!(verdict(&grant, &grant, Unset::Unbounded), Ok(()));
        prop_assert_eq!(verdict(&Grant::default(), &Grant::default(), Unset::Unbounded), Ok(()));
    }

    #[test]
    fn what_may_be_passed_on_unbounded_may_be_bounded((child, parents) in about_one_subject()) {
        let parent = &parents[0];
        if verdict(&child, parent, Unset::Unbounded).is_ok() {
            prop_assert_eq!(verdict(&child, parent, Unset::Bounded), Ok(()));
        }
    }

    #[test]
    fn in_its_own_chain_what_is_set_is_never_wider(
        (child, parents) in about_one_subject(), calls in prop::collection::vec(calls(), 8),
    ) {
        // Every field of the subject that the parent sets is set, so that none is left to the chain.
        let parent = &parents[0];
        let all_set = [
            (child.models.is_some(), parent.models.is_some()),
            (child.tools.is_some(), parent.tools.is_some() || !parent.blocked_tools.is_empty()),
            (child.routes.is_some(), parent.routes.is_some()),
            (child.hours.is_some(), parent.hours.is_some()),
        ]
        .iter()
        .all(|(child, parent)| *child || !parent);
        if all_set && verdict(&child, parent, Unset::Bounded).is_ok() {
            let (child, parent) = (compiled(&child), compiled(parent));
            let link = |grant| [Link { which: Which::Key, name: "k", grant }];
            for call in calls {
                let is_wider = call.ask(|asked| {
                    let (own, theirs) = (check(&link(&child), asked), check(&link(&parent), asked));
                    own == Verdict::Allowed
                        && matches!(theirs, Verdict::Refused(refusal) if matches!(
                            refusal.rule,
                            Rule::Models | Rule::Tools | Rule::BlockedTools | Rule::Routes | Rule::Hours
                        ))
                });
                prop_assert!(!is_wider, "{call:?}");
            }
        }
    }
}
