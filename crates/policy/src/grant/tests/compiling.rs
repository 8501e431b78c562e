use super::super::{Compiled, Grant, Hours};
use super::{compiled, names, surroundings};

fn allows(grant: &Grant, in_team: bool, model: &str) -> bool {
    Compiled::new(grant, surroundings(in_team))
        .unwrap()
        .allows_model(model)
}

fn models(items: &[&str]) -> Grant {
    Grant {
        models: names(items),
        ..Grant::default()
    }
}

#[test]
fn wildcards_are_anchored() {
    let grant = models(&["openai/*", "gpt-4o"]);
    assert!(allows(&grant, false, "openai/gpt-4o"));
    assert!(allows(&grant, false, "gpt-4o"));
    assert!(!allows(&grant, false, "gpt-4o-mini"));
    assert!(!allows(&grant, false, "x/openai/gpt-4o"));
}

#[test]
fn the_names_with_a_meaning_of_their_own_have_it() {
    assert!(allows(&Grant::default(), false, "x"), "not set is no limit");
    assert!(!allows(&models(&[]), false, "x"), "an empty list is none");
    assert!(allows(&models(&["all-proxy-models"]), false, "x"));
    assert!(!allows(&models(&["no-default-models"]), true, "x"));
    assert!(!allows(
        &models(&["no-default-models"]),
        true,
        "no-default-models"
    ));
    assert!(allows(&models(&["no-default-models", "x"]), false, "x"));
    let of_team = models(&["all-team-models"]);
    assert!(allows(&of_team, true, "x"), "the team's link is the limit");
    assert!(!allows(&of_team, false, "x"), "without a team, none");
}

#[test]
fn access_groups_stand_for_their_models() {
    let groups = |models: &[&str], groups: &[&str]| Grant {
        models: names(models),
        access_groups: names(groups).unwrap(),
        ..Grant::default()
    };
    assert!(allows(&groups(&[], &["base"]), false, "a/x"));
    assert!(!allows(&groups(&[], &["base"]), false, "a/y"));
    assert!(allows(&groups(&["b"], &["wide"]), false, "b"));
    assert!(allows(&groups(&["b"], &["wide"]), false, "a/y"));
    assert!(
        allows(&groups(&["base"], &[]), false, "a"),
        "as a model's name"
    );
    assert!(!allows(&groups(&[], &["gone"]), false, "gone"));
}

#[test]
fn an_error_names_the_field_and_the_item() {
    let hours = |days: &[u8], from, to| {
        Some(vec![Hours {
            days: days.to_vec(),
            from,
            to,
        }])
    };
    let unset = Grant::default;
    for (grant, said) in [
        (models(&["a", ""]), "models: \"\": is empty"),
        (models(&["a\nb"]), "models: \"a\\nb\": holds a control"),
        (
            Grant {
                access_groups: names(&["base"]).unwrap(),
                ..unset()
            },
            "access_groups: \"base\": needs models too",
        ),
        (
            Grant {
                routes: names(&["/*", "chat"]),
                ..unset()
            },
            "routes: \"chat\": neither a path nor a group of routes (llm_api_routes,",
        ),
        (
            Grant {
                sources: names(&["10.0.0.0/8", "10.1.0.0/8"]),
                ..unset()
            },
            "sources: \"10.1.0.0/8\": has bits beyond its prefix; write 10.0.0.0/8",
        ),
        (
            Grant {
                hours: hours(&[7], 0, 60),
                ..unset()
            },
            "hours: \"days [7] from minute 0 to 60\": days go from 0",
        ),
        (
            Grant {
                blocked_tools: names(&[""]).unwrap(),
                ..unset()
            },
            "blocked_tools: \"\": is empty",
        ),
    ] {
        let error = Compiled::new(&grant, surroundings(false)).unwrap_err();
        assert!(error.to_string().starts_with(said), "{error}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }
    let long = models(&[&"m".repeat(300)]);
    let error = Compiled::new(&long, surroundings(false)).unwrap_err();
    assert!(error.to_string().len() < 200, "{error}");
}

#[test]
fn a_grant_takes_little_memory() {
    assert!(size_of::<Compiled>() <= 320, "{}", size_of::<Compiled>());
    assert_eq!(compiled(&Grant::default()), Compiled::default());
}
