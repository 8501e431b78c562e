//! What LiteLLM's metrics count for each caller at each deployment.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::cells::{Bounds, Calls, Costs, Counter, Histogram, Tokens};
use super::series::{OTHER, Series};
use crate::event::Named;

/// The labels that name a caller, in the order of [`Shown`].
pub(super) const CALLER_LABELS: [&str; 5] = [
    "hashed_api_key",
    "api_key_alias",
    "team",
    "team_alias",
    "user",
];

/// What LiteLLM writes where there is nothing to say.
pub(super) const NONE: &str = "None";

/// How a caller is named in labels.
pub(super) type Shown<'a> = [&'a str; CALLER_LABELS.len()];

/// A caller at a deployment.
#[derive(Debug)]
pub(super) struct Pair {
    caller: [Box<str>; CALLER_LABELS.len()],
    pub(super) series: Arc<Series>,
    pub(super) calls: Calls,
    pub(super) tokens: Tokens,
    pub(super) costs: Costs,
    pub(super) total: Histogram,
    pub(super) answering: Histogram,
    pub(super) first_token: Histogram,
}

impl Pair {
    fn new(caller: Shown<'_>, series: Arc<Series>, bounds: &Bounds) -> Self {
        Self {
            caller: caller.map(Into::into),
            series,
            calls: Calls::default(),
            tokens: Tokens::default(),
            costs: Costs::default(),
            total: Histogram::new(bounds),
            answering: Histogram::new(bounds),
            first_token: Histogram::new(bounds),
        }
    }

    pub(super) fn caller(&self) -> Shown<'_> {
        std::array::from_fn(|place| self.caller.get(place).map_or("", |text| &**text))
    }
}

/// Every pair that there was a call of, up to a cap; the others share one.
///
/// A call looks its pair up without a lock: the table is replaced when a pair joins it, which ends at
/// the cap.
#[derive(Debug)]
pub(super) struct Callers {
    most: usize,
    /// The labels of [`CALLER_LABELS`] that are written.
    shown: [bool; CALLER_LABELS.len()],
    table: ArcSwap<Table>,
    /// Held by whoever replaces the table.
    turn: Mutex<()>,
    hasher: RandomState,
    other: Pair,
    pub(super) over_cap: Counter,
}

#[derive(Debug, Default, Clone)]
struct Table {
    places: HashMap<u64, usize>,
    pairs: Vec<Arc<Pair>>,
}

impl Callers {
    pub(super) fn new(
        bounds: &Bounds,
        (most, excluded): (usize, &[String]),
        other: Arc<Series>,
    ) -> Self {
        Self {
            most,
            shown: CALLER_LABELS.map(|label| !excluded.iter().any(|name| name == label)),
            table: ArcSwap::default(),
            turn: Mutex::new(()),
            hasher: RandomState::new(),
            other: Pair::new([OTHER; CALLER_LABELS.len()], other, bounds),
            over_cap: Counter::default(),
        }
    }

    /// Has `count` count something for this caller at this deployment.
    pub(super) fn with(
        &self,
        (caller, series): (Named<'_>, &Arc<Series>),
        bounds: &Bounds,
        count: impl FnOnce(&Pair),
    ) {
        let caller = self.show(caller);
        let hash = self.hash(&caller, series);
        {
            let table = self.table.load();
            if let Some(pair) = table.find(hash) {
                return count(self.checked(pair, &caller, series));
            }
            if table.pairs.len() >= self.most {
                self.over_cap.increment();
                return count(&self.other);
            }
        }
        match self.join(hash, (caller, series), bounds) {
            Some(pair) => count(self.checked(&pair, &caller, series)),
            None => {
                self.over_cap.increment();
                count(&self.other);
            }
        }
    }

    /// Two that differ and have one hash: nobody can bring that about, and a label is never wrong.
    fn checked<'p>(&'p self, pair: &'p Pair, caller: &Shown<'_>, series: &Series) -> &'p Pair {
        let is_same = pair.caller() == *caller && pair.series.number == series.number;
        if is_same { pair } else { &self.other }
    }

    /// Puts a pair into the table, unless somebody else has meanwhile or there is no room.
    fn join(
        &self,
        hash: u64,
        (caller, series): (Shown<'_>, &Arc<Series>),
        bounds: &Bounds,
    ) -> Option<Arc<Pair>> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let table = self.table.load_full();
        if let Some(pair) = table.find(hash) {
            return Some(Arc::clone(pair));
        }
        if table.pairs.len() >= self.most {
            return None;
        }
        let pair = Arc::new(Pair::new(caller, Arc::clone(series), bounds));
        let mut table = Table::clone(&table);
        table.places.insert(hash, table.pairs.len());
        table.pairs.push(Arc::clone(&pair));
        self.table.store(Arc::new(table));
        Some(pair)
    }

    /// Has `look` look at every pair, the shared one last.
    pub(super) fn read(&self, mut look: impl FnMut(&Pair)) {
        for pair in &self.table.load_full().pairs {
            look(pair);
        }
        look(&self.other);
    }

    fn show<'a>(&self, caller: Named<'a>) -> Shown<'a> {
        let alias =
            Some(caller.alias).filter(|alias| !alias.is_empty() && caller.key != Some(alias));
        let all = [
            caller.key,
            alias,
            caller.team,
            caller.team_alias,
            caller.account,
        ];
        let mut shown = [""; CALLER_LABELS.len()];
        for ((shown, value), is_shown) in shown.iter_mut().zip(all).zip(self.shown) {
            if is_shown {
                *shown = value.unwrap_or(NONE);
            }
        }
        shown
    }

    fn hash(&self, caller: &Shown<'_>, series: &Series) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u64(series.number);
        caller.hash(&mut hasher);
        hasher.finish()
    }
}

impl Table {
    fn find(&self, hash: u64) -> Option<&Arc<Pair>> {
        self.pairs.get(*self.places.get(&hash)?)
    }
}
