//! The secrets of services that the configuration refers to: read when it is loaded, and again on
//! an interval. Nothing else names one: no request, no stored object.

mod round;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ironward_config::{Config, Environment, Reference, Referred, Resolved, SecretSources};
use ironward_secret::Secret;
use ironward_telemetry::ConfigNotice;

use crate::services::Services;
use crate::way_out;

type Secrets = BTreeMap<Reference, Arc<Secret>>;

/// The secrets in force.
#[derive(Default)]
pub(crate) struct References(Mutex<InForce>);

#[derive(Default)]
struct InForce {
    sources: SecretSources,
    secrets: Secrets,
    /// What was said of services that did not answer last.
    trouble: BTreeSet<String>,
    /// Whether the last reading left out a secret that is not in force either.
    lacks: bool,
}

/// What one reading of all services gave.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) resolved: Resolved,
    sources: SecretSources,
    secrets: Secrets,
}

impl References {
    /// Reads what is wanted. Where that fails, the secret in force stays, and the log says why; where
    /// there is none, the reason takes its place.
    pub(crate) async fn read(
        &self,
        wanted: &[Referred],
        config: &Config,
        environment: &dyn Environment,
    ) -> Found {
        if wanted.is_empty() {
            return Found::default();
        }
        let read = match way_out::settings(config, environment) {
            Ok(way_out) => {
                let services = Services {
                    environment,
                    way_out,
                };
                round::read(wanted, &config.ironward.secret_sources, &services).await
            }
            Err(why) => round::none(wanted, &why),
        };
        self.merge(config.ironward.secret_sources.clone(), read)
    }

    fn merge(
        &self,
        sources: SecretSources,
        read: BTreeMap<Reference, Result<Arc<Secret>, String>>,
    ) -> Found {
        let mut in_force = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = Found {
            sources,
            ..Found::default()
        };
        let mut trouble = BTreeSet::new();
        in_force.lacks = false;
        for (reference, outcome) in read {
            let outcome = match outcome {
                Err(why) => {
                    // What another service said counts for nothing.
                    let is_same = in_force
                        .sources
                        .lead_alike(&found.sources, reference.scheme);
                    let held = in_force.secrets.get(&reference);
                    match held.filter(|_| is_same) {
                        Some(secret) => {
                            trouble.insert(why);
                            Ok(Arc::clone(secret))
                        }
                        None => {
                            in_force.lacks = true;
                            Err(format!("{reference} cannot be read: {why}"))
                        }
                    }
                }
                read => read,
            };
            if let Ok(secret) = &outcome {
                found.secrets.insert(reference.clone(), Arc::clone(secret));
            }
            found.resolved.insert(reference, outcome);
        }
        for why in trouble.difference(&in_force.trouble) {
            let text = format!("{why}; the secrets in force stay, and a restart would fail");
            ConfigNotice { text: &text }.emit_alarm();
        }
        if trouble.is_empty() && !in_force.trouble.is_empty() {
            let text = "the services that keep secrets answer again";
            ConfigNotice { text }.emit();
        }
        in_force.trouble = trouble;
        found
    }

    /// Whether a secret could not be read the last time that has to be there: what was refused for
    /// that may be sound as soon as its service answers.
    pub(crate) fn lack(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).lacks
    }

    /// Whether what was found is what is in force.
    pub(crate) fn are(&self, found: &Found) -> bool {
        let in_force = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = |(reference, secret): (&Reference, &Arc<Secret>)| {
            let known = in_force.secrets.get(reference);
            known.is_some_and(|known| known.is_same(secret))
        };
        in_force.sources == found.sources
            && in_force.secrets.len() == found.secrets.len()
            && found.secrets.iter().all(known)
    }

    /// What was found is in force from now on; how often it is to be read again, if there is any.
    pub(crate) fn keep(&self, found: Found) -> Option<Duration> {
        let mut in_force = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        in_force.sources = found.sources;
        in_force.secrets = found.secrets;
        let refresh = in_force.sources.refresh;
        (!in_force.secrets.is_empty()).then_some(refresh)
    }
}

#[cfg(test)]
mod tests;
