//! Any text is a configuration or a list of problems, each on one line and without a secret.

#![no_main]

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use ironward_config::{FixedEnvironment, Options, load_text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // It follows from the text, so that the text cannot hold it: the fuzzer learns strings that
    // are compared with, and would write a fixed one where problems quote the text.
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let canary = format!("{:016x}", hasher.finish());
    let key = format!("sk-{canary}");
    let environment = FixedEnvironment::from([("OPENAI_API_KEY", key.as_str())]);
    match load_text(text, "config.yaml", &environment, &Options::default()) {
        Ok(loaded) => {
            for notice in loaded.notices {
                assert!(!notice.to_string().contains(&canary));
            }
        }
        Err(problems) => {
            assert!(!problems.0.is_empty());
            for problem in problems.0 {
                let line = problem.to_string();
                assert!(!line.contains('\n') && !line.contains(&canary), "{line}");
            }
        }
    }
});
