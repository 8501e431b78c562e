//! The issuers of tokens that the configuration in force names, and their keys.

use std::sync::Arc;

use ironward_config::Config;
use ironward_core::{Clock, SystemClock};
use ironward_egress::{Credentials, Upstream};
use ironward_identity::{Identities, Keyless, KeysEvent, Refresher};
use ironward_store::objects::Account;
use ironward_telemetry::{IssuerKeysFailed, IssuerKeysFetched};
use tokio::sync::watch;

/// Puts the issuers of a configuration in force, and fetches their keys.
pub(crate) struct Issuers {
    keyless: Arc<Keyless<Account>>,
    upstream: Arc<dyn Upstream>,
    credentials: Arc<Credentials>,
    clock: Arc<dyn Clock>,
    /// Told when other issuers are in force.
    changed: watch::Sender<()>,
}

/// Issuers that can be put in force.
pub(crate) struct Prepared(Arc<Identities>);

impl Issuers {
    pub(crate) fn new(
        keyless: Arc<Keyless<Account>>,
        upstream: Arc<dyn Upstream>,
        credentials: Arc<Credentials>,
    ) -> Self {
        Self {
            keyless,
            upstream,
            credentials,
            clock: Arc::new(SystemClock),
            changed: watch::Sender::new(()),
        }
    }

    /// The issuers of `config`; those that are in force already keep their keys.
    ///
    /// # Errors
    /// When one cannot be dialled: one line.
    pub(crate) fn prepare(&self, config: &Config) -> Result<Prepared, String> {
        let before = self.keyless.identities();
        let identities = Identities::new(&config.ironward.issuers, Some(&before));
        self.refresher(&identities)?;
        Ok(Prepared(identities))
    }

    /// Puts them in force.
    pub(crate) fn replace(&self, Prepared(identities): Prepared) {
        self.keyless.replace(identities);
        self.changed.send_replace(());
    }

    /// Fetches the keys of the issuers in force, for as long as it is polled.
    pub(crate) async fn refresh(&self) {
        let mut changed = self.changed.subscribe();
        loop {
            let identities = self.keyless.identities();
            if let Ok(refresher) = self.refresher(&identities) {
                tokio::select! {
                    // It ends where there is nobody to ask.
                    () = refresher.run() => {}
                    outcome = changed.changed() => match outcome {
                        Ok(()) => continue,
                        Err(_) => return,
                    },
                }
            }
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    fn refresher(&self, identities: &Identities) -> Result<Refresher, String> {
        let refresher = Refresher::new(
            identities,
            &self.upstream,
            &self.credentials,
            &self.clock,
            tell,
        );
        refresher.map_err(|error| format!("an issuer of ironward.issuers cannot be asked: {error}"))
    }
}

fn tell(event: KeysEvent) {
    match event {
        KeysEvent::Fetched {
            issuer,
            keys,
            left_out,
            changed,
        } => {
            // Every few minutes there is nothing new.
            if changed {
                IssuerKeysFetched {
                    issuer: &issuer,
                    keys,
                    left_out: &left_out,
                }
                .emit();
            }
        }
        KeysEvent::Failed { reason, age, .. } => {
            let reason = &reason;
            IssuerKeysFailed { reason, age }.emit();
        }
    }
}
