mod backlog;

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use crate::event::LogLinesLost;
use backlog::Backlog;

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// How long somebody who wants to see the log written waits for whoever reads it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Starts logging to standard error. `filter` is a level (`info`) or a list of targets and levels
/// (`ironward=debug,warn`).
///
/// A line is written by a thread of its own, so that nobody who logs waits for whoever reads
/// standard error. Lines that find no room any more are lost; the log says how many.
///
/// # Errors
/// When `filter` cannot be read, or logging was started before.
pub fn start(format: Format, filter: &str) -> Result<Logging, String> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| format!("the log level '{filter}' is not valid: {error}"))?;
    let backlog = Arc::new(Backlog::default());
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(Arc::clone(&backlog));
    match format {
        Format::Text => subscriber.with_target(false).try_init(),
        Format::Json => subscriber
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .try_init(),
    }
    .map_err(|error| error.to_string())?;
    let lines = Arc::clone(&backlog);
    std::thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || lines.write_to(io::stderr(), |lines| LogLinesLost { lines }.emit()))
        .map_err(|error| format!("the thread that writes the log cannot be started: {error}"))?;
    Ok(Logging(backlog))
}

/// The log, for as long as it is written: what is left is written when this is dropped.
#[must_use = "the log ends when this is dropped"]
pub struct Logging(Arc<Backlog>);

impl Logging {
    /// Waits until every line so far is written, or nobody has read the log for a while.
    pub fn flush(&self) {
        self.0.wait_until_written(PATIENCE);
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        self.0.end();
        self.flush();
    }
}
