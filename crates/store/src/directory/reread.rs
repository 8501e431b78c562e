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

#[cfg(test)]
mod tests {
    use ironward_core::Id;
    use ironward_policy::{Grant, Link, Which, allows_model};

    use super::super::{Directory, DirectoryWriter};
    use crate::objects::{AccessGroup, Content, Key, Kind, Member, Team};
    use crate::row::Stored;

    fn stored(id: &str, content: Content) -> Stored {
        Stored {
            kind: content.kind(),
            id: id.into(),
            version: 1,
            seq: 1,
            content: Some(content),
            mark: 0,
        }
    }

    fn group(models: &[&str]) -> Content {
        Content::AccessGroup(Box::new(AccessGroup {
            models: models.iter().map(|model| (*model).into()).collect(),
            ..AccessGroup::default()
        }))
    }

    fn named() -> Grant {
        Grant {
            models: Some(vec!["ours".into()]),
            ..Grant::default()
        }
    }

    fn key() -> Content {
        Content::Key(Box::new(Key {
            grant: named(),
            ..Key::default()
        }))
    }

    fn team() -> Content {
        Content::Team(Box::new(Team {
            grant: named(),
            members: vec![Member {
                user: Id::new("ann"),
                is_admin: false,
                grant: named(),
                spending: Default::default(),
            }],
            ..Team::default()
        }))
    }

    /// Whether the key, the team and Ann's place in it each allow the model.
    fn allow(directory: &Directory, model: &str) -> [bool; 3] {
        let (key, team) = (directory.keys.find("k"), directory.teams.find("t"));
        let (key, team) = (key.unwrap(), team.unwrap());
        assert!(key.is_current() && team.is_current());
        let grants = [
            key.grants.own(),
            team.grants.own(),
            team.grants.member("ann").unwrap(),
        ];
        grants.map(|grant| {
            let link = Link {
                which: Which::Key,
                name: "x",
                grant,
            };
            allows_model(&[link], model)
        })
    }

    #[test]
    fn a_load_may_bring_the_group_last() {
        let mut writer = DirectoryWriter::new();
        writer.load(stored("k", key()));
        writer.load(stored("t", team()));
        writer.load(stored("ours", group(&["a"])));
        writer.flush();
        let directory = writer.directory();
        assert_eq!(allow(&directory, "a"), [true; 3]);
        assert_eq!(allow(&directory, "b"), [false; 3]);
    }

    #[test]
    fn a_group_that_changes_replaces_what_names_it() {
        let mut writer = DirectoryWriter::new();
        writer.set("k", key());
        writer.set("t", team());
        let directory = writer.directory();
        assert_eq!(allow(&directory, "a"), [false; 3]);
        writer.set("ours", group(&["a"]));
        assert_eq!(allow(&directory, "a"), [true; 3]);
        let old = directory.keys.find("k").unwrap();
        writer.set("ours", group(&["b"]));
        assert!(!old.is_current(), "whoever holds it sees the change");
        let new = directory.keys.find("k").unwrap();
        assert_eq!((new.version, new.seq), (old.version, old.seq));
        assert_eq!(allow(&directory, "a"), [false; 3]);
        assert_eq!(allow(&directory, "b"), [true; 3]);
        // One that nobody names changes nothing.
        writer.set("theirs", group(&["a"]));
        assert!(new.is_current());
        writer.unset(Kind::AccessGroup, "ours");
        assert_eq!(allow(&directory, "b"), [false; 3]);
    }
}
