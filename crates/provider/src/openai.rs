//! openai

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use ironward_core::{Fault, FaultKind, UpstreamRequest};
use ironward_wire::{Call, Dialect, Reply, StreamDecoder};

use crate::{Provider, Target, Vendor, status};

pub(crate) const VENDOR: Vendor = Vendor {
    provider: &Unwritten,
    aliases: &[],
    base_url: None,
    key_variables: &[],
    base_variables: &[],
    keyless: false,
};

struct Unwritten;

impl Provider for Unwritten {
    fn name(&self) -> &'static str {
        "openai"
    }

    fn speaks(&self, _dialect: Dialect) -> bool {
        false
    }

    fn encode(&self, _call: &Call, _target: &Target<'_>) -> Result<UpstreamRequest, Fault> {
        Err(Fault::gateway(FaultKind::Internal, "not written yet"))
    }

    fn decode(&self, _call: &Call, _body: &Bytes) -> Result<Reply, Fault> {
        Err(Fault::gateway(FaultKind::Internal, "not written yet"))
    }

    fn stream(&self, _call: &Call) -> Result<Box<dyn StreamDecoder>, Fault> {
        Err(Fault::gateway(FaultKind::Internal, "not written yet"))
    }

    fn classify(&self, status: StatusCode, headers: &HeaderMap, _body: &[u8]) -> Fault {
        status::fault(status, headers, String::new())
    }
}
