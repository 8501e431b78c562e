//! When keys and the secrets of providers were used last.

use std::sync::Arc;

use ironward_core::LastUse;

use super::Directory;
use super::shards::Shards;
use crate::objects::Kind;

/// The last uses of the objects of a kind that has few. Whoever uses one holds its mark, which
/// stays the same when the object is changed: what a call notes is not lost while the snapshot that
/// it runs by is being replaced.
pub struct Uses {
    marks: Shards<Box<str>, Arc<LastUse>>,
}

impl Uses {
    pub(super) fn new(shards: usize) -> Self {
        let marks = Shards::new(shards);
        Self { marks }
    }

    /// The mark of an object that is there.
    #[must_use]
    pub fn of(&self, id: &str) -> Option<Arc<LastUse>> {
        self.marks.find(id)
    }

    /// For the one writer.
    pub(super) fn begin(&self, id: &str) {
        if self.of(id).is_none() {
            self.marks.insert(id.into(), Arc::default());
        }
    }

    /// For the one writer.
    pub(super) fn end(&self, id: &str) {
        self.marks.remove(id);
    }
}

/// A last use of an object, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) kind: Kind,
    pub(crate) id: Box<str>,
    /// In seconds since 1970.
    pub(crate) second: u32,
}

impl Directory {
    /// Last uses that are not kept yet: at most so many.
    pub(crate) fn unkept_uses(&self, most: usize) -> Vec<Use> {
        let keys = self.keys.iter().filter_map(|key| {
            let second = key.object.last_use.unkept()?;
            Some(Use {
                kind: Kind::Key,
                id: key.id.as_str().into(),
                second,
            })
        });
        let of_credentials = self.credentials.iter().filter_map(|entry| {
            let id = entry.id.as_str();
            unkept(Kind::Credential, id, &self.credential_uses)
        });
        let of_deployments = self.deployments.iter().filter_map(|entry| {
            let id = entry.id.as_str();
            unkept(Kind::Deployment, id, &self.deployment_uses)
        });
        let all = of_credentials.chain(of_deployments).chain(keys);
        all.take(most).collect()
    }

    /// That a last use is kept. One of an object that is not there is not held.
    pub(crate) fn note_kept(&self, Use { kind, id, second }: &Use) {
        let mark = match kind {
            Kind::Key => {
                if let Some(key) = self.keys.find(id) {
                    key.object.last_use.keep(*second);
                }
                return;
            }
            Kind::Credential => self.credential_uses.of(id),
            Kind::Deployment => self.deployment_uses.of(id),
            Kind::Organisation
            | Kind::Team
            | Kind::Project
            | Kind::User
            | Kind::ServiceAccount
            | Kind::Customer
            | Kind::Budget
            | Kind::AccessGroup
            | Kind::Tag => None,
        };
        if let Some(mark) = mark {
            mark.keep(*second);
        }
    }
}

fn unkept(kind: Kind, id: &str, uses: &Uses) -> Option<Use> {
    let second = uses.of(id)?.unkept()?;
    let id = id.into();
    Some(Use { kind, id, second })
}

#[cfg(test)]
mod tests;
