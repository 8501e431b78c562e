use std::cmp::Ordering;
use std::sync::Arc;

use ironward_policy::access::Route;
use ironward_store::objects::{Key, Kind, Owner};
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
    expires: Option<Expires>,
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

/// When the wanted keys end: by this time, in milliseconds since 1970, or never.
#[derive(Debug, Clone, Copy)]
enum Expires {
    By(u64),
    Never,
}

impl Expires {
    const fn holds(self, expires: Option<u64>) -> bool {
        match (self, expires) {
            (Self::By(time), Some(expires)) => expires <= time,
            (Self::Never, None) => true,
            (Self::By(_), None) | (Self::Never, Some(_)) => false,
        }
    }
}

impl FromJson for Expires {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        let text = Box::<str>::from_json(value, at, problems)?;
        if &*text == "never" {
            return Some(Self::Never);
        }
        let time = ironward_policy::parse_timestamp(&text).map(Self::By);
        if time.is_none() {
            problems.value(&at, "write a time such as 2026-11-23T08:48:17Z, or never");
        }
        time
    }

    fn schema() -> Value {
        json!({"anyOf": [{"const": "never"}, {"type": "string", "format": "date-time"}]})
    }
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
            expires: fields.optional("expires"),
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

/// A key as the directory holds it.
type Held = Arc<Entry<Key, LiveKey>>;

/// `GET /key/list`. Only the keys of the page are made whole.
pub(crate) async fn list(call: &Call<'_>) -> Outcome {
    let request: ListKeys = call.query()?;
    let (permit, by) = call.authorise_route()?;
    let directory = call.plane.directory();
    let named = request.key.as_deref().map(|name| find(call.plane, name));
    let found = || {
        let among = named.map(|named| named.into_iter().collect());
        let among = among.or_else(|| request.candidates(&directory));
        visible(call, by, among, |entry| {
            request.matches(&directory, entry, call.now)
        })
    };
    let page = match request.by {
        SortBy::CreatedAt if request.is_for_all() && sees_all(call, by) => {
            request.paging.of(&directory.keys, request.ascending)
        }
        // What was spent stands where only a whole key shows it.
        SortBy::Spend => {
            let spent = |entry: Held| (spend(&entry.object.whole()), entry);
            let found: Vec<(f64, Held)> = found().into_iter().map(spent).collect();
            let order = |one: &(f64, Held), other: &(f64, Held)| {
                request.directed(one.0.total_cmp(&other.0), &one.1, &other.1)
            };
            let page = request.paging.sort_and_cut(found, order);
            page.map(|(_, entry)| entry)
        }
        _ => request
            .paging
            .sort_and_cut(found(), |one, other| request.order(one, other)),
    };
    if request.form != Form::Id {
        let shown = page.items.iter().map(|entry| entry.id.as_str());
        let shown: Vec<&str> = shown.collect();
        call.plane.read_uses(Kind::Key, &shown).await;
    }
    let rows = page.items.iter();
    let rows: Vec<Value> = rows
        .map(|entry| request.form.show(call, &directory, entry))
        .collect();
    Ok(permit.answer(json!({
        "keys": rows,
        "total_count": page.total,
        "current_page": page.page,
        "total_pages": page.pages,
    })))
}

impl Form {
    fn show(self, call: &Call<'_>, directory: &Directory, entry: &Held) -> Value {
        let id = entry.id.as_str();
        if self == Self::Id {
            return id.into();
        }
        let key = entry.object.whole();
        let mut shown = row(directory, id, &key, call.now);
        if self == Self::WithUser {
            let user = owner_user(&key).and_then(|user| show_user(directory, user));
            shown.put("user", user);
        }
        shown.into_value()
    }
}

/// Whether the actor sees every key: who sees what is nobody's does.
fn sees_all(call: &Call<'_>, by: Option<Route>) -> bool {
    call.shows(by, &Target::default())
}

/// The keys that the actor may see among those that `wanted` lets through: all, or `among` these.
fn visible(
    call: &Call<'_>,
    by: Option<Route>,
    among: Option<Vec<Held>>,
    wanted: impl Fn(&Entry<Key, LiveKey>) -> bool,
) -> Vec<Held> {
    let directory = call.plane.directory();
    let sees_all = sees_all(call, by);
    let is_shown = |entry: &Entry<Key, LiveKey>| {
        let target = || Target::key(&directory, Some(entry.id.as_str()), &entry.object);
        wanted(entry) && (sees_all || call.shows(by, &target()))
    };
    match among {
        None => directory.keys.filter(is_shown),
        Some(mut among) => {
            among.retain(|entry| is_shown(entry));
            among
        }
    }
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
    /// Whether no key is left out.
    const fn is_for_all(&self) -> bool {
        let places = self.user.is_none()
            && self.team.is_none()
            && self.organisation.is_none()
            && self.project.is_none()
            && self.service_account.is_none();
        let names = self.key.is_none() && self.alias.is_none() && self.search.is_none();
        let is_own = self.access_group.is_none() && self.status.is_none() && self.expires.is_none();
        places && names && is_own && !self.include.created_keys && !self.include.team_keys
    }

    /// The keys of the user or the team that is asked for: the wanted ones are among them.
    fn candidates(&self, directory: &Directory) -> Option<Vec<Held>> {
        let is_wider = self.include.team_keys || self.include.created_keys;
        match (&self.user, &self.team) {
            (Some(user), _) if !is_wider => Some(directory.keys_of_user(user)),
            (_, Some(team)) => Some(directory.keys_of_team(team)),
            _ => None,
        }
    }

    fn matches(&self, directory: &Directory, entry: &Entry<Key, LiveKey>, now: u64) -> bool {
        let key = &entry.object;
        let state = || status(key.grant.rest.blocked, key.grant.date, now);
        let ends = |wanted: Expires| wanted.holds(key.grant.date);
        if self.status.is_some_and(|wanted| wanted.0 != state()) || !self.expires.is_none_or(ends) {
            return false;
        }
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

    fn order(&self, one: &Held, other: &Held) -> Ordering {
        let (key, another) = (&one.object, &other.object);
        let order = match self.by {
            SortBy::CreatedAt => key.created_at.cmp(&another.created_at),
            SortBy::UpdatedAt => key.updated_at.cmp(&another.updated_at),
            SortBy::Expires => key.grant.date.cmp(&another.grant.date),
            SortBy::Alias => key.alias.cmp(&another.alias),
            SortBy::MaxBudget => {
                let budget = |key: &LiveKey| key.spending.rest.max_budget;
                budget(key).cmp(&budget(another))
            }
            SortBy::Id | SortBy::Spend => Ordering::Equal,
        };
        self.directed(order, one, other)
    }

    /// In the wanted direction; keys that are equal otherwise by their ids, so that each is on one
    /// page.
    fn directed(&self, order: Ordering, one: &Held, other: &Held) -> Ordering {
        let order = order.then_with(|| one.id.cmp(&other.id));
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
    let found = visible(call, by, None, wanted);
    let mut aliases: Vec<Box<str>> = found
        .iter()
        .filter_map(|entry| entry.object.alias.clone())
        .collect();
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
