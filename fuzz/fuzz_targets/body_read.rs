//! A body that is read is one sound JSON object without duplicate keys, and an untouched patch of
//! it is the same document.

#![no_main]

use ironward_wire::Body;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(body) = Body::read(bytes.to_vec().into()) {
        let one: serde_json::Value = serde_json::from_slice(bytes).expect("the body is sound JSON");
        let copy = body.patch().into_bytes();
        let other: serde_json::Value = serde_json::from_slice(&copy).expect("the patch is sound JSON");
        assert_eq!(one, other);
        assert!(Body::read(copy).is_ok(), "the patch is refused");
    }
});
