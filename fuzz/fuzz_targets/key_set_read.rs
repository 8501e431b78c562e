//! A key set that is read holds keys, few enough, and none that verifies what nobody signed.

#![no_main]

use ironward_identity::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some((keys, forged)) = fuzzing::read_keys(bytes) {
        assert!((1..=100).contains(&keys));
        assert!(!forged);
    }
});
