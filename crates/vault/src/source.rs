//! Services that keep secrets which the configuration file refers to.
//!
//! They are only read, by whoever reads the configuration: nothing that a client or an
//! administrator sends names a secret here.

mod aws;
mod azure;
mod document;
mod gcp;
mod kv;

use std::fmt;

use ironward_egress::BoxFuture;

use crate::{KekError, KekFailure};

pub use aws::{AwsSecretSettings, AwsSecrets};
pub use azure::{AzureSecretSettings, AzureSecrets};
pub use document::Document;
pub use gcp::{GcpSecretSettings, GcpSecrets};
pub use kv::{KvSecretSettings, KvSecrets};

/// The largest answer: a secret has 64 KiB at most, in JSON or in Base64.
const ANSWER_LIMIT: usize = 256 << 10;

/// A service that secrets are read of.
pub trait SecretSource: Send + Sync {
    /// The newest version of the secret of this name.
    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Document, SourceError>>;
}

/// Why a secret was not read: what failed, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceError {
    /// What kind of failure it is.
    pub kind: SourceFailure,
    /// For the operator; holds no secret.
    pub message: Box<str>,
}

/// The kinds of failure of a service that keeps secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceFailure {
    /// It could not be reached, or could not answer now.
    Unreachable,
    /// It refuses whoever asks.
    Denied,
    /// It has no such secret.
    Missing,
    /// The settings are wrong, or the service is another one.
    Misconfigured,
}

impl SourceError {
    fn new(kind: SourceFailure, message: impl Into<Box<str>>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    fn missing(message: impl Into<Box<str>>) -> Self {
        Self::new(SourceFailure::Missing, message)
    }

    fn denied(message: impl Into<Box<str>>) -> Self {
        Self::new(SourceFailure::Denied, message)
    }
}

impl From<KekError> for SourceError {
    fn from(error: KekError) -> Self {
        let kind = match error.kind {
            KekFailure::Unreachable => SourceFailure::Unreachable,
            KekFailure::Denied => SourceFailure::Denied,
            KekFailure::Refused | KekFailure::Misconfigured => SourceFailure::Misconfigured,
        };
        Self::new(kind, error.message)
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SourceError {}
