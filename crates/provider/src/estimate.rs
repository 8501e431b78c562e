//! How many tokens a conversation has, where its vendor has no way to ask: an estimate.
//!
//! Exact counts need each vendor's vocabulary (some ten megabytes each), and most of the vendors of
//! the table publish none. What is counted here are the pieces that byte-pair encoders cut a text
//! into before they merge anything, with the usual number of tokens for a piece of its kind and
//! length. Over long English texts, source code and JSON it is within a tenth of what OpenAI's
//! `o200k_base` gives, over a dozen other languages within a quarter; a single sentence may be off by
//! more. Its tests hold counts of that encoder.

use ironward_core::Fault;
use ironward_wire::{Call, Chat, Dialect, Part, PartBody, Reply, Source, Tool};

use crate::Local;

/// What answers calls that only ask for a count; `None` for any other.
pub(crate) fn local(dialect: Dialect) -> Option<Local> {
    (dialect == Dialect::AnthropicCountTokens).then_some(answer)
}

fn answer(call: &Call) -> Result<Reply, Fault> {
    estimate(call).map(Reply::TokenCount)
}

/// About how many tokens the conversation of `call` has.
///
/// # Errors
/// When the call is no conversation, or none that its dialect allows.
pub fn estimate(call: &Call) -> Result<u64, Fault> {
    call.chat().map(tokens)
}

/// What frames a message (<https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken>).
const MESSAGE: u64 = 3;
/// What frames a tool.
const TOOL: u64 = 8;
/// A picture whose size is not known, and one that is looked at coarsely
/// (<https://platform.openai.com/docs/guides/images-vision#calculating-costs>).
const PICTURE: u64 = 1_000;
const COARSE_PICTURE: u64 = 85;
/// Something of unknown length at an address or in a file.
const ELSEWHERE: u64 = 2_000;
/// How many bytes of a document, a sound and a film make a token, roughly.
const DOCUMENT_BYTES: usize = 50;
const SOUND_BYTES: usize = 1_600;
const FILM_BYTES: usize = 1_000;

/// About how many tokens `chat` has.
pub(crate) fn tokens(chat: &Chat) -> u64 {
    let messages = chat.messages.iter().map(|message| {
        let name = message.name.as_deref().map_or(0, of_text);
        MESSAGE + name + of_parts(&message.parts)
    });
    messages.sum::<u64>() + chat.tools.iter().map(of_tool).sum::<u64>() + MESSAGE
}

fn of_tool(tool: &Tool) -> u64 {
    let described = tool.description.as_deref().map_or(0, of_text);
    TOOL + of_text(&tool.name) + described + of_text(tool.parameters.text())
}

fn of_parts(parts: &[Part]) -> u64 {
    parts.iter().map(|part| of_part(&part.body)).sum()
}

fn of_part(part: &PartBody) -> u64 {
    match part {
        PartBody::Text(text) | PartBody::Refusal(text) | PartBody::Thinking { text, .. } => {
            of_text(text)
        }
        PartBody::RedactedThinking(opaque) => bytes(opaque.len(), 8),
        PartBody::Image(image) if image.detail.as_deref() == Some("low") => COARSE_PICTURE,
        PartBody::Image(_) => PICTURE,
        PartBody::Document { source, .. } => of_source(source, DOCUMENT_BYTES),
        PartBody::Video(source) => of_source(source, FILM_BYTES),
        PartBody::Audio(media) => bytes(media.data.len(), SOUND_BYTES),
        PartBody::ToolCall {
            name, arguments, ..
        } => TOOL + of_text(name) + of_text(arguments),
        PartBody::ToolResult { content, .. } => TOOL + of_parts(content),
        PartBody::Opaque { json, .. } => of_text(json.text()),
    }
}

fn of_source(source: &Source, bytes_per_token: usize) -> u64 {
    match source {
        Source::Text(text) => of_text(text),
        Source::Inline(media) => bytes(media.data.len(), bytes_per_token),
        Source::Url { .. } | Source::File(_) => ELSEWHERE,
    }
}

/// Tokens of something that takes so many bytes a token, of which this is the length in base64.
fn bytes(base64: usize, per_token: usize) -> u64 {
    (base64 / 4 * 3 / per_token + 1) as u64
}

/// About how many tokens a text has.
fn of_text(text: &str) -> u64 {
    let mut count = Count::default();
    for character in text.chars() {
        count.take(character);
    }
    count.finish()
}

/// What encoders treat alike before they merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing yet.
    None,
    /// Letters of the scripts that vocabularies know best; a capital begins a new piece.
    Word,
    /// Letters of other alphabets.
    Foreign,
    /// Characters that are a word or a syllable each.
    Ideograph,
    /// Korean syllables, of which some words are one token.
    Syllable,
    /// Digits, three to a token.
    Digits,
    /// Blanks; the last one belongs to the word behind it.
    Blanks,
    /// Line ends.
    Lines,
    /// Punctuation and signs.
    Signs,
    /// Pictographs and everything rare.
    Rare,
}

impl Kind {
    fn of(character: char) -> Self {
        match character {
            'a'..='z' | 'A'..='Z' => Self::Word,
            '0'..='9' => Self::Digits,
            ' ' | '\t' | '\u{a0}' => Self::Blanks,
            '\n' | '\r' => Self::Lines,
            character if character.is_ascii() => Self::Signs,
            '\u{2010}'..='\u{2027}' | '\u{3000}'..='\u{3020}' | '\u{ff00}'..='\u{ff20}' => {
                Self::Signs
            }
            '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' => Self::Ideograph,
            '\u{ac00}'..='\u{d7a3}' => Self::Syllable,
            character if character.is_alphabetic() && u32::from(character) < 0x2000 => {
                Self::Foreign
            }
            _ => Self::Rare,
        }
    }
}

/// A word with an accent tells this much about the words behind it.
const ABROAD: u8 = 12;

#[derive(Debug)]
struct Count {
    tokens: u64,
    kind: Kind,
    /// Characters of the piece so far.
    length: u64,
    /// Whether the piece holds letters that are not English ones.
    accented: bool,
    ends_in_capital: bool,
    /// For how many more words the text counts as one in another language than English.
    abroad: u8,
}

impl Default for Count {
    fn default() -> Self {
        Self {
            tokens: 0,
            kind: Kind::None,
            length: 0,
            accented: false,
            ends_in_capital: false,
            abroad: 0,
        }
    }
}

impl Count {
    fn take(&mut self, character: char) {
        let kind = Kind::of(character);
        // Latin letters with marks are part of the word that they stand in.
        let is_mark = kind == Kind::Foreign && u32::from(character) < 0x250;
        let goes_on = kind == self.kind || (is_mark && self.kind == Kind::Word);
        let is_capital = character.is_uppercase();
        let new_word = kind == Kind::Word && is_capital && !self.ends_in_capital;
        if !goes_on || new_word {
            self.close(kind);
            self.kind = if is_mark { Kind::Word } else { kind };
        }
        self.accented |= is_mark;
        self.length += 1;
        self.ends_in_capital = is_capital;
    }

    /// Counts the piece that ends before one of this kind.
    fn close(&mut self, next: Kind) {
        let length = self.length;
        self.tokens += match self.kind {
            Kind::None => 0,
            Kind::Word if self.accented => 1 + length.saturating_sub(4) / 2,
            Kind::Word if self.ends_in_capital && length > 1 => length.div_ceil(3),
            Kind::Word if self.abroad > 0 => 1 + length.saturating_sub(4) / 3,
            Kind::Word => 1 + length.saturating_sub(6) / 5,
            Kind::Foreign => length.div_ceil(4) + u64::from(length > 6),
            Kind::Ideograph => (length * 7).div_ceil(10),
            Kind::Syllable => (length * 11).div_ceil(20),
            Kind::Digits => length.div_ceil(3),
            // One blank is part of the word or the signs behind it.
            Kind::Blanks => {
                let is_part = matches!(next, Kind::Word | Kind::Foreign | Kind::Signs);
                u64::from(!(is_part && length == 1)) + length / 40
            }
            Kind::Lines => 1,
            // The last sign before a word is often part of it.
            Kind::Signs if next == Kind::Word => length / 2,
            Kind::Signs => length.div_ceil(2),
            Kind::Rare => length * 2,
        };
        if self.accented {
            self.abroad = ABROAD;
        } else if self.kind == Kind::Word {
            self.abroad = self.abroad.saturating_sub(1);
        }
        self.length = 0;
        self.accented = false;
    }

    fn finish(mut self) -> u64 {
        self.close(Kind::None);
        self.tokens
    }
}

#[cfg(test)]
mod tests;
