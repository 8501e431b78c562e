use ironward_core::Money;

/// What a call takes from its counters: at most, while it is reserved; in fact, when it is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Charge {
    /// What it costs. A ceiling is rounded up to the billionth of a dollar
    /// ([`ironward_core::Amount::rounded_up`]), so that it is never less than the cost.
    pub cost: Money,
    /// How many requests it counts as.
    pub requests: u64,
    /// Input tokens.
    pub input: u64,
    /// Output tokens.
    pub output: u64,
}

impl Charge {
    /// One request that costs this much and has so many input and output tokens.
    #[must_use]
    pub const fn request(cost: Money, input: u64, output: u64) -> Self {
        Self {
            cost,
            requests: 1,
            input,
            output,
        }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(&self, other: &Self) -> Self {
        Self {
            cost: Money::from_nanos(self.cost.nanos().saturating_add(other.cost.nanos())),
            requests: self.requests.saturating_add(other.requests),
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
        }
    }
}
