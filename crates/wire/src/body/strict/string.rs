//! Where a JSON string ends. A prompt is mostly strings, so most of a body is read here.
//!
//! What has to be looked at in a string are its marks: quotes, backslashes and control characters.
//! Most strings are short, so a few words are searched one by one; what is longer is searched block
//! by block. UTF-8 is checked elsewhere, for the whole body.

/// Where a string ends.
#[derive(Clone, Copy)]
pub(super) struct End {
    /// The place of the closing quote.
    pub(super) quote: usize,
    pub(super) is_escaped: bool,
}

/// Finds the end of a string that begins with `bytes`, without its opening quote. `None` when there
/// is none, or something that no string may have comes before it.
#[inline]
pub(super) fn find_end(bytes: &[u8]) -> Option<End> {
    match skip_words(bytes) {
        left @ [b'"', ..] => Some(End {
            quote: bytes.len() - left.len(),
            is_escaped: false,
        }),
        left => find_far_end(bytes, left),
    }
}

/// As [`find_end`], where all before `left` has been searched.
#[inline(never)]
fn find_far_end(bytes: &[u8], mut left: &[u8]) -> Option<End> {
    let mut is_escaped = false;
    while let Some((block, behind)) = left.split_first_chunk() {
        let marks = marks(block);
        if marks == 0 {
            left = skip_blocks(behind);
            continue;
        }
        let mut at = 0;
        while let Some(ahead @ 1..) = marks.checked_shr(at) {
            at += ahead.trailing_zeros();
            match Mark::read(left.get(at as usize..)?)? {
                Mark::Quote => {
                    let quote = bytes.len() - left.len() + at as usize;
                    return Some(End { quote, is_escaped });
                }
                Mark::Escape(length) => at += length,
            }
            is_escaped = true;
        }
        left = if at <= BLOCK {
            behind
        } else {
            skip_overhang(left, at)?
        };
    }
    loop {
        let plain = left.iter().take_while(|byte| !is_mark(**byte)).count();
        left = left.get(plain..)?;
        match Mark::read(left)? {
            Mark::Quote => {
                let quote = bytes.len() - left.len();
                return Some(End { quote, is_escaped });
            }
            Mark::Escape(length) => left = left.get(length as usize..)?,
        }
        is_escaped = true;
    }
}

/// Skips an escape that stands across the end of a block. A jump and no calculation, so that the
/// processor begins with the next block before it knows the marks in this one.
#[cold]
fn skip_overhang(bytes: &[u8], at: u32) -> Option<&[u8]> {
    bytes.get(at as usize..)
}

/// Skips a few words that have no mark, up to the first mark in the next.
fn skip_words(bytes: &[u8]) -> &[u8] {
    const EACH: u64 = u64::MAX / 0xff;
    let mut left = bytes;
    for _ in 0..3 {
        let Some((word, rest)) = left.split_first_chunk() else {
            break;
        };
        // Mycroft's test: the top bit of the first mark is set, and maybe that of others after it.
        let word = u64::from_le_bytes(*word);
        let low = (word ^ (EACH * 0x02)).wrapping_sub(EACH * 0x21);
        let backslash = (word ^ (EACH * 0x5c)).wrapping_sub(EACH);
        let marks = (low | backslash) & !word & (EACH * 0x80);
        if marks != 0 {
            let plain = (marks.trailing_zeros() / 8) as usize;
            return left.get(plain..).unwrap_or_default();
        }
        left = rest;
    }
    left
}

/// How many bytes are searched together: as many as a word has bits.
const BLOCK: u32 = u64::BITS;
type Block = [u8; BLOCK as usize];

/// Skips the blocks that have no mark.
fn skip_blocks(bytes: &[u8]) -> &[u8] {
    let mut left = bytes;
    while let Some((block, rest)) = left.split_first_chunk::<{ BLOCK as usize }>() {
        if block.iter().fold(false, |any, byte| any | is_mark(*byte)) {
            break;
        }
        left = rest;
    }
    left
}

/// A bit for each byte of a block, the lowest for the first one: whether it is a mark.
fn marks(block: &Block) -> u64 {
    // The compiler makes vector instructions of this.
    let bytes = block.map(|byte| u8::from(is_mark(byte)));
    let (words, _) = bytes.as_chunks();
    words.iter().rev().fold(0, |marks, word| {
        // The product has the lowest bits of the eight bytes side by side in its top byte.
        let bits = u64::from_le_bytes(*word).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        marks << 8 | bits
    })
}

const fn is_mark(byte: u8) -> bool {
    // Exclusive or with 2 swaps the quote (0x22) with the space (0x20), which puts it next to the
    // control characters: one comparison for both.
    byte ^ 0x02 < 0x21 || byte == b'\\'
}

enum Mark {
    Quote,
    /// With its length.
    Escape(u32),
}

impl Mark {
    /// The mark that `bytes` begin with; `None` for one that no string may have.
    ///
    /// As a call of its own it would take half as long again as all the rest of an escape.
    #[inline(always)]
    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [b'\\', escape, ..] if is_simple_escape(*escape) => Some(Self::Escape(2)),
            [b'"', ..] => Some(Self::Quote),
            [b'\\', b'u', units @ ..] => units_length(units).map(|length| Self::Escape(2 + length)),
            _ => None,
        }
    }
}

/// Whether `byte` behind a backslash is all of an escape.
fn is_simple_escape(byte: u8) -> bool {
    // Looked up, since a match becomes jumps, which are guessed wrong too often in dense text.
    const SIMPLE: [bool; 256] = {
        let mut table = [false; 256];
        let mut rest: &mut [bool] = &mut table;
        let mut byte = 0_u8;
        while let Some((is_simple, behind)) = rest.split_first_mut() {
            *is_simple = matches!(byte, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't');
            byte = byte.wrapping_add(1);
            rest = behind;
        }
        table
    };
    SIMPLE.get(usize::from(byte)).copied().unwrap_or_default()
}

/// The length of what follows `\u`: a surrogate has to be the first of a pair.
fn units_length(bytes: &[u8]) -> Option<u32> {
    match split_unit(bytes)? {
        (Unit::Character, _) => Some(4),
        (Unit::HighSurrogate, [b'\\', b'u', rest @ ..]) => {
            matches!(split_unit(rest)?, (Unit::LowSurrogate, _)).then_some(10)
        }
        _ => None,
    }
}

/// What a UTF-16 code unit stands for.
enum Unit {
    Character,
    HighSurrogate,
    LowSurrogate,
}

fn split_unit(bytes: &[u8]) -> Option<(Unit, &[u8])> {
    let (digits, rest) = bytes.split_first_chunk::<4>()?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let unit = match digits {
        [b'd' | b'D', b'8' | b'9' | b'a' | b'b' | b'A' | b'B', ..] => Unit::HighSurrogate,
        [b'd' | b'D', b'c'..=b'f' | b'C'..=b'F', ..] => Unit::LowSurrogate,
        _ => Unit::Character,
    };
    Some((unit, rest))
}
