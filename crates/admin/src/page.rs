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

/// The most items of a page, LiteLLM's.
const MOST: u64 = 100;

impl Paging {
    /// Reads `page` and the size, which LiteLLM calls `size` here and `page_size` there.
    pub(crate) fn read(fields: &mut Fields<'_>, size: &'static str, default: u64) -> Self {
        let page = fields.optional("page").unwrap_or(1);
        if page == 0 {
            fields.wrong(
                "page",
                "greater_than_equal",
                "Input should be greater than or equal to 1",
            );
        }
        let wanted = fields.optional(size).unwrap_or(default);
        if wanted == 0 {
            fields.wrong(
                size,
                "greater_than_equal",
                "Input should be greater than or equal to 1",
            );
        }
        if wanted > MOST {
            fields.wrong(
                size,
                "less_than_equal",
                "Input should be less than or equal to 100",
            );
        }
        Self { page, size: wanted }
    }

    /// The part of `all` that is meant; a page behind the last one is empty.
    pub(crate) fn cut<T>(self, all: Vec<T>) -> Page<T> {
        let total = all.len();
        let count = u64::try_from(total).unwrap_or(u64::MAX);
        let size = self.size.max(1);
        let skip = self.page.saturating_sub(1).saturating_mul(size);
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let take = usize::try_from(size).unwrap_or(usize::MAX);
        Page {
            items: all.into_iter().skip(skip).take(take).collect(),
            total,
            page: self.page,
            size,
            pages: count.div_ceil(size),
        }
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
}
