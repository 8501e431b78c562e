use super::Breach;
use super::source::Source;

/// Words that say nothing about a thing.
const BANNED: &[&str] = &[
    "common",
    "data",
    "helper",
    "helpers",
    "info",
    "manager",
    "misc",
    "processor",
    "util",
    "utils",
];

/// Names, or parts of names, in which such a word means something, and what.
const GIVEN: &[(&str, &str)] = &[
    ("Data", "the associated type of http_body::Body"),
    ("DATA", "the DATA frame of HTTP/2"),
    ("data", "the data field of a server-sent event"),
    (
        "data_dir",
        "the data directory, an option of the command line",
    ),
    (
        "DataDir",
        "the data directory, an option of the command line",
    ),
    ("data_key", "a data encryption key (DEK)"),
    ("DataKey", "a data encryption key (DEK)"),
    ("DataKeys", "the data encryption keys (DEKs)"),
    (
        "data_plane",
        "the data plane, as opposed to the admin plane",
    ),
    ("data_port", "the port of the data plane"),
    ("OnDataPort", "the port of the data plane"),
    ("data_url", "the data scheme of URLs (RFC 2397)"),
    ("model_info", "LiteLLM's key of an entry of model_list"),
    ("MODEL_INFO", "LiteLLM's key of an entry of model_list"),
    ("ModelInfo", "LiteLLM's key of an entry of model_list"),
];

const ITEMS: &[&str] = &[
    "const", "enum", "fn", "mod", "static", "struct", "trait", "type",
];

pub(super) fn check(source: &Source) -> Vec<Breach> {
    let stem = source.path.rsplit('/').next().unwrap_or_default();
    let stem = stem.trim_end_matches(".rs");
    let mut breaches: Vec<_> = Some(stem)
        .filter(|stem| !is_given(stem))
        .and_then(banned)
        .map(|word| {
            Breach::new(
                &source.path,
                format!("\"{word}\" in a file name says nothing"),
            )
        })
        .into_iter()
        .collect();
    for (number, line) in source.text.lines().enumerate() {
        let named = item(line).filter(|name| !is_given(name));
        if let Some(word) = named.and_then(banned) {
            let place = format!("{}:{}", source.path, number + 1);
            breaches.push(Breach::new(
                place,
                format!("\"{word}\" in a name says nothing"),
            ));
        }
    }
    breaches
}

fn is_given(name: &str) -> bool {
    GIVEN
        .iter()
        .any(|(given, _)| *given == name || (given.contains('_') && name.contains(given)))
}

/// The name that a line declares, if it declares an item.
fn item(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace().skip_while(|word| {
        word.starts_with("pub") || ["async", "unsafe", "extern", "default"].contains(word)
    });
    let keyword = words.next()?;
    if !ITEMS.contains(&keyword) {
        return None;
    }
    let mut name = words.next()?;
    if keyword == "const" && name == "fn" {
        name = words.next()?;
    }
    name.split(|c: char| !c.is_alphanumeric() && c != '_')
        .next()
}

/// The first banned word of a name in snake, kebab or camel case.
fn banned(name: &str) -> Option<&'static str> {
    let mut words = String::new();
    let mut lower = false;
    for c in name.chars() {
        if c == '_' || c == '-' || (c.is_uppercase() && lower) {
            words.push(' ');
        }
        lower = c.is_lowercase();
        words.extend(c.to_lowercase());
    }
    let mut words = words.split([' ', '_', '-']);
    words.find_map(|word| BANNED.iter().find(|banned| **banned == word).copied())
}

#[cfg(test)]
mod tests {
    use super::{banned, item};

    #[test]
    fn names_are_found_and_split() {
        assert_eq!(
            item("    pub(crate) const fn user_info(x: u8) {"),
            Some("user_info")
        );
        assert_eq!(item("struct KeyManager<'a> {"), Some("KeyManager"));
        assert_eq!(item("let info = 1;"), None);
        assert_eq!(banned("user_info"), Some("info"));
        assert_eq!(banned("KeyManager"), Some("manager"));
        assert_eq!(banned("metadata"), None);
        assert_eq!(banned("information"), None);
    }
}
