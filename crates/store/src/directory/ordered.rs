use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::entry::Entry;

/// By what the objects of a kind are put in an order.
pub(super) trait By: 'static {
    type Kind: 'static;
    type Held: 'static;

    /// What comes before the id; `None`: it is not in this order.
    fn rank(object: &Self::Held) -> Option<Rank<'_>>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank<'e> {
    Nothing,
    Number(u64),
    Text(&'e str),
}

impl<'e> From<Option<&'e str>> for Rank<'e> {
    fn from(text: Option<&'e str>) -> Self {
        text.map_or(Self::Nothing, Self::Text)
    }
}

impl From<Option<u64>> for Rank<'_> {
    fn from(number: Option<u64>) -> Self {
        number.map_or(Self::Nothing, Self::Number)
    }
}

/// Objects of a kind in an order: lists find their page here instead of walking everything. It
/// holds the entries themselves and reads the rank there: eight bytes an object, and no text twice.
/// The one writer and lists take its lock, calls never do.
pub(super) struct Ordered<B: By> {
    items: RwLock<Items<B>>,
}

struct Items<B: By> {
    set: BTreeSet<Item<B>>,
    /// How many ranks there are.
    ranks: usize,
}

type Held<B> = Arc<Entry<<B as By>::Kind, <B as By>::Held>>;

struct Item<B: By>(Held<B>);

/// Something that has a place in an order.
trait Placed {
    fn place(&self) -> (Option<Rank<'_>>, &str);
}

impl<B: By> Placed for Item<B> {
    fn place(&self) -> (Option<Rank<'_>>, &str) {
        (B::rank(&self.0.object), self.0.id.as_str())
    }
}

/// Before everything of its rank.
struct Start<'r>(Rank<'r>);

impl Placed for Start<'_> {
    fn place(&self) -> (Option<Rank<'_>>, &str) {
        (Some(self.0), "")
    }
}

impl<B: By> Ordered<B> {
    pub(super) const fn new() -> Self {
        Self {
            items: RwLock::new(Items {
                set: BTreeSet::new(),
                ranks: 0,
            }),
        }
    }

    /// What an object was, and what it is now.
    pub(super) fn replace(&self, old: Option<&Held<B>>, new: Option<&Held<B>>) {
        let item = |entry: &Held<B>| {
            let is_in = B::rank(&entry.object).is_some();
            is_in.then(|| Item::<B>(Arc::clone(entry)))
        };
        let [old, new] = [old, new].map(|entry| item(entry?));
        if old.is_none() && new.is_none() {
            return;
        }
        let mut items = self.write();
        match (old, new) {
            (Some(old), Some(new)) if old == new => drop(items.set.replace(new)),
            (old, new) => {
                if let Some(old) = old {
                    items.remove(&old);
                }
                if let Some(new) = new {
                    items.insert(new);
                }
            }
        }
    }

    /// Adds many that are not there yet.
    pub(super) fn extend(&self, entries: &[Held<B>]) {
        let ranked = entries.iter();
        let mut ranked: Vec<_> = ranked
            .filter_map(|entry| Some((B::rank(&entry.object)?, entry)))
            .collect();
        // The set sorts them too, but reads every rank from its entry each time.
        ranked.sort_by(|one, other| one.0.cmp(&other.0));
        let ranks = ranked.chunk_by(|one, other| one.0 == other.0).count();
        let added = ranked.into_iter().map(|(_, entry)| Item(Arc::clone(entry)));
        let mut items = self.write();
        let is_first = items.set.is_empty();
        items.set.append(&mut added.collect());
        items.ranks = if is_first {
            ranks
        } else {
            items.firsts().count()
        };
    }

    pub(super) fn len(&self) -> usize {
        self.read().set.len()
    }

    /// As many as `count` after the first `skip`, from the least on or from the greatest on; and how
    /// many there are in all.
    pub(super) fn page(
        &self,
        skip: usize,
        count: usize,
        descending: bool,
    ) -> (Vec<Held<B>>, usize) {
        let items = self.read();
        let entries = items.set.iter().map(|item| &item.0);
        let page = if descending {
            entries.rev().skip(skip).take(count).cloned().collect()
        } else {
            entries.skip(skip).take(count).cloned().collect()
        };
        (page, items.set.len())
    }

    /// The same of the ranks that are texts, from the least on, by the first object of each.
    pub(super) fn page_of_texts(&self, skip: usize, count: usize) -> (Vec<Held<B>>, usize) {
        let items = self.read();
        let others = usize::from(items.of(Rank::Nothing).next().is_some());
        let page = items.firsts().skip(skip.saturating_add(others)).take(count);
        let page = page.map(|item| Arc::clone(&item.0)).collect();
        (page, items.ranks - others)
    }

    /// Those of this rank, in the order of their ids.
    pub(super) fn of(&self, rank: Rank<'_>) -> Vec<Held<B>> {
        let items = self.read();
        items.of(rank).map(|item| Arc::clone(&item.0)).collect()
    }

    /// How many are of this rank.
    pub(super) fn count_of(&self, rank: Rank<'_>) -> usize {
        self.read().of(rank).count()
    }

    fn read(&self) -> RwLockReadGuard<'_, Items<B>> {
        self.items.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Items<B>> {
        self.items.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B: By> Items<B> {
    fn of(&self, rank: Rank<'_>) -> impl Iterator<Item = &Item<B>> {
        let start = Start(rank);
        let start: Bound<&(dyn Placed + '_)> = Bound::Included(&start);
        let from = self
            .set
            .range::<dyn Placed + '_, _>((start, Bound::Unbounded));
        from.take_while(move |item| item.place().0 == Some(rank))
    }

    fn firsts(&self) -> impl Iterator<Item = &Item<B>> {
        let mut last = None;
        self.set.iter().filter(move |item| {
            let rank = item.place().0;
            std::mem::replace(&mut last, rank) != rank
        })
    }

    fn has_rank_of(&self, item: &Item<B>) -> bool {
        let rank = item.place().0;
        rank.is_some_and(|rank| self.of(rank).next().is_some())
    }

    fn insert(&mut self, item: Item<B>) {
        if !self.has_rank_of(&item) {
            self.ranks += 1;
        }
        self.set.insert(item);
    }

    fn remove(&mut self, item: &Item<B>) {
        if self.set.remove(item) && !self.has_rank_of(item) {
            self.ranks -= 1;
        }
    }
}

impl<'a, B: By> Borrow<dyn Placed + 'a> for Item<B> {
    fn borrow(&self) -> &(dyn Placed + 'a) {
        self
    }
}

impl Ord for dyn Placed + '_ {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place().cmp(&other.place())
    }
}

impl PartialOrd for dyn Placed + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for dyn Placed + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for dyn Placed + '_ {}

impl<B: By> Ord for Item<B> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place().cmp(&other.place())
    }
}

impl<B: By> PartialOrd for Item<B> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<B: By> PartialEq for Item<B> {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl<B: By> Eq for Item<B> {}
