use std::cmp::Ordering;
use std::sync::Arc;

use ironward_store::objects::User;
use ironward_store::{Directory, Entry, UserOrder};
use serde_json::{Value, json};

use super::fields::UserRole;
use super::find::target;
use super::show::row;
use crate::call::{Call, Outcome};
use crate::page::{Ascending, Paging};
use crate::request::{Fields, FromJson, Place, Problems, Shape, choice};
use crate::target::Target;

pub(crate) struct ListUsers {
    paging: Paging,
    role: Option<UserRole>,
    ids: Vec<Box<str>>,
    sso_ids: Vec<Box<str>>,
    email: Option<Box<str>>,
    search: Option<Box<str>>,
    team: Option<Box<str>>,
    organisations: Vec<Box<str>>,
    by: SortBy,
    ascending: bool,
}

impl Shape for ListUsers {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            paging: Paging::read(fields, "page_size", 25),
            role: {
                let role: Option<Written<UserRole>> = fields.optional("role");
                role.and_then(|role| role.0)
            },
            ids: separated(fields.optional("user_ids")),
            sso_ids: separated(fields.optional("sso_user_ids")),
            email: fields.optional("user_email"),
            search: fields.optional("search"),
            team: fields.optional("team"),
            organisations: separated(fields.optional("organization_ids")),
            by: fields.optional("sort_by").unwrap_or_default(),
            ascending: {
                let order: Option<Ascending> = fields.optional("sort_order");
                order.is_none_or(|order| order.0)
            },
        }
    }
}

/// A filter that dashboards send empty when it is not set.
struct Written<T>(Option<T>);

impl<T: FromJson> FromJson for Written<T> {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        if value == json!("") {
            return Some(Self(None));
        }
        T::from_json(value, at, problems).map(|value| Self(Some(value)))
    }

    fn schema() -> Value {
        json!({"anyOf": [T::schema(), {"const": ""}]})
    }
}

/// LiteLLM's lists in one parameter, with commas.
fn separated(text: Option<Box<str>>) -> Vec<Box<str>> {
    let text = text.unwrap_or_default();
    let parts = text.split(',').map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(Into::into)
        .collect()
}

/// `GET /user/list`
pub(crate) fn list(call: &Call<'_>) -> Outcome {
    let request: ListUsers = call.query()?;
    let (permit, by) = call.authorise_route()?;
    let directory = call.plane.directory();
    // Who sees what is nobody's sees every user.
    let sees_all = call.shows(by, &Target::default());
    let page = if request.is_for_all() && sees_all {
        request
            .paging
            .of(|part| directory.page_of_users(request.by.0, part, !request.ascending))
    } else {
        let found = request.candidates(&directory);
        let found = found.or_else(|| (!sees_all).then(|| in_reach(call, &directory)));
        let found = directory.users.select_among(found, |entry| {
            let target = || target(entry.id.as_str(), &entry.object);
            request.matches(entry) && (sees_all || call.shows(by, &target()))
        });
        request
            .paging
            .sort_and_cut(found, |one, other| request.order(one, other))
    };
    let users = page.items.iter().map(|entry| {
        let id = entry.id.as_str();
        let mut shown = row(&directory, id, &entry.object);
        shown.put("key_count", directory.count_keys_of_user(id));
        shown.into_value()
    });
    let users: Vec<Value> = users.collect();
    Ok(permit.answer(json!({
        "users": users,
        "total": page.total,
        "page": page.page,
        "page_size": page.size,
        "total_pages": page.pages,
    })))
}

/// Who asks, and the users of the organisations that they administer: whom they may see is among
/// them.
fn in_reach(call: &Call<'_>, directory: &Directory) -> Vec<Arc<Entry<User>>> {
    let own = call.actor.user().and_then(|id| directory.users.find(id));
    let places = call.actor.administered();
    let others = places.flat_map(|id| directory.users_of_organisation(id));
    own.into_iter().chain(others).collect()
}

impl ListUsers {
    /// Whether no user is left out.
    const fn is_for_all(&self) -> bool {
        let names = self.ids.is_empty() && self.sso_ids.is_empty() && self.email.is_none();
        let places = self.team.is_none() && self.organisations.is_empty();
        let is_other = self.role.is_some() || self.search.is_some();
        names && places && !is_other
    }

    /// The users of what is named: the wanted ones are among them.
    fn candidates(&self, directory: &Directory) -> Option<Vec<Arc<Entry<User>>>> {
        let ids = self.ids.iter().filter_map(|id| directory.users.find(id));
        let sso_ids = self.sso_ids.iter();
        let sso_ids = sso_ids.filter_map(|id| directory.user_by_sso_id(id));
        let team = self.team.as_deref().map(|team| {
            let team = directory.teams.find(team);
            let members = team.iter().flat_map(|team| &team.object.members);
            let found = members.filter_map(|member| directory.users.find(member.user.as_str()));
            found.collect()
        });
        let places = self.organisations.iter();
        let places = places.flat_map(|id| directory.users_of_organisation(id));
        match team {
            Some(members) => Some(members),
            None if !self.ids.is_empty() => Some(ids.collect()),
            None if !self.sso_ids.is_empty() => Some(sso_ids.collect()),
            None if !self.organisations.is_empty() => Some(places.collect()),
            None => None,
        }
    }

    fn matches(&self, entry: &Entry<User>) -> bool {
        let (id, user) = (entry.id.as_str(), &entry.object);
        let contains = |text: &str, part: &str| text.to_lowercase().contains(&part.to_lowercase());
        let email = user.email.as_deref().unwrap_or_default();
        let alias = user.alias.as_deref().unwrap_or_default();
        let is_one = |wanted: &[Box<str>], found: Option<&str>| {
            wanted.is_empty() || wanted.iter().any(|wanted| found == Some(wanted))
        };
        let mut places = user.organisations.iter();
        self.role.is_none_or(|role| role.0 == user.role)
            && is_one(&self.ids, Some(id))
            && is_one(&self.sso_ids, user.sso_user_id.as_deref())
            && self
                .email
                .as_deref()
                .is_none_or(|part| contains(email, part))
            && self.search.as_deref().is_none_or(|part| {
                contains(email, part) || contains(id, part) || contains(alias, part)
            })
            && (self.organisations.is_empty()
                || places
                    .any(|place| is_one(&self.organisations, Some(place.organisation.as_str()))))
    }

    fn order(&self, one: &Entry<User>, other: &Entry<User>) -> Ordering {
        let (user, another) = (&one.object, &other.object);
        let order = match self.by.0 {
            UserOrder::CreatedAt => user.origin.created_at.cmp(&another.origin.created_at),
            UserOrder::Email => user.email.cmp(&another.email),
            UserOrder::Alias => user.alias.cmp(&another.alias),
            UserOrder::Role => user.role.as_str().cmp(another.role.as_str()),
            UserOrder::Id => Ordering::Equal,
        };
        let order = order.then_with(|| one.id.cmp(&other.id));
        if self.ascending {
            order
        } else {
            order.reverse()
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct SortBy(UserOrder);

impl Default for SortBy {
    fn default() -> Self {
        Self(UserOrder::Id)
    }
}

const ORDERS: [(&str, SortBy); 5] = [
    ("user_id", SortBy(UserOrder::Id)),
    ("user_email", SortBy(UserOrder::Email)),
    ("created_at", SortBy(UserOrder::CreatedAt)),
    ("user_alias", SortBy(UserOrder::Alias)),
    ("user_role", SortBy(UserOrder::Role)),
];

impl FromJson for SortBy {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        choice(&value, at, problems, &ORDERS)
    }

    fn schema() -> Value {
        json!({ "enum": ORDERS.map(|(word, _)| word) })
    }
}
