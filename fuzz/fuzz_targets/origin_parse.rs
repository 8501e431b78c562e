//! A base URL that is accepted is printed so that it reads back as the same origin.

#![no_main]

use ironward_core::Origin;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(origin) = Origin::parse(text) {
        let printed = origin.to_string();
        assert_eq!(Origin::parse(&printed).as_ref(), Ok(&origin), "{printed}");
    }
});
