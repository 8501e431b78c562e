use std::collections::BTreeMap;

use ironward_core::Money;
use serde::{Deserialize, Serialize};

/// What may be spent and how fast: the budget and the limits of one object.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Spending {
    /// The budget.
    #[serde(with = "dollars", skip_serializing_if = "Option::is_none")]
    pub max_budget: Option<Money>,
    /// Above this an alert goes out.
    #[serde(with = "dollars", skip_serializing_if = "Option::is_none")]
    pub soft_budget: Option<Money>,
    /// After how long the budget starts anew, as written: `30s`, `30m`, `30h`, `30d`, `1mo`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_duration: Option<Box<str>>,
    /// Further budgets, each with its own window.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub budget_limits: Vec<Window>,
    /// Tokens a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm_limit: Option<u64>,
    /// Requests a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm_limit: Option<u64>,
    /// Tokens a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpd_limit: Option<u64>,
    /// The most calls that run at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_parallel_requests: Option<u32>,
    /// Budgets and limits by model group.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub model_max_budget: BTreeMap<Box<str>, ModelBudget>,
    /// Requests a minute by model group.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub model_rpm_limit: BTreeMap<Box<str>, u64>,
    /// Tokens a minute by model group.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub model_tpm_limit: BTreeMap<Box<str>, u64>,
    /// The budget object that holds what is not set here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_id: Option<Box<str>>,
    /// When the current period of the budget ends, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_reset_at: Option<u64>,
}

impl Spending {
    /// Whether it says anything that is counted over time, or names who may.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.max_budget.is_some()
            || self.soft_budget.is_some()
            || !self.budget_limits.is_empty()
            || self.tpm_limit.is_some()
            || self.rpm_limit.is_some()
            || self.tpd_limit.is_some()
            || self.budget_id.is_some()
            || !self.model_max_budget.is_empty()
            || !self.model_rpm_limit.is_empty()
            || !self.model_tpm_limit.is_empty()
    }

    /// The first field in which this allows to spend more, or faster, than `old`: what only somebody
    /// may set whom `old` does not bound.
    ///
    /// A budget over another period, or in another budget object, counts as more: which of two
    /// allows more depends on when it is asked.
    #[must_use]
    pub fn raised_from(&self, old: &Self) -> Option<&'static str> {
        let has_other_period = old.max_budget.is_some()
            && self.max_budget > Some(Money::ZERO)
            && self.budget_duration != old.budget_duration;
        let fields = [
            ("max_budget", is_more(self.max_budget, old.max_budget)),
            ("budget_duration", has_other_period),
            (
                "budget_limits",
                any_more(&self.windows(), &old.windows(), |new, old| {
                    is_more(new.copied(), Some(*old))
                }),
            ),
            ("tpm_limit", is_more(self.tpm_limit, old.tpm_limit)),
            ("rpm_limit", is_more(self.rpm_limit, old.rpm_limit)),
            ("tpd_limit", is_more(self.tpd_limit, old.tpd_limit)),
            (
                "max_parallel_requests",
                is_more(self.max_parallel_requests, old.max_parallel_requests),
            ),
            (
                "model_max_budget",
                any_more(&self.model_max_budget, &old.model_max_budget, |new, old| {
                    new.is_none_or(|new| new.is_raised_from(old))
                }),
            ),
            (
                "model_rpm_limit",
                any_more(&self.model_rpm_limit, &old.model_rpm_limit, |new, old| {
                    is_more(new.copied(), Some(*old))
                }),
            ),
            (
                "model_tpm_limit",
                any_more(&self.model_tpm_limit, &old.model_tpm_limit, |new, old| {
                    is_more(new.copied(), Some(*old))
                }),
            ),
            (
                "budget_id",
                old.budget_id.is_some() && self.budget_id != old.budget_id,
            ),
        ];
        let raised = fields.into_iter().find(|(_, is_raised)| *is_raised);
        raised.map(|(field, _)| field)
    }

    /// The lowest budget of each window that has one.
    fn windows(&self) -> BTreeMap<Box<str>, Money> {
        let mut lowest = BTreeMap::new();
        for window in &self.budget_limits {
            if let Some(budget) = window.max_budget {
                let least: &mut Money = lowest
                    .entry(window.budget_duration.clone())
                    .or_insert(budget);
                *least = budget.min(*least);
            }
        }
        lowest
    }
}

impl ModelBudget {
    fn is_raised_from(&self, old: &Self) -> bool {
        is_more(self.max_budget, old.max_budget)
            || (old.max_budget.is_some() && self.budget_duration != old.budget_duration)
            || is_more(self.tpm_limit, old.tpm_limit)
            || is_more(self.rpm_limit, old.rpm_limit)
    }
}

/// Whether a limit is higher than another one; none at all is the highest.
fn is_more<T: Ord>(new: Option<T>, old: Option<T>) -> bool {
    match (new, old) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(new), Some(old)) => new > old,
    }
}

/// Whether one of the old entries is missing or higher.
fn any_more<T>(
    new: &BTreeMap<Box<str>, T>,
    old: &BTreeMap<Box<str>, T>,
    is_more: impl Fn(Option<&T>, &T) -> bool,
) -> bool {
    let mut old = old.iter();
    old.any(|(name, old)| is_more(new.get(name), old))
}

/// A budget with a window of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// How long it is, as written.
    pub budget_duration: Box<str>,
    /// What may be spent in it.
    #[serde(with = "dollars")]
    pub max_budget: Option<Money>,
}

/// Budget and limits for one model group.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelBudget {
    /// The budget.
    #[serde(with = "dollars", skip_serializing_if = "Option::is_none")]
    pub max_budget: Option<Money>,
    /// After how long it starts anew, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_duration: Option<Box<str>>,
    /// Tokens a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm_limit: Option<u64>,
    /// Requests a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm_limit: Option<u64>,
}

/// An amount as text, so that it comes back exactly.
mod dollars {
    use ironward_core::Money;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    #[expect(clippy::ref_option, reason = "serde's form")]
    pub(super) fn serialize<S: Serializer>(
        amount: &Option<Money>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        amount.map(|money| money.to_string()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Money>, D::Error> {
        Option::<String>::deserialize(deserializer)?
            .map(|text| text.parse().map_err(D::Error::custom))
            .transpose()
    }
}

#[cfg(test)]
mod tests;
