use ironward_core::Money;

use crate::{Period, Spending};

/// The most that a key may be given here, whoever makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyBounds {
    /// The largest budget.
    pub max_budget: Option<Money>,
    /// The longest period of a budget.
    pub budget_duration: Option<Period>,
    /// The longest life.
    pub duration: Option<Period>,
    /// The most calls that run at once.
    pub max_parallel_requests: Option<u32>,
    /// The most tokens a minute.
    pub tpm_limit: Option<u64>,
    /// The most requests a minute.
    pub rpm_limit: Option<u64>,
}

impl KeyBounds {
    /// Gives a new key its bounds where it sets nothing: what is not set would be above them.
    pub fn fill(&self, spending: &mut Spending, now: u64) {
        fn fill<T>(given: &mut Option<T>, most: Option<T>) {
            if given.is_none() {
                *given = most;
            }
        }
        fill(&mut spending.max_budget, self.max_budget);
        fill(
            &mut spending.max_parallel_requests,
            self.max_parallel_requests,
        );
        fill(&mut spending.tpm_limit, self.tpm_limit);
        fill(&mut spending.rpm_limit, self.rpm_limit);
        if spending.budget_duration.is_none()
            && let Some(period) = self.budget_duration
        {
            spending.budget_duration = Some(period.to_string().into());
            spending.budget_reset_at = Some(period.after(now));
        }
    }

    /// The first field that is above its bound. What a key had already (`old`) is not asked about
    /// again: a bound that came later refuses no other change of it.
    #[must_use]
    pub fn exceeded_by(&self, new: &Spending, old: &Spending, now: u64) -> Option<&'static str> {
        fn is_above<T: PartialOrd + Copy>(new: Option<T>, old: Option<T>, most: Option<T>) -> bool {
            new != old && most.is_some_and(|most| new.is_none_or(|new| new > most))
        }
        let end = |text: &Option<Box<str>>| {
            let period: Option<Period> = text.as_deref().and_then(|text| text.parse().ok());
            period.map(|period| period.after(now))
        };
        let checks = [
            (
                "max_budget",
                is_above(new.max_budget, old.max_budget, self.max_budget),
            ),
            (
                "budget_duration",
                is_above(
                    end(&new.budget_duration),
                    end(&old.budget_duration),
                    self.budget_duration.map(|most| most.after(now)),
                ),
            ),
            (
                "max_parallel_requests",
                is_above(
                    new.max_parallel_requests,
                    old.max_parallel_requests,
                    self.max_parallel_requests,
                ),
            ),
            (
                "tpm_limit",
                is_above(new.tpm_limit, old.tpm_limit, self.tpm_limit),
            ),
            (
                "rpm_limit",
                is_above(new.rpm_limit, old.rpm_limit, self.rpm_limit),
            ),
        ];
        let above = checks.into_iter().find(|(_, is_above)| *is_above);
        above.map(|(field, _)| field)
    }
}

#[cfg(test)]
mod tests;
