use std::collections::BTreeMap;

use ironward_core::Money;
use ironward_policy::{ModelBudget, Period, Spending, Window};
use serde_json::{Value, json};

use crate::answer::schema::{Described, count, list, moment, named, number, or_null, text};
use crate::answer::{Row, time};
use crate::request::{Field, Fields, FromJson, Name, Place, Problems, Shape};

/// Budget and limits, as every kind of object has them.
pub(crate) struct SpendingFields {
    pub(crate) max_budget: Field<Money>,
    pub(crate) soft_budget: Field<Money>,
    budget_duration: Field<Duration>,
    budget_limits: Field<Vec<WindowFields>>,
    tpm_limit: Field<u64>,
    rpm_limit: Field<u64>,
    tpd_limit: Field<u64>,
    max_parallel_requests: Field<u32>,
    model_max_budget: Field<BTreeMap<Box<str>, ModelFields>>,
    model_rpm_limit: Field<BTreeMap<Box<str>, u64>>,
    model_tpm_limit: Field<BTreeMap<Box<str>, u64>>,
    pub(crate) budget_id: Field<Name>,
}

impl Shape for SpendingFields {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            max_budget: fields.take("max_budget"),
            soft_budget: fields.take("soft_budget"),
            budget_duration: fields.take("budget_duration"),
            budget_limits: fields.take("budget_limits"),
            tpm_limit: fields.take("tpm_limit"),
            rpm_limit: fields.take("rpm_limit"),
            tpd_limit: fields.take("tpd_limit"),
            max_parallel_requests: fields.take("max_parallel_requests"),
            model_max_budget: fields.take("model_max_budget"),
            model_rpm_limit: fields.take("model_rpm_limit"),
            model_tpm_limit: fields.take("model_tpm_limit"),
            budget_id: fields.take("budget_id"),
        }
    }
}

impl SpendingFields {
    /// Changes what the request names; `now` in milliseconds since 1970 starts a new period.
    pub(crate) fn apply(self, spending: &mut Spending, now: u64) {
        self.max_budget.apply(&mut spending.max_budget);
        self.soft_budget.apply(&mut spending.soft_budget);
        if self.budget_duration.is_given() {
            let period = self.budget_duration.value();
            spending.budget_reset_at = period.as_ref().map(|period| period.0.after(now));
            spending.budget_duration = period.map(|period| period.0.to_string().into());
        }
        let windows = self.budget_limits.map(|windows| {
            let windows = windows.into_iter().map(WindowFields::window);
            windows.collect()
        });
        windows.apply_or_default(&mut spending.budget_limits);
        self.tpm_limit.apply(&mut spending.tpm_limit);
        self.rpm_limit.apply(&mut spending.rpm_limit);
        self.tpd_limit.apply(&mut spending.tpd_limit);
        self.max_parallel_requests
            .apply(&mut spending.max_parallel_requests);
        let models = self.model_max_budget.map(|models| {
            let models = models.into_iter();
            models.map(|(name, model)| (name, model.budget())).collect()
        });
        models.apply_or_default(&mut spending.model_max_budget);
        self.model_rpm_limit
            .apply_or_default(&mut spending.model_rpm_limit);
        self.model_tpm_limit
            .apply_or_default(&mut spending.model_tpm_limit);
        self.budget_id
            .map(Name::into_text)
            .apply(&mut spending.budget_id);
    }

    /// Writes them into an answer.
    pub(crate) fn show(spending: &Spending, row: &mut Row) {
        row.put("max_budget", spending.max_budget.map(Money::to_dollars));
        row.put("soft_budget", spending.soft_budget.map(Money::to_dollars));
        row.put("budget_duration", &spending.budget_duration);
        row.put("budget_reset_at", spending.budget_reset_at.map(time));
        let windows = spending.budget_limits.iter().map(|window| {
            json!({
                "budget_duration": window.budget_duration,
                "max_budget": window.max_budget.map(Money::to_dollars),
            })
        });
        let windows: Vec<Value> = windows.collect();
        row.put("budget_limits", (!windows.is_empty()).then_some(windows));
        row.put("tpm_limit", spending.tpm_limit);
        row.put("rpm_limit", spending.rpm_limit);
        row.put("tpd_limit", spending.tpd_limit);
        row.put("max_parallel_requests", spending.max_parallel_requests);
        let models = spending.model_max_budget.iter().map(|(name, model)| {
            let shown = json!({
                "max_budget": model.max_budget.map(Money::to_dollars),
                "budget_duration": model.budget_duration,
                "tpm_limit": model.tpm_limit,
                "rpm_limit": model.rpm_limit,
            });
            (name, shown)
        });
        let models: BTreeMap<_, _> = models.collect();
        row.put("model_max_budget", models);
        row.put("model_rpm_limit", given(&spending.model_rpm_limit));
        row.put("model_tpm_limit", given(&spending.model_tpm_limit));
        row.put("budget_id", &spending.budget_id);
    }
}

impl SpendingFields {
    /// What [`Self::show`] writes.
    pub(crate) fn describe(row: &mut Described) {
        let window = Described::of([
            ("budget_duration", text()),
            ("max_budget", or_null(number())),
        ]);
        let model = Described::of([
            ("max_budget", or_null(number())),
            ("budget_duration", or_null(text())),
            ("tpm_limit", or_null(count())),
            ("rpm_limit", or_null(count())),
        ]);
        row.put("max_budget", or_null(number()))
            .put("soft_budget", or_null(number()))
            .put("budget_duration", or_null(text()))
            .put("budget_reset_at", or_null(moment()))
            .put("budget_limits", or_null(list(window)))
            .put("tpm_limit", or_null(count()))
            .put("rpm_limit", or_null(count()))
            .put("tpd_limit", or_null(count()))
            .put("max_parallel_requests", or_null(count()))
            .put("model_max_budget", named(model))
            .put("model_rpm_limit", or_null(named(count())))
            .put("model_tpm_limit", or_null(named(count())))
            .put("budget_id", or_null(text()));
    }

    /// LiteLLM's `litellm_budget_table`: what [`Self::show`] writes into an object of its own.
    pub(crate) fn described() -> Value {
        let mut row = Described::default();
        Self::describe(&mut row);
        row.into_value()
    }
}

fn given(limits: &BTreeMap<Box<str>, u64>) -> Option<&BTreeMap<Box<str>, u64>> {
    (!limits.is_empty()).then_some(limits)
}

/// A period, as LiteLLM writes it.
pub(crate) struct Duration(pub(crate) Period);

impl FromJson for Duration {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        let text = Box::<str>::from_json(value, at, problems)?;
        match text.parse() {
            Ok(period) => Some(Self(period)),
            Err(error) => {
                let error: ironward_policy::InvalidPeriod = error;
                problems.value(&at, error.to_string());
                None
            }
        }
    }

    fn schema() -> Value {
        json!({"type": "string", "pattern": "^[1-9][0-9]{0,3}(s|m|h|d|w|mo)$"})
    }
}

/// An item of `budget_limits`.
struct WindowFields {
    budget_duration: Option<Duration>,
    max_budget: Money,
}

impl Shape for WindowFields {
    fn read(fields: &mut Fields<'_>) -> Self {
        let budget_duration = fields.optional("budget_duration");
        if budget_duration.is_none() {
            fields.refuse("budget_duration", "a window needs its length");
        }
        // LiteLLM's answers carry it, and clients send back what they got.
        let _computed: Option<Value> = fields.optional("reset_at");
        Self {
            budget_duration,
            max_budget: fields.require("max_budget"),
        }
    }
}

impl WindowFields {
    fn window(self) -> Window {
        Window {
            budget_duration: self
                .budget_duration
                .map(|period| period.0.to_string().into())
                .unwrap_or_default(),
            max_budget: Some(self.max_budget),
        }
    }
}

/// An entry of `model_max_budget`: LiteLLM has two names for two of its fields.
struct ModelFields {
    max_budget: Option<Money>,
    budget_duration: Option<Duration>,
    tpm_limit: Option<u64>,
    rpm_limit: Option<u64>,
}

impl Shape for ModelFields {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            max_budget: {
                let named: Option<Money> = fields.optional("max_budget");
                let other = fields.optional("budget_limit");
                named.or(other)
            },
            budget_duration: {
                let named: Option<Duration> = fields.optional("budget_duration");
                let other = fields.optional("time_period");
                named.or(other)
            },
            tpm_limit: fields.optional("tpm_limit"),
            rpm_limit: fields.optional("rpm_limit"),
        }
    }
}

impl ModelFields {
    fn budget(self) -> ModelBudget {
        ModelBudget {
            max_budget: self.max_budget,
            budget_duration: self
                .budget_duration
                .map(|period| period.0.to_string().into()),
            tpm_limit: self.tpm_limit,
            rpm_limit: self.rpm_limit,
        }
    }
}

/// The first field in which `child` allows more than `parent` does.
///
/// What is not set allows everything. Where the windows or the budget object of the parent are not
/// the child's too, nothing can be said and the child counts as looser.
pub(crate) fn looser(child: &Spending, parent: &Spending) -> Option<&'static str> {
    fn more<T: PartialOrd>(child: Option<T>, parent: Option<T>) -> bool {
        parent.is_some_and(|parent| child.is_none_or(|child| child > parent))
    }
    fn more_of_any<T: PartialOrd + Copy>(
        child: &BTreeMap<Box<str>, T>,
        parent: &BTreeMap<Box<str>, T>,
    ) -> bool {
        let mut limits = parent.iter();
        limits.any(|(model, limit)| more(child.get(model).copied(), Some(*limit)))
    }
    let is_other =
        |child: &Option<Box<str>>, parent: &Option<Box<str>>| parent.is_some() && child != parent;
    let models = || {
        parent.model_max_budget.iter().any(|(model, budget)| {
            child.model_max_budget.get(model).is_none_or(|child| {
                more(child.max_budget, budget.max_budget)
                    || more(child.tpm_limit, budget.tpm_limit)
                    || more(child.rpm_limit, budget.rpm_limit)
                    || (budget.max_budget.is_some()
                        && child.budget_duration != budget.budget_duration)
            })
        })
    };
    let windows = || {
        let mut windows = parent.budget_limits.iter();
        windows.any(|window| !child.budget_limits.contains(window))
    };
    // A budget that never starts anew is less than one that does.
    let period = || {
        parent.max_budget.is_some()
            && child.budget_duration.is_some()
            && child.budget_duration != parent.budget_duration
    };
    let checks: [(&'static str, bool); 11] = [
        ("max_budget", more(child.max_budget, parent.max_budget)),
        ("budget_duration", period()),
        ("budget_limits", windows()),
        ("tpm_limit", more(child.tpm_limit, parent.tpm_limit)),
        ("rpm_limit", more(child.rpm_limit, parent.rpm_limit)),
        ("tpd_limit", more(child.tpd_limit, parent.tpd_limit)),
        (
            "max_parallel_requests",
            more(child.max_parallel_requests, parent.max_parallel_requests),
        ),
        ("model_max_budget", models()),
        (
            "model_rpm_limit",
            more_of_any(&child.model_rpm_limit, &parent.model_rpm_limit),
        ),
        (
            "model_tpm_limit",
            more_of_any(&child.model_tpm_limit, &parent.model_tpm_limit),
        ),
        ("budget_id", is_other(&child.budget_id, &parent.budget_id)),
    ];
    checks
        .into_iter()
        .find(|(_, is_looser)| *is_looser)
        .map(|(field, _)| field)
}
