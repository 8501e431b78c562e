//! From what an object says to the limits that the ledger counts by.

use std::collections::BTreeMap;

use ironward_core::Money;
use ironward_ledger::{Limit, Measure};
use ironward_policy::{Cycle, Period, Spending};

/// What an object says, and the budget object that holds the rest for it.
pub(super) struct Said<'a> {
    pub(super) own: &'a Spending,
    pub(super) rest: Option<&'a Spending>,
    /// When the period of its budget ends, as far as somebody knows.
    pub(super) reset_at: Option<u64>,
    /// Whether its budgets count, and not its limits alone.
    pub(super) pays: bool,
}

impl Said<'_> {
    /// The limits of the object itself. The cycle of its budget is the first one's.
    pub(super) fn limits(&self) -> Vec<Limit> {
        let mut limits = Vec::new();
        if self.pays {
            limits.extend(self.budget());
            let windows = self.first(|spending| {
                let windows = &spending.budget_limits;
                (!windows.is_empty()).then_some(windows)
            });
            for window in windows.into_iter().flatten() {
                let cycle = cycle(Some(&window.budget_duration), None);
                limits.extend(window.max_budget.map(|most| Limit::budget(most, cycle)));
            }
        }
        let most = [
            (
                Measure::Requests,
                Cycle::MINUTE,
                self.first(|s| s.rpm_limit),
            ),
            (Measure::Tokens, Cycle::MINUTE, self.first(|s| s.tpm_limit)),
            (Measure::Tokens, Cycle::DAY, self.first(|s| s.tpd_limit)),
        ];
        for (measure, cycle, most) in most {
            limits.extend(most.map(|most| Limit::new(measure, cycle, most)));
        }
        limits
    }

    /// The main budget, and from where on an alert is due.
    fn budget(&self) -> Option<Limit> {
        let most = self.first(|spending| spending.max_budget);
        let soft = self.first(|spending| spending.soft_budget);
        if most.is_none() && soft.is_none() {
            return None;
        }
        let duration = self.first(|spending| spending.budget_duration.as_deref());
        let rest = self.rest.and_then(|rest| rest.budget_reset_at);
        Some(Limit {
            measure: Measure::Cost,
            cycle: cycle(duration, self.reset_at.or(rest)),
            most: most.map(Money::nanos),
            soft: soft.map(Money::nanos),
        })
    }

    /// The limits of each model group that it names.
    pub(super) fn models(&self) -> BTreeMap<&str, Vec<Limit>> {
        let mut models: BTreeMap<&str, Vec<Limit>> = BTreeMap::new();
        let mut add = |name, limit: Option<Limit>| {
            if let Some(limit) = limit {
                models.entry(name).or_default().push(limit);
            }
        };
        let minute =
            |measure, most: Option<u64>| most.map(|most| Limit::new(measure, Cycle::MINUTE, most));
        for spending in [Some(self.own), self.rest].into_iter().flatten() {
            for (name, model) in &spending.model_max_budget {
                if self.pays {
                    let cycle = cycle(model.budget_duration.as_deref(), None);
                    let most = model.max_budget;
                    add(name, most.map(|most| Limit::budget(most, cycle)));
                }
                add(name, minute(Measure::Requests, model.rpm_limit));
                add(name, minute(Measure::Tokens, model.tpm_limit));
            }
            for (name, most) in &spending.model_rpm_limit {
                add(name, minute(Measure::Requests, Some(*most)));
            }
            for (name, most) in &spending.model_tpm_limit {
                add(name, minute(Measure::Tokens, Some(*most)));
            }
        }
        models
    }

    fn first<'s, T>(&'s self, of: impl Fn(&'s Spending) -> Option<T>) -> Option<T> {
        of(self.own).or_else(|| self.rest.and_then(of))
    }
}

/// How often a budget starts anew. A duration that cannot be read never lets it: that is the stricter
/// meaning.
pub(super) fn cycle(duration: Option<&str>, end: Option<u64>) -> Cycle {
    let period: Option<Period> = duration.and_then(|text| text.parse().ok());
    period.map_or(Cycle::NEVER, |period| period.cycle(end))
}
