use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue};
use ironward_core::Fault;
use ironward_secret::Secret;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use zeroize::Zeroizing;

use crate::Credential;

/// What stands where a piece of a secret stood.
pub(crate) const REDACTED: &[u8] = b"[redacted]";

/// Eight bytes of a secret are enough to recognise it by, and too many to turn up by chance.
const WIDTH: usize = 8;

/// Below this length a "secret" is a placeholder such as `x`, and redacting it would only destroy
/// the provider's message.
const SHORTEST: usize = 4;

/// Takes a credential out of faults that quote its provider.
#[derive(Debug, Clone, Default)]
pub struct Redaction(Option<Arc<Credential>>);

impl Redaction {
    /// Of this credential, for as long as it lives.
    pub(crate) const fn of(credential: Arc<Credential>) -> Self {
        Self(Some(credential))
    }

    /// The same fault without any piece of the credential.
    #[must_use]
    pub fn apply(&self, mut fault: Fault) -> Fault {
        let Some(redactor) = self.0.as_ref().and_then(|credential| credential.redactor()) else {
            return fault;
        };
        let clean = |text: &mut Box<str>| {
            if let Some(clean) = redactor.redact(text.as_bytes()) {
                *text = String::from_utf8_lossy(&clean).into();
            }
        };
        clean(&mut fault.message);
        for text in [&mut fault.cause, &mut fault.code, &mut fault.param] {
            text.as_mut().map(clean);
        }
        fault
    }
}

/// Finds a secret, and every piece of [`WIDTH`] bytes of it, in what a provider sent back: as it
/// is, in Base64 at any alignment, in hexadecimal and percent-encoded.
pub(crate) struct Redactor {
    width: usize,
    /// Every window of every form, sorted.
    windows: Zeroizing<Vec<u64>>,
    /// A bit for the hash of each window: most positions of a text are ruled out by one look.
    sieve: Zeroizing<Vec<u64>>,
}

impl Redactor {
    pub(crate) fn new(secret: &Secret) -> Self {
        let exposed = secret.expose();
        let plain = exposed.bytes();
        let width = WIDTH.min(plain.len());
        let mut windows = Zeroizing::new(Vec::new());
        if width >= SHORTEST {
            add(&mut windows, plain, width);
        }
        if width == WIDTH {
            add_encoded(&mut windows, plain);
        }
        windows.sort_unstable();
        windows.dedup();
        let mut sieve = Zeroizing::new(vec![0; SIEVE_WORDS]);
        for window in windows.iter() {
            let (word, bit) = place(*window);
            if let Some(word) = sieve.get_mut(word) {
                *word |= bit;
            }
        }
        Self {
            width,
            windows,
            sieve,
        }
    }

    /// `text` without the secret; `None` when the secret is not in it.
    pub(crate) fn redact(&self, text: &[u8]) -> Option<Vec<u8>> {
        if self.windows.is_empty() {
            return None;
        }
        let mut clean = Vec::new();
        let mut found = false;
        // Up to here, `text` is in `clean` or was left out.
        let mut done = 0;
        let mut window = 0;
        for (index, byte) in text.iter().enumerate() {
            window = shift(window, *byte, self.width);
            let end = index + 1;
            if end < self.width || !self.knows(window) {
                continue;
            }
            let start = end - self.width;
            if start > done || !found {
                clean.extend_from_slice(text.get(done..start).unwrap_or_default());
                clean.extend_from_slice(REDACTED);
            }
            found = true;
            done = end;
        }
        found.then(|| {
            clean.extend_from_slice(text.get(done..).unwrap_or_default());
            clean
        })
    }

    /// Redacts the values of `headers`.
    pub(crate) fn redact_headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            if let Some(clean) = self.redact(value.as_bytes()) {
                *value = HeaderValue::from_bytes(&clean)
                    .unwrap_or_else(|_| HeaderValue::from_static("[redacted]"));
            }
        }
    }

    fn knows(&self, window: u64) -> bool {
        let (word, bit) = place(window);
        self.sieve.get(word).is_some_and(|word| word & bit != 0)
            && self.windows.binary_search(&window).is_ok()
    }
}

/// Removes the headers of a *successful* reply that hold the whole secret. The full search is too
/// slow for every reply; this one only compares lengths unless a value is as long as the secret.
pub(crate) fn drop_headers_with(secret: &[u8], headers: &mut HeaderMap) {
    let holds = |value: &HeaderValue| {
        secret.len() >= SHORTEST
            && value.len() >= secret.len()
            && value
                .as_bytes()
                .windows(secret.len())
                .any(|window| window == secret)
    };
    if !headers.values().any(holds) {
        return;
    }
    let names: Vec<_> = headers
        .iter()
        .filter(|(_, value)| holds(value))
        .map(|(name, _)| name.clone())
        .collect();
    for name in names {
        headers.remove(name);
    }
}

const SIEVE_WORDS: usize = 1024;

/// The word and the bit of the sieve that stand for `window`.
fn place(window: u64) -> (usize, u64) {
    let hash = window.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let word = usize::try_from(hash >> 54).unwrap_or_default();
    (word, 1 << ((hash >> 48) & 63))
}

/// `window` with `byte` behind it and no longer than `width` bytes.
fn shift(window: u64, byte: u8, width: usize) -> u64 {
    let longer = (window << 8) | u64::from(byte);
    if width >= WIDTH {
        longer
    } else {
        longer & ((1 << (8 * width)) - 1)
    }
}

fn add(windows: &mut Vec<u64>, text: &[u8], width: usize) {
    windows.extend(text.windows(width).map(|window| {
        window
            .iter()
            .fold(0, |window, byte| shift(window, *byte, width))
    }));
}

fn add_encoded(windows: &mut Vec<u64>, plain: &[u8]) {
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        // Where the secret begins within a group of three bytes decides how it is encoded. The
        // first characters of a shifted form hold bits of what stands before; they are left out.
        for (before, foreign) in [(0, 0), (1, 2), (2, 3)] {
            let mut shifted = Zeroizing::new(vec![0; before]);
            shifted.extend_from_slice(plain);
            let encoded = Zeroizing::new(engine.encode(&*shifted));
            add(
                windows,
                encoded.as_bytes().get(foreign..).unwrap_or_default(),
                WIDTH,
            );
        }
    }
    for digits in [b"0123456789abcdef", b"0123456789ABCDEF"] {
        let digit = |nibble: u8| digits.get(usize::from(nibble)).copied().unwrap_or_default();
        let hex: Zeroizing<Vec<u8>> = Zeroizing::new(
            plain
                .iter()
                .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
                .collect(),
        );
        add(windows, &hex, WIDTH);
    }
    for set in [NON_ALPHANUMERIC, RESERVED] {
        for upper in [true, false] {
            add(windows, percent(plain, set, upper).as_bytes(), WIDTH);
        }
    }
}

/// What RFC 3986 wants escaped; some encoders escape everything but letters and digits.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Percent-encoded, with the escapes' digits in upper or in lower case.
fn percent(plain: &[u8], set: &'static AsciiSet, upper: bool) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(3 * plain.len()));
    for piece in percent_encode(plain, set) {
        if !upper && piece.starts_with('%') {
            text.push_str(&piece.to_ascii_lowercase());
        } else {
            text.push_str(piece);
        }
    }
    text
}

#[cfg(test)]
mod tests;
