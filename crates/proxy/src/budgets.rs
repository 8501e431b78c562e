//! Which counters of the ledger bound a caller. They are found once for each caller, and again when
//! something that says them has changed: a call only looks whether that is so.

mod limits;
mod refusal;

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use ironward_core::{Clock, Fault, FaultKind, Money};
use ironward_ledger::{Counter, Counters, Kind, Ledger, Limit, Measure, Scope};
use ironward_store::objects::{Budget, Customer, Tag};
use ironward_store::{Directory, Entry};

use crate::access::{Access, Chain, Spender, Stored, spend_of};
use limits::Said;
pub(crate) use refusal::{Refusal, unpriced};

/// The budgets and limits of all callers. All threads share one.
pub struct Budgets {
    ledger: Arc<Ledger>,
    gateway: Scope,
    known: Box<[Shard]>,
    hasher: RandomState,
    /// Held by who reads what an object says until the ledger knows it, so that nobody puts an older
    /// word into force after a newer one. What the store said that was spent is in it.
    reading: Mutex<HashMap<Scope, Money>>,
}

type Shard = RwLock<HashMap<Kind, HashMap<Box<str>, Arc<Counted>>>>;

const SHARDS: usize = 64;

/// End users and tags with counters, at most.
const MOST_CHOSEN: usize = 1_000_000;

/// The counters of a caller, of an end user or of a tag.
pub(crate) struct Counted {
    of: Of,
    /// The budget objects that hold what these do not say themselves, or the name of one that is not
    /// there.
    budgets: Vec<Result<Arc<Entry<Budget>>, Box<str>>>,
    own: Counting,
    models: Vec<(Box<str>, Counting)>,
}

/// Which version of what they are the counters of.
enum Of {
    Chain(Arc<Chain>),
    Customer(Arc<Entry<Customer>>),
    Tag(Arc<Entry<Tag>>),
}

/// Counters, and what they ask of a call.
#[derive(Default)]
struct Counting {
    counters: Vec<Arc<Counter>>,
    needs: Needs,
}

/// What has to be known of a call before it is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Its cost is counted.
    pub(crate) cost: bool,
    /// Its cost is limited: one that nobody knows is refused.
    pub(crate) budget: bool,
}

impl Needs {
    fn of(limits: &[Limit]) -> Self {
        let costs = || limits.iter().filter(|one| one.measure == Measure::Cost);
        Self {
            cost: costs().next().is_some(),
            budget: costs().any(|one| one.most.is_some()),
        }
    }

    const fn and(self, other: Self) -> Self {
        Self {
            cost: self.cost || other.cost,
            budget: self.budget || other.budget,
        }
    }
}

/// Everything that counts a call. Without a limit there is nothing in it, and it costs nothing.
#[derive(Default)]
pub(crate) struct Bounds {
    whole: Option<(Counters, Needs)>,
    counted: Vec<Arc<Counted>>,
}

impl Bounds {
    pub(crate) const fn is_empty(&self) -> bool {
        self.whole.is_none() && self.counted.is_empty()
    }

    /// The counters of a call that asks for this model, of this group.
    pub(crate) fn counters(&self, model: &str, group: &str) -> Vec<&Counter> {
        let whole = self.whole.iter().flat_map(|(counters, _)| counters.iter());
        let parts = self.parts(model, group);
        let counters = whole.chain(parts.flat_map(|part| part.counters.iter()));
        counters.map(AsRef::as_ref).collect()
    }

    /// What has to be known of such a call.
    pub(crate) fn needs(&self, model: &str, group: &str) -> Needs {
        let whole = self.whole.as_ref().map(|(_, needs)| *needs);
        let parts = self.parts(model, group).map(|part| part.needs);
        parts.fold(whole.unwrap_or_default(), Needs::and)
    }

    fn parts(&self, model: &str, group: &str) -> impl Iterator<Item = &Counting> {
        let is_meant = move |name: &str| name == model || name == group;
        self.counted.iter().flat_map(move |counted| {
            let models = counted.models.iter();
            let models = models.filter(move |(name, _)| is_meant(name));
            std::iter::once(&counted.own).chain(models.map(|(_, counting)| counting))
        })
    }
}

impl Budgets {
    /// Nothing is counted yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            ledger: Arc::new(Ledger::new(clock, MOST_CHOSEN)),
            gateway: Scope::gateway(),
            known: (0..SHARDS).map(|_| Shard::default()).collect(),
            hasher: RandomState::new(),
            reading: Mutex::default(),
        }
    }

    /// What is counted.
    #[must_use]
    pub const fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// Everything that counts a call of this chain for this end user, with these tags. `whole`: the
    /// budget of the whole gateway.
    ///
    /// # Errors
    /// When what bounds the caller is gone meanwhile, or there is no room for more counters.
    pub(crate) fn of(
        &self,
        access: &Access,
        whole: Option<Limit>,
        (chain, customer): (Option<&Arc<Chain>>, Option<&Arc<Entry<Customer>>>),
        tags: &[Box<str>],
    ) -> Result<Bounds, Fault> {
        let mut bounds = Bounds::default();
        if let Some(limit) = whole {
            let counters = self.ledger.counters(&self.gateway, &[limit]);
            let counters = counters.map_err(|_| full())?;
            bounds.whole = Some((counters, Needs::of(&[limit])));
        }
        let directory = &access.directory;
        let own_tags = chain.map(|chain| chain.tags()).unwrap_or_default();
        if let Some(chain) = chain.filter(|chain| chain.is_counted()) {
            let (kind, id) = chain.place();
            let is = |of: &Of| matches!(of, Of::Chain(known) if known.is_as(chain));
            let make = || self.read_chain(access, chain);
            bounds
                .counted
                .push(self.find(directory, (kind, id), is, make)?);
        }
        if let Some(customer) = customer.filter(|one| one.object.spending.is_counted()) {
            let is = |of: &Of| matches!(of, Of::Customer(known) if Arc::ptr_eq(known, customer));
            let place = (Kind::EndUser, customer.id.as_str());
            let make = || self.read_customer(access, customer);
            bounds.counted.push(self.find(directory, place, is, make)?);
        }
        if !directory.tags.is_empty() {
            let mut seen: Vec<&str> = Vec::new();
            for name in own_tags.iter().chain(tags).map(|name| &**name) {
                if seen.contains(&name) {
                    continue;
                }
                seen.push(name);
                let tag = directory.tags.find(name);
                let Some(tag) = tag.filter(|tag| tag.object.spending.is_counted()) else {
                    continue;
                };
                let is = |of: &Of| matches!(of, Of::Tag(known) if Arc::ptr_eq(known, &tag));
                let make = || self.read_tag(access, &tag);
                let place = (Kind::Tag, name);
                bounds.counted.push(self.find(directory, place, is, make)?);
            }
        }
        Ok(bounds)
    }

    /// What is known of this one, unless it is out of date.
    fn find(
        &self,
        directory: &Directory,
        (kind, id): (Kind, &str),
        is: impl Fn(&Of) -> bool,
        make: impl FnOnce() -> Result<Arc<Counted>, Fault>,
    ) -> Result<Arc<Counted>, Fault> {
        let shard = usize::try_from(self.hasher.hash_one(id) % SHARDS as u64);
        let Some(shard) = shard.ok().and_then(|place| self.known.get(place)) else {
            return make();
        };
        let known = {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            shard.get(&kind).and_then(|known| known.get(id)).cloned()
        };
        if let Some(known) = known
            && is(&known.of)
            && known.is_current(directory)
        {
            return Ok(known);
        }
        let made = make()?;
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        let known = shard.entry(kind).or_default();
        // What was deleted is not asked for again; who makes objects without end does not fill this.
        if known.len() >= known.capacity() {
            known.retain(|_, counted| !counted.of.is_gone(directory));
        }
        known.insert(id.into(), Arc::clone(&made));
        Ok(made)
    }

    fn read_chain(&self, access: &Access, chain: &Arc<Chain>) -> Result<Arc<Counted>, Fault> {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let chain = if chain.is_current(access) {
            Arc::clone(chain)
        } else {
            Arc::new(chain.again(access, self.ledger.now())?)
        };
        let mut reader = Reader::new(self, &access.directory, &mut reading);
        let mut outcome = Ok(());
        chain.spenders(|spender| {
            let kind = spender.scope().kind();
            if outcome.is_ok() {
                outcome = reader.read(&spender, || chain.stored(kind));
            }
        });
        outcome?;
        Ok(reader.finish(Of::Chain(Arc::clone(&chain))))
    }

    fn read_customer(
        &self,
        access: &Access,
        customer: &Arc<Entry<Customer>>,
    ) -> Result<Arc<Counted>, Fault> {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let now = access.directory.customers.find(customer.id.as_str());
        let customer = now.as_ref().unwrap_or(customer);
        let mut reader = Reader::new(self, &access.directory, &mut reading);
        let object = &customer.object;
        let stored = || (spend_of(&object.kept), object.origin.updated_at);
        reader.read(&Spender::of_customer(customer), stored)?;
        Ok(reader.finish(Of::Customer(Arc::clone(customer))))
    }

    fn read_tag(&self, access: &Access, tag: &Arc<Entry<Tag>>) -> Result<Arc<Counted>, Fault> {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let now = access.directory.tags.find(tag.id.as_str());
        let tag = now.as_ref().unwrap_or(tag);
        let mut reader = Reader::new(self, &access.directory, &mut reading);
        reader.read(&Spender::of_tag(tag), || (Money::ZERO, 0))?;
        Ok(reader.finish(Of::Tag(Arc::clone(tag))))
    }
}

/// Reads what objects say, one after the other.
struct Reader<'a> {
    ledger: &'a Ledger,
    directory: &'a Directory,
    loaded: &'a mut HashMap<Scope, Money>,
    budgets: Vec<Result<Arc<Entry<Budget>>, Box<str>>>,
    own: Counting,
    models: Vec<(Box<str>, Counting)>,
}

impl<'a> Reader<'a> {
    fn new(
        budgets: &'a Budgets,
        directory: &'a Directory,
        loaded: &'a mut HashMap<Scope, Money>,
    ) -> Self {
        Self {
            ledger: &budgets.ledger,
            directory,
            loaded,
            budgets: Vec::new(),
            own: Counting::default(),
            models: Vec::new(),
        }
    }

    fn read(
        &mut self,
        spender: &Spender<'_>,
        stored: impl FnOnce() -> Stored,
    ) -> Result<(), Fault> {
        if !spender.spending.is_counted() {
            return Ok(());
        }
        let budget = spender.spending.budget_id.as_deref().map(|id| {
            let found = self.directory.budgets.find(id);
            found.ok_or_else(|| Box::from(id))
        });
        let said = Said {
            own: spender.spending,
            rest: match &budget {
                Some(Ok(budget)) => Some(&budget.object.spending),
                _ => None,
            },
            reset_at: spender.reset_at,
            pays: spender.pays,
        };
        let scope = spender.scope();
        let limits = said.limits();
        if !limits.is_empty() {
            self.load(&scope, &limits, stored)?;
            let counters = self.ledger.counters(&scope, &limits);
            self.own.add(&counters.map_err(|_| full())?, &limits);
        }
        for (name, limits) in said.models() {
            let scope = Scope::new(Kind::Model, name).of(scope.clone());
            let counters = self.ledger.counters(&scope, &limits);
            let mut counting = Counting::default();
            counting.add(&counters.map_err(|_| full())?, &limits);
            self.models.push((name.into(), counting));
        }
        self.budgets.extend(budget);
        Ok(())
    }

    /// Begins with what the store says that was spent. When somebody writes another number there,
    /// that is the number from then on.
    fn load(
        &mut self,
        scope: &Scope,
        limits: &[Limit],
        stored: impl FnOnce() -> Stored,
    ) -> Result<(), Fault> {
        let Some(budget) = limits.iter().find(|limit| limit.measure == Measure::Cost) else {
            return Ok(());
        };
        let (spent, at) = stored();
        let before = self.loaded.get(scope).copied().unwrap_or_default();
        if spent == before {
            return Ok(());
        }
        self.ledger.forget(scope);
        self.loaded.insert(scope.clone(), spent);
        let place = (Measure::Cost, budget.cycle);
        let loaded = self.ledger.load(scope, place, at, spent.nanos());
        loaded.map_err(|_| full())
    }

    fn finish(self, of: Of) -> Arc<Counted> {
        Arc::new(Counted {
            of,
            budgets: self.budgets,
            own: self.own,
            models: self.models,
        })
    }
}

impl Counting {
    fn add(&mut self, counters: &Counters, limits: &[Limit]) {
        self.counters.extend(counters.iter().cloned());
        self.needs = self.needs.and(Needs::of(limits));
    }
}

impl Counted {
    /// Whether the budget objects still say the same.
    fn is_current(&self, directory: &Directory) -> bool {
        self.budgets.iter().all(|budget| match budget {
            Ok(budget) => budget.is_current(),
            Err(id) => directory.budgets.find(id).is_none(),
        })
    }
}

impl Of {
    fn is_gone(&self, directory: &Directory) -> bool {
        match self {
            Self::Chain(chain) => match chain.place() {
                (Kind::Key, id) => directory.keys.find(id).is_none(),
                (Kind::ServiceAccount, id) => directory.service_accounts.find(id).is_none(),
                (_, id) => directory.users.find(id).is_none(),
            },
            Self::Customer(customer) => directory.customers.find(customer.id.as_str()).is_none(),
            Self::Tag(tag) => directory.tags.find(tag.id.as_str()).is_none(),
        }
    }
}

fn full() -> Fault {
    Fault::gateway(
        FaultKind::Unavailable,
        "there is no room to count another end user or tag",
    )
}

impl fmt::Debug for Budgets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budgets").finish_non_exhaustive()
    }
}
