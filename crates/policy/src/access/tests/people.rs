//! The table with people in it: alice and bob are in team `t` of organisation `o`.

use ironward_core::Role;

use super::super::{Actor, Denial, Permission, Place, Route, Seat, Target, authorise, may_give};

fn alice() -> Actor<'static> {
    Actor {
        role: Role::InternalUser,
        key: Some("key-of-alice"),
        user: Some("alice"),
        service_account: None,
        teams: &[Seat {
            team: "t",
            is_admin: false,
            permissions: &[],
        }],
        organisations: &[Place {
            organisation: "o",
            is_admin: false,
        }],
    }
}

const ADMIN_OF_T: &[Seat<'_>] = &[Seat {
    team: "t",
    is_admin: true,
    permissions: &[],
}];
const ADMIN_OF_O: &[Place<'_>] = &[Place {
    organisation: "o",
    is_admin: true,
}];

fn may(actor: &Actor<'_>, route: Route, target: &Target<'_>) -> bool {
    authorise(actor, route, Some(target)) == Ok(Permission::Granted)
}

fn key_of(user: Option<&'static str>, team: Option<&'static str>) -> Target<'static> {
    Target {
        key: Some("k"),
        user: user.map(|user| (user, Role::InternalUser)),
        team,
        organisations: if team == Some("t") { &["o"] } else { &[] },
        ..Target::default()
    }
}

#[test]
fn a_person_makes_keys_for_themselves_and_for_no_team_that_does_not_let_them() {
    let alice = alice();
    let generate = |user, team| may(&alice, Route::KeyGenerate, &key_of(user, team));
    assert!(generate(Some("alice"), None));
    for (user, team) in [
        (Some("alice"), Some("t")),
        (Some("alice"), Some("other")),
        (Some("bob"), None),
        (Some("bob"), Some("t")),
        (None, None),
        (None, Some("t")),
    ] {
        assert!(!generate(user, team), "{user:?} {team:?}");
    }
    let of_a_program = Target {
        service_account: Some("agent"),
        ..key_of(Some("alice"), None)
    };
    assert!(!may(&alice, Route::KeyGenerate, &of_a_program));
    let elsewhere = Target {
        organisations: &["p"],
        ..key_of(Some("alice"), None)
    };
    assert!(
        !may(&alice, Route::KeyGenerate, &elsewhere),
        "another's budget"
    );
}

#[test]
fn a_team_lets_its_members_use_what_it_names_and_on_nobody_elses_keys() {
    let permissions = ["/key/generate".into(), "/key/{key}/regenerate".into()];
    let teams = [Seat {
        team: "t",
        is_admin: false,
        permissions: &permissions,
    }];
    let alice = Actor {
        teams: &teams,
        ..alice()
    };
    assert!(may(
        &alice,
        Route::KeyGenerate,
        &key_of(Some("alice"), Some("t"))
    ));
    assert!(may(&alice, Route::KeyGenerate, &key_of(None, Some("t"))));
    assert!(
        may(&alice, Route::KeyRegenerate, &key_of(None, Some("t"))),
        "by its alias"
    );
    assert!(!may(
        &alice,
        Route::KeyGenerate,
        &key_of(Some("bob"), Some("t"))
    ));
    assert!(!may(
        &alice,
        Route::KeyGenerate,
        &key_of(None, Some("other"))
    ));
    assert!(!may(&alice, Route::KeyUpdate, &key_of(None, Some("t"))));
}

#[test]
fn a_person_keeps_their_own_keys_in_hand_and_undoes_nothing_set_against_them() {
    let alice = alice();
    let own = key_of(Some("alice"), Some("t"));
    for route in [
        Route::KeyRead,
        Route::KeyBlock,
        Route::KeyDelete,
        Route::KeyRegenerate,
    ] {
        assert!(may(&alice, route, &own), "{route:?}");
        assert!(
            !may(&alice, route, &key_of(Some("bob"), Some("t"))),
            "{route:?}"
        );
        let left = key_of(Some("alice"), Some("left"));
        assert!(!may(&alice, route, &left), "{route:?}");
    }
    for route in [Route::KeyUnblock, Route::KeyResetSpend, Route::KeyUpdate] {
        assert!(!may(&alice, route, &own), "{route:?}");
    }
    let herself = Target {
        user: Some(("alice", Role::InternalUser)),
        organisations: &["o"],
        ..Target::default()
    };
    assert!(may(&alice, Route::UserRead, &herself));
    assert!(
        !may(&alice, Route::UserUpdate, &herself),
        "least of all the role"
    );
    assert!(!may(&alice, Route::UserDelete, &herself));
}

#[test]
fn a_viewer_sees_their_own_and_changes_nothing() {
    let viewer = Actor {
        role: Role::InternalUserViewer,
        teams: ADMIN_OF_T,
        organisations: ADMIN_OF_O,
        ..alice()
    };
    assert!(may(&viewer, Route::KeyRead, &key_of(Some("alice"), None)));
    assert!(matches!(
        authorise(
            &viewer,
            Route::KeyGenerate,
            Some(&key_of(Some("alice"), None))
        ),
        Err(Denial::Role { .. })
    ));
    assert!(!may(&viewer, Route::TeamUpdate, &key_of(None, Some("t"))));
    assert!(!may_give(&viewer, Role::InternalUser, Some("o")));
}

#[test]
fn a_team_admin_has_the_team_and_nobody_above_it() {
    let admin = Actor {
        teams: ADMIN_OF_T,
        ..alice()
    };
    let team = Target {
        team: Some("t"),
        organisations: &["o"],
        ..Target::default()
    };
    assert!(may(&admin, Route::TeamMemberAdd, &team));
    assert!(may(&admin, Route::ServiceAccountNew, &team));
    assert!(may(
        &admin,
        Route::KeyRegenerate,
        &key_of(Some("bob"), Some("t"))
    ));
    assert!(!may(&admin, Route::TeamDelete, &team));
    assert!(!may(
        &admin,
        Route::TeamUpdate,
        &Target {
            team: Some("u"),
            ..team
        }
    ));
    assert!(!may(
        &admin,
        Route::KeyRegenerate,
        &key_of(Some("bob"), None)
    ));
    for role in [
        Role::ProxyAdmin,
        Role::ProxyAdminViewer,
        Role::Auditor,
        Role::Operator,
    ] {
        let of_root = Target {
            user: Some(("root", role)),
            ..key_of(None, Some("t"))
        };
        assert!(!may(&admin, Route::KeyRegenerate, &of_root), "{role:?}");
        assert!(!may(&admin, Route::KeyRead, &of_root), "{role:?}");
    }
}

#[test]
fn an_organisations_admin_has_what_is_in_it_alone() {
    let admin = Actor {
        organisations: ADMIN_OF_O,
        teams: &[],
        ..alice()
    };
    let user = |organisations: &'static [&'static str], role| Target {
        user: Some(("bob", role)),
        organisations,
        ..Target::default()
    };
    assert!(may(
        &admin,
        Route::UserUpdate,
        &user(&["o"], Role::InternalUser)
    ));
    assert!(may(
        &admin,
        Route::UserRead,
        &user(&["o", "p"], Role::InternalUser)
    ));
    assert!(!may(
        &admin,
        Route::UserUpdate,
        &user(&["o", "p"], Role::InternalUser)
    ));
    assert!(!may(
        &admin,
        Route::UserUpdate,
        &user(&[], Role::InternalUser)
    ));
    assert!(!may(
        &admin,
        Route::UserUpdate,
        &user(&["o"], Role::ProxyAdmin)
    ));
    assert!(!may(
        &admin,
        Route::UserNew,
        &user(&["p"], Role::InternalUser)
    ));
    assert!(may(&admin, Route::KeyGenerate, &key_of(None, Some("t"))));
    assert!(!may(
        &admin,
        Route::OrganizationDelete,
        &user(&["o"], Role::InternalUser)
    ));

    assert!(may_give(&admin, Role::OrgAdmin, Some("o")));
    assert!(may_give(&admin, Role::InternalUser, None));
    for (role, organisation) in [
        (Role::OrgAdmin, None),
        (Role::OrgAdmin, Some("p")),
        (Role::InternalUser, Some("p")),
        (Role::ProxyAdmin, Some("o")),
        (Role::Auditor, None),
    ] {
        assert!(!may_give(&admin, role, organisation), "{role:?}");
    }
    assert!(!may_give(&alice(), Role::InternalUser, None));
}

#[test]
fn a_key_without_a_person_sees_itself() {
    let agent = Actor::unattended("k", Some("agent"));
    let own = Target {
        key: Some("k"),
        service_account: Some("agent"),
        team: Some("t"),
        ..Target::default()
    };
    assert!(may(&agent, Route::KeyRead, &own));
    assert!(may(
        &agent,
        Route::KeyRead,
        &Target {
            key: Some("other"),
            ..own
        }
    ));
    assert!(may(
        &agent,
        Route::ServiceAccountRead,
        &Target { key: None, ..own }
    ));
    assert!(!may(&agent, Route::KeyRegenerate, &own));
    let of_another = Target {
        service_account: Some("another"),
        key: Some("other"),
        ..own
    };
    assert!(!may(&agent, Route::KeyRead, &of_another));
    let of_team = Actor::unattended("k", None);
    assert!(
        !may(&of_team, Route::KeyRead, &of_another),
        "nobody is not somebody"
    );
    assert!(
        may(&of_team, Route::KeyRead, &key_of(None, Some("t"))),
        "itself"
    );
}

#[test]
fn a_list_may_be_asked_for_by_whoever_could_stand_in_it() {
    let ask = |role, route| authorise(&Actor { role, ..alice() }, route, None);
    assert_eq!(
        ask(Role::InternalUserViewer, Route::KeyList),
        Ok(Permission::EachBy(Route::KeyRead))
    );
    assert_eq!(
        ask(Role::InternalUser, Route::ModelRead),
        Ok(Permission::EachBy(Route::ModelRead))
    );
    for role in [Role::Auditor, Role::Operator] {
        assert!(matches!(
            ask(role, Route::KeyList),
            Err(Denial::Role { .. })
        ));
    }
    assert_eq!(
        ask(Role::Operator, Route::ModelRead),
        Ok(Permission::EachBy(Route::ModelRead))
    );
    let model = |is_usable| Target {
        is_usable,
        ..Target::default()
    };
    assert!(may(&alice(), Route::ModelRead, &model(true)));
    assert!(!may(&alice(), Route::ModelRead, &model(false)));
    assert!(may(&alice(), Route::KeyList, &key_of(Some("alice"), None)));
    assert!(!may(&alice(), Route::KeyList, &key_of(Some("bob"), None)));
}

#[test]
fn a_refusal_says_the_route_and_the_role() {
    let error = authorise(&alice(), Route::BudgetNew, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Only proxy admin can be used to generate, delete, update info for new keys/users/teams. \
         Route=/budget/new. Your role=internal_user"
    );
    let error = authorise(&alice(), Route::KeyDelete, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Not allowed on this object. Route=/key/delete. Your role=internal_user"
    );
}
