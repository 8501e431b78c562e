//! Keys that are no secrets: examples from documentation, and what people type instead of a key.

/// Why a master key may not guard a gateway; `None` if it may.
pub(crate) fn master_key_weakness(key: &str) -> Option<&'static str> {
    if is_published(key) || looks_like_placeholder(key) {
        Some("this master key stands in published examples")
    } else if key.chars().count() < 8 {
        Some("this master key is shorter than 8 characters")
    } else if !key.starts_with("sk-") {
        Some("a master key has to start with 'sk-'")
    } else {
        None
    }
}

/// Whether everybody may know a client's key: it stands in examples, or was never filled in.
#[must_use]
pub fn is_published_key(key: &str) -> bool {
    is_published(key) || looks_like_placeholder(key)
}

/// Whether text has the look of a key that was never filled in.
pub(crate) fn looks_like_placeholder(key: &str) -> bool {
    const PIECES: [&str; 13] = [
        "...",
        "xxx",
        "***",
        "<",
        "your-",
        "your_",
        "my-key",
        "my_key",
        "changeme",
        "change-me",
        "change_me",
        "replace",
        "placeholder",
    ];
    let key = key.to_ascii_lowercase();
    PIECES.iter().any(|piece| key.contains(piece)) || is_counted(body(&key))
}

/// What stands behind `sk-` in the keys that examples and test suites publish.
const BODIES: [&str; 18] = [
    "admin",
    "anything",
    "default",
    "demo",
    "dev",
    "example",
    "fake-key",
    "key",
    "litellm",
    "litellm-master-key",
    "local",
    "local-dev",
    "master",
    "master-key",
    "my-master-key",
    "password",
    "secret",
    "test",
];

/// Digits and letters as people count them up.
const RUNS: [&str; 3] = [
    "12345678901234567890",
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
];

/// The shortest run that counts as one.
const SHORTEST_RUN: usize = 3;

/// The published keys that can be listed, for those of which only a hash is known.
pub fn published_keys() -> impl Iterator<Item = String> {
    let runs = RUNS.iter().flat_map(|run| {
        let ends = SHORTEST_RUN..=run.len();
        ends.filter_map(|end| run.get(..end))
    });
    let bodies = BODIES.into_iter().chain(runs);
    bodies.map(|body| format!("sk-{body}"))
}

/// Whether a key is one of those that examples and test suites publish.
fn is_published(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let body = body(&key);
    let mut letters = body.chars();
    let first = letters.next();
    let repeats = letters.all(|letter| Some(letter) == first);
    BODIES.contains(&body) || repeats || is_counted(body)
}

fn body(key: &str) -> &str {
    key.strip_prefix("sk-").unwrap_or(key)
}

/// Digits or letters counted up, as in `sk-1234` and `sk-abcdef`.
fn is_counted(body: &str) -> bool {
    body.len() >= SHORTEST_RUN && RUNS.iter().any(|run| run.starts_with(body))
}

#[cfg(test)]
mod tests;
