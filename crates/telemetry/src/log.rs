mod backlog;

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

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
    let (filter, most) = read(filter)?;
    let backlog = Arc::new(Backlog::default());
    let subscriber = tracing_subscriber::fmt()
        // What no target may say is not asked about, however often it is said.
        .with_max_level(most)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(Arc::clone(&backlog));
    match format {
        Format::Text => subscriber
            .with_target(false)
            .finish()
            .with(filter)
            .try_init(),
        Format::Json => subscriber
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .finish()
            .with(filter)
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

/// Reads `info`, or a list such as `warn,ironward_proxy=debug`; also gives the most that any target
/// may say.
fn read(filter: &str) -> Result<(Targets, LevelFilter), String> {
    let (mut targets, mut most) = (Targets::new(), LevelFilter::OFF);
    for part in filter.split(',').map(str::trim) {
        let (target, level) = match part.split_once('=') {
            Some((target, level)) if !target.is_empty() => (Some(target), level),
            _ => (None, part),
        };
        // An empty level would be read as `error`.
        let parsed = (!level.is_empty()).then(|| level.parse::<LevelFilter>().ok());
        let level = parsed.flatten().ok_or_else(|| {
            format!(
                "the log level '{filter}' is not valid: '{part}' is neither error, warn, info, \
                 debug, trace or off, nor TARGET=LEVEL"
            )
        })?;
        most = most.max(level);
        targets = match target {
            Some(target) => targets.with_target(target, level),
            None => targets.with_default(level),
        };
    }
    Ok((targets, most))
}

/// The log, for as long as it is written: what is left is written when this is dropped.
#[must_use = "the log ends when this is dropped"]
pub struct Logging(Arc<Backlog>);

impl Logging {
    /// Where the lines are counted that found no room, since the start.
    #[must_use]
    pub fn lines_lost(&self) -> Arc<AtomicU64> {
        Arc::clone(self.0.lost())
    }

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

#[cfg(test)]
mod tests {
    use tracing::Level;
    use tracing::level_filters::LevelFilter;

    use super::read;

    #[test]
    fn a_level_is_for_all_targets_and_a_targets_own_goes_before_it() {
        let (filter, most) = read("debug").unwrap();
        assert_eq!(most, LevelFilter::DEBUG);
        assert!(filter.would_enable("hyper", &Level::DEBUG));
        assert!(!filter.would_enable("hyper", &Level::TRACE));
        let (filter, most) = read("warn, ironward_proxy=debug,hyper=off").unwrap();
        assert_eq!(most, LevelFilter::DEBUG);
        assert!(filter.would_enable("ironward_proxy::pipeline", &Level::DEBUG));
        assert!(filter.would_enable("ironward_store", &Level::WARN));
        assert!(!filter.would_enable("ironward_store", &Level::INFO));
        assert!(!filter.would_enable("hyper", &Level::ERROR));
    }

    #[test]
    fn what_is_no_level_is_named() {
        for (filter, part) in [
            ("loud", "'loud'"),
            ("", "''"),
            ("info,,warn", "''"),
            ("ironward", "'ironward'"),
            ("=info", "'=info'"),
            ("hyper=", "'hyper='"),
            ("info,hyper=loud", "'hyper=loud'"),
        ] {
            let error = read(filter).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
