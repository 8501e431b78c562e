//! From what policy refuses to what the client is told.

use ironward_core::Fault;
use ironward_policy::Refusal;

/// The fault of a call that its chain refuses.
pub(crate) fn fault(refusal: &Refusal) -> Fault {
    let message = shown(&refusal.say, LONGEST);
    let fault = Fault::downstream(refusal.kind, message).with_code(refusal.code);
    match refusal.param {
        Some(param) => fault.with_param(param),
        None => fault,
    }
}

const LONGEST: usize = 512;

/// Text of the caller's own, shortened and without control characters.
pub(crate) fn shown(text: &str, longest: usize) -> String {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().take(longest).map(plain).collect()
}
