use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ironward_core::Id;

/// Which objects there are, each by something of its own: lists find their page here instead of
/// walking everything. The one writer and lists take its lock, calls never do.
pub(super) struct Ordered<R, K> {
    pairs: RwLock<BTreeSet<(R, Id<K>)>>,
}

impl<R: Ord + Clone, K> Ordered<R, K> {
    pub(super) const fn new() -> Self {
        Self {
            pairs: RwLock::new(BTreeSet::new()),
        }
    }

    /// What an object was known by, and what it is known by now.
    pub(super) fn replace(&self, id: &Id<K>, old: Option<R>, new: Option<R>) {
        if old == new {
            return;
        }
        let mut pairs = self.write();
        if let Some(old) = old {
            pairs.remove(&(old, id.clone()));
        }
        pairs.extend(new.map(|new| (new, id.clone())));
    }

    /// Adds many at once.
    pub(super) fn extend(&self, pairs: impl Iterator<Item = (R, Id<K>)>) {
        let mut added = pairs.collect();
        self.write().append(&mut added);
    }

    pub(super) fn len(&self) -> usize {
        self.read().len()
    }

    /// As many as `count` after the first `skip`, from the least on or from the greatest on; and how
    /// many there are in all.
    pub(super) fn page(&self, skip: usize, count: usize, descending: bool) -> (Vec<Id<K>>, usize) {
        let pairs = self.read();
        let ids = pairs.iter().map(|(_, id)| id);
        let page = if descending {
            ids.rev().skip(skip).take(count).cloned().collect()
        } else {
            ids.skip(skip).take(count).cloned().collect()
        };
        (page, pairs.len())
    }

    /// Those that are known by this, in the order of their ids.
    pub(super) fn of(&self, this: &R) -> Vec<Id<K>> {
        let pairs = self.read();
        let from = (this.clone(), Id::new(""));
        let found = pairs.range(from..).take_while(|(other, _)| other == this);
        found.map(|(_, id)| id.clone()).collect()
    }

    /// How many are known by this.
    pub(super) fn count_of(&self, this: &R) -> usize {
        let from = (this.clone(), Id::new(""));
        let pairs = self.read();
        let found = pairs.range(from..).take_while(|(other, _)| other == this);
        found.count()
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeSet<(R, Id<K>)>> {
        self.pairs.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeSet<(R, Id<K>)>> {
        self.pairs.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use ironward_core::Id;

    use super::super::{Directory, DirectoryWriter, samples};
    use super::Ordered;
    use crate::objects::{Content, Key, Kind, Member, Origin, Owner, Team};
    use crate::row::Stored;

    fn texts(ids: &[Id<()>]) -> Vec<&str> {
        ids.iter().map(Id::as_str).collect()
    }

    #[test]
    fn pages_are_in_order_from_both_ends() {
        let ordered: Ordered<u64, ()> = Ordered::new();
        let pairs = [(2, "b"), (1, "z"), (2, "a")];
        ordered.extend(pairs.map(|(rank, id)| (rank, Id::new(id))).into_iter());
        ordered.replace(&Id::new("c"), None, Some(9));
        ordered.replace(&Id::new("c"), Some(9), Some(0));
        let page = |skip, descending| ordered.page(skip, 2, descending);
        let (first, total) = page(0, false);
        assert_eq!((texts(&first), total), (vec!["c", "z"], 4));
        assert_eq!(texts(&page(2, false).0), ["a", "b"]);
        assert_eq!(texts(&page(1, true).0), ["a", "z"]);
        assert!(page(4, true).0.is_empty());
        ordered.replace(&Id::new("a"), Some(2), None);
        assert_eq!(ordered.len(), 3);
        assert_eq!(texts(&ordered.of(&2)), ["b"]);
        assert_eq!((ordered.count_of(&2), ordered.count_of(&3)), (1, 0));
    }

    /// A key that is one of three users' or nobody's, and one of two teams' or nobody's.
    fn key(number: u64) -> Content {
        let user = Id::new(&format!("user {}", number % 4));
        let team = number % 3;
        Content::Key(Box::new(Key {
            owner: if number.is_multiple_of(4) {
                Owner::Team
            } else {
                Owner::User(user)
            },
            team: (team > 0).then(|| Id::new(&format!("team {team}"))),
            origin: Origin {
                created_at: number % 7,
                ..Origin::default()
            },
            ..samples::key()
        }))
    }

    /// What is found in an order is what a walk over all objects finds.
    #[track_caller]
    fn assert_found(directory: &Directory) {
        let mut all = directory.keys.select(|_| true);
        for number in 0..4 {
            let (user, team) = (format!("user {number}"), format!("team {number}"));
            let of_user = directory.keys.select(
                |key| matches!(&key.object.owner, Owner::User(owner) if *owner.as_str() == *user),
            );
            let of_team = directory.keys.select(|key| {
                let its = key.object.team.as_ref();
                its.is_some_and(|its| *its.as_str() == *team)
            });
            assert_eq!(directory.count_keys_of_user(&Id::new(&user)), of_user.len());
            for (wanted, found) in [
                (of_user, directory.keys_of_user(&user)),
                (of_team, directory.keys_of_team(&team)),
            ] {
                assert_eq!(wanted.len(), found.len());
                let mut pairs = wanted.iter().zip(&found);
                assert!(pairs.all(|(wanted, found)| std::sync::Arc::ptr_eq(wanted, found)));
            }
        }
        all.sort_by_key(|key| key.object.created_at);
        let (mut page, total) = directory.keys.page(0, usize::MAX, false);
        assert_eq!((page.len(), total), (all.len(), all.len()));
        let mut pairs = page.iter().zip(&all);
        assert!(pairs.all(|(found, wanted)| found.id == wanted.id && found.is_current()));
        page = directory.keys.page(0, usize::MAX, true).0;
        all.reverse();
        assert!(
            page.iter()
                .zip(&all)
                .all(|(found, wanted)| found.id == wanted.id)
        );
    }

    /// A team of two of five users, or of one.
    fn team(number: u64) -> Content {
        let member = |number: u64| Member {
            user: Id::new(&format!("user {}", number % 5)),
            is_admin: false,
            grant: Default::default(),
            spending: Default::default(),
        };
        Content::Team(Box::new(Team {
            members: vec![member(number), member(number / 5)],
            ..Team::default()
        }))
    }

    #[track_caller]
    fn assert_members_found(directory: &Directory) {
        for number in 0..5 {
            let user = format!("user {number}");
            let wanted = directory.teams.select(|team| {
                let mut members = team.object.members.iter();
                members.any(|member| *member.user.as_str() == *user)
            });
            let found = directory.teams_of_user(&user);
            assert_eq!(wanted.len(), found.len(), "{user}");
            let mut pairs = wanted.iter().zip(&found);
            assert!(pairs.all(|(wanted, found)| std::sync::Arc::ptr_eq(wanted, found)));
        }
    }

    #[test]
    fn members_follow_every_change() {
        let mut writer = DirectoryWriter::new();
        for step in 0..300_u64 {
            let random = step.wrapping_mul(6_364_136_223_846_793_005) >> 33;
            let id = format!("team {}", random % 9);
            if random.is_multiple_of(4) {
                writer.unset(Kind::Team, &id);
            } else {
                writer.set(&id, team(random / 9));
            }
            assert_members_found(&writer.directory());
        }
    }

    #[test]
    fn the_orders_follow_every_change() {
        let mut writer = DirectoryWriter::new();
        for number in 0..20 {
            let content = key(number);
            writer.load(Stored {
                kind: content.kind(),
                id: format!("key {number}").into(),
                version: 1,
                seq: 1,
                content: Some(content),
                mark: 0,
            });
        }
        writer.flush();
        assert_found(&writer.directory());
        for step in 0..300_u64 {
            let random = step.wrapping_mul(6_364_136_223_846_793_005) >> 33;
            let id = format!("key {}", random % 30);
            if random.is_multiple_of(5) {
                writer.unset(Kind::Key, &id);
            } else {
                writer.set(&id, key(random / 30));
            }
            assert_found(&writer.directory());
        }
    }
}
