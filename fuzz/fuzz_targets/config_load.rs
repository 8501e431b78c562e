//! Any text is a configuration or a list of problems, each on one line.

#![no_main]

use ironward_config::{FixedEnvironment, Options, load_text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let environment = FixedEnvironment::from([("OPENAI_API_KEY", "sk-canary-0123456789")]);
    match load_text(text, "config.yaml", &environment, &Options::default()) {
        Ok(loaded) => {
            for notice in loaded.notices {
                assert!(!notice.to_string().contains("canary"));
            }
        }
        Err(problems) => {
            assert!(!problems.0.is_empty());
            for problem in problems.0 {
                let line = problem.to_string();
                assert!(!line.contains('\n') && !line.contains("canary"), "{line}");
            }
        }
    }
});
