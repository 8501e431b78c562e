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
