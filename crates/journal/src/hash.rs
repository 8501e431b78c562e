use aws_lc_rs::digest::{Context, Digest, SHA256, digest};

/// A hash of the tree: SHA-256.
pub type Hash = [u8; 32];

/// The hash of a leaf (RFC 6962, 2.1).
#[must_use]
pub fn hash_leaf(record: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[0]);
    context.update(record);
    take(&context.finish())
}

/// The hash of a leaf whose prefix stands before it already.
pub(crate) fn hash_framed(frame: &[u8]) -> Hash {
    take(&digest(&SHA256, frame))
}

/// The hash of a node (RFC 6962, 2.1).
#[must_use]
pub fn hash_node(left: &Hash, right: &Hash) -> Hash {
    let mut input = [1_u8; 65];
    let (_, hashes) = input.split_at_mut(1);
    let (first, second) = hashes.split_at_mut(32);
    first.copy_from_slice(left);
    second.copy_from_slice(right);
    hash_bytes(&input)
}

/// The hash of no leaves.
#[must_use]
pub(crate) fn hash_nothing() -> Hash {
    hash_bytes(&[])
}

/// The hash of these bytes.
pub(crate) fn hash_bytes(bytes: &[u8]) -> Hash {
    take(&digest(&SHA256, bytes))
}

fn take(digest: &Digest) -> Hash {
    digest.as_ref().try_into().unwrap_or_default()
}
