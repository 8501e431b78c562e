use std::collections::HashSet;

use ironward_config::published_keys;
use ironward_core::{Id, Role};
use ironward_secret::{KeyHasher, KeyId};
use ironward_store::objects::{Key, KeySecret, Kind, SecretForm};

use super::columns::Columns;
use super::limits::{check, join_permission};
use super::places;
use super::plan::{KEYS, Plan};
use super::teams::CONSOLE;
use crate::keys::KeyFields;

/// How LiteLLM names what a key refers to, and what that is here.
const REFERENCES: [(&str, Kind, &str); 5] = [
    ("team_id", Kind::Team, "its team is not there"),
    (
        "project_id",
        Kind::Project,
        "its project is not there: projects are not imported, make it first",
    ),
    (
        "agent_id",
        Kind::ServiceAccount,
        "its agent is not there: make a service account of this id first",
    ),
    (
        "organization_id",
        Kind::Organisation,
        "its organization is not there",
    ),
    ("budget_id", Kind::Budget, "its budget is not there"),
];

pub(super) fn plan(plan: &mut Plan, hasher: &KeyHasher) {
    let published: HashSet<String> = published_keys()
        .map(|key| hasher.hash_as_litellm(key.as_bytes()).to_hex())
        .collect();
    for row in plan.rows(KEYS) {
        let mut columns = Columns::new(row);
        let token = columns.text("token").unwrap_or_default();
        let name = name(&mut columns);
        let shown = columns.peek("key_alias").unwrap_or_else(|| name.clone());
        if columns.peek("team_id").as_deref() == Some(CONSOLE) {
            let why = "it is a session of LiteLLM's console";
            plan.leave_out(Kind::Key, &shown, why.to_owned());
            continue;
        }
        if !is_hash(&token) {
            let why = "its token is no SHA-256 hash";
            plan.leave_out(Kind::Key, &shown, why.to_owned());
            continue;
        }
        let hash = hasher.hash(token.as_bytes());
        let id = id_of(hash.bytes());
        if !plan.is_new(Kind::Key, &id, &shown) {
            continue;
        }
        let hex = hash.to_hex();
        if published.contains(&hex) {
            let why = "it is a key that published examples hold, which anybody tries: make another";
            plan.leave_out(Kind::Key, &shown, why.to_owned());
            continue;
        }
        let secret = KeySecret {
            form: SecretForm::LitellmHash,
            hash: hex.into(),
            made: plan.now,
            until: None,
        };
        let secrets = columns.without_secrets();
        match read(plan, &shown, &mut columns, name, secret) {
            Ok(key) => {
                if plan.make(&id, &shown, &key) {
                    plan.note_rest(Kind::Key, &shown, &secrets, columns);
                }
            }
            Err(why) => plan.leave_out(Kind::Key, &shown, why),
        }
    }
}

/// How a key is shown: `sk-...abcd`. What does not look so might be the key itself.
fn name(columns: &mut Columns) -> Box<str> {
    let is_short = |name: &str| name.starts_with("sk-...") && name.len() <= "sk-...".len() + 4;
    let name = columns.text("key_name").filter(|name| is_short(name));
    name.unwrap_or_else(|| "sk-...".into())
}

/// The hex of a SHA-256 hash, as LiteLLM writes it.
fn is_hash(token: &str) -> bool {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    token.len() == 64 && token.bytes().all(is_hex)
}

/// The id of a key follows from its hash, so that a second import finds the first one's.
fn id_of(hash: &[u8; 32]) -> Box<str> {
    let mut start = [0; 10];
    for (slot, byte) in start.iter_mut().zip(hash) {
        *slot = *byte;
    }
    KeyId::from_random(&start).as_str().into()
}

fn read(
    plan: &mut Plan,
    shown: &str,
    columns: &mut Columns,
    name: Box<str>,
    secret: KeySecret,
) -> Result<Key, String> {
    for (column, kind, why) in REFERENCES {
        if let Some(id) = columns.peek(column)
            && !plan.has(kind, &id)
        {
            return Err(why.to_owned());
        }
    }
    let user = columns.peek("user_id");
    if let Some(user) = &user {
        plan.make_person(user);
        if !plan.has(Kind::User, user) {
            return Err("its user is left out".to_owned());
        }
    }
    let expires = columns.time("expires")?;
    let reset = columns.time("budget_reset_at")?;
    plan.drop_odd_names(Kind::Key, shown, columns, &["key_alias"]);
    join_permission(plan, columns)?;
    let origin = plan.origin(columns);
    let maker = Some(&origin.created_by).filter(|maker| Some(*maker) != user.as_ref());
    let maker = maker.filter(|maker| {
        plan.role_of(maker)
            .is_some_and(|role| role != Role::ProxyAdmin)
    });
    let mut key = Key {
        secrets: vec![KeySecret {
            made: origin.created_at,
            ..secret
        }],
        name,
        creator: maker.map(|maker| Id::new(maker)),
        origin,
        ..Key::default()
    };
    let fields: KeyFields = columns.read()?;
    fields.apply(&mut key, plan.now);
    if let Some(kind) = columns.take("key_type") {
        key.kept.insert("key_type".to_owned(), kind);
    }
    key.grant.expires = expires;
    if key.spending.budget_duration.is_some() && reset.is_some() {
        key.spending.budget_reset_at = reset;
    }
    check(plan, Kind::Key, shown, &key.grant)?;
    places::check(plan, shown, &mut key)?;
    key.alias = key.alias.filter(|alias| {
        let is_its_own = plan.claim_key_alias(alias);
        if !is_its_own {
            let why = "key_alias is another key's already and was not taken";
            plan.note(Kind::Key, shown, why.to_owned());
        }
        is_its_own
    });
    Ok(key)
}
