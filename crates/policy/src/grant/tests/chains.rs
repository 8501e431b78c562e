use ironward_core::FaultKind;
use proptest::prelude::*;

use super::super::{
    Asked, Compiled, Grant, Link, Refusal, Rule, Verdict, Which, allows_model, allows_region,
    check, explain, limits, narrowest,
};
use super::arbitrary::{Call, about_one_subject, calls, chains, grants, narrower};
use super::{compiled, names};

const CHAT: &[&str] = &["/v1/chat/completions", "/chat/completions"];

fn asked() -> Asked<'static> {
    Asked {
        now: 1_000,
        route: CHAT,
        model: Some("gpt-4o"),
        ..Asked::default()
    }
}

fn link(which: Which, grant: &Compiled) -> Link<'_> {
    Link {
        which,
        name: "x",
        grant,
    }
}

fn refusal(which: Which, grant: &Grant, asked: &Asked<'_>) -> Refusal {
    match check(&[link(which, &compiled(grant))], asked) {
        Verdict::Refused(refusal) => refusal,
        Verdict::Allowed => panic!("allowed"),
    }
}

#[test]
fn a_refused_model_is_named_in_litellms_words() {
    let grant = Grant {
        models: names(&["o3"]),
        ..Grant::default()
    };
    for (which, code, object) in [
        (Which::Key, "key_model_access_denied", "key"),
        (Which::User, "user_model_access_denied", "user"),
        (Which::Creator, "user_model_access_denied", "user"),
        (Which::ServiceAccount, "agent_model_access_denied", "agent"),
        (Which::Member, "team_model_access_denied", "team member"),
        (Which::Project, "project_model_access_denied", "project"),
        (Which::Team, "team_model_access_denied", "team"),
        (Which::Organisation, "org_model_access_denied", "org"),
        (Which::Customer, "customer_model_access_denied", "customer"),
    ] {
        let refusal = refusal(which, &grant, &asked());
        assert_eq!(refusal.by, Some(which));
        assert_eq!((refusal.kind.status(), refusal.code), (403, code));
        assert_eq!(refusal.param, Some("model"));
        assert_eq!(
            refusal.say,
            format!("{object} not allowed to access model. Tried to access gpt-4o")
        );
    }
}

#[test]
fn each_rule_refuses_with_its_status_and_code() {
    let unset = Grant::default;
    let asked = Asked {
        source: Some("192.0.2.1".parse().unwrap()),
        tools: &["ls", "rm"],
        mcp_servers: &["files"],
        regions: &[Some("us"), None],
        output_tokens: Some(10),
        ..asked()
    };
    let cases = [
        (
            Grant {
                blocked: true,
                ..unset()
            },
            Rule::Blocked,
            401,
            "auth_error",
            "Key is blocked",
        ),
        (
            Grant {
                expires: Some(1_000),
                ..unset()
            },
            Rule::Expires,
            401,
            "expired_key",
            "Expired Key. Key Expiry time 1970-01-01T00:00:01Z",
        ),
        (
            Grant {
                sources: names(&["10.0.0.0/8"]),
                ..unset()
            },
            Rule::Sources,
            403,
            "auth_error",
            "IP address 192.0.2.1 not allowed",
        ),
        (
            Grant {
                hours: Some(Vec::new()),
                ..unset()
            },
            Rule::Hours,
            403,
            "auth_error",
            "It is Thu 00:00 UTC",
        ),
        (
            Grant {
                routes: names(&["/key/*"]),
                ..unset()
            },
            Rule::Routes,
            403,
            "auth_error",
            "Tried to call route: /v1/chat/completions",
        ),
        (
            Grant {
                tools: names(&["l*"]),
                ..unset()
            },
            Rule::Tools,
            403,
            "tool_access_denied",
            "Tried to use rm",
        ),
        (
            Grant {
                blocked_tools: names(&["r*"]).unwrap(),
                ..unset()
            },
            Rule::BlockedTools,
            403,
            "tool_access_denied",
            "Tried to use rm",
        ),
        (
            Grant {
                mcp_servers: names(&[]),
                ..unset()
            },
            Rule::McpServers,
            403,
            "tool_access_denied",
            "Tried to access files",
        ),
        (
            Grant {
                regions: names(&["eu"]),
                ..unset()
            },
            Rule::Regions,
            403,
            "key_model_access_denied",
            "a region that serves model gpt-4o",
        ),
        (
            Grant {
                output_tokens: Some(9),
                ..unset()
            },
            Rule::OutputTokens,
            403,
            "auth_error",
            "ask for 10 tokens; ask for at most 9",
        ),
    ];
    for (grant, rule, status, code, part) in cases {
        let refusal = refusal(Which::Key, &grant, &asked);
        assert_eq!(refusal.rule, rule);
        assert_eq!(
            (refusal.kind.status(), refusal.code),
            (status, code),
            "{rule:?}"
        );
        assert!(refusal.say.contains(part), "{}", refusal.say);
    }
}

#[test]
fn what_is_at_its_limit_is_let_through() {
    let grant = compiled(&Grant {
        expires: Some(1_001),
        sources: names(&["192.0.2.0/24"]),
        routes: names(&["/chat/completions"]),
        models: names(&["gpt-*"]),
        tools: names(&["ls"]),
        regions: names(&["eu"]),
        output_tokens: Some(10),
        ..Grant::default()
    });
    let asked = Asked {
        source: Some("::ffff:192.0.2.1".parse().unwrap()),
        tools: &["ls"],
        regions: &[Some("us"), Some("eu")],
        output_tokens: Some(10),
        ..asked()
    };
    let chain = [link(Which::Key, &grant)];
    assert_eq!(check(&chain, &asked), Verdict::Allowed);
    for unknown in [
        Asked {
            source: None,
            ..asked
        },
        Asked {
            route: &[],
            ..asked
        },
        Asked {
            regions: &[None],
            ..asked
        },
    ] {
        assert!(matches!(check(&chain, &unknown), Verdict::Refused(_)));
    }
    assert!(!allows_region(&chain, None));
    assert!(allows_model(&chain, "gpt-5") && !allows_model(&chain, "o3"));
}

#[test]
fn nobody_grants_nothing() {
    let Verdict::Refused(refusal) = check(&[], &asked()) else {
        panic!("allowed");
    };
    assert_eq!(
        (refusal.by, refusal.kind),
        (None, FaultKind::Authentication)
    );
    assert!(!allows_model(&[], "gpt-4o") && !allows_region(&[], None));
}

#[test]
fn each_may_allow_a_region_and_all_together_none() {
    let in_region = |region| {
        compiled(&Grant {
            regions: names(&[region]),
            ..Grant::default()
        })
    };
    let (eu, us) = (in_region("eu"), in_region("us"));
    let chain = [link(Which::Team, &us), link(Which::Key, &eu)];
    let asked = Asked {
        regions: &[Some("eu"), Some("us")],
        ..asked()
    };
    let Verdict::Refused(refusal) = check(&chain, &asked) else {
        panic!("allowed");
    };
    assert_eq!(
        (refusal.by, refusal.rule),
        (Some(Which::Team), Rule::Regions)
    );
    assert_eq!(check(&chain[..1], &asked), Verdict::Allowed);
}

#[test]
fn the_explanation_says_which_entry_decides() {
    let key = compiled(&Grant {
        models: names(&["openai/*"]),
        ..Grant::default()
    });
    let team = compiled(&Grant {
        models: names(&["o3"]),
        expires: Some(5_000),
        ..Grant::default()
    });
    let chain = [link(Which::Team, &team), link(Which::Key, &key)];
    let asked = Asked {
        model: Some("openai/gpt-4o"),
        ..asked()
    };
    let lines: Vec<_> = explain(&chain, &asked)
        .into_iter()
        .map(|line| (line.which, line.rule, line.is_allowed, line.why))
        .collect();
    let why = |text: &str| text.to_owned();
    assert_eq!(
        lines,
        [
            (
                Which::Team,
                Rule::Expires,
                true,
                why("it expires at 1970-01-01T00:00:05Z")
            ),
            (
                Which::Key,
                Rule::Models,
                true,
                why("`openai/*` covers openai/gpt-4o")
            ),
            (
                Which::Team,
                Rule::Models,
                false,
                why("nothing in its list covers openai/gpt-4o")
            ),
        ]
    );
}

#[test]
fn content_is_kept_where_somebody_says_so_and_nobody_forbids() {
    let kept = |said: &[Option<bool>]| {
        let grants: Vec<_> = said
            .iter()
            .map(|said| {
                compiled(&Grant {
                    content_logging: *said,
                    ..Grant::default()
                })
            })
            .collect();
        let chain: Vec<_> = grants.iter().map(|grant| link(Which::Key, grant)).collect();
        narrowest(&chain).content_logging
    };
    assert!(!kept(&[]) && !kept(&[None]));
    assert!(kept(&[None, Some(true)]));
    assert!(!kept(&[Some(true), Some(false)]));
}

/// The links of some grants, one of each kind in turn.
fn links(grants: &[Compiled]) -> Vec<Link<'_>> {
    let kinds = [Which::Key, Which::User, Which::Team, Which::Organisation];
    kinds
        .into_iter()
        .zip(grants)
        .map(|(which, grant)| link(which, grant))
        .collect()
}

fn is_allowed(chain: &[Link<'_>], call: &Call) -> bool {
    call.ask(|asked| check(chain, asked) == Verdict::Allowed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_further_link_never_allows_more(
        (further, chain) in prop_oneof![(grants(), chains()), about_one_subject()], call in calls(),
    ) {
        let mut grants: Vec<_> = chain.iter().map(compiled).collect();
        let before = is_allowed(&links(&grants), &call);
        grants.push(compiled(&further));
        prop_assert!(before || !is_allowed(&links(&grants), &call));
    }

    #[test]
    fn a_narrower_field_never_allows_more(
        (grant, narrow) in about_one_subject()
            .prop_flat_map(|(grant, _)| (Just(grant.clone()), narrower(grant))),
        call in calls(),
    ) {
        let (wide, narrow) = ([compiled(&grant)], [compiled(&narrow)]);
        prop_assert!(is_allowed(&links(&wide), &call) || !is_allowed(&links(&narrow), &call));
    }

    #[test]
    fn a_chain_allows_what_all_of_its_links_allow(
        (_, chain) in about_one_subject(), mut call in calls(),
    ) {
        let grants: Vec<_> = chain.iter().map(compiled).collect();
        let links = links(&grants);
        // With one region at most, the intersection is that of single yes and no.
        call.regions.truncate(1);
        let each = links.iter().all(|link| is_allowed(std::slice::from_ref(link), &call));
        prop_assert_eq!(is_allowed(&links, &call), each);
    }

    #[test]
    fn the_explanation_agrees_with_the_verdict(
        (_, chain) in prop_oneof![(grants(), chains()), about_one_subject()], call in calls(),
    ) {
        let grants: Vec<_> = chain.iter().map(compiled).collect();
        let links = links(&grants);
        let (verdict, lines) = call.ask(|asked| (check(&links, asked), explain(&links, asked)));
        let first = lines.into_iter().find(|line| !line.is_allowed);
        match verdict {
            Verdict::Allowed => prop_assert_eq!(first, None),
            Verdict::Refused(refusal) => {
                let line = first.unwrap();
                prop_assert_eq!((refusal.by, refusal.rule), (Some(line.which), line.rule));
            }
        }
    }

    #[test]
    fn the_order_of_the_links_means_nothing(
        (chain, shuffled) in chains().prop_flat_map(|chain| {
            let places: Vec<usize> = (0..chain.len()).collect();
            (Just(chain), Just(places).prop_shuffle())
        }),
        call in calls(),
    ) {
        let grants: Vec<_> = chain.iter().map(compiled).collect();
        let ordered = links(&grants);
        let other: Vec<_> = shuffled.iter().map(|place| ordered[*place]).collect();
        let verdicts = call.ask(|asked| (check(&ordered, asked), check(&other, asked)));
        prop_assert_eq!(verdicts.0, verdicts.1);
    }
}

#[test]
fn a_refusal_names_what_the_caller_wrote() {
    let grant = compiled(&Grant {
        models: names(&["other"]),
        ..Grant::default()
    });
    let links = [Link {
        which: Which::Key,
        name: "key",
        grant: &grant,
    }];
    let asked = Asked {
        model: Some("vendor/secret-preview"),
        called: Some("fast"),
        ..asked()
    };
    let Verdict::Refused(refusal) = check(&links, &asked) else {
        panic!("not allowed");
    };
    assert_eq!(
        refusal.say,
        "key not allowed to access model. Tried to access fast"
    );
}

#[test]
fn a_chain_says_what_it_limits() {
    let grants = [
        Grant::default(),
        Grant {
            blocked_tools: vec!["rm".into()],
            ..Grant::default()
        },
    ];
    let compiled = grants.map(|grant| compiled(&grant));
    let links = compiled.each_ref().map(|grant| Link {
        which: Which::Key,
        name: "key",
        grant,
    });
    assert!(limits(&links, &[Rule::Tools, Rule::BlockedTools]));
    assert!(!limits(&links, &[Rule::Tools, Rule::Regions]));
    assert!(!limits(&links[..1], &[Rule::BlockedTools]));
}

#[test]
fn what_cannot_be_read_allows_nothing() {
    let closed = Compiled::closed();
    let until = Compiled::until(asked().now);
    for grant in [&closed, &until] {
        let link = Link {
            which: Which::Key,
            name: "key",
            grant,
        };
        assert_ne!(check(&[link], &asked()), Verdict::Allowed);
    }
}
