use std::fmt;

use ironward_egress::BoxFuture;
use ironward_secret::DataKey;

/// A key-encryption key: it wraps data keys, and nothing but data keys.
///
/// The key itself stays where it is: in a file that only the gateway reads, or in a service that
/// wraps and unwraps and never gives it away.
pub trait Kek: Send + Sync {
    /// Which key it is and where, without anything secret.
    fn describe(&self) -> &Description;

    /// Wraps `key`, bound to `context`.
    fn wrap<'a>(
        &'a self,
        key: &'a DataKey,
        context: Context,
    ) -> BoxFuture<'a, Result<Vec<u8>, KekError>>;

    /// Unwraps what this key has wrapped, if it was bound to the same `context`.
    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        context: Context,
    ) -> BoxFuture<'a, Result<DataKey, KekError>>;
}

/// What a wrapped key is bound to: one that is stored in another's row does not unwrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// The version of the data key.
    pub version: u32,
}

impl Context {
    /// The context as text, for services that take any bytes. Never change it: no data key that was
    /// wrapped with it would unwrap.
    pub(crate) fn text(self) -> String {
        format!("ironward data key {}", self.version)
    }
}

/// A key-encryption key, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The backend, as the configuration calls it.
    pub backend: &'static str,
    /// Which key of that backend: a fingerprint, or the name the service has for it.
    pub key: Box<str>,
    /// Where it is: a path, a variable, a URL.
    pub place: Box<str>,
    /// What an operator has to know at every start.
    pub warning: Option<Box<str>>,
}

impl Description {
    /// `backend:key`, which is stored with every key that it wraps.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}:{}", self.backend, self.key)
    }
}

/// Why a key was not wrapped or unwrapped: what failed, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KekError {
    /// What kind of failure it is.
    pub kind: KekFailure,
    /// For the operator; holds no secret.
    pub message: Box<str>,
}

/// The kinds of failure of a key-encryption key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KekFailure {
    /// The service, or the file, could not be reached or could not answer now.
    Unreachable,
    /// The service refuses whoever asks.
    Denied,
    /// The key is there and does not unwrap this: another key, another context, or damage.
    Refused,
    /// The settings are wrong: no such key, no such path, a file that others can read.
    Misconfigured,
}

impl KekError {
    pub(crate) fn new(kind: KekFailure, message: impl Into<Box<str>>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    pub(crate) fn misconfigured(message: impl Into<Box<str>>) -> Self {
        Self::new(KekFailure::Misconfigured, message)
    }

    pub(crate) fn refused(message: impl Into<Box<str>>) -> Self {
        Self::new(KekFailure::Refused, message)
    }

    /// That a service's key does not open what it was given; `said`: why, in the service's words.
    pub(crate) fn not_opened(key: &str, shown: &str, said: &str) -> Self {
        Self::refused(format!(
            "the key {key} of {shown} does not open it ({said}): the stored data key was changed, or \
             was wrapped by another key"
        ))
    }
}

impl fmt::Display for KekError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for KekError {}
