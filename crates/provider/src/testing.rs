//! What the unit tests of several vendors need.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use ironward_core::{
    CredentialId, Deployment, DeploymentId, Fault, ParamPolicy, Timeouts, UpstreamRequest,
};
use ironward_wire::{Body, Call, Dialect};
use serde_json::Value;

use crate::{Target, find};

/// One call to one vendor.
pub(crate) struct Case {
    pub(crate) vendor: &'static str,
    pub(crate) model: &'static str,
    pub(crate) dialect: Dialect,
    pub(crate) deployment: Deployment,
}

impl Case {
    pub(crate) fn new(vendor: &'static str, model: &'static str) -> Self {
        Self {
            vendor,
            model,
            dialect: Dialect::OpenAiChat,
            deployment: Deployment {
                id: DeploymentId::new("d"),
                group: "g".into(),
                provider: vendor,
                model: model.into(),
                credential: CredentialId::new(1),
                weight: 1.0,
                order: 1,
                retries: None,
                timeouts: Timeouts::default(),
                stream_first_byte: None,
                params: ParamPolicy::default(),
                api_version: None,
                extra_headers: HeaderMap::new(),
                mock_response: None,
            },
        }
    }

    pub(crate) fn dropping(mut self) -> Self {
        self.deployment.params.drop_unsupported = true;
        self
    }

    pub(crate) fn in_dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    pub(crate) fn version(mut self, version: &str) -> Self {
        self.deployment.api_version = Some(version.into());
        self
    }

    pub(crate) fn request(&self, body: &str) -> Result<UpstreamRequest, Fault> {
        let body = Body::read(Bytes::copy_from_slice(body.as_bytes())).unwrap();
        let call = Call::read(self.dialect, body, None).unwrap();
        let target = Target {
            deployment: &self.deployment,
            model: self.model,
            drop_unsupported: self.deployment.params.drop_unsupported,
        };
        find(self.vendor).unwrap().provider.encode(&call, &target)
    }

    /// The body that is sent, as JSON.
    pub(crate) fn sent(&self, body: &str) -> Value {
        serde_json::from_slice(&self.request(body).unwrap().body.joined()).unwrap()
    }

    pub(crate) fn refused(&self, body: &str) -> Fault {
        self.request(body).unwrap_err()
    }
}

pub(crate) fn classified(vendor: &str, status: u16, body: &str) -> Fault {
    let status = StatusCode::from_u16(status).unwrap();
    let provider = find(vendor).unwrap().provider;
    provider.classify(status, &HeaderMap::new(), body.as_bytes())
}
