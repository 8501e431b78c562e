//! Any cut of the bytes of an HTTP/1.1 connection gives the same reply, or none.

#![no_main]

use ironward_egress::replay;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (cut, bytes) = input;
    let whole = replay(&[bytes]);
    let (one, other) = bytes.split_at(usize::from(cut).min(bytes.len()));
    assert_eq!(replay(&[one, other]), whole);
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(replay(&single), whole);
    if let Some((status, body, _)) = whole {
        assert!((200..1000).contains(&status) || status == 101);
        assert!(body.len() < bytes.len());
    }
});
