use static_assertions::assert_not_impl_any;

use super::{KeyHasher, KeyToken};

assert_not_impl_any!(KeyToken: Clone, Copy, std::fmt::Debug, std::fmt::Display, PartialEq);
assert_not_impl_any!(KeyHasher: Clone, Copy, std::fmt::Display);

#[test]
fn a_key_matches_itself_under_the_same_pepper_only() {
    let (one, other) = (KeyHasher::new(&[1; 32]), KeyHasher::new(&[2; 32]));
    assert_eq!(one.hash(b"sk-iw-a"), one.hash(b"sk-iw-a"));
    assert_ne!(one.hash(b"sk-iw-a"), one.hash(b"sk-iw-b"));
    assert_ne!(one.hash(b"sk-iw-a"), other.hash(b"sk-iw-a"));
}

#[test]
fn a_token_carries_the_prefix_and_all_its_entropy() {
    let mut random = [0_u8; 32];
    random[31] = 0xab;
    let text = KeyToken::from_random(&random).reveal_once();
    assert_eq!(text.len(), KeyToken::PREFIX.len() + 64);
    assert!(text.starts_with("sk-iw-00") && text.ends_with("ab"));
}
