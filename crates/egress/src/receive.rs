use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use ironward_core::Fault;

use crate::alarm::Deadlines;
use crate::body::{Source, Wire};
use crate::decode::Decoder;
use crate::http1::Head;
use crate::{Credential, ReplyBody, Timing, UpstreamReply, faults, redact};

/// How much of an error's body is kept.
const ERROR_LIMIT: usize = 64 << 10;

/// A reply as it came, with all that belongs to it.
pub(crate) struct Arrived {
    pub(crate) head: Head,
    pub(crate) source: Source,
    pub(crate) timing: Timing,
}

/// Turns a reply into what may leave egress.
pub(crate) async fn receive(
    arrived: Arrived,
    credential: &Arc<Credential>,
    deadlines: &Deadlines,
    limit: u64,
) -> Result<UpstreamReply, Fault> {
    let Arrived {
        head,
        source,
        timing,
    } = arrived;
    let Head {
        status,
        mut headers,
    } = head;
    check_status(status)?;
    let redaction = redact::Redaction::of(Arc::clone(credential));
    let decoder = Decoder::for_reply(&mut headers)?;
    if status.is_success() {
        let patience = deadlines.patience();
        let wire = Wire::new(source, decoder, patience, limit)?;
        if let Some(secret) = credential.plain() {
            redact::drop_headers_with(secret, &mut headers);
        }
        return Ok(UpstreamReply {
            status,
            headers,
            body: ReplyBody::wire(wire),
            redaction,
            timing,
        });
    }
    // The text of an error is cut rather than refused, and has no more time than its head had.
    let patience = deadlines.patience_with_error();
    let wire = Wire::new(source, decoder, patience, u64::MAX)?;
    let body = Box::pin(ReplyBody::wire(wire).prefix(ERROR_LIMIT)).await;
    let mut body = body.freeze();
    headers.remove(http::header::CONTENT_LENGTH);
    if let Some(redactor) = credential.redactor() {
        redactor.redact_headers(&mut headers);
        if let Some(clean) = redactor.redact(&body) {
            body = Bytes::from(clean);
        }
    }
    Ok(UpstreamReply {
        status,
        headers,
        body: ReplyBody::whole(body),
        redaction,
        timing,
    })
}

/// A redirect would send the credential where it does not belong, and an upgrade would leave HTTP.
fn check_status(status: StatusCode) -> Result<(), Fault> {
    let message = if status.is_redirection() {
        "the provider answered with a redirect; redirects are not followed"
    } else if status.is_informational() {
        "the provider answered with a change of protocol"
    } else {
        return Ok(());
    };
    Err(faults::bad_gateway(message).with_upstream_status(status.as_u16()))
}
