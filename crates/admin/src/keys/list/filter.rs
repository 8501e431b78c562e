use ironward_store::objects::{Key, Owner};
use ironward_store::{Directory, Entry, KeysOf, LiveKey};
use serde_json::{Value, json};

use super::Held;
use crate::keys::find::find;
use crate::keys::show::status;
use crate::plane::Plane;
use crate::request::{Fields, FromJson, Place, Problems, Shape, choice};

/// Which keys are asked for.
pub(super) struct Filter {
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
    include: Include,
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

impl Shape for Filter {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
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
            include: Include {
                team_keys: fields.optional("include_team_keys").unwrap_or_default(),
                created_keys: fields
                    .optional("include_created_by_keys")
                    .unwrap_or_default(),
            },
        }
    }
}

impl Filter {
    /// Whether no key is left out.
    pub(super) const fn is_for_all(&self) -> bool {
        let places = self.user.is_none()
            && self.team.is_none()
            && self.organisation.is_none()
            && self.project.is_none()
            && self.service_account.is_none();
        let names = self.key.is_none() && self.alias.is_none() && self.search.is_none();
        let is_own = self.access_group.is_none() && self.status.is_none() && self.expires.is_none();
        places && names && is_own
    }

    /// The keys of what is named: the wanted ones are among them. A text to search, a state and an
    /// access group are found only by a look at each key.
    pub(super) fn candidates(&self, plane: &Plane) -> Option<Vec<Held>> {
        let directory = plane.directory();
        let of = |what| Some(directory.keys_of(what));
        if let Some(name) = &self.key {
            return Some(find(plane, name).into_iter().collect());
        }
        if let Some(AliasFilter::Is(alias)) = &self.alias {
            return of(KeysOf::Alias(alias));
        }
        if let Some(project) = &self.project {
            return of(KeysOf::Project(project));
        }
        if let Some(account) = &self.service_account {
            return of(KeysOf::ServiceAccount(account));
        }
        if let Some(user) = &self.user {
            return Some(self.of_user(&directory, user));
        }
        if let Some(team) = &self.team {
            return of(KeysOf::Team(team));
        }
        let organisation = self.organisation.as_deref();
        organisation.map(|id| keys_of_organisation(&directory, id))
    }

    fn of_user(&self, directory: &Directory, user: &str) -> Vec<Held> {
        let mut found = directory.keys_of(KeysOf::User(user));
        if self.include.team_keys {
            for team in directory.teams_of_user(user) {
                found.extend(directory.keys_of(KeysOf::Team(team.id.as_str())));
            }
        }
        if self.include.created_keys {
            found.extend(directory.keys_of(KeysOf::Creator(user)));
        }
        found
    }

    /// Whether the key is one of those that are asked for.
    pub(super) fn matches(
        &self,
        directory: &Directory,
        entry: &Entry<Key, LiveKey>,
        now: u64,
    ) -> bool {
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
}

fn keys_of_organisation(directory: &Directory, id: &str) -> Vec<Held> {
    let mut found = directory.keys_of(KeysOf::Organisation(id));
    for team in directory.teams_of_organisation(id) {
        found.extend(directory.keys_of(KeysOf::Team(team.id.as_str())));
    }
    found
}

pub(super) fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
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
