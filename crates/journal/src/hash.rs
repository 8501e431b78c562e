use aws_lc_rs::digest::{Context, SHA256};

/// A hash of the tree: SHA-256.
pub type Hash = [u8; 32];

/// The hash of a leaf (RFC 6962, 2.1).
#[must_use]
pub fn hash_leaf(record: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[0]);
    context.update(record);
    finish(context)
}

/// The hash of a node (RFC 6962, 2.1).
#[must_use]
pub fn hash_node(left: &Hash, right: &Hash) -> Hash {
    let mut input = [1_u8; 65];
    let (_, hashes) = input.split_at_mut(1);
    let (first, second) = hashes.split_at_mut(32);
    first.copy_from_slice(left);
    second.copy_from_slice(right);
    let mut context = Context::new(&SHA256);
    context.update(&input);
    finish(context)
}

/// The hash of no leaves.
#[must_use]
pub(crate) fn hash_nothing() -> Hash {
    finish(Context::new(&SHA256))
}

/// The hash of these bytes.
pub(crate) fn hash_bytes(bytes: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(bytes);
    finish(context)
}

fn finish(context: Context) -> Hash {
    let mut hash = [0; 32];
    let digest = context.finish();
    for (to, from) in hash.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    hash
}
