use bytes::{Bytes, BytesMut};
use ironward_core::{Fault, Usage};
use ironward_wire::{Delta, Forward, StreamDecoder, StreamEncoder};

/// Carries a provider's stream over to the client.
pub(crate) enum Relay {
    /// Both speak the same dialect: frames go out as they came and are only observed.
    Forward(Box<dyn Forward>),
    /// They don't: read to deltas, written in the client's dialect.
    Translate(Translation),
}

pub(crate) struct Translation {
    decoder: Box<dyn StreamDecoder>,
    encoder: Box<dyn StreamEncoder>,
    usage: Option<Usage>,
    /// Empty between calls; kept for its memory.
    deltas: Vec<Delta>,
}

/// What a chunk gave.
pub(crate) struct Passed {
    /// What goes to the client; possibly nothing.
    pub(crate) bytes: Bytes,
    /// Why nothing more will come.
    pub(crate) fault: Option<Fault>,
}

impl Relay {
    pub(crate) fn translate(
        decoder: Box<dyn StreamDecoder>,
        encoder: Box<dyn StreamEncoder>,
    ) -> Self {
        Self::Translate(Translation {
            decoder,
            encoder,
            usage: None,
            deltas: Vec::new(),
        })
    }

    /// The next chunk of the provider's stream.
    pub(crate) fn push(&mut self, chunk: Bytes) -> Passed {
        match self {
            Self::Forward(forward) => match forward.push(chunk) {
                Ok(bytes) => Passed { bytes, fault: None },
                Err(fault) => Passed {
                    bytes: forward.unsent(),
                    fault: Some(fault),
                },
            },
            Self::Translate(translation) => {
                let outcome = translation.decoder.push(chunk, &mut translation.deltas);
                translation.encode(outcome, false)
            }
        }
    }

    /// The provider's stream is over.
    pub(crate) fn finish(&mut self) -> Passed {
        match self {
            Self::Forward(forward) => match forward.finish() {
                Ok(bytes) => Passed { bytes, fault: None },
                Err(fault) => Passed {
                    bytes: Bytes::new(),
                    fault: Some(fault),
                },
            },
            Self::Translate(translation) => {
                let outcome = translation.decoder.finish(&mut translation.deltas);
                translation.encode(outcome, true)
            }
        }
    }

    /// The error event of a broken reply.
    pub(crate) fn fail(&mut self, fault: &Fault) -> Bytes {
        match self {
            Self::Forward(forward) => forward.fail(fault),
            Self::Translate(translation) => {
                let mut out = BytesMut::new();
                translation.encoder.fail(fault, &mut out);
                out.freeze()
            }
        }
    }

    /// What the call has consumed, as far as the provider has said.
    pub(crate) fn usage(&self) -> Option<Usage> {
        match self {
            Self::Forward(forward) => forward.usage(),
            Self::Translate(translation) => translation.usage,
        }
    }
}

impl Translation {
    fn encode(&mut self, outcome: Result<(), Fault>, is_over: bool) -> Passed {
        let mut out = BytesMut::new();
        for delta in self.deltas.drain(..) {
            if let Delta::Usage(usage) = delta {
                self.usage = Some(usage);
            }
            self.encoder.encode(delta, &mut out);
        }
        if is_over && outcome.is_ok() {
            self.encoder.finish(&mut out);
        }
        Passed {
            bytes: out.freeze(),
            fault: outcome.err(),
        }
    }
}
