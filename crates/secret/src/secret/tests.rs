use static_assertions::assert_not_impl_any;

use super::{Exposed, Secret};

assert_not_impl_any!(Secret: Clone, Copy, std::fmt::Debug, std::fmt::Display, PartialEq, AsRef<[u8]>, std::ops::Deref);
assert_not_impl_any!(Exposed<'_>: Clone, Copy, std::fmt::Debug, std::fmt::Display);

#[test]
fn a_header_is_sensitive_and_prints_nothing() {
    let header = Secret::new("sk-canary\n").header("Bearer ").unwrap();
    assert!(header.is_sensitive());
    assert_eq!(header.as_bytes(), b"Bearer sk-canary");
    assert!(!format!("{header:?}").contains("canary"));
}

#[test]
fn a_control_byte_is_refused_without_showing_it() {
    let error = Secret::new("sk-\u{1}canary").header("").unwrap_err();
    assert!(!error.to_string().contains("canary"));
}
