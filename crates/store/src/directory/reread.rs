//! What a grant means hangs on the access groups that it names. When one of these changes, the
//! entries that name it are replaced by others of the same version: whoever holds an entry sees
//! that it is no longer current.

use std::sync::Arc;

use ironward_policy::Grant;

use super::grants::mentions;
use super::writer::insert;
use super::{DirectoryWriter, Entry, Grants, Objects};

impl DirectoryWriter {
    /// After a change of one access group.
    pub(super) fn reread(&mut self, group: &str) {
        self.grants.forget();
        self.replace(&|grant| mentions(grant, group));
    }

    /// At the end of a load, when all access groups are there.
    pub(super) fn reread_all(&mut self) {
        let groups: Vec<_> = self.directory().access_groups.iter().collect();
        if groups.is_empty() {
            return;
        }
        self.grants.forget();
        self.replace(&|grant| {
            let mut groups = groups.iter();
            groups.any(|group| mentions(grant, group.id.as_str()))
        });
    }

    fn replace(&mut self, is_meant: &dyn Fn(&Grant) -> bool) {
        let directory = self.directory();
        let (to, reader) = (&*directory, &mut self.grants);
        let mut of = |grant: &Grant| is_meant(grant).then(|| reader.of(to, grant, false));
        again(&to.organisations, &mut |object| of(&object.grant));
        again(&to.projects, &mut |object| of(&object.grant));
        again(&to.service_accounts, &mut |object| of(&object.grant));
        again(&to.customers, &mut |object| of(&object.grant));
        for user in to.users.iter() {
            if is_meant(&user.object.grant) {
                let grants = self.grants.of(to, &user.object.grant, false);
                let object = user.object.clone();
                self.put_user(Entry::new(user.id.as_str(), user.place(), object, grants));
            }
        }
        again(&to.teams, &mut |team| {
            let mut members = team.members.iter();
            let is_meant = is_meant(&team.grant) || members.any(|member| is_meant(&member.grant));
            is_meant.then(|| self.grants.of_team(to, &team.grant, &team.members))
        });
        for key in to.keys.iter() {
            if is_meant(&key.object.grant.rest) {
                let entry = self.key(key.id.as_str(), key.place(), key.object.clone());
                self.put_key(&entry);
            }
        }
    }
}

/// Replaces those for which there are new grants.
fn again<K: Clone>(objects: &Objects<K>, grants: &mut dyn FnMut(&K) -> Option<Grants>) {
    let entries: Vec<Arc<Entry<K>>> = objects.iter().collect();
    for entry in entries {
        if let Some(grants) = grants(&entry.object) {
            let object = entry.object.clone();
            insert(
                objects,
                Entry::new(entry.id.as_str(), entry.place(), object, grants),
            );
        }
    }
}
