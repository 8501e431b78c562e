use std::cmp::Ordering;

use ironward_store::KeyOrder;
use serde_json::{Value, json};

use super::Held;
use crate::keys::show::spend;
use crate::page::{Ascending, Page, Paging};
use crate::request::{Fields, FromJson, Place, Problems, Shape, choice};

/// In which order keys are listed: the newest first, unless the request says otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sorting {
    by: SortBy,
    ascending: bool,
}

#[derive(Debug, Clone, Copy)]
enum SortBy {
    Held(KeyOrder),
    Spend,
}

impl Shape for Sorting {
    fn read(fields: &mut Fields<'_>) -> Self {
        let by: Option<SortBy> = fields.optional("sort_by");
        let order: Option<Ascending> = fields.optional("sort_order");
        Self {
            by: by.unwrap_or(SortBy::Held(KeyOrder::CreatedAt)),
            ascending: order.is_some_and(|order| order.0),
        }
    }
}

impl Sorting {
    /// The order in which the directory holds all keys, if it holds this one, and whether it is wanted
    /// in reverse. What was spent changes with every call: no order is held of it.
    pub(super) const fn held(self) -> Option<(KeyOrder, bool)> {
        match self.by {
            SortBy::Held(order) => Some((order, !self.ascending)),
            SortBy::Spend => None,
        }
    }

    /// The page of these keys.
    pub(super) fn cut(self, paging: Paging, found: Vec<Held>) -> Page<Held> {
        match self.by {
            SortBy::Held(by) => paging.sort_and_cut(found, |one, other| {
                self.directed(compare(by, one, other), one, other)
            }),
            // It stands where only a whole key shows it.
            SortBy::Spend => {
                let spent = |entry: Held| (spend(&entry.object.whole()), entry);
                let found: Vec<(f64, Held)> = found.into_iter().map(spent).collect();
                let page = paging.sort_and_cut(found, |one, other| {
                    self.directed(one.0.total_cmp(&other.0), &one.1, &other.1)
                });
                page.map(|(_, entry)| entry)
            }
        }
    }

    /// In the wanted direction; keys that are equal otherwise by their ids, so that each is on one
    /// page.
    fn directed(self, order: Ordering, one: &Held, other: &Held) -> Ordering {
        let order = order.then_with(|| one.id.cmp(&other.id));
        if self.ascending {
            order
        } else {
            order.reverse()
        }
    }
}

fn compare(by: KeyOrder, one: &Held, other: &Held) -> Ordering {
    let (key, another) = (&one.object, &other.object);
    match by {
        KeyOrder::CreatedAt => key.created_at.cmp(&another.created_at),
        KeyOrder::UpdatedAt => key.updated_at.cmp(&another.updated_at),
        KeyOrder::Expires => key.grant.date.cmp(&another.grant.date),
        KeyOrder::Alias => key.alias.cmp(&another.alias),
        KeyOrder::MaxBudget => {
            let (budget, other) = (&key.spending.rest, &another.spending.rest);
            budget.max_budget.cmp(&other.max_budget)
        }
        KeyOrder::Id => Ordering::Equal,
    }
}

impl FromJson for SortBy {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        choice(&value, at, problems, &ORDERS)
    }

    fn schema() -> Value {
        json!({ "enum": ORDERS.map(|(word, _)| word) })
    }
}

const ORDERS: [(&str, SortBy); 7] = [
    ("created_at", SortBy::Held(KeyOrder::CreatedAt)),
    ("updated_at", SortBy::Held(KeyOrder::UpdatedAt)),
    ("expires", SortBy::Held(KeyOrder::Expires)),
    ("key_alias", SortBy::Held(KeyOrder::Alias)),
    ("spend", SortBy::Spend),
    ("max_budget", SortBy::Held(KeyOrder::MaxBudget)),
    ("token", SortBy::Held(KeyOrder::Id)),
];
