use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use ironward_secret::Secret;

use super::Scheme;
use crate::Place;

/// A secret that a service keeps: `vault://MOUNT/PATH#FIELD` and its like. It is no secret itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// Which service.
    pub scheme: Scheme,
    /// What the service calls the secret.
    pub name: Box<str>,
    /// Which field of it; `None` for the whole.
    pub field: Option<Box<str>>,
}

/// Where a [`Reference`] is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referred {
    /// What it says.
    pub reference: Reference,
    /// Where.
    pub place: Place,
    /// The key, such as `general_settings.master_key`.
    pub path: String,
}

/// What references were found to hold, by whoever asked the services; or why one could not be read.
#[derive(Clone, Default)]
pub struct Resolved(BTreeMap<Reference, Result<Arc<Secret>, String>>);

impl Reference {
    /// Reads what follows the scheme. What is wrong is told without it: it may be a secret that was
    /// put in the wrong place.
    pub(crate) fn parse(scheme: Scheme, rest: &str) -> Result<Self, String> {
        let (name, field) = match rest.split_once('#') {
            Some((name, field)) => (name, Some(field)),
            None => (rest, None),
        };
        let is_named = name.len() <= 1024
            && match scheme {
                Scheme::Vault => {
                    is_path(name, b"-_.@:+=~") && name.contains('/') && field.is_some()
                }
                Scheme::AwsSm => is_path(name, b"-_.@:+=/"),
                Scheme::GcpSm => is_google_name(name),
                Scheme::AzureKv => is_path(name, b"-") && name.matches('/').count() <= 1,
                Scheme::Variable | Scheme::File => false,
            };
        let is_field = |field: &str| {
            !field.trim().is_empty() && field.len() <= 256 && !field.contains(char::is_control)
        };
        if !is_named || !field.is_none_or(is_field) {
            return Err(format!("not a reference; write {}", scheme.form()));
        }
        Ok(Self {
            scheme,
            name: name.into(),
            field: field.map(Into::into),
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.scheme.prefix(), self.name)?;
        match &self.field {
            Some(field) => write!(f, "#{field}"),
            None => Ok(()),
        }
    }
}

impl Resolved {
    /// Adds what a reference was found to hold, or why it could not be read: for the operator, and
    /// without a secret.
    pub fn insert(&mut self, reference: Reference, found: Result<Arc<Secret>, String>) {
        self.0.insert(reference, found);
    }

    /// What was found.
    #[must_use]
    pub fn get(&self, reference: &Reference) -> Option<&Result<Arc<Secret>, String>> {
        self.0.get(reference)
    }
}

impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolved").finish_non_exhaustive()
    }
}

/// Whether `name` can stand in a path as it is.
fn is_path(name: &str, more: &[u8]) -> bool {
    name.split('/').all(|segment| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || more.contains(&byte);
        !matches!(segment, "" | "." | "..") && segment.bytes().all(is_plain)
    })
}

/// `projects/P[/locations/L]/secrets/S[/versions/V]`.
fn is_google_name(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    let is_named = matches!(
        parts.as_slice(),
        ["projects", _, "secrets", _]
            | ["projects", _, "secrets", _, "versions", _]
            | ["projects", _, "locations", _, "secrets", _]
            | ["projects", _, "locations", _, "secrets", _, "versions", _]
    );
    is_named && is_path(name, b"-_.:")
}
