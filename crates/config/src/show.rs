//! What of the operator's text may appear in a message. A message ends up in logs and tickets,
//! and the text may be a key that slipped into the wrong line.

/// A mapping key, quoted, unless it looks like no key at all.
pub(crate) fn shown_key(key: &str) -> String {
    if is_showable(key, 64) {
        format!("'{key}'")
    } else {
        format!("of {} characters", key.chars().count())
    }
}

/// A mapping key as a part of a path.
pub(crate) fn path_key(key: &str) -> &str {
    if is_showable(key, 64) { key } else { "(?)" }
}

/// A value that was written in the file, quoted where it is short and harmless.
pub(crate) fn shown_value(text: &str) -> String {
    if is_showable(text, 20) {
        format!("'{text}'")
    } else {
        format!("a text of {} characters", text.chars().count())
    }
}

fn is_showable(text: &str, longest: usize) -> bool {
    let harmless = |c: char| c.is_ascii_alphanumeric() || " _-.:/*,+<".contains(c);
    !text.is_empty() && text.len() <= longest && text.chars().all(harmless) && !is_keylike(text)
}

/// Whether text has the look of a provider's key: a known prefix, or a long run of letters mixed
/// with digits.
fn is_keylike(text: &str) -> bool {
    const PREFIXES: [&str; 9] = [
        "sk-", "pk-", "gsk_", "xai-", "hf_", "AIza", "AKIA", "Bearer ", "eyJ",
    ];
    let long_mix = |word: &str| {
        word.len() >= 16
            && word.chars().any(|c| c.is_ascii_digit())
            && word.chars().any(|c| c.is_ascii_alphabetic())
    };
    PREFIXES.iter().any(|prefix| text.starts_with(prefix))
        || text
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(long_mix)
}

#[cfg(test)]
mod tests;
