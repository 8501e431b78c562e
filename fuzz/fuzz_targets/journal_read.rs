//! What a journal's readers take from a disk ends somewhere, and is written back as it was read.

#![no_main]

use ironward_journal::{Proof, VerifierKey, read_bundle, scan_tail};
use libfuzzer_sys::fuzz_target;

const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

fuzz_target!(|bytes: &[u8]| {
    if let Some(records) = read_bundle(bytes) {
        let read: usize = records.iter().map(|record| record.len() + 2).sum();
        assert_eq!(read, bytes.len());
    }
    if let Some(scanned) = scan_tail(bytes) {
        let read: usize = scanned.records.iter().map(|record| record.len()).sum();
        assert!(read < bytes.len());
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let key = VerifierKey::parse(KEY).expect("a key");
    // Nobody here has the private key.
    assert!(key.open(text).is_err());
    if let Ok(key) = VerifierKey::parse(text) {
        let again = VerifierKey::parse(&key.to_string()).expect("the same key");
        assert_eq!(again, key);
    }
    if let Ok(proof) = Proof::parse(text) {
        assert_eq!(Proof::parse(&proof.to_string()).as_ref(), Ok(&proof));
        assert!(proof.verify(&key).is_err());
    }
});
