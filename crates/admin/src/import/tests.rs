use ironward_secret::KeyHasher;
use ironward_store::objects::Kind;
use serde_json::{Value, json};

use super::{Existing, Import, ImportedRow, import};

const NOW: u64 = 1_795_423_697_000;
const TOKEN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const SHA256_OF_SK_1234: &str = "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b";

fn rows(rows: &[(&str, Value)]) -> Vec<ImportedRow> {
    rows.iter()
        .map(|(table, columns)| ImportedRow {
            table: format!("LiteLLM_{table}").into(),
            columns: columns.as_object().unwrap().clone(),
        })
        .collect()
}

fn imported(given: &[(&str, Value)]) -> Import {
    import(
        rows(given),
        Existing::default(),
        &KeyHasher::new(&[7; 32]),
        NOW,
    )
}

#[track_caller]
fn count(import: &Import, kind: Kind) -> usize {
    import.counts.get(&kind).map_or(0, |count| count.taken)
}

fn lines(import: &Import) -> Vec<String> {
    let notes = import.notes.iter();
    notes
        .map(|note| format!("{} {}: {}", note.what, note.id, note.why))
        .collect()
}

/// Each has to be how a line begins.
#[track_caller]
fn assert_said(import: &Import, expected: &[&str]) {
    let lines = lines(import);
    for expected in expected {
        let is_said = lines.iter().any(|line| line.starts_with(expected));
        assert!(is_said, "{expected}: {lines:#?}");
    }
}

/// The objects that are to be written, as they are printed.
fn written(import: &Import) -> String {
    let changes = import.batches.iter().flatten();
    let bodies = changes.map(|change| String::from_utf8_lossy(change.body().unwrap()).into_owned());
    bodies.collect()
}

/// The one reason for which one thing is left out.
#[track_caller]
fn reason(given: &[(&str, Value)]) -> String {
    let import = imported(given);
    let left_out: Vec<_> = import
        .notes
        .iter()
        .filter(|note| note.is_left_out)
        .collect();
    assert_eq!(left_out.len(), 1, "{left_out:?}");
    left_out[0].why.clone()
}

#[test]
fn what_would_lose_a_limit_is_left_out() {
    let key = |more: Value| {
        let mut key = json!({"token": TOKEN, "key_alias": "k"});
        key.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        ("VerificationToken", key)
    };
    for (more, why) in [
        (json!({"team_id": "gone"}), "team"),
        (json!({"project_id": "p"}), "project"),
        (json!({"agent_id": "a"}), "agent"),
        (json!({"organization_id": "o"}), "organization"),
        (json!({"budget_id": "b"}), "budget"),
        (json!({"object_permission_id": "x"}), "object permission"),
        (json!({"expires": "soon"}), "expires"),
        (
            json!({"budget_duration": "fortnight", "max_budget": 1}),
            "budget_duration",
        ),
        (json!({"rpm_limit": -1}), "rpm_limit"),
        (json!({"max_budget": "much"}), "max_budget"),
        (json!({"allowed_routes": ["no route"]}), "routes"),
        (json!({"token": "sk-plain"}), "hash"),
        (json!({"token": TOKEN.to_uppercase()}), "hash"),
        (json!({"team_id": "litellm-dashboard"}), "console"),
        (json!({"token": SHA256_OF_SK_1234}), "published"),
        (json!({"metadata": {"x": "y".repeat(5 << 20)}}), "bytes"),
    ] {
        let said = reason(&[key(more.clone())]);
        assert!(said.contains(why), "{more}: {said}");
    }
    let team = json!({"team_id": "t", "organization_id": "gone"});
    assert!(reason(&[("TeamTable", team)]).contains("organization"));
    let organisation =
        json!({"organization_id": "o", "organization_alias": "O", "budget_id": "gone"});
    assert!(reason(&[("OrganizationTable", organisation)]).contains("budget"));
}

#[test]
fn every_loss_is_a_line() {
    let import = imported(&[
        (
            "UserTable",
            json!({"user_id": "root", "user_role": "proxy_admin", "password": "scrypt:x"}),
        ),
        (
            "UserTable",
            json!({"user_id": "odd", "user_role": "customer", "user_email": "A@x.org"}),
        ),
        (
            "UserTable",
            json!({"user_id": "twin", "user_email": "a@X.org"}),
        ),
        (
            "VerificationToken",
            json!({
                "token": TOKEN, "key_alias": "k", "user_id": "nobody", "new_column": [1],
                "metadata": {"logging": [{"callback_vars": {"langfuse_secret_key": "s3cr3t"}}], "a": 1},
            }),
        ),
        (
            "ProxyModelTable",
            json!({"model_id": "m", "model_name": "gpt-4o"}),
        ),
        ("SpendLogs", json!({"request_id": "r"})),
    ]);
    let expected = [
        "user root: they administer",
        "user root: there are no passwords",
        "user odd: there is no such role",
        "user twin: user_email is another",
        "user nobody: LiteLLM has no row",
        "key k: metadata.logging holds a secret",
        "key k: new_column was not taken",
        "model gpt-4o: its parameters are encrypted",
        "table LiteLLM_SpendLogs: 1 row:",
    ];
    assert_said(&import, &expected);
    assert_eq!(
        (count(&import, Kind::Key), count(&import, Kind::User)),
        (1, 4)
    );
    let written = written(&import);
    assert!(!written.contains("s3cr3t"), "{written}");
}

#[test]
fn what_is_there_already_or_was_deleted_stays_as_it_is() {
    let given = [
        (
            "TeamTable",
            json!({"team_id": "t", "members_with_roles": [{"role": "admin", "user_id": "u"}]}),
        ),
        ("VerificationToken", json!({"token": TOKEN, "team_id": "t"})),
    ];
    let first = imported(&given);
    assert_eq!(
        (
            count(&first, Kind::Team),
            count(&first, Kind::Key),
            count(&first, Kind::User)
        ),
        (1, 1, 1)
    );
    let mut existing = Existing::default();
    existing.objects.insert((Kind::Team, "t".into()), false);
    existing.objects.insert((Kind::User, "u".into()), false);
    let second = import(rows(&given), existing, &KeyHasher::new(&[7; 32]), NOW);
    assert_eq!(
        (count(&second, Kind::Team), count(&second, Kind::Key)),
        (0, 1)
    );
    assert_eq!(second.counts[&Kind::Team].there, 1);
    let mut existing = Existing::default();
    existing.objects.insert((Kind::Team, "t".into()), true);
    let third = import(rows(&given), existing, &KeyHasher::new(&[7; 32]), NOW);
    assert!(
        third.batches.is_empty(),
        "a key of a deleted team does not come back"
    );
}

#[test]
fn nobody_is_made_without_what_bounded_them() {
    let import = imported(&[
        (
            "UserTable",
            json!({"user_id": "u", "max_budget": 1, "budget_duration": "fortnight"}),
        ),
        (
            "TeamTable",
            json!({"team_id": "t", "members_with_roles": [{"role": "user", "user_id": "u"}]}),
        ),
        ("VerificationToken", json!({"token": TOKEN, "user_id": "u"})),
    ]);
    let counts = (count(&import, Kind::User), count(&import, Kind::Key));
    assert_eq!(counts, (0, 0), "{:#?}", lines(&import));
    assert_eq!(import.counts[&Kind::User].left_out, 1);
    assert_said(
        &import,
        &[
            "user u: budget_duration",
            "team t: the member u was not taken",
            "key sk-...: its user is left out",
        ],
    );
    let budget = json!({"budget_id": "b", "max_budget": -1});
    let of_member = imported(&[
        ("BudgetTable", budget),
        (
            "TeamMembership",
            json!({"user_id": "u", "team_id": "t", "budget_id": "b"}),
        ),
        (
            "TeamTable",
            json!({"team_id": "t", "members_with_roles": [{"role": "user", "user_id": "u"}]}),
        ),
    ]);
    assert_eq!(count(&of_member, Kind::Team), 0);
    assert_said(
        &of_member,
        &["team t: its member u: its budget cannot be taken"],
    );
}

#[test]
fn who_is_deactivated_stays_so() {
    let user = |active: bool| json!({"user_id": "u", "metadata": {"scim_active": active}});
    let blocked = |active| written(&imported(&[("UserTable", user(active))]));
    assert!(blocked(false).contains(r#""blocked":true"#));
    assert!(!blocked(true).contains(r#""blocked":true"#));
}

#[test]
fn a_key_whose_user_is_not_in_its_team_is_the_teams() {
    let import = imported(&[
        ("UserTable", json!({"user_id": "u"})),
        ("TeamTable", json!({"team_id": "t"})),
        (
            "VerificationToken",
            json!({"token": TOKEN, "user_id": "u", "team_id": "t"}),
        ),
    ]);
    assert_said(&import, &["key sk-...: its user u is no member"]);
    let written = written(&import);
    assert!(written.contains(r#""owner":"team""#), "{written}");
    assert!(written.contains(r#""creator":"u""#), "{written}");
}

#[test]
fn places_that_contradict_each_other_let_nobody_in() {
    let organisation = |id: &str| {
        let row = json!({"organization_id": id, "organization_alias": id, "budget_id": "b"});
        ("OrganizationTable", row)
    };
    let given = [
        ("BudgetTable", json!({"budget_id": "b"})),
        organisation("one"),
        organisation("other"),
        (
            "TeamTable",
            json!({"team_id": "t", "organization_id": "one"}),
        ),
        (
            "VerificationToken",
            json!({"token": TOKEN, "team_id": "t", "organization_id": "other"}),
        ),
    ];
    assert!(reason(&given).contains("another organization"));
}

#[test]
fn what_cannot_be_taken_stops_nothing_else() {
    let long = "x".repeat(256);
    let import = imported(&[
        ("TeamTable", json!({"team_id": "a\nb"})),
        ("TeamTable", json!({"team_id": long})),
        ("TeamTable", json!({"team_alias": "no id"})),
        (
            "TeamTable",
            json!({
                "team_id": "\u{e9}quipe/\u{1f535} %2F",
                "team_alias": "a\nb",
                "team_member_permissions": ["/key/generate", "/no/such/route"],
                "access_group_ids": ["gone"],
                "max_budget": 5, "soft_budget": 5,
                "metadata": {"team_member_key_duration": "7d", "models": ["not", "a", "field"]},
            }),
        ),
        (
            "UserTable",
            json!({"user_id": "u", "user_email": "a\u{7}b", "max_budget": "Infinity"}),
        ),
        (
            "VerificationToken",
            json!({
                "token": TOKEN, "key_name": "sk-a-whole-key-of-an-old-version",
                "config": {"model_list": [{"litellm_params": {"api_key": "s3cr3t"}}]},
                "router_settings": {"auth": {"user": "s3cr3t"}},
            }),
        ),
    ]);
    assert_eq!(import.counts[&Kind::Team].left_out, 3);
    let taken = [Kind::Team, Kind::User, Kind::Key].map(|kind| count(&import, kind));
    assert_eq!(taken, [1; 3], "{:#?}", lines(&import));
    assert_said(
        &import,
        &[
            "team a\nb: an id has at most 255 characters",
            "team without an id: team_id is not set",
            "team \u{e9}quipe/\u{1f535} %2F: team_alias has over",
            "team \u{e9}quipe/\u{1f535} %2F: team_member_permissions: \"/no/such/route\"",
            "team \u{e9}quipe/\u{1f535} %2F: access group gone",
            "team \u{e9}quipe/\u{1f535} %2F: soft_budget",
            "user u: user_email has over",
            "key sk-...: config.model_list holds a secret",
            "key sk-...: router_settings.auth holds a secret",
        ],
    );
    let written = written(&import);
    for hidden in ["s3cr3t", "whole-key"] {
        assert!(!written.contains(hidden), "{hidden}: {written}");
        assert!(!format!("{:?}", import.notes).contains(hidden), "{hidden}");
    }
    assert!(written.contains(r#""key_duration":"7d""#), "{written}");
    assert!(
        written.contains(r#""metadata":{"models":["not","a","field"]}"#),
        "{written}"
    );
}

#[test]
fn an_alias_stays_one_keys() {
    let key = |token: &str| {
        (
            "VerificationToken",
            json!({"token": token, "key_alias": "ci"}),
        )
    };
    let other = TOKEN.replace('0', "a");
    let import = imported(&[key(TOKEN), key(&other)]);
    assert_eq!(count(&import, Kind::Key), 2);
    assert_said(&import, &["key ci: key_alias is another key's"]);
}
