//! What happened, as typed events, each a struct with one place that writes it to the log; and as
//! metrics.
//!
//! No event has a field for a secret, a prompt or a reply, so none can be logged or counted.

mod event;
mod log;
mod metrics;

pub use event::{
    AcceptFailed, AdminAct, CallRefused, CallSettled, ConfigNotice, ConfigRefused, ConfigReloaded,
    Draining, IssuerKeysFailed, IssuerKeysFetched, JournalNotice, ListenerOpened, LogLinesLost,
    LoggedIn, LoginRefused, Named, PollsCounted, SoftBudgetReached, StoreFailed, TokenRefused,
    VaultNotice,
};
pub use log::{Format, Logging, start};
pub use metrics::{
    Exposition, Metrics, MetricsSettings, Moment, Series, Served, Tally, is_metric, metrics_page,
};
