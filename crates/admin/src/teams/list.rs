use std::cmp::Ordering;
use std::sync::Arc;

use ironward_policy::access::Route;
use ironward_store::objects::Team;
use ironward_store::{Directory, Entry};
use serde_json::{Value, json};

use super::find::target;
use super::show::row;
use crate::call::{Call, Outcome};
use crate::page::{Ascending, Paging, Part};
use crate::request::{Fields, FromJson, Place, Problems, Shape, choice};
use crate::target::Target;

/// Which teams are asked for.
struct Filter {
    id: Option<Box<str>>,
    alias: Option<Box<str>>,
    organisation: Option<Box<str>>,
    user: Option<Box<str>>,
    search: Option<Box<str>>,
}

impl Shape for Filter {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.optional("team_id"),
            alias: fields.optional("team_alias"),
            organisation: fields.optional("organization_id"),
            user: fields.optional("user_id"),
            search: fields.optional("search"),
        }
    }
}

impl Filter {
    fn matches(&self, entry: &Entry<Team>) -> bool {
        let team = &entry.object;
        let is = |wanted: &Option<Box<str>>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        let contains = |text: &str, part: &str| text.to_lowercase().contains(&part.to_lowercase());
        let alias = team.alias.as_deref().unwrap_or_default();
        is(&self.id, Some(entry.id.as_str()))
            && is(
                &self.organisation,
                team.organisation.as_ref().map(|id| id.as_str()),
            )
            && self
                .alias
                .as_deref()
                .is_none_or(|part| contains(alias, part))
            && self
                .search
                .as_deref()
                .is_none_or(|part| contains(alias, part) || contains(entry.id.as_str(), part))
            && self.user.as_deref().is_none_or(|user| {
                let mut members = team.members.iter();
                members.any(|member| member.user.as_str() == user)
            })
    }

    fn find(&self, call: &Call<'_>, by: Option<Route>) -> Vec<Arc<Entry<Team>>> {
        let directory = call.plane.directory();
        let is_whole = sees_all(call, by);
        let found = self.candidates(&directory);
        let found = found.or_else(|| (!is_whole).then(|| call.actor.teams_in_reach(&directory)));
        directory.teams.select_among(found, |entry| {
            let target = || target(&directory, entry.id.as_str());
            self.matches(entry) && (is_whole || call.shows(by, &target()))
        })
    }

    /// The teams of what is named: the wanted ones are among them.
    fn candidates(&self, directory: &Directory) -> Option<Vec<Arc<Entry<Team>>>> {
        match (&self.id, &self.user, &self.organisation) {
            (Some(id), _, _) => Some(directory.teams.find(id).into_iter().collect()),
            (None, Some(user), _) => Some(directory.teams_of_user(user)),
            (None, None, Some(id)) => Some(directory.teams_of_organisation(id)),
            (None, None, None) => None,
        }
    }

    /// Whether no team is left out.
    const fn is_for_all(&self) -> bool {
        let names = self.id.is_none() && self.alias.is_none() && self.search.is_none();
        names && self.organisation.is_none() && self.user.is_none()
    }
}

pub(crate) struct ListTeams {
    filter: Filter,
    part: Part,
}

impl Shape for ListTeams {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            filter: Filter::read(fields),
            part: Part::read(fields),
        }
    }
}

/// `GET /team/list`
pub(crate) fn list(call: &Call<'_>) -> Outcome {
    let request: ListTeams = call.query()?;
    let (permit, by) = call.authorise_route()?;
    let page = if request.filter.is_for_all() && sees_all(call, by) {
        request.part.of(&call.plane.directory().teams)
    } else {
        request.part.cut(request.filter.find(call, by))
    };
    Ok(permit.answer(rows(call, &page.items)).of(page.total))
}

pub(crate) struct PageTeams {
    filter: Filter,
    paging: Paging,
    by: SortBy,
    ascending: bool,
}

impl Shape for PageTeams {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            filter: Filter::read(fields),
            paging: Paging::read(fields, "page_size", 10),
            by: fields.optional("sort_by").unwrap_or_default(),
            ascending: {
                let order: Option<Ascending> = fields.optional("sort_order");
                order.is_none_or(|order| order.0)
            },
        }
    }
}

/// `GET /v2/team/list`
pub(crate) fn list_paged(call: &Call<'_>) -> Outcome {
    let request: PageTeams = call.query()?;
    let (permit, by) = call.authorise_route()?;
    let page = match request.by {
        SortBy::Id if request.filter.is_for_all() && sees_all(call, by) => {
            let teams = &call.plane.directory().teams;
            request
                .paging
                .of(|part| teams.page(part, !request.ascending))
        }
        _ => request
            .paging
            .sort_and_cut(request.filter.find(call, by), |one, other| {
                request.order(one, other)
            }),
    };
    Ok(permit.answer(json!({
        "teams": rows(call, &page.items),
        "total": page.total,
        "page": page.page,
        "page_size": page.size,
        "total_pages": page.pages,
    })))
}

/// Whether the actor sees every team: who sees what is nobody's does.
fn sees_all(call: &Call<'_>, by: Option<Route>) -> bool {
    call.shows(by, &Target::default())
}

fn rows(call: &Call<'_>, teams: &[Arc<Entry<Team>>]) -> Value {
    let directory = call.plane.directory();
    let rows = teams.iter().map(|team| {
        let mut shown = row(&directory, team.id.as_str(), &team.object);
        shown.put("members_count", team.object.members.len());
        shown.into_value()
    });
    rows.collect()
}

impl PageTeams {
    fn order(&self, one: &Entry<Team>, other: &Entry<Team>) -> Ordering {
        let order = match self.by {
            SortBy::CreatedAt => {
                let at = |team: &Entry<Team>| team.object.origin.created_at;
                at(one).cmp(&at(other))
            }
            SortBy::Alias => one.object.alias.cmp(&other.object.alias),
            SortBy::Id => Ordering::Equal,
        };
        let order = order.then_with(|| one.id.cmp(&other.id));
        if self.ascending {
            order
        } else {
            order.reverse()
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
enum SortBy {
    #[default]
    Id,
    Alias,
    CreatedAt,
}

const ORDERS: [(&str, SortBy); 3] = [
    ("team_id", SortBy::Id),
    ("team_alias", SortBy::Alias),
    ("created_at", SortBy::CreatedAt),
];

impl FromJson for SortBy {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        choice(&value, at, problems, &ORDERS)
    }

    fn schema() -> Value {
        json!({ "enum": ORDERS.map(|(word, _)| word) })
    }
}
