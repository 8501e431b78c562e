use std::sync::Arc;
use std::sync::atomic::Ordering;

use ironward_core::Id;
use ironward_secret::KeyHash;

use super::entry::Place;
use super::grants::GrantReader;
use super::key::KeyParts;
use super::{Directory, Entry, Holder, LiveKey, Objects};
use crate::objects::{
    Content, Key, Kind, Organisation, Project, SecretForm, ServiceAccount, Team, User,
};
use crate::row::Stored;

/// The one writer of a directory: the feed, or whoever has no store behind it.
pub struct DirectoryWriter {
    directory: Arc<Directory>,
    parts: KeyParts,
    pub(super) grants: GrantReader,
    /// Keys that are added together, at the end of a load.
    batch: Vec<Arc<Entry<Key, LiveKey>>>,
    /// Whether an access group came after one of them, whose grant may name it. A store has the
    /// groups first.
    is_group_late: bool,
}

impl DirectoryWriter {
    /// With an empty directory.
    #[must_use]
    pub fn new() -> Self {
        Self {
            directory: Arc::new(Directory::new()),
            parts: KeyParts::default(),
            grants: GrantReader::new(),
            batch: Vec::new(),
            is_group_late: false,
        }
    }

    /// What it writes to.
    #[must_use]
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.directory)
    }

    /// Puts `content` in the place of the object that is there, and tells whoever waits for a
    /// change. For a directory without a store: a feed that follows one writes all there is.
    pub fn set(&mut self, id: &str, content: Content) {
        let kind = content.kind();
        let seq = self.next_seq();
        self.put(Stored {
            kind,
            id: id.into(),
            // It only has to grow.
            version: seq,
            seq,
            content: Some(content),
            mark: 0,
        });
        self.announce(seq);
    }

    /// Takes an object away; else as [`Self::set`].
    pub fn unset(&mut self, kind: Kind, id: &str) {
        let seq = self.next_seq();
        self.remove(kind, id);
        self.announce(seq);
    }

    /// The number of the next change where no store counts them.
    fn next_seq(&self) -> u64 {
        *self.directory.changes.borrow() + 1
    }

    /// Adds an object of the first load; [`Self::flush`] ends that.
    pub(crate) fn load(&mut self, stored: Stored) {
        match stored.content {
            Some(Content::Key(key)) => {
                let place = Place {
                    version: stored.version,
                    seq: stored.seq,
                    mark: stored.mark,
                };
                let live = self.parts.live(*key);
                let entry = self.key(&stored.id, place, live);
                self.batch.push(entry);
            }
            Some(Content::User(user)) => {
                let place = Place {
                    version: stored.version,
                    seq: stored.seq,
                    mark: stored.mark,
                };
                let grants = self.grants.of(&self.directory, &user.grant, false);
                self.add_user(&Arc::new(Entry::new(&stored.id, place, *user, grants)));
            }
            content => {
                let is_group = matches!(content, Some(Content::AccessGroup(_)));
                self.is_group_late |= is_group && !self.batch.is_empty();
                self.put(Stored { content, ..stored });
            }
        }
    }

    /// Makes the keys of the first load visible, and puts its users in order.
    pub(crate) fn flush(&mut self) {
        let users: Vec<_> = self.directory.users.iter().collect();
        self.directory.user_orders.extend(&users);
        self.reread_all();
        let mut batch = std::mem::take(&mut self.batch);
        if std::mem::take(&mut self.is_group_late) {
            for entry in &mut batch {
                *entry = self.key(entry.id.as_str(), entry.place(), entry.object.clone());
            }
        }
        // The orders keep what is equal in this one.
        batch.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        self.directory
            .secrets
            .extend(batch.iter().flat_map(secrets));
        self.directory.key_orders.extend(&batch);
        self.directory.keys.extend(batch);
    }

    /// Puts an object in the place of the one that is there; a tombstone removes it. The mark of
    /// the one that was there.
    pub(crate) fn put(&mut self, stored: Stored) -> Option<u128> {
        let Stored {
            id,
            version,
            seq,
            mark,
            content,
            kind,
        } = stored;
        let Some(content) = content else {
            return self.remove(kind, &id);
        };
        let place = Place { version, seq, mark };
        let to = Arc::clone(&self.directory);
        match content {
            Content::Key(key) => {
                let live = self.parts.live(*key);
                let entry = self.key(&id, place, live);
                self.put_key(&entry)
            }
            Content::User(user) => {
                let grants = self.grants.of(&to, &user.grant, false);
                self.put_user(Entry::new(&id, place, *user, grants))
            }
            Content::Team(team) => {
                let grants = self.grants.of_team(&to, &team.grant, &team.members);
                self.put_team(Entry::new(&id, place, *team, grants))
            }
            Content::Organisation(object) => {
                let grants = self.grants.of(&to, &object.grant, false);
                insert(&to.organisations, Entry::new(&id, place, *object, grants))
            }
            Content::Project(object) => {
                let grants = self.grants.of(&to, &object.grant, false);
                self.put_project(Entry::new(&id, place, *object, grants))
            }
            Content::ServiceAccount(object) => {
                let grants = self.grants.of(&to, &object.grant, false);
                self.put_account(Entry::new(&id, place, *object, grants))
            }
            Content::Customer(object) => {
                let grants = self.grants.of(&to, &object.grant, false);
                insert(&to.customers, Entry::new(&id, place, *object, grants))
            }
            Content::AccessGroup(group) => {
                let old = insert(&to.access_groups, self.plain(&id, place, *group));
                self.reread(&id);
                old
            }
            Content::Budget(object) => insert(&to.budgets, self.plain(&id, place, *object)),
            Content::Credential(object) => {
                to.credential_uses.begin(&id);
                insert(&to.credentials, self.plain(&id, place, *object))
            }
            Content::Deployment(object) => {
                to.deployment_uses.begin(&id);
                insert(&to.deployments, self.plain(&id, place, *object))
            }
            Content::Tag(object) => insert(&to.tags, self.plain(&id, place, *object)),
        }
    }

    /// Removes an object, and gives the mark that it had.
    pub(crate) fn remove(&mut self, kind: Kind, id: &str) -> Option<u128> {
        let from = Arc::clone(&self.directory);
        match kind {
            Kind::Key => {
                let old = from.keys.remove(id)?;
                self.forget_secrets(&old, None);
                from.key_orders.replace(Some(&old), None);
                Some(old.mark)
            }
            Kind::User => {
                let old = from.users.remove(id)?;
                from.user_orders.replace(Some(&old), None);
                from.users_of_organisation
                    .replace(&old.id, organisations(&old.object), None);
                self.forget_names(&old);
                if !old.object.identities.is_empty() {
                    self.note_identities();
                }
                Some(old.mark)
            }
            Kind::Organisation => remove(&from.organisations, id),
            Kind::Team => {
                let old = from.teams.remove(id)?;
                self.place_team(&old.id, Some(&old.object), None);
                Some(old.mark)
            }
            Kind::Project => {
                let old = from.projects.remove(id)?;
                let team = &old.object.team;
                from.projects_of_team.replace(&old.id, Some(team), None);
                Some(old.mark)
            }
            Kind::ServiceAccount => {
                let old = from.service_accounts.remove(id)?;
                let team = &old.object.team;
                let accounts = &from.service_accounts_of_team;
                accounts.replace(&old.id, Some(team), None);
                self.note_identities();
                Some(old.mark)
            }
            Kind::Customer => remove(&from.customers, id),
            Kind::Budget => remove(&from.budgets, id),
            Kind::Credential => {
                from.credential_uses.end(id);
                remove(&from.credentials, id)
            }
            Kind::Deployment => {
                from.deployment_uses.end(id);
                remove(&from.deployments, id)
            }
            Kind::AccessGroup => {
                let old = remove(&from.access_groups, id)?;
                self.reread(id);
                Some(old)
            }
            Kind::Tag => remove(&from.tags, id),
        }
    }

    /// The change that wrote what is held of an object, and its mark.
    pub(crate) fn held(&self, kind: Kind, id: &str) -> Option<(u64, u128)> {
        let held = &self.directory;
        match kind {
            Kind::Key => place(&held.keys, id),
            Kind::User => place(&held.users, id),
            Kind::Organisation => place(&held.organisations, id),
            Kind::Team => place(&held.teams, id),
            Kind::Project => place(&held.projects, id),
            Kind::ServiceAccount => place(&held.service_accounts, id),
            Kind::Customer => place(&held.customers, id),
            Kind::Budget => place(&held.budgets, id),
            Kind::Credential => place(&held.credentials, id),
            Kind::Deployment => place(&held.deployments, id),
            Kind::AccessGroup => place(&held.access_groups, id),
            Kind::Tag => place(&held.tags, id),
        }
    }

    /// Removes every object of this kind that is not `wanted`.
    pub(crate) fn retain(&mut self, kind: Kind, wanted: impl Fn(&str) -> bool) {
        let held = &self.directory;
        let unwanted = match kind {
            Kind::Key => others(&held.keys, wanted),
            Kind::User => others(&held.users, wanted),
            Kind::Organisation => others(&held.organisations, wanted),
            Kind::Team => others(&held.teams, wanted),
            Kind::Project => others(&held.projects, wanted),
            Kind::ServiceAccount => others(&held.service_accounts, wanted),
            Kind::Customer => others(&held.customers, wanted),
            Kind::Budget => others(&held.budgets, wanted),
            Kind::Credential => others(&held.credentials, wanted),
            Kind::Deployment => others(&held.deployments, wanted),
            Kind::AccessGroup => others(&held.access_groups, wanted),
            Kind::Tag => others(&held.tags, wanted),
        };
        for id in unwanted {
            self.remove(kind, &id);
        }
    }

    /// Tells whoever waits for a change.
    pub(crate) fn announce(&self, seq: u64) {
        self.directory.changes.send_replace(seq);
    }

    pub(super) fn key(
        &mut self,
        id: &str,
        place: Place,
        live: LiveKey,
    ) -> Arc<Entry<Key, LiveKey>> {
        let mut forms = live.secrets.iter().map(|secret| secret.form);
        if forms.any(|form| form == SecretForm::LitellmHash) {
            self.directory.has_imported.store(true, Ordering::Release);
        }
        let in_team = live.team.is_some();
        let grants = self.grants.of(&self.directory, &live.grant.rest, in_team);
        Arc::new(Entry::new(id, place, live, grants))
    }

    /// An object of a kind without grants.
    fn plain<K>(&self, id: &str, place: Place, object: K) -> Entry<K> {
        Entry::new(id, place, object, self.grants.none())
    }

    pub(super) fn put_key(&self, entry: &Arc<Entry<Key, LiveKey>>) -> Option<u128> {
        for (hash, found) in secrets(entry) {
            self.directory.secrets.insert(hash, found);
        }
        let old = self.directory.keys.insert(entry);
        self.directory.key_orders.replace(old.as_ref(), Some(entry));
        let old = old?;
        // From here on uses are noted in the new one. A call that has just found the old one and
        // notes itself after this is not seen by it; the next one is.
        entry.object.last_use.take_over(&old.object.last_use);
        self.forget_secrets(&old, Some(entry));
        Some(old.mark)
    }

    fn put_team(&self, entry: Entry<Team>) -> Option<u128> {
        let entry = Arc::new(entry);
        let old = self.directory.teams.insert(&entry);
        let was = old.as_ref().map(|old| &old.object);
        self.place_team(&entry.id, was, Some(&entry.object));
        old.map(|old| old.mark)
    }

    /// Whose team it was, and whose it is now.
    fn place_team(&self, id: &Id<Team>, old: Option<&Team>, new: Option<&Team>) {
        let directory = &self.directory;
        let [was, is] = [old, new].map(|team| team.into_iter().flat_map(members));
        directory.teams_of_user.replace(id, was, is);
        let [was, is] = [old, new].map(|team| team.and_then(|team| team.organisation.as_ref()));
        directory.teams_of_organisation.replace(id, was, is);
    }

    fn put_project(&self, entry: Entry<Project>) -> Option<u128> {
        let entry = Arc::new(entry);
        let old = self.directory.projects.insert(&entry);
        let was = old.as_ref().map(|old| &old.object.team);
        let projects = &self.directory.projects_of_team;
        projects.replace(&entry.id, was, Some(&entry.object.team));
        old.map(|old| old.mark)
    }

    fn put_account(&self, entry: Entry<ServiceAccount>) -> Option<u128> {
        let entry = Arc::new(entry);
        let old = self.directory.service_accounts.insert(&entry);
        let was = old.as_ref().map(|old| &old.object.team);
        let accounts = &self.directory.service_accounts_of_team;
        accounts.replace(&entry.id, was, Some(&entry.object.team));
        self.note_identities();
        old.map(|old| old.mark)
    }

    /// Secrets that `new` has as well stay.
    fn forget_secrets(&self, old: &Entry<Key, LiveKey>, new: Option<&Entry<Key, LiveKey>>) {
        for secret in &old.object.secrets {
            let mut kept = new.iter().flat_map(|new| new.object.secrets.iter());
            if kept.any(|kept| kept.hash == secret.hash) {
                continue;
            }
            // Another key may have taken it over meanwhile.
            let holder = self.directory.secrets.find(&secret.hash);
            if holder.is_some_and(|holder| holder.key.id == old.id) {
                self.directory.secrets.remove(&secret.hash);
            }
        }
    }

    pub(super) fn put_user(&self, entry: Entry<User>) -> Option<u128> {
        let entry = Arc::new(entry);
        let old = self.add_user(&entry);
        let orders = &self.directory.user_orders;
        orders.replace(old.as_ref(), Some(&entry));
        old.map(|old| old.mark)
    }

    /// Everywhere but in the orders.
    fn add_user(&self, entry: &Arc<Entry<User>>) -> Option<Arc<Entry<User>>> {
        let directory = &self.directory;
        let old = directory.users.insert(entry);
        let was = old.iter().flat_map(|old| organisations(&old.object));
        let users = &directory.users_of_organisation;
        users.replace(&entry.id, was, organisations(&entry.object));
        if let Some(old) = &old {
            self.forget_names(old);
        }
        if let Some(email) = &entry.object.email {
            let email = email.to_lowercase().into();
            directory.emails.insert(email, entry.id.clone());
        }
        if let Some(subject) = &entry.object.sso_user_id {
            let subject = subject.clone();
            directory.sso_ids.insert(subject, entry.id.clone());
        }
        let lists = |user: &Entry<User>| !user.object.identities.is_empty();
        if lists(entry) || old.as_deref().is_some_and(lists) {
            self.note_identities();
        }
        old
    }

    /// Tells whoever keeps a copy of the identities that theirs may be an old one. After the change:
    /// a copy that is made in between is made again.
    fn note_identities(&self) {
        self.directory.identities.fetch_add(1, Ordering::Release);
    }

    fn forget_names(&self, old: &Entry<User>) {
        let is_old = |found: Option<Id<User>>| found.is_some_and(|id| id == old.id);
        if let Some(email) = old.object.email.as_deref().map(str::to_lowercase)
            && is_old(self.directory.emails.find(email.as_str()))
        {
            self.directory.emails.remove(email.as_str());
        }
        if let Some(subject) = old.object.sso_user_id.as_deref()
            && is_old(self.directory.sso_ids.find(subject))
        {
            self.directory.sso_ids.remove(subject);
        }
    }
}

impl Default for DirectoryWriter {
    fn default() -> Self {
        Self::new()
    }
}

fn members(team: &Team) -> impl Iterator<Item = &Id<User>> {
    team.members.iter().map(|member| &member.user)
}

fn organisations(user: &User) -> impl Iterator<Item = &Id<Organisation>> {
    user.organisations.iter().map(|place| &place.organisation)
}

fn secrets(entry: &Arc<Entry<Key, LiveKey>>) -> impl Iterator<Item = (KeyHash, Holder)> {
    entry
        .object
        .secrets
        .iter()
        .enumerate()
        .map(|(place, secret)| {
            let key = Arc::clone(entry);
            (secret.hash, Holder { key, place })
        })
}

pub(super) fn insert<K>(to: &Objects<K>, entry: Entry<K>) -> Option<u128> {
    to.insert(&Arc::new(entry)).map(|old| old.mark)
}

fn remove<K>(from: &Objects<K>, id: &str) -> Option<u128> {
    from.remove(id).map(|old| old.mark)
}

fn place<K, C>(of: &Objects<K, C>, id: &str) -> Option<(u64, u128)> {
    of.find(id).map(|entry| (entry.seq, entry.mark))
}

fn others<K, C>(of: &Objects<K, C>, wanted: impl Fn(&str) -> bool) -> Vec<Box<str>> {
    let ids = of.iter().filter(|entry| !wanted(entry.id.as_str()));
    ids.map(|entry| entry.id.as_str().into()).collect()
}
