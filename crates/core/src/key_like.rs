/// A name that a client sent, as it may be repeated to it or written to the log. Clients put keys
/// where names belong: one that could be a key is not repeated.
#[must_use]
pub fn shown_name(name: &str) -> &str {
    if is_key_like(name) {
        "(not shown: it could be a key)"
    } else {
        name
    }
}

/// Whether it has a part that only something random looks like. Names of models are words, versions
/// and dates.
fn is_key_like(name: &str) -> bool {
    let is_of_key = |c: char| c.is_ascii_alphanumeric();
    let is_random = |run: &str| {
        let has_digit = run.bytes().any(|byte| byte.is_ascii_digit());
        let has_letter = run.bytes().any(|byte| byte.is_ascii_alphabetic());
        (run.len() >= 16 && has_digit && has_letter) || run.len() >= 32
    };
    let mut parts = name.split(|c: char| !is_of_key(c) && !"-_".contains(c));
    parts.any(|part| {
        part.starts_with("sk-")
            || part.split(|c| !is_of_key(c)).any(is_random)
            || (part.len() >= 36
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_hexdigit() || byte == b'-'))
    })
}

#[cfg(test)]
mod tests {
    use super::shown_name;

    #[test]
    fn names_of_models_are_shown() {
        for name in [
            "gpt-4o-2024-08-06",
            "claude-sonnet-4-5-20250929",
            "openai/gpt-4.1-mini",
            "meta-llama/Llama-3.3-70B-Instruct-Turbo",
            "mixtral-8x7b-32768",
            "anthropic.claude-3-5-sonnet-20241022-v2:0",
            "ft:gpt-3.5-turbo-0125:acme::9abcDEF1",
            "text-embedding-ada-002",
            "deepseek-r1-distill-qwen-32b",
            "publishers/google/models/gemini-2.5-pro",
            "risk-model",
            "",
            "modèle",
        ] {
            assert_eq!(shown_name(name), name);
        }
    }

    #[test]
    fn what_could_be_a_key_is_not() {
        for name in [
            "sk-iw-0123456789abcdef",
            "openai/sk-proj-x",
            "sk-short",
            "vR7kQ2mZ9xW4nB6tY1pL",
            "x/pk-a7Rm2Xc9Tq4Wz8Ld5Ny",
            "AKIAIOSFODNN7EXAMPLE",
            "0123456789abcdef0123456789abcdef",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF",
            "6f1d2c3b-4a59-4687-9788-9a0b1c2d3e4f",
            "gsk_8Fh2Lq9XvT4mZ7Rw1Nc6",
        ] {
            assert_ne!(shown_name(name), name);
        }
    }
}
