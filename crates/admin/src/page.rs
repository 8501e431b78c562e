use std::cmp::Ordering;
use std::sync::Arc;

use ironward_store::{Entry, Objects};
use serde_json::{Value, json};

use crate::request::{Fields, FromJson, Place, Problems, choice};

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paging {
    page: u64,
    size: u64,
}

/// A part of a list.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// How many there are in all.
    pub(crate) total: usize,
    /// From 1.
    pub(crate) page: u64,
    pub(crate) size: u64,
    pub(crate) pages: u64,
}

impl<T> Page<T> {
    /// The page of what is made of each item.
    pub(crate) fn map<U>(self, make: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(make).collect(),
            total: self.total,
            page: self.page,
            size: self.size,
            pages: self.pages,
        }
    }
}

/// The most items of a page, LiteLLM's.
const MOST: u64 = 100;

/// The most items of an answer that LiteLLM gives whole.
const MOST_WHOLE: u64 = 10_000;

/// Which part of a list that LiteLLM answers whole: all of it, up to a bound, if the request does
/// not say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part(Paging);

impl Part {
    /// Reads `page` and `size`.
    pub(crate) fn read(fields: &mut Fields<'_>) -> Self {
        let page: Option<u64> = fields.optional("page");
        let size: Option<u64> = fields.optional("size");
        for (name, given) in [("page", page), ("size", size)] {
            check_least(fields, name, given);
        }
        check_most(fields, "size", size, MOST_WHOLE);
        let default = if page.is_some() { MOST } else { MOST_WHOLE };
        Self(Paging {
            page: page.unwrap_or(1),
            size: size.unwrap_or(default),
        })
    }

    /// The part of `all` that is meant.
    pub(crate) fn cut<T>(self, all: Vec<T>) -> Page<T> {
        self.0.cut(all)
    }

    /// The part of all objects of a kind, by their ids.
    pub(crate) fn of<K, C>(self, objects: &Objects<K, C>) -> Page<Arc<Entry<K, C>>> {
        self.0.of(|part| objects.page(part, false))
    }
}

fn check_least(fields: &mut Fields<'_>, name: &'static str, given: Option<u64>) {
    if given == Some(0) {
        let message = "Input should be greater than or equal to 1";
        fields.wrong(name, "greater_than_equal", message);
    }
}

fn check_most(fields: &mut Fields<'_>, name: &'static str, given: Option<u64>, most: u64) {
    if given.is_some_and(|given| given > most) {
        let message = format!("Input should be less than or equal to {most}");
        fields.wrong(name, "less_than_equal", &message);
    }
}

impl Paging {
    /// Reads `page` and the size, which LiteLLM calls `size` here and `page_size` there.
    pub(crate) fn read(fields: &mut Fields<'_>, size: &'static str, default: u64) -> Self {
        let page = fields.optional("page");
        check_least(fields, "page", page);
        let wanted = fields.optional(size);
        check_least(fields, size, wanted);
        check_most(fields, size, wanted, MOST);
        Self {
            page: page.unwrap_or(1),
            size: wanted.unwrap_or(default),
        }
    }

    /// The part of `all` that is meant; a page behind the last one is empty.
    pub(crate) fn cut<T>(self, mut all: Vec<T>) -> Page<T> {
        let total = all.len();
        let (skip, end) = self.range(total);
        all.truncate(end);
        self.page(all.split_off(skip), total)
    }

    /// The same of what is held in its order: `page` is given how many to skip and how many to take,
    /// and says how many there are in all. Nothing is looked at that is not on the page.
    pub(crate) fn of<T>(self, page: impl FnOnce((usize, usize)) -> (Vec<T>, usize)) -> Page<T> {
        let (skip, end) = self.range(usize::MAX);
        let (items, total) = page((skip, end.saturating_sub(skip)));
        self.page(items, total)
    }

    fn page<T>(self, items: Vec<T>, total: usize) -> Page<T> {
        let size = self.size.max(1);
        let count = u64::try_from(total).unwrap_or(u64::MAX);
        Page {
            items,
            total,
            page: self.page,
            size,
            pages: count.div_ceil(size),
        }
    }

    /// The same of `all` in this order, in which no two are equal. Only what is on the page, or
    /// stands before it, is put in its place.
    pub(crate) fn sort_and_cut<T>(
        self,
        mut all: Vec<T>,
        order: impl Fn(&T, &T) -> Ordering,
    ) -> Page<T> {
        let (skip, end) = self.range(all.len());
        if end < all.len() {
            all.select_nth_unstable_by(end, &order);
        }
        let (before, _) = all.split_at_mut(end);
        if skip < before.len() {
            before.select_nth_unstable_by(skip, &order);
            let (_, page) = before.split_at_mut(skip);
            page.sort_unstable_by(&order);
        }
        self.cut(all)
    }

    /// Where the page starts and ends among so many.
    fn range(self, total: usize) -> (usize, usize) {
        let size = self.size.max(1);
        let skip = self.page.saturating_sub(1).saturating_mul(size);
        let whole = |number: u64| usize::try_from(number).unwrap_or(usize::MAX).min(total);
        (whole(skip), whole(skip.saturating_add(size)))
    }
}

/// `asc` or `desc`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ascending(pub(crate) bool);

impl FromJson for Ascending {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        choice(
            &value,
            at,
            problems,
            &[("asc", Self(true)), ("desc", Self(false))],
        )
    }

    fn schema() -> Value {
        json!({"enum": ["asc", "desc"]})
    }
}

#[cfg(test)]
mod tests {
    use super::Paging;

    #[test]
    fn every_item_is_on_exactly_one_page() {
        let cut = |page| Paging { page, size: 3 }.cut((0..7).collect::<Vec<_>>());
        assert_eq!(cut(1).items, [0, 1, 2]);
        assert_eq!(cut(3).items, [6]);
        assert_eq!((cut(3).total, cut(3).pages), (7, 3));
        assert!(cut(4).items.is_empty());
        assert!(cut(u64::MAX).items.is_empty());
        assert_eq!(Paging { page: 1, size: 3 }.cut(Vec::<u8>::new()).pages, 0);
    }

    #[test]
    fn a_page_is_that_of_the_whole_list_in_order() {
        let all: Vec<u32> = (0..101).map(|n| n * 37 % 101).collect();
        for size in [1, 7, 100, 101, 200] {
            for page in 1..=103 {
                let paging = Paging { page, size };
                let mut sorted = all.clone();
                sorted.sort_unstable();
                let expected = paging.cut(sorted).items;
                let found = paging.sort_and_cut(all.clone(), u32::cmp).items;
                assert_eq!(found, expected, "page {page} of {size}");
            }
        }
    }
}
