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
