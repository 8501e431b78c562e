use std::time::Duration;

use http::HeaderMap;

use crate::{CredentialId, DeploymentId};

/// A provider, a model there, and the credential to reach it: what a model group is made of.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// Stable for as long as its configuration stays the same.
    pub id: DeploymentId,
    /// The model group that it serves.
    pub group: Box<str>,
    /// The provider's name in `PROVIDERS`, or the vendor's in the OpenAI-compatible table.
    pub provider: &'static str,
    /// The model's name at the provider. A `*` in it is replaced by what the group's `*` matched.
    pub model: Box<str>,
    /// The credential, with its origin.
    pub credential: CredentialId,
    /// The share of the group's calls, relative to the other deployments of the group.
    pub weight: f64,
    /// 1 first; a later tier is tried when the earlier ones are exhausted.
    pub order: u32,
    /// Retries on this deployment's group; `None` leaves it to the router's setting.
    pub retries: Option<u32>,
    /// How long each phase of an attempt may take.
    pub timeouts: Timeouts,
    /// How long a stream may take to its first byte, where that differs (`stream_timeout`).
    pub stream_first_byte: Option<Duration>,
    /// What happens to parameters that the provider can't take, and defaults.
    pub params: ParamPolicy,
    /// Azure's `api-version` query; other providers ignore it.
    pub api_version: Option<Box<str>>,
    /// Headers added to every request of this deployment.
    pub extra_headers: HeaderMap,
    /// A reply that is answered here instead of by the provider (`mock_response`).
    pub mock_response: Option<Box<str>>,
}

/// How a deployment treats parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParamPolicy {
    /// Drop what the provider can't take instead of refusing the call.
    pub drop_unsupported: bool,
    /// Fields that are always removed.
    pub always_drop: Vec<Box<str>>,
    /// OpenAI fields that are sent even though the provider's table refuses them.
    pub allow: Vec<Box<str>>,
    /// Fields (name, JSON text) that are set where the call does not set them itself.
    pub defaults: Vec<(Box<str>, Box<str>)>,
    /// Fields (name, JSON text) of `extra_body`, set on the upstream body after everything else.
    pub extra_body: Vec<(Box<str>, Box<str>)>,
}

/// How long the phases of one attempt may take. `total` and `first_byte` start with the attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Name resolution, TCP and TLS.
    pub connect: Duration,
    /// Until the reply's head.
    pub first_byte: Duration,
    /// Between two pieces of the reply's body.
    pub idle: Duration,
    /// The whole attempt when the reply is not a stream.
    pub total: Duration,
}

impl Default for Timeouts {
    /// LiteLLM's effective 600 s for a call, and bounds of our own for its phases.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(600),
            idle: Duration::from_secs(300),
            total: Duration::from_secs(600),
        }
    }
}
