use ironward_secret::KeyHasher;
use ironward_store::objects::Kind;
use serde_json::{Value, json};

use super::{Existing, Import, ImportedRow, import};

const NOW: u64 = 1_795_423_697_000;
const TOKEN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

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
    import.counts.get(&kind).map_or(0, |count| count.0)
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
    let lines: Vec<String> = import
        .notes
        .iter()
        .map(|note| format!("{} {}: {}", note.what, note.id, note.why))
        .collect();
    for expected in [
        "user root: they administer",
        "user root: there are no passwords",
        "user odd: there is no such role",
        "user twin: user_email is another",
        "user nobody: LiteLLM has no row",
        "key k: metadata.logging holds a secret",
        "key k: new_column was not taken",
        "model gpt-4o: its parameters are encrypted",
        "table LiteLLM_SpendLogs: 1 rows",
    ] {
        assert!(
            lines.iter().any(|line| line.starts_with(expected)),
            "{expected}: {lines:#?}"
        );
    }
    assert_eq!(
        (count(&import, Kind::Key), count(&import, Kind::User)),
        (1, 4)
    );
    let written = format!("{:?}", import.batches);
    assert!(!written.contains("s3cr3t"));
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
    assert_eq!(second.counts[&Kind::Team], (0, 1));
    let mut existing = Existing::default();
    existing.objects.insert((Kind::Team, "t".into()), true);
    let third = import(rows(&given), existing, &KeyHasher::new(&[7; 32]), NOW);
    assert!(
        third.batches.is_empty(),
        "a key of a deleted team does not come back"
    );
}
