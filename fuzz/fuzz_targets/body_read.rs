//! The scanner reads a body exactly as `serde_json` does. What is read is one sound JSON object
//! without duplicate keys, and an untouched patch of it is the same document.

#![no_main]

use bytes::Bytes;
use ironward_wire::Body;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let bytes = Bytes::copy_from_slice(input);
    let body = match (Body::read(bytes.clone()), Body::read_by_walk(bytes)) {
        (Ok(body), Ok(walked)) => {
            assert_eq!(body, walked);
            body
        }
        (Err(fault), Err(walked)) => return assert_eq!(fault.message, walked.message),
        (Ok(_), Err(fault)) => panic!("serde_json refuses it: {}", fault.message),
        (Err(fault), Ok(_)) => panic!("serde_json accepts it: {}", fault.message),
    };
    let one: serde_json::Value = serde_json::from_slice(input).expect("the body is sound JSON");
    let copy = body.patch().into_bytes();
    let other: serde_json::Value = serde_json::from_slice(&copy).expect("the patch is sound JSON");
    assert_eq!(one, other);
    assert!(Body::read(copy).is_ok(), "the patch is refused");
});
