use bytes::Bytes;
use ironward_core::{Fault, Usage};

/// Passes a stream on in the dialect that it came in: frames go out as they came and are only
/// observed, except that the model's name is the one that the client asked for, and that a usage
/// chunk which the client did not ask for is taken out.
pub trait Forward: Send {
    /// Takes the next chunk and gives what can go out now: whole frames only, so that an error
    /// event never lands inside one.
    ///
    /// # Errors
    /// When the provider reports an error in the stream. What came before it in the same chunk is
    /// given by [`Forward::unsent`].
    fn push(&mut self, chunk: Bytes) -> Result<Bytes, Fault>;

    /// Whole frames that came in the same chunk before the fault that `push` returned.
    fn unsent(&mut self) -> Bytes;

    /// The stream has ended; gives what is left.
    ///
    /// # Errors
    /// When the reply is not complete: a cut stream never looks like a whole one.
    fn finish(&mut self) -> Result<Bytes, Fault>;

    /// What the call has consumed, as far as the provider has said.
    fn usage(&self) -> Option<Usage>;

    /// The error event with which a broken reply ends.
    fn fail(&mut self, fault: &Fault) -> Bytes;
}

/// A whole reply that was forwarded.
#[derive(Debug)]
pub struct Forwarded {
    /// What goes to the client.
    pub bytes: Bytes,
    /// What the call consumed.
    pub usage: Option<Usage>,
}
