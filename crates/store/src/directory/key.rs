use std::collections::BTreeMap;
use std::sync::Arc;

use ironward_core::{Id, LastUse};
use ironward_policy::{Grant, Spending};
use ironward_secret::KeyHash;
use serde::Serialize;

use super::intern::{Ids, Interner, write_again};
use crate::objects::{
    Key, KeySecret, Metadata, Organisation, Origin, Owner, Project, SecretForm, ServiceAccount,
    Team, User,
};

/// A key as the data path needs it: what it has in common with others is shared, and what only the
/// management plane reads is kept as text.
#[derive(Clone)]
pub struct LiveKey {
    /// The secrets that it is proven by.
    pub secrets: Box<[LiveSecret]>,
    /// A name for people.
    pub alias: Option<Box<str>>,
    /// Whose it is.
    pub owner: Owner,
    /// The team that pays.
    pub team: Option<Id<Team>>,
    /// The project that pays.
    pub project: Option<Id<Project>>,
    /// The organisation, where the key has no team that says it.
    pub organisation: Option<Id<Organisation>>,
    /// The user whose rights bound it.
    pub creator: Option<Id<User>>,
    /// What it may do at most; its end is its own.
    pub grant: Dated<Grant>,
    /// What it may spend; the end of its budget's period is its own.
    pub spending: Dated<Spending>,
    /// Names of its own for model groups.
    pub aliases: Arc<BTreeMap<Box<str>, Box<str>>>,
    /// Labels on its calls.
    pub tags: Arc<Vec<Box<str>>>,
    /// When it was made, in milliseconds since 1970.
    pub created_at: u64,
    /// When it was changed last, in milliseconds since 1970.
    pub updated_at: u64,
    /// When a call came with it last.
    pub last_use: LastUse,
    /// What only the management plane reads, as JSON.
    rest: Box<str>,
}

/// One secret of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveSecret {
    /// Its hash.
    pub hash: KeyHash,
    /// What was hashed.
    pub form: SecretForm,
    /// When it was made, in milliseconds since 1970.
    pub made: u64,
    /// When it stops being accepted, in milliseconds since 1970.
    pub until: Option<u64>,
}

/// The name, the rotation interval, the metadata, what is kept, and who made and changed it.
type Rest = (
    Box<str>,
    Option<Box<str>>,
    Metadata,
    Metadata,
    (Box<str>, Box<str>),
);

/// A value that many keys have in common but for one date.
#[derive(Debug, Clone)]
pub struct Dated<T> {
    /// The value without its date: the same one for all keys that have an equal one.
    pub rest: Arc<T>,
    /// Its date, in milliseconds since 1970: a decision needs both.
    pub date: Option<u64>,
}

/// Where the date of a value is.
trait HasDate: Serialize + Clone {
    fn date(&mut self) -> &mut Option<u64>;
}

impl HasDate for Grant {
    fn date(&mut self) -> &mut Option<u64> {
        &mut self.expires
    }
}

impl HasDate for Spending {
    fn date(&mut self) -> &mut Option<u64> {
        &mut self.budget_reset_at
    }
}

fn dated<T: HasDate>(mut value: T, values: &mut Interner<T>) -> Dated<T> {
    let date = value.date().take();
    Dated {
        rest: values.share(value),
        date,
    }
}

fn whole<T: HasDate>(dated: &Dated<T>) -> T {
    let mut value = T::clone(&dated.rest);
    *value.date() = dated.date;
    value
}

/// What keys share.
#[derive(Default)]
pub(super) struct KeyParts {
    teams: Ids<Team>,
    projects: Ids<Project>,
    organisations: Ids<Organisation>,
    users: Ids<User>,
    service_accounts: Ids<ServiceAccount>,
    grants: Interner<Grant>,
    spendings: Interner<Spending>,
    aliases: Interner<BTreeMap<Box<str>, Box<str>>>,
    tags: Interner<Vec<Box<str>>>,
    /// Where the JSON of a key's rest is written.
    json: Vec<u8>,
}

impl LiveKey {
    /// The whole key, for the management plane.
    #[must_use]
    pub fn whole(&self) -> Key {
        let rest: Rest = serde_json::from_str(&self.rest).unwrap_or_default();
        let (name, rotation_interval, metadata, kept, (created_by, updated_by)) = rest;
        Key {
            secrets: self.secrets.iter().map(LiveSecret::whole).collect(),
            alias: self.alias.clone(),
            name,
            owner: self.owner.clone(),
            team: self.team.clone(),
            project: self.project.clone(),
            organisation: self.organisation.clone(),
            creator: self.creator.clone(),
            grant: whole(&self.grant),
            spending: whole(&self.spending),
            aliases: BTreeMap::clone(&self.aliases),
            tags: Vec::clone(&self.tags),
            rotation_interval,
            metadata,
            kept,
            origin: Origin {
                created_at: self.created_at,
                created_by,
                updated_at: self.updated_at,
                updated_by,
            },
        }
    }
}

impl LiveSecret {
    /// Whether it is accepted at `now`, in milliseconds since 1970.
    #[must_use]
    pub fn is_live(&self, now: u64) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// `None`: the hash is no 64 hexadecimal digits; nobody can present such a secret.
    fn new(secret: &KeySecret) -> Option<Self> {
        Some(Self {
            hash: KeyHash::from_stored(unhex(&secret.hash)?),
            form: secret.form,
            made: secret.made,
            until: secret.until,
        })
    }

    fn whole(&self) -> KeySecret {
        KeySecret {
            form: self.form,
            hash: self.hash.to_hex().into(),
            made: self.made,
            until: self.until,
        }
    }
}

impl KeyParts {
    pub(super) fn live(&mut self, key: Key) -> LiveKey {
        let made = key.origin;
        let rest: Rest = (
            key.name,
            key.rotation_interval,
            key.metadata,
            key.kept,
            (made.created_by, made.updated_by),
        );
        let owner = match key.owner {
            Owner::Team => Owner::Team,
            Owner::User(id) => Owner::User(self.users.share(&id)),
            Owner::ServiceAccount(id) => Owner::ServiceAccount(self.service_accounts.share(&id)),
        };
        LiveKey {
            secrets: key.secrets.iter().filter_map(LiveSecret::new).collect(),
            alias: key.alias,
            owner,
            team: key.team.map(|id| self.teams.share(&id)),
            project: key.project.map(|id| self.projects.share(&id)),
            organisation: key.organisation.map(|id| self.organisations.share(&id)),
            creator: key.creator.map(|id| self.users.share(&id)),
            grant: dated(key.grant, &mut self.grants),
            spending: dated(key.spending, &mut self.spendings),
            aliases: self.aliases.share(key.aliases),
            tags: self.tags.share(key.tags),
            created_at: made.created_at,
            updated_at: made.updated_at,
            last_use: LastUse::default(),
            rest: std::str::from_utf8(write_again(&mut self.json, &rest))
                .unwrap_or_default()
                .into(),
        }
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digits = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(bytes)
}
