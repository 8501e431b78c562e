//! What happened, as typed events: each is a struct with one place that writes it to the log.
//!
//! Metrics and traces join here with their issue. No event has a field for a secret, a prompt or a
//! reply, so none can be logged.

mod event;
mod log;

pub use event::{
    AcceptFailed, AdminAct, CallRefused, CallSettled, ConfigNotice, ConfigRefused, ConfigReloaded,
    Draining, IssuerKeysFailed, IssuerKeysFetched, JournalNotice, ListenerOpened, LogLinesLost,
    LoggedIn, LoginRefused, Named, PollsCounted, StoreFailed, TokenRefused, VaultNotice,
};
pub use log::{Format, Logging, start};
