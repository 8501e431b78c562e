//! Searches what leaves the admin plane for stored secrets.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::fixture::Answered;

/// Everything that this thread logs, from the finest level on, for as long as it lives.
pub(crate) struct Log {
    written: Written,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn capture() -> Self {
        let written = Written::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_writer(written.clone())
            .finish();
        Self {
            written,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    /// That there are at least `acts` lines about what somebody did, and no part of a secret.
    pub(crate) fn assert_clean(&self, acts: usize, secrets: &[&str]) {
        let text = String::from_utf8(self.written.0.lock().unwrap().clone()).unwrap();
        let found = text.lines().filter(|line| line.contains("admin_key"));
        assert!(found.count() >= acts, "{text}");
        assert_no_part(&text, secrets);
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Written {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// No 8 characters of a secret in a row stand in what was answered.
pub(crate) fn assert_clean(answered: &Answered, secrets: &[&str]) {
    let headers = format!("{:?}", answered.headers);
    for text in [&answered.text, &headers] {
        assert_no_part(text, secrets);
    }
}

/// The same of any text.
pub(crate) fn assert_no_part(text: &str, secrets: &[&str]) {
    for secret in secrets {
        for window in secret.as_bytes().windows(8) {
            let part = std::str::from_utf8(window).unwrap();
            assert!(!text.contains(part), "a part of a secret stands in: {text}");
        }
    }
}

#[test]
#[should_panic(expected = "a part of a secret")]
fn a_part_of_a_secret_is_found() {
    assert_no_part("x 23456789 y", &["123456789"]);
}
