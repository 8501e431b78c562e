use std::sync::Arc;

use bytes::Bytes;
use ironward_core::{Deployment, Fault, Usage};
use ironward_wire::{
    Call, ChatReply, Choice, Delta, Dialect, Envelope, Finish, Part, Reply, StreamDecoder,
};

use super::attempt::{Answer, no_stream};
use crate::reply::{Begun, Relay};
use crate::snapshot::Routed;

/// What answers without an upstream.
pub(super) enum Local {
    /// A deployment's `mock_response`.
    Mock(Arc<Deployment>),
    /// The built-in echo, or an estimate.
    Provider(ironward_provider::Local),
}

impl Local {
    pub(super) fn of(routed: &Routed, dialect: Dialect) -> Option<Self> {
        if routed.deployment.mock_response.is_some() {
            return Some(Self::Mock(Arc::clone(&routed.deployment)));
        }
        routed.provider.local(dialect).map(Self::Provider)
    }

    /// How many bytes the answer to `call` is made of.
    pub(super) fn size(&self, call: &Call) -> usize {
        match self {
            Self::Mock(deployment) => mock_text(deployment).len(),
            Self::Provider(_) => call.body.bytes().len(),
        }
    }

    /// The answer to `call`, streamed where it asks for that.
    pub(super) fn answer(&self, call: &Call, envelope: &Envelope) -> Result<Answer, Fault> {
        let reply = match self {
            Self::Mock(deployment) => mock(mock_text(deployment)),
            Self::Provider(answer) => answer(call)?,
        };
        let (dialect, usage) = (call.dialect, reply.usage());
        match reply {
            Reply::Chat(chat) if call.stream => {
                let encoder = dialect
                    .stream_encoder(envelope.clone())
                    .ok_or_else(no_stream)?;
                let mut relay = Relay::translate(Box::new(Ready(chat.into_deltas())), encoder);
                let all = relay.finish().bytes;
                Ok(Answer::Stream(Box::new(Begun::all(all, relay))))
            }
            reply => Ok(Answer::Whole {
                bytes: dialect.encode_reply(call, &reply, envelope)?,
                usage,
            }),
        }
    }
}

fn mock_text(deployment: &Deployment) -> &str {
    deployment.mock_response.as_deref().unwrap_or_default()
}

/// LiteLLM's tokens for one.
fn mock(text: &str) -> Reply {
    let choice = Choice {
        parts: vec![Part::text(text)],
        finish: Some(Finish::Stop),
        ..Choice::default()
    };
    let usage = Usage {
        input: 10,
        output: 20,
        ..Usage::default()
    };
    Reply::Chat(ChatReply {
        choices: vec![choice],
        usage: Some(usage),
        ..ChatReply::default()
    })
}

/// A stream that is known from its beginning to its end.
struct Ready(Vec<Delta>);

impl StreamDecoder for Ready {
    fn push(&mut self, _chunk: Bytes, _deltas: &mut Vec<Delta>) -> Result<(), Fault> {
        Ok(())
    }

    fn finish(&mut self, deltas: &mut Vec<Delta>) -> Result<(), Fault> {
        deltas.append(&mut self.0);
        Ok(())
    }
}
