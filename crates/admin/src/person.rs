//! People as requests name them: by their id or their address.

use std::sync::Arc;

use ironward_core::{Id, Role};
use ironward_policy::{Grant, Spending};
use ironward_store::objects::{Metadata, Origin, User};
use ironward_store::{Directory, Entry};

use crate::fault::Refusal;
use crate::request::{Fields, Name};

/// A person, before anybody has looked whether they are there.
pub(crate) struct Named {
    pub(crate) id: Option<Name>,
    pub(crate) email: Option<Name>,
}

impl Named {
    /// LiteLLM's `user_id` or `user_email`, one of which has to be there.
    pub(crate) fn read(fields: &mut Fields<'_>) -> Self {
        let read = Self {
            id: fields.optional("user_id"),
            email: fields.optional("user_email"),
        };
        if read.id.is_none() && read.email.is_none() {
            fields.refuse("user_id", "name the user: user_id or user_email");
        }
        read
    }

    /// The one that is meant; both names have to mean the same one.
    pub(crate) fn find(&self, directory: &Directory) -> Option<Arc<Entry<User>>> {
        let by_id = self.id.as_ref().map(|id| directory.users.find(id.as_str()));
        let by_email = self
            .email
            .as_ref()
            .map(|email| directory.user_by_email(email.as_str()));
        match (by_id, by_email) {
            (Some(one), Some(other)) => {
                one.filter(|one| other.is_some_and(|other| other.id == one.id))
            }
            (Some(found), None) | (None, Some(found)) => found,
            (None, None) => None,
        }
    }

    /// Whether either name is somebody's already.
    pub(crate) fn is_taken(&self, directory: &Directory) -> bool {
        let id = self.id.as_ref();
        let email = self.email.as_ref();
        id.is_some_and(|id| directory.users.find(id.as_str()).is_some())
            || email.is_some_and(|email| directory.user_by_email(email.as_str()).is_some())
    }

    /// Their id, or that of somebody who is gone and still stands in a list of members.
    pub(crate) fn id_in(&self, directory: &Directory) -> Option<Id<User>> {
        match self.find(directory) {
            Some(found) => Some(found.id.clone()),
            None if self.email.is_none() => self.id.as_ref().map(|id| Id::new(id.as_str())),
            None => None,
        }
    }
}

/// The answer to a person who is not there, and to one whom the actor may not name.
pub(crate) fn unknown() -> Refusal {
    Refusal::bad_request("User doesn't exist; create them with /user/new first")
        .with_param("user_id")
}

/// A person of whom nothing is known but that they are there: with the least role.
pub(crate) fn least(email: Option<Box<str>>, origin: Origin) -> User {
    User {
        email,
        alias: None,
        role: Role::InternalUserViewer,
        organisations: Vec::new(),
        grant: Grant::default(),
        spending: Spending::default(),
        sso_user_id: None,
        identities: Vec::new(),
        metadata: Metadata::new(),
        kept: Metadata::new(),
        origin,
    }
}
