use serde_json::Number;

use super::body::{Body, SetArgs};
use crate::exit::Failure;

/// What keys, teams and users may do and spend.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Fields")]
pub(super) struct LimitArgs {
    /// The models that may be used, separated by commas; `*` stands for any text. An empty list
    /// (--set 'models=[]') narrows nothing.
    #[arg(long, value_name = "MODEL", value_delimiter = ',')]
    models: Vec<String>,

    /// The most that may be spent, in US dollars.
    #[arg(long, value_name = "USD")]
    max_budget: Option<Number>,

    /// After how long the budget starts anew: 30d, 1mo, 12h.
    #[arg(long, value_name = "PERIOD")]
    budget_duration: Option<String>,

    /// The most requests a minute.
    #[arg(long, value_name = "N")]
    rpm_limit: Option<u64>,

    /// The most tokens a minute.
    #[arg(long, value_name = "N")]
    tpm_limit: Option<u64>,

    /// The most calls at the same time.
    #[arg(long, value_name = "N")]
    max_parallel_requests: Option<u64>,

    #[command(flatten)]
    set: SetArgs,
}

impl LimitArgs {
    /// Writes them, and what `--set` says.
    ///
    /// # Errors
    /// When `--set` cannot be read.
    pub(super) fn write(&self, body: &mut Body) -> Result<(), Failure> {
        body.put_list("models", &self.models)
            .put("max_budget", self.max_budget.clone())
            .put("budget_duration", self.budget_duration.as_deref())
            .put("rpm_limit", self.rpm_limit)
            .put("tpm_limit", self.tpm_limit)
            .put("max_parallel_requests", self.max_parallel_requests)
            .set(&self.set)?;
        Ok(())
    }
}
