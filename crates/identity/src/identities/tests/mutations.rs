//! No change of a valid token verifies.

use std::sync::LazyLock;

use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};
use proptest::prop_assert;

use super::World;
use crate::testing::{NOW, Signer, at, claims};

static WORLD: LazyLock<World> = LazyLock::new(World::new);
static TOKENS: LazyLock<Vec<String>> = LazyLock::new(|| {
    WORLD
        .signers()
        .map(|signer: &Signer| signer.token(&claims("victim")))
        .collect()
});

/// One change of a token.
#[derive(Debug, Clone)]
enum Mutation {
    Set(prop::sample::Index, u8),
    Flip(prop::sample::Index, u32),
    Insert(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    Truncate(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    /// A part of another token of the same issuer.
    Graft(prop::sample::Index, prop::sample::Index),
}

impl Mutation {
    fn any() -> impl Strategy<Value = Self> {
        let index = any::<prop::sample::Index>;
        let byte = || prop::sample::select(b"ABCDEFabcdef0123-_.=+/ \n\0\xff".to_vec());
        prop_oneof![
            (index(), byte()).prop_map(|(at, byte)| Self::Set(at, byte)),
            (index(), 0..8_u32).prop_map(|(at, bit)| Self::Flip(at, bit)),
            (index(), byte()).prop_map(|(at, byte)| Self::Insert(at, byte)),
            index().prop_map(Self::Remove),
            index().prop_map(Self::Truncate),
            (index(), index()).prop_map(|(one, other)| Self::Swap(one, other)),
            (index(), index()).prop_map(|(part, from)| Self::Graft(part, from)),
        ]
    }

    fn apply(&self, token: &mut Vec<u8>) {
        if token.is_empty() {
            return;
        }
        let length = token.len();
        match self {
            Self::Set(at, byte) => token[at.index(length)] = *byte,
            Self::Flip(at, bit) => token[at.index(length)] ^= 1 << bit,
            Self::Insert(at, byte) => token.insert(at.index(length + 1), *byte),
            Self::Remove(at) => drop(token.remove(at.index(length))),
            Self::Truncate(at) => token.truncate(at.index(length)),
            Self::Swap(one, other) => token.swap(one.index(length), other.index(length)),
            Self::Graft(part, from) => {
                let other = from.get(&TOKENS).as_bytes().split(|byte| *byte == b'.');
                let other: Vec<&[u8]> = other.collect();
                let mut parts: Vec<Vec<u8>> = token
                    .split(|byte| *byte == b'.')
                    .map(<[u8]>::to_vec)
                    .collect();
                let at = part.index(parts.len().min(3));
                parts[at] = other[at].to_vec();
                *token = parts.join(&b'.');
            }
        }
    }
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(4096))]

    #[test]
    fn no_mutation_of_a_valid_token_verifies(
        which in any::<prop::sample::Index>(),
        mutations in prop::collection::vec(Mutation::any(), 1..4),
    ) {
        let original = which.get(&TOKENS);
        let mut token = original.clone().into_bytes();
        for mutation in &mutations {
            mutation.apply(&mut token);
        }
        let outcome = WORLD.identities.identify(&token, at(NOW));
        let is_whole = TOKENS.iter().any(|one| one.as_bytes() == token);
        prop_assert!(outcome.is_ok() == is_whole, "{:?}", String::from_utf8_lossy(&token));
    }

    #[test]
    fn no_bytes_are_a_token(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(WORLD.identities.identify(&bytes, at(NOW)).is_err());
    }
}
