use static_assertions::assert_not_impl_any;

use super::KeyHasher;

assert_not_impl_any!(KeyHasher: Clone, Copy, std::fmt::Display);

#[test]
fn a_key_matches_itself_under_the_same_pepper_only() {
    let (one, other) = (KeyHasher::new(&[1; 32]), KeyHasher::new(&[2; 32]));
    assert_eq!(one.hash(b"sk-iw-a"), one.hash(b"sk-iw-a"));
    assert_ne!(one.hash(b"sk-iw-a"), one.hash(b"sk-iw-b"));
    assert_ne!(one.hash(b"sk-iw-a"), other.hash(b"sk-iw-a"));
}

#[test]
fn what_litellm_keeps_of_a_key_opens_it_when_imported() {
    let hasher = KeyHasher::new(&[1; 32]);
    // printf sk-iw-a | sha256sum
    let kept = b"ba2ad2d5ae47d8820e5ce74c39c6114febcc952ea197b2789a232b5dcc2c5c98";
    assert_eq!(hasher.hash(kept), hasher.hash_as_litellm(b"sk-iw-a"));
    assert_ne!(
        hasher.hash_as_litellm(kept),
        hasher.hash_as_litellm(b"sk-iw-a")
    );
}
