mod page;
mod people;

use std::collections::HashSet;

use ironward_core::Role;
use proptest::prelude::*;

use super::{Denial, Effect, Method, Ownership, Route, Standing, decide};
use crate::{Asked, Compiled, Grant, Link, RouteGroup, Surroundings, Verdict, Which, check};

#[test]
fn no_two_routes_answer_the_same_request() {
    let mut seen = HashSet::new();
    for route in Route::ALL {
        for path in route.paths() {
            // What stands in a slot makes no difference to a router.
            let segments: Vec<_> = path
                .split('/')
                .map(|segment| {
                    if segment.starts_with('{') {
                        "{}"
                    } else {
                        segment
                    }
                })
                .collect();
            let request = (route.row().method, segments);
            assert!(seen.insert(request), "{route:?} {path}");
        }
    }
}

#[test]
fn administrators_may_do_all_and_those_who_look_change_nothing() {
    let everything = Ownership::ALL
        .into_iter()
        .fold(Standing::STRANGER, Standing::and);
    for route in Route::ALL.iter().copied() {
        let may = |role, standing| decide(role, route, standing).is_ok();
        assert!(may(Role::ProxyAdmin, Standing::STRANGER), "{route:?}");
        let changes = route.judge().row().effect == Effect::Changes;
        assert_eq!(
            may(Role::ProxyAdminViewer, Standing::STRANGER),
            !changes,
            "{route:?}"
        );
        for viewer in [
            Role::ProxyAdminViewer,
            Role::InternalUserViewer,
            Role::Operator,
        ] {
            assert!(
                !(changes && may(viewer, everything)),
                "{viewer:?} {route:?}"
            );
        }
        let are_numbers = route == Route::MetricsRead;
        assert_eq!(may(Role::Auditor, everything), are_numbers, "{route:?}");
        for role in [Role::OrgAdmin, Role::TeamAdmin, Role::InternalUser] {
            assert!(!may(role, Standing::STRANGER), "{role:?} {route:?}");
        }
    }
}

#[test]
fn a_read_never_changes_and_a_list_says_whose_rule_holds() {
    for route in Route::ALL.iter().copied() {
        let row = route.row();
        match row.effect {
            Effect::Reads => assert!(matches!(row.method, Method::Get | Method::Post)),
            Effect::Changes => assert_ne!(row.method, Method::Get, "{route:?}"),
            Effect::Lists(item) => {
                assert_ne!(item.row().effect, Effect::Changes, "{route:?}");
                assert_eq!(item.judge(), item, "{route:?}");
                let own = row.always.len() + row.owners.len();
                assert!(
                    own == 0 || item == route,
                    "{route:?} has a rule that is not read"
                );
            }
        }
    }
}

#[test]
fn the_groups_of_routes_hold_the_table() {
    let surroundings = Surroundings {
        in_team: false,
        access_group: &|_| None,
    };
    let covered = |group: RouteGroup, route: &[&str]| {
        let grant = Grant {
            routes: Some(vec![group.as_str().into()]),
            ..Grant::default()
        };
        let grant = Compiled::new(&grant, surroundings).unwrap();
        let link = Link {
            which: Which::Key,
            name: "k",
            grant: &grant,
        };
        let asked = Asked {
            route,
            ..Asked::default()
        };
        check(&[link], &asked) == Verdict::Allowed
    };
    for route in Route::ALL.iter().copied() {
        let paths: Vec<&str> = route.paths().collect();
        let is_ours = matches!(
            route,
            Route::OpenApi | Route::HealthDetails | Route::MetricsRead
        );
        // As in LiteLLM, what is about spend is a group of its own.
        let is_spend = covered(RouteGroup::Spend, &paths);
        assert_eq!(is_spend, route == Route::SpendCalculate, "{route:?}");
        assert_eq!(
            covered(RouteGroup::Management, &paths),
            !is_ours && !is_spend,
            "{route:?}"
        );
        let changes = route.judge().row().effect == Effect::Changes;
        assert!(
            !(changes && covered(RouteGroup::Reading, &paths)),
            "{route:?}"
        );
        assert!(
            !(changes && covered(RouteGroup::LlmApi, &paths)),
            "{route:?}"
        );
    }
}

proptest! {
    #[test]
    fn a_verdict_is_that_of_any_one_ownership(
        route in prop::sample::select(Route::ALL),
        role in prop::sample::select(&Role::ALL[..]),
        owned in prop::sample::subsequence(&Ownership::ALL[..], 0..=Ownership::ALL.len()),
    ) {
        let all = owned.iter().copied().fold(Standing::STRANGER, Standing::and);
        let by_one = |ownership: &Ownership| {
            decide(role, route, Standing::STRANGER.and(*ownership)).is_ok()
        };
        let stranger = decide(role, route, Standing::STRANGER);
        let expected = stranger.is_ok() || owned.iter().any(by_one);
        prop_assert_eq!(decide(role, route, all).is_ok(), expected);
        if let Err(Denial::Role { .. }) = stranger {
            prop_assert_eq!(decide(role, route, all), stranger);
        }
    }
}
