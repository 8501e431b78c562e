//! What is read between the gateway and the process beside a hardware security module is written
//! again as the same bytes; a text for people has no control characters.

#![no_main]

use ironward_kek_protocol::{HEADER, Reply, Request, body_length};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((header, body)) = bytes.split_first_chunk::<HEADER>() else {
        return;
    };
    let Ok(length) = body_length(header) else {
        return;
    };
    let Some(body) = body.get(..length) else {
        return;
    };
    if let Ok(request) = Request::decode(body) {
        let frame = request.encode().expect("it came in a frame");
        assert_eq!(&frame[..HEADER], header);
        assert_eq!(&frame[HEADER..], body);
    }
    match Reply::decode(body) {
        Ok(Reply::Failed(failure)) => assert!(!failure.message.contains(char::is_control)),
        Ok(Reply::Described { token, .. }) => assert!(!token.contains(char::is_control)),
        Ok(Reply::Wrapped(_) | Reply::Unwrapped(_)) | Err(_) => {}
    }
});
