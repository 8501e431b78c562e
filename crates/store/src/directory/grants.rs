use std::collections::HashMap;
use std::sync::{Arc, Weak};

use ironward_core::Id;
use ironward_policy::{Compiled, Grant, InvalidGrant, Surroundings};

use super::Directory;
use super::intern::write_again;
use crate::objects::{Member, User};

/// The grants of an object as they are checked: read once, when the object is put here.
pub struct Grants {
    own: Arc<Compiled>,
    members: Option<Box<Members>>,
}

/// By user; boxed, as only teams have any.
type Members = HashMap<Id<User>, Arc<Compiled>>;

impl Grants {
    /// The object's own. One that cannot be read allows nothing, as does a kind that has none.
    #[must_use]
    pub fn own(&self) -> &Compiled {
        &self.own
    }

    /// That of a user's place in the team; `None`: they have none.
    #[must_use]
    pub fn member(&self, user: &str) -> Option<&Compiled> {
        Some(&**self.members.as_ref()?.get(user)?)
    }
}

impl Directory {
    /// Reads a grant with the access groups that there are now. `in_team`: it is of an object in a
    /// team, whose own grant bounds it too.
    ///
    /// # Errors
    /// When an item of it means nothing.
    pub fn compile(&self, grant: &Grant, in_team: bool) -> Result<Compiled, InvalidGrant> {
        let groups: Vec<_> = names(grant)
            .filter_map(|name| self.access_groups.find(name))
            .collect();
        let access_group = |name: &str| {
            let mut groups = groups.iter();
            let group = groups.find(|group| group.id.as_str() == name)?;
            Some(&*group.object.models)
        };
        let surroundings = Surroundings {
            in_team,
            access_group: &access_group,
        };
        Compiled::new(grant, surroundings)
    }
}

/// The names in a grant that may be an access group's.
fn names(grant: &Grant) -> impl Iterator<Item = &str> {
    let models = grant.models.iter().flatten();
    let names = grant.access_groups.iter().chain(models);
    names.map(|name| &**name)
}

/// Whether the meaning of a grant hangs on this access group.
pub(super) fn mentions(grant: &Grant, group: &str) -> bool {
    names(grant).any(|name| name == group)
}

/// Reads grants, equal ones once. It belongs to the one writer.
pub(super) struct GrantReader {
    /// By their JSON, behind which stands whether they are in a team.
    read: HashMap<Box<[u8]>, Weak<Compiled>>,
    none: Arc<Compiled>,
    /// Where JSON is written to be looked for.
    json: Vec<u8>,
}

impl GrantReader {
    pub(super) fn new() -> Self {
        Self {
            read: HashMap::new(),
            none: Arc::new(Compiled::closed()),
            json: Vec::new(),
        }
    }

    /// Of a kind without grants.
    pub(super) fn none(&self) -> Grants {
        Grants {
            own: Arc::clone(&self.none),
            members: None,
        }
    }

    pub(super) fn of(&mut self, directory: &Directory, grant: &Grant, in_team: bool) -> Grants {
        Grants {
            own: self.read(directory, grant, in_team),
            members: None,
        }
    }

    pub(super) fn of_team(
        &mut self,
        directory: &Directory,
        grant: &Grant,
        members: &[Member],
    ) -> Grants {
        let places = members.iter().map(|member| {
            let read = self.read(directory, &member.grant, false);
            (member.user.clone(), read)
        });
        let members: Members = places.collect();
        Grants {
            own: self.read(directory, grant, false),
            members: (!members.is_empty()).then(|| Box::new(members)),
        }
    }

    /// What was read may mean something else now.
    pub(super) fn forget(&mut self) {
        self.read.clear();
    }

    fn read(&mut self, directory: &Directory, grant: &Grant, in_team: bool) -> Arc<Compiled> {
        write_again(&mut self.json, grant);
        self.json.push(in_team.into());
        let place = self.json.as_slice();
        if let Some(read) = self.read.get(place).and_then(Weak::upgrade) {
            return read;
        }
        let read = directory.compile(grant, in_team).unwrap_or_else(|invalid| {
            tracing::error!("a stored grant cannot be read, so it allows nothing: {invalid}");
            Compiled::closed()
        });
        let read = Arc::new(read);
        if self.read.len() >= LARGEST {
            self.read.retain(|_, held| held.strong_count() > 0);
        }
        // Where each is of its own, looking for equals costs more than it saves.
        if self.read.len() < LARGEST {
            self.read.insert(place.into(), Arc::downgrade(&read));
        }
        read
    }
}

const LARGEST: usize = 4096;
