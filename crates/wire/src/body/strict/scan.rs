//! One pass over a whole document.

use std::borrow::Cow;

use super::super::{Fields, Read};
use super::keys::{self, Keys};
use super::string::{self, End};
use super::words::Words;

/// Where the bytes stop being what they have to be, about.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) at: usize,
}

/// The top-level fields of the one object that `bytes` has to be, and the short texts in it.
pub(super) fn scan(bytes: &[u8]) -> Result<Read, Refused> {
    // The first test is the cheaper one, and most bodies pass it.
    if !bytes.is_ascii() {
        std::str::from_utf8(bytes).map_err(|error| Refused {
            at: error.valid_up_to(),
        })?;
    }
    let mut scanner = Scanner {
        bytes,
        rest: bytes,
        depth: 0,
        keys: Keys::new(),
        words: Words::NONE,
    };
    match scanner.document() {
        Some(fields) => Ok((fields, scanner.words)),
        None => Err(Refused {
            at: scanner.position(),
        }),
    }
}

/// Its functions give `None` when they refuse what stands where `rest` begins.
struct Scanner<'a> {
    bytes: &'a [u8],
    /// What has not been read yet.
    rest: &'a [u8],
    /// How many objects and lists are open.
    depth: u8,
    keys: Keys<Key<'a>>,
    words: Words,
}

/// A key's text, owned where it is written with escapes.
type Key<'a> = Cow<'a, [u8]>;

/// The first depth that `serde_json` refuses.
const TOO_DEEP: u8 = 128;

impl<'a> Scanner<'a> {
    fn position(&self) -> usize {
        self.bytes.len() - self.rest.len()
    }

    fn document(&mut self) -> Option<Fields> {
        let mut fields = Fields::with_capacity(keys::FEW);
        if self.token()? != b'{' {
            return None;
        }
        self.object(Some(&mut fields))?;
        self.skip_whitespace();
        self.rest.is_empty().then_some(fields)
    }

    fn skip_whitespace(&mut self) {
        while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    /// The next byte that is no whitespace.
    fn token(&mut self) -> Option<u8> {
        self.skip_whitespace();
        self.byte()
    }

    fn value(&mut self) -> Option<()> {
        let written = self.rest;
        match self.byte()? {
            b'"' => self.string().map(drop),
            b'{' => self.object(None),
            b'[' => self.list(),
            b't' => self.literal(b"rue"),
            b'f' => self.literal(b"alse"),
            b'n' => self.literal(b"ull"),
            first @ (b'-' | b'0'..=b'9') => self.number(first, written),
            _ => None,
        }
    }

    /// An object behind its brace; `fields` takes what is in it.
    fn object(&mut self, mut fields: Option<&mut Fields>) -> Option<()> {
        self.enter()?;
        let mut token = self.token()?;
        let mut keys = self.keys.open();
        while token != b'}' {
            if token != b'"' {
                return None;
            }
            let key = self.key()?;
            let name = fields.is_some().then(|| key.clone());
            self.keys.add(&mut keys, key).ok()?;
            if self.token()? != b':' {
                return None;
            }
            self.skip_whitespace();
            let start = self.position();
            self.value()?;
            if let (Some(fields), Some(name)) = (&mut fields, name) {
                fields.push(std::str::from_utf8(&name).ok()?, start..self.position());
            }
            token = self.token()?;
            if token == b',' {
                token = self.token().filter(|token| *token == b'"')?;
            } else if token != b'}' {
                return None;
            }
        }
        self.keys.close(&keys);
        self.leave()
    }

    /// A list behind its bracket.
    fn list(&mut self) -> Option<()> {
        self.enter()?;
        self.skip_whitespace();
        if let [b']', rest @ ..] = self.rest {
            self.rest = rest;
            return self.leave();
        }
        loop {
            self.value()?;
            match self.token()? {
                b',' => self.skip_whitespace(),
                b']' => return self.leave(),
                _ => return None,
            }
        }
    }

    fn enter(&mut self) -> Option<()> {
        self.depth += 1;
        (self.depth < TOO_DEEP).then_some(())
    }

    fn leave(&mut self) -> Option<()> {
        self.depth -= 1;
        Some(())
    }

    /// A string behind its opening quote. Most are so short that a call would cost as much.
    #[inline(always)]
    fn string(&mut self) -> Option<End> {
        let end = string::find_end(self.rest)?;
        let (text, rest) = self.rest.split_at_checked(end.quote)?;
        self.words.note(text);
        self.rest = rest.get(1..)?;
        Some(end)
    }

    /// A key behind its opening quote.
    fn key(&mut self) -> Option<Key<'a>> {
        let written = self.rest;
        let End { quote, is_escaped } = self.string()?;
        let raw = written.get(..quote)?;
        if is_escaped {
            let text: String = serde_json::from_slice(&[b"\"", raw, b"\""].concat()).ok()?;
            return Some(Cow::Owned(text.into_bytes()));
        }
        Some(Cow::Borrowed(raw))
    }

    fn literal(&mut self, end: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(end)?;
        Some(())
    }

    /// A number behind its `first` byte, with which `written` begins.
    fn number(&mut self, first: u8, written: &[u8]) -> Option<()> {
        let first = if first == b'-' { self.byte()? } else { first };
        match first {
            // A digit behind it is no token, and refused as such.
            b'0' => {}
            b'1'..=b'9' => _ = self.skip_digits(),
            _ => return None,
        }
        if let [b'.', rest @ ..] = self.rest {
            self.rest = rest;
            if self.skip_digits() == 0 {
                return None;
            }
        }
        let mut exponent = 0;
        if let [b'e' | b'E', b'+' | b'-', rest @ ..] | [b'e' | b'E', rest @ ..] = self.rest {
            self.rest = rest;
            exponent = self.skip_digits();
            if exponent == 0 {
                return None;
            }
        }
        let length = written.len() - self.rest.len();
        // Below 10^299, and so below the largest `f64`.
        if exponent <= 2 && length <= 200 {
            return Some(());
        }
        let number = written.get(..length)?;
        serde_json::from_slice(number).ok().map(|_: f64| ())
    }

    /// Gives how many there were.
    fn skip_digits(&mut self) -> usize {
        let before = self.rest.len();
        while let [b'0'..=b'9', rest @ ..] = self.rest {
            self.rest = rest;
        }
        before - self.rest.len()
    }
}
