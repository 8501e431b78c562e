use crate::hash::{Hash, hash_node, hash_nothing};

/// The height of the tree that a tile holds.
const TILE_HEIGHT: u32 = 8;

/// The right edge of a tree: the hashes of its perfect subtrees, the largest first. It is all that it
/// takes to append, and to tell the root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    subtrees: Vec<Hash>,
}

impl Edge {
    /// An edge of these perfect subtrees; `None` when they are not as many as a tree of this size has.
    #[must_use]
    pub fn of(size: u64, subtrees: Vec<Hash>) -> Option<Self> {
        let is_whole = usize::try_from(size.count_ones()) == Ok(subtrees.len());
        is_whole.then_some(Self { size, subtrees })
    }

    /// How many leaves there are.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the perfect subtrees, the largest first.
    pub(crate) fn subtrees(&self) -> &[Hash] {
        &self.subtrees
    }

    /// Appends the hash of a leaf; the root of the 256 leaves that it is the last of, if it is that.
    pub fn push(&mut self, leaf: Hash) -> Option<Hash> {
        let mut hash = leaf;
        let mut full = None;
        // Each trailing one of the size is a subtree that is as large as what was merged so far.
        for height in 1..=self.size.trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                hash = hash_node(&left, &hash);
            }
            if height == TILE_HEIGHT {
                full = Some(hash);
            }
        }
        self.subtrees.push(hash);
        self.size += 1;
        full
    }

    /// Becomes the same as another, in its own memory.
    pub(crate) fn take_from(&mut self, other: &Self) {
        self.size = other.size;
        self.subtrees.clone_from(&other.subtrees);
    }

    /// The root (RFC 6962, 2.1).
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut subtrees = self.subtrees.iter().rev();
        let Some(last) = subtrees.next() else {
            return hash_nothing();
        };
        subtrees.fold(*last, |right, left| hash_node(left, &right))
    }
}

/// The root of a perfect tree over these hashes, or of whatever tree they make.
#[must_use]
pub(crate) fn root_of(hashes: &[Hash]) -> Hash {
    let mut level = hashes.to_vec();
    if level.is_empty() {
        return hash_nothing();
    }
    while level.len() > 1 {
        let paired = level.chunks(2).map(|pair| match pair {
            [left, right] => hash_node(left, right),
            [only] => *only,
            _ => hash_nothing(),
        });
        level = paired.collect();
    }
    level.first().copied().unwrap_or_else(hash_nothing)
}

#[cfg(test)]
mod tests {
    use super::{Edge, root_of};
    use crate::hash::hash_leaf;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The known answers of certificate-transparency's reference implementation
    /// (<https://github.com/transparency-dev/merkle/blob/main/testonly/constants.go>).
    #[test]
    fn roots_are_those_of_the_reference() {
        let leaves: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut edge = Edge::default();
        let mut hashes = Vec::new();
        assert_eq!(hex(&edge.root()), roots[0]);
        for (leaf, root) in leaves.iter().zip(&roots[1..]) {
            assert_eq!(edge.push(hash_leaf(leaf)), None);
            hashes.push(hash_leaf(leaf));
            assert_eq!(hex(&edge.root()), *root);
            assert_eq!(hex(&root_of(&hashes)), *root);
        }
    }

    #[test]
    fn a_leaf_that_fills_a_tile_gives_its_root() {
        let mut edge = Edge::default();
        let leaves: Vec<_> = (0..768_u64)
            .map(|at| hash_leaf(&at.to_be_bytes()))
            .collect();
        for (at, leaf) in leaves.iter().enumerate() {
            let full = (at % 256 == 255).then(|| root_of(&leaves[at - 255..=at]));
            assert_eq!(edge.push(*leaf), full);
        }
    }

    #[test]
    fn an_edge_has_as_many_subtrees_as_its_size_has_ones() {
        assert!(Edge::of(3, vec![[0; 32]]).is_none());
        assert!(Edge::of(4, vec![[0; 32]]).is_some());
    }
}
