//! Keeps the keys of all issuers fresh, beside the data path.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ironward_core::Clock;
use ironward_egress::{Credentials, InvalidCredential, Upstream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::Identities;
use crate::fetch::Fetcher;
use crate::issuer::Trusted;

/// How often tokens that name unknown keys may cause a fetch.
const MISS_INTERVAL: Duration = Duration::from_secs(60);

/// The pause after the first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// The longest pause between two tries at an issuer that is down.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What happened to an issuer's keys, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeysEvent {
    /// They were fetched and are in force.
    Fetched {
        /// Whose.
        issuer: Arc<str>,
        /// How many can be used.
        keys: usize,
        /// Those that cannot, each with the reason.
        left_out: Vec<String>,
        /// Whether they differ from those before.
        changed: bool,
    },
    /// They could not be fetched. The last good ones are used until they are a day old.
    Failed {
        /// Whose.
        issuer: Arc<str>,
        /// What failed, where, and what to do: one line.
        reason: String,
        /// How old the keys in force are; `None` without any.
        age: Option<Duration>,
    },
}

/// Fetches the keys of all issuers: at once, when their time has come, and when a token names one
/// that is not there.
///
/// A configuration that is put in force brings its own; the one before is dropped, and with it
/// whatever it was waiting for.
pub struct Refresher {
    issuers: Vec<(Arc<Trusted>, Fetcher)>,
    clock: Arc<dyn Clock>,
    report: Arc<dyn Fn(KeysEvent) + Send + Sync>,
}

impl Refresher {
    /// A refresher of `identities` that sends by `upstream`, which reads `credentials`.
    ///
    /// # Errors
    /// When an issuer's host is not one that can be dialled.
    pub fn new(
        identities: &Identities,
        upstream: &Arc<dyn Upstream>,
        credentials: &Arc<Credentials>,
        clock: &Arc<dyn Clock>,
        report: impl Fn(KeysEvent) + Send + Sync + 'static,
    ) -> Result<Self, InvalidCredential> {
        let issuers = identities.issuers().map(|issuer| {
            let fetcher = Fetcher::new(
                issuer.written.clone(),
                Arc::clone(upstream),
                credentials,
                Arc::clone(clock),
            )?;
            Ok((Arc::clone(issuer), fetcher))
        });
        Ok(Self {
            issuers: issuers.collect::<Result<_, _>>()?,
            clock: Arc::clone(clock),
            report: Arc::new(report),
        })
    }

    /// Runs for as long as it is polled; an issuer that hangs holds up no other.
    pub async fn run(self) {
        let mut running = JoinSet::new();
        for (issuer, fetcher) in self.issuers {
            let refresh = Refresh {
                issuer,
                fetcher,
                clock: Arc::clone(&self.clock),
                report: Arc::clone(&self.report),
                failures: 0,
            };
            running.spawn(refresh.run());
        }
        while running.join_next().await.is_some() {}
    }
}

/// The refreshing of one issuer.
struct Refresh {
    issuer: Arc<Trusted>,
    fetcher: Fetcher,
    clock: Arc<dyn Clock>,
    report: Arc<dyn Fn(KeysEvent) + Send + Sync>,
    failures: u32,
}

impl Refresh {
    /// Ends when its task is dropped.
    async fn run(mut self) {
        loop {
            let started = Instant::now();
            let pause = self.once().await;
            let missed = async {
                sleep_until(started + MISS_INTERVAL).await;
                self.issuer.missed.notified().await;
            };
            tokio::select! {
                () = sleep_until(Instant::now() + pause) => {}
                () = missed => {}
            }
        }
    }

    /// Fetches once and says how long to wait.
    async fn once(&mut self) -> Duration {
        let before = self.issuer.last_keys();
        let issuer = Arc::clone(&self.issuer.name);
        match self.fetcher.fetch().await {
            Ok(fetched) => {
                self.failures = 0;
                let keys = fetched.keys;
                let event = KeysEvent::Fetched {
                    issuer,
                    keys: keys.len(),
                    left_out: keys.left_out.clone(),
                    changed: before.is_none_or(|before| before.fingerprint != keys.fingerprint),
                };
                self.issuer.replace_keys(keys);
                (self.report)(event);
                fetched.max_age
            }
            Err(failed) => {
                let age = before.map(|keys| {
                    let now = self.clock.wall();
                    now.duration_since(keys.fetched).unwrap_or_default()
                });
                (self.report)(KeysEvent::Failed {
                    issuer,
                    reason: failed.to_string(),
                    age,
                });
                let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(16));
                self.failures = self.failures.saturating_add(1);
                pause.min(LONGEST_PAUSE)
            }
        }
    }
}

impl fmt::Debug for Refresher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refresher")
            .field("issuers", &self.issuers.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
