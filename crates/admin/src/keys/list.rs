use std::cmp::Ordering;
use std::sync::Arc;

use ironward_policy::access::Route;
use ironward_store::objects::{Key, Owner};
use ironward_store::{Directory, Entry, LiveKey};
use serde_json::{Value, json};

use super::find::find;
use super::show::{owner_user, row, spend, status};
use crate::answer::Row;
use crate::call::{Call, Outcome};
use crate::page::{Ascending, Paging};
use crate::request::{Fields, FromJson, Place, Problems, Shape, choice};
use crate::target::Target;

pub(crate) struct ListKeys {
    paging: Paging,
    user: Option<Box<str>>,
    team: Option<Box<str>>,
    organisation: Option<Box<str>>,
    project: Option<Box<str>>,
    service_account: Option<Box<str>>,
    access_group: Option<Box<str>>,
    key: Option<Box<str>>,
    alias: Option<AliasFilter>,
    search: Option<Box<str>>,
    status: Option<Status>,
    form: Form,
    include: Include,
    by: SortBy,
    ascending: bool,
}

/// How a key is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Id,
    Full,
    WithUser,
}

/// What `user_id` means besides that user's own keys.
#[derive(Debug, Clone, Copy)]
struct Include {
    team_keys: bool,
    created_keys: bool,
}

enum AliasFilter {
    Is(Box<str>),
    Contains(Box<str>),
}

#[derive(Debug, Clone, Copy)]
struct Status(&'static str);

#[derive(Debug, Clone, Copy, Default)]
enum SortBy {
    #[default]
    CreatedAt,
    UpdatedAt,
    Expires,
    Alias,
    Spend,
    MaxBudget,
    Id,
}

/// What is put into full objects besides: LiteLLM knows the user.
#[derive(Debug, Clone, Copy)]
struct ExpandUser;

impl Shape for ListKeys {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            paging: Paging::read(fields, "size", 10),
            user: fields.optional("user_id"),
            team: fields.optional("team_id"),
            organisation: fields.optional("organization_id"),
            project: fields.optional("project_id"),
            service_account: fields.optional("agent_id"),
            access_group: fields.optional("access_group_id"),
            key: fields.optional("key_hash"),
            alias: {
                let alias: Option<Box<str>> = fields.optional("key_alias");
                let part: Option<bool> = fields.optional("substring_matching");
                alias.map(match part {
                    Some(true) => AliasFilter::Contains,
                    Some(false) | None => AliasFilter::Is,
                })
            },
            search: fields.optional("search"),
            status: fields.optional("status"),
            form: {
                let full: Option<bool> = fields.optional("return_full_object");
                let expand: Option<Vec<ExpandUser>> = fields.optional("expand");
                match (full, expand.as_deref()) {
                    (_, Some([_, ..])) => Form::WithUser,
                    (Some(true), _) => Form::Full,
                    _ => Form::Id,
                }
            },
            include: Include {
                team_keys: fields.optional("include_team_keys").unwrap_or_default(),
                created_keys: fields
                    .optional("include_created_by_keys")
                    .unwrap_or_default(),
            },
            by: fields.optional("sort_by").unwrap_or_default(),
            ascending: {
                let order: Option<Ascending> = fields.optional("sort_order");
                order.is_some_and(|order| order.0)
            },
        }
    }
}

/// `GET /key/list`
pub(crate) fn list(call: &Call<'_>) -> Outcome {
    let request: ListKeys = call.query()?;
    let (permit, by) = call.authorise_route()?;
    let directory = call.plane.directory();
    let named = request.key.as_deref().map(|name| find(call.plane, name));
    let mut found = visible(call, by, |entry| {
        let is_named = named
            .as_ref()
            .is_none_or(|named| named.as_ref().is_some_and(|named| named.id == entry.id));
        is_named && request.matches(&directory, entry)
    });
    found.retain(|(_, key)| {
        request
            .status
            .is_none_or(|wanted| wanted.0 == status(key, call.now))
    });
    found.sort_by(|one, other| request.order(one, other));
    let page = request.paging.cut(found);
    let keys: Vec<Value> = page
        .items
        .iter()
        .map(|(id, key)| {
            if request.form == Form::Id {
                return Value::from(&**id);
            }
            let mut shown = row(&directory, id, key, call.now);
            if request.form == Form::WithUser {
                shown.put(
                    "user",
                    owner_user(key).and_then(|user| show_user(&directory, user)),
                );
            }
            shown.into_value()
        })
        .collect();
    Ok(permit.answer(json!({
        "keys": keys,
        "total_count": page.total,
        "current_page": page.page,
        "total_pages": page.pages,
    })))
}

/// The keys that the actor may see among those that `wanted` lets through.
fn visible(
    call: &Call<'_>,
    by: Option<Route>,
    wanted: impl Fn(&Entry<Key, LiveKey>) -> bool,
) -> Vec<(Box<str>, Key)> {
    let directory = call.plane.directory();
    let entries = directory.keys.iter().filter(|entry| wanted(entry));
    entries
        .filter_map(|entry: Arc<Entry<Key, LiveKey>>| {
            let key = entry.object.whole();
            let id: Box<str> = entry.id.as_str().into();
            call.shows(by, &Target::key(&directory, Some(&id), &key))
                .then_some((id, key))
        })
        .collect()
}

fn show_user(directory: &Directory, id: &str) -> Option<Value> {
    let user = directory.users.find(id)?;
    let mut row = Row::default();
    row.put("user_id", id).put("user_email", &user.object.email);
    row.put("user_alias", &user.object.alias)
        .put("user_role", user.object.role.as_str());
    Some(row.into_value())
}

impl ListKeys {
    fn matches(&self, directory: &Directory, entry: &Entry<Key, LiveKey>) -> bool {
        let key = &entry.object;
        let is = |wanted: &Option<Box<str>>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        let user = match &key.owner {
            Owner::User(user) => Some(user.as_str()),
            Owner::ServiceAccount(_) | Owner::Team => None,
        };
        let account = match &key.owner {
            Owner::ServiceAccount(account) => Some(account.as_str()),
            Owner::User(_) | Owner::Team => None,
        };
        let team = key.team.as_ref().map(|id| id.as_str());
        let organisation = key
            .organisation
            .as_ref()
            .map(|id| id.as_str().to_owned())
            .or_else(|| {
                let team = directory.teams.find(team?)?;
                team.object
                    .organisation
                    .as_ref()
                    .map(|id| id.as_str().to_owned())
            });
        let is_users = is(&self.user, user)
            || (self.include.team_keys
                && team.is_some_and(|team| self.is_users_team(directory, team)))
            || (self.include.created_keys
                && key.creator.as_ref().map(|id| id.as_str()) == self.user.as_deref());
        is_users
            && is(&self.team, team)
            && is(&self.organisation, organisation.as_deref())
            && is(&self.project, key.project.as_ref().map(|id| id.as_str()))
            && is(&self.service_account, account)
            && self
                .access_group
                .as_ref()
                .is_none_or(|group| key.grant.rest.access_groups.contains(group))
            && self.is_alias(key.alias.as_deref())
            && self.search.as_deref().is_none_or(|text| {
                let alias = key.alias.as_deref().unwrap_or_default();
                contains(alias, text) || contains(entry.id.as_str(), text)
            })
    }

    fn is_users_team(&self, directory: &Directory, team: &str) -> bool {
        let team = directory.teams.find(team);
        let mut members = team.iter().flat_map(|team| &team.object.members);
        members.any(|member| Some(member.user.as_str()) == self.user.as_deref())
    }

    fn is_alias(&self, alias: Option<&str>) -> bool {
        match &self.alias {
            None => true,
            Some(AliasFilter::Contains(part)) => contains(alias.unwrap_or_default(), part),
            Some(AliasFilter::Is(wanted)) => alias == Some(wanted),
        }
    }

    fn order(&self, one: &(Box<str>, Key), other: &(Box<str>, Key)) -> Ordering {
        let by = |(_, one): &(Box<str>, Key), (_, other): &(Box<str>, Key)| match self.by {
            SortBy::CreatedAt => one.origin.created_at.cmp(&other.origin.created_at),
            SortBy::UpdatedAt => one.origin.updated_at.cmp(&other.origin.updated_at),
            SortBy::Expires => one.grant.expires.cmp(&other.grant.expires),
            SortBy::Alias => one.alias.cmp(&other.alias),
            SortBy::Spend => spend(one).total_cmp(&spend(other)),
            SortBy::MaxBudget => one.spending.max_budget.cmp(&other.spending.max_budget),
            SortBy::Id => Ordering::Equal,
        };
        let order = by(one, other).then_with(|| one.0.cmp(&other.0));
        if self.ascending {
            order
        } else {
            order.reverse()
        }
    }
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

pub(crate) struct ListAliases {
    paging: Paging,
    search: Option<Box<str>>,
}

impl Shape for ListAliases {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            paging: Paging::read(fields, "size", 50),
            search: fields.optional("search"),
        }
    }
}

/// `GET /key/aliases`
pub(crate) fn list_aliases(call: &Call<'_>) -> Outcome {
    let request: ListAliases = call.query()?;
    let (permit, by) = call.authorise_route()?;
    let wanted = |entry: &Entry<Key, LiveKey>| {
        let search = request.search.as_deref().unwrap_or_default();
        entry
            .object
            .alias
            .as_deref()
            .is_some_and(|alias| contains(alias, search))
    };
    let found = visible(call, by, wanted);
    let mut aliases: Vec<Box<str>> = found.into_iter().filter_map(|(_, key)| key.alias).collect();
    aliases.sort_unstable();
    aliases.dedup();
    let page = request.paging.cut(aliases);
    Ok(permit.answer(json!({
        "aliases": page.items,
        "total_count": page.total,
        "current_page": page.page,
        "total_pages": page.pages,
        "size": page.size,
    })))
}

impl FromJson for Status {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        let words = STATUSES.map(|word| (word, Self(word)));
        choice(&value, at, problems, &words)
    }

    fn schema() -> Value {
        json!({ "enum": STATUSES })
    }
}

/// Nothing is kept of a deleted key: asking for those finds none.
const STATUSES: [&str; 4] = ["active", "expired", "revoked", "deleted"];

impl FromJson for SortBy {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        choice(&value, at, problems, &ORDERS)
    }

    fn schema() -> Value {
        json!({ "enum": ORDERS.map(|(word, _)| word) })
    }
}

const ORDERS: [(&str, SortBy); 7] = [
    ("created_at", SortBy::CreatedAt),
    ("updated_at", SortBy::UpdatedAt),
    ("expires", SortBy::Expires),
    ("key_alias", SortBy::Alias),
    ("spend", SortBy::Spend),
    ("max_budget", SortBy::MaxBudget),
    ("token", SortBy::Id),
];

impl FromJson for ExpandUser {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        choice(&value, at, problems, &[("user", Self)])
    }

    fn schema() -> Value {
        json!({"enum": ["user"]})
    }
}
