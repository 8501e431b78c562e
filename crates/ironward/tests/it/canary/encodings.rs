use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Eight characters of a secret are enough to recognise it by.
const WIDTH: usize = 8;

/// Finds any window of a secret, in any encoding that it may be written in.
pub(super) struct Canary {
    /// Each window, and the name of its encoding.
    windows: HashMap<Vec<u8>, &'static str>,
    widths: Vec<usize>,
    /// What the first two bytes of a window can be: most of a text is told from a secret by them.
    starts: Vec<bool>,
}

impl Canary {
    pub(super) fn new(secret: &str) -> Self {
        let mut windows = HashMap::new();
        let mut add = |name, width, text: String| {
            for window in text.as_bytes().windows(width) {
                windows.insert(window.to_vec(), name);
            }
        };
        let each = |write: &dyn Fn(u8) -> String| secret.bytes().map(write).collect::<String>();
        add("plain text", WIDTH, secret.to_owned());
        add("reversed text", WIDTH, secret.chars().rev().collect());
        add(
            "hexadecimal",
            2 * WIDTH,
            each(&|byte| format!("{byte:02x}")),
        );
        add(
            "hexadecimal",
            2 * WIDTH,
            each(&|byte| format!("{byte:02X}")),
        );
        add(
            "url-encoded",
            3 * WIDTH,
            each(&|byte| format!("%{byte:02x}")),
        );
        add(
            "url-encoded",
            3 * WIDTH,
            each(&|byte| format!("%{byte:02X}")),
        );
        add(
            "a list of bytes",
            4 * WIDTH,
            each(&|byte| format!("{byte}, ")),
        );
        for before in 0..3 {
            // What stands before the secret decides how it is aligned. The characters at both ends
            // hold bits of the neighbours and are left out.
            let text = format!("{}{secret}", "\0".repeat(before));
            for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
                let encoded = engine.encode(&text);
                let inner = encoded.get(2 * before..encoded.len() - 2);
                add("base64", WIDTH + 3, inner.unwrap_or_default().to_owned());
            }
        }
        let mut widths: Vec<usize> = windows.keys().map(Vec::len).collect();
        widths.sort_unstable();
        widths.dedup();
        let mut starts = vec![false; 1 << 16];
        for window in windows.keys() {
            starts[start(window)] = true;
        }
        Self {
            windows,
            widths,
            starts,
        }
    }

    /// The first line with a window in it, and how the window is encoded.
    pub(super) fn find<'t>(&self, text: &'t str) -> Option<(&'t str, &'static str)> {
        text.lines().find_map(|line| {
            self.widths.iter().find_map(|width| {
                let windows = line.as_bytes().windows(*width);
                let mut likely = windows.filter(|window| self.starts[start(window)]);
                let name = likely.find_map(|window| self.windows.get(window))?;
                Some((line, *name))
            })
        })
    }
}

fn start(window: &[u8]) -> usize {
    usize::from(window[0]) << 8 | usize::from(window[1])
}

#[test]
fn a_canary_is_found_in_every_form() {
    let canary = Canary::new("sk-4Qw8vTz1Lr6Xn3Bc9Jd5");
    for (text, form) in [
        ("x Lr6Xn3Bc x", "plain text"),
        ("cB3nX6rL", "reversed text"),
        ("4c7236586e334263", "hexadecimal"),
        ("%4C%72%36%58%6E%33%42%63", "url-encoded"),
        ("[76, 114, 54, 88, 110, 51, 66, 99, ]", "a list of bytes"),
        (
            &*STANDARD_NO_PAD.encode("key: sk-4Qw8vTz1Lr6Xn3Bc9Jd5!"),
            "base64",
        ),
        (
            &*STANDARD_NO_PAD.encode("a key sk-4Qw8vTz1Lr6Xn3Bc9Jd5!"),
            "base64",
        ),
        (
            &*STANDARD_NO_PAD.encode("the key sk-4Qw8vTz1Lr6Xn3Bc9Jd5!"),
            "base64",
        ),
    ] {
        let found = canary.find(text).map(|(_, form)| form);
        assert_eq!(found, Some(form), "{text}");
    }
    assert!(canary.find("sk-4Qw8 vTz1Lr6 Xn3Bc9J").is_none());
}
