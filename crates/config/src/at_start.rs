use std::hash::{BuildHasher as _, RandomState};

use zeroize::Zeroizing;

use crate::node::{Entry, Value};
use crate::{Config, DatabaseUrl, Place};

/// A key that takes effect at a start only.
struct Key {
    section: &'static str,
    name: &'static str,
    /// What is in force of it, as text that is another for another value.
    value: fn(&Config) -> Zeroizing<String>,
}

impl Key {
    fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }
}

/// Everything that a reload does not put in force.
static KEYS: [Key; 19] = [
    Key {
        section: "litellm_settings",
        name: "json_logs",
        value: |config| show(&config.litellm.json_logs),
    },
    Key {
        section: "litellm_settings",
        name: "set_verbose",
        value: |config| show(&config.litellm.set_verbose),
    },
    Key {
        section: "litellm_settings",
        name: "ssl_verify",
        value: |config| show(&config.litellm.ssl_verify),
    },
    Key {
        section: "litellm_settings",
        name: "callbacks",
        value: |config| show(&named_in(config, "callbacks")),
    },
    Key {
        section: "litellm_settings",
        name: "success_callback",
        value: |config| show(&named_in(config, "success_callback")),
    },
    Key {
        section: "litellm_settings",
        name: "failure_callback",
        value: |config| show(&named_in(config, "failure_callback")),
    },
    Key {
        section: "litellm_settings",
        name: "prometheus_latency_buckets",
        value: |config| show(&config.litellm.prometheus.buckets),
    },
    Key {
        section: "litellm_settings",
        name: "prometheus_exclude_metrics",
        value: |config| show(&config.litellm.prometheus.excluded_metrics),
    },
    Key {
        section: "litellm_settings",
        name: "prometheus_exclude_labels",
        value: |config| show(&config.litellm.prometheus.excluded_labels),
    },
    Key {
        section: "litellm_settings",
        name: "prometheus_metrics_max_series_per_metric",
        value: |config| show(&config.litellm.prometheus.most_series),
    },
    Key {
        section: "general_settings",
        name: "database_url",
        value: |config| match &config.general.database_url {
            None => show(&()),
            Some(DatabaseUrl::Sqlite(path)) => show(path),
            Some(DatabaseUrl::Postgres(url)) => show(&url.expose().bytes()),
        },
    },
    Key {
        section: "general_settings",
        name: "database_connection_pool_limit",
        value: |config| show(&config.general.database_connection_pool_limit),
    },
    Key {
        section: "general_settings",
        name: "database_connection_timeout",
        value: |config| show(&config.general.database_connection_timeout),
    },
    Key {
        section: "ironward",
        name: "authorities",
        value: |config| show(&config.ironward.authorities),
    },
    Key {
        section: "ironward",
        name: "extra_ca",
        value: |config| show(&config.ironward.extra_ca),
    },
    Key {
        section: "ironward",
        name: "allow_plaintext_listener",
        value: |config| show(&config.ironward.allow_plaintext_listener),
    },
    Key {
        section: "ironward",
        name: "vault",
        value: |config| show(&config.ironward.vault),
    },
    Key {
        section: "ironward",
        name: "login",
        value: |config| match &config.ironward.login {
            None => show(&()),
            Some(login) => login.text(),
        },
    },
    Key {
        section: "ironward",
        name: "journal",
        value: |config| show(&config.ironward.journal),
    },
];

/// Whether this key has LiteLLM's metrics written.
fn named_in(config: &Config, key: &str) -> bool {
    config.litellm.prometheus.named_in.contains(&key)
}

fn show(value: &dyn std::fmt::Debug) -> Zeroizing<String> {
    Zeroizing::new(format!("{value:?}"))
}

/// What a configuration says that takes effect at a start only: kept to tell, at a reload, what is
/// still in force and not what the file says now.
///
/// Of the values it holds hashes: one of them may be a secret.
pub struct AtStart {
    hasher: RandomState,
    hashes: Vec<u64>,
}

impl AtStart {
    /// What `config` says, which is put in force now.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let hasher = RandomState::new();
        let hashes = hashes(&hasher, config).collect();
        Self { hasher, hashes }
    }

    /// A line for each key by which `config` says something else.
    #[must_use]
    pub fn changed_in(&self, config: &Config) -> Vec<String> {
        let now = hashes(&self.hasher, config);
        let changed = KEYS.iter().zip(&self.hashes).zip(now);
        changed
            .filter(|((_, then), now)| **then != *now)
            .map(|((key, _), _)| config.places.line(&key.path()))
            .collect()
    }
}

fn hashes(hasher: &RandomState, config: &Config) -> impl Iterator<Item = u64> {
    KEYS.iter()
        .map(|key| hasher.hash_one((key.value)(config).as_bytes()))
}

/// Where the keys that take effect at a start only are written.
#[derive(Debug, Default)]
pub(crate) struct Places(Vec<(String, Place)>);

impl Places {
    /// Those of the configuration below `root`.
    pub(crate) fn of(root: Option<&Value>) -> Self {
        let place = |key: &Key| {
            let section = entry(root?, key.section)?;
            let entry = entry(&section.node.value, key.name)?;
            Some((key.path(), entry.key_place.clone()))
        };
        Self(KEYS.iter().filter_map(place).collect())
    }

    fn line(&self, path: &str) -> String {
        match self.0.iter().find(|(known, _)| known == path) {
            Some((_, Place { file, line, .. })) => {
                format!("{file}, line {line}: {path}: changed, needs a restart")
            }
            None => format!("{path}: no longer set, needs a restart"),
        }
    }
}

/// The entry of this key.
pub(crate) fn entry<'n>(value: &'n Value, key: &str) -> Option<&'n Entry> {
    match value {
        Value::Map(entries) => entries.iter().find(|entry| entry.key == key),
        Value::Scalar(_) | Value::List(_) => None,
    }
}

#[cfg(test)]
mod tests;
