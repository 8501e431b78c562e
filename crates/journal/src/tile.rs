//! The layout of <https://c2sp.org/tlog-tiles>.

use std::fmt::Write as _;

use crate::hash::Hash;

/// How many hashes a full tile has, or records a full bundle: a height of 8.
pub(crate) const WIDTH: u64 = 256;

/// The place of a tile of hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tile {
    /// 0 for hashes of records; above, each hash is that of a full tile below.
    pub level: u8,
    /// Which one of its level.
    pub index: u64,
    /// How many hashes it has: 256, or fewer in a partial one.
    pub width: u16,
}

/// The place of an entry bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bundle {
    /// Which one.
    pub index: u64,
    /// How many records it has: 256, or fewer in a partial one.
    pub width: u16,
}

impl Tile {
    /// Where it lies, under the folder.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, name(self.index, self.width))
    }
}

impl Bundle {
    /// Where it lies, under the folder.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/entries/{}", name(self.index, self.width))
    }
}

fn name(index: u64, width: u16) -> String {
    let mut groups = vec![index % 1000];
    let mut rest = index / 1000;
    while rest > 0 {
        groups.push(rest % 1000);
        rest /= 1000;
    }
    let mut name = String::new();
    for (left, group) in groups.iter().enumerate().rev() {
        let _written = if left > 0 {
            write!(name, "x{group:03}/")
        } else {
            write!(name, "{group:03}")
        };
    }
    if u64::from(width) < WIDTH {
        let _written = write!(name, ".p/{width}");
    }
    name
}

/// How many hashes there are in a level.
#[must_use]
pub(crate) fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(8 * u32::from(level)).unwrap_or(0)
}

/// The tiles of one level of a tree of this size: how many full ones, and the width of the partial
/// one.
#[must_use]
pub(crate) fn tiles_at(level: u8, size: u64) -> (u64, u16) {
    let hashes = hashes_at(level, size);
    (
        hashes / WIDTH,
        u16::try_from(hashes % WIDTH).unwrap_or_default(),
    )
}

/// How many levels a tree of this size has tiles in.
#[must_use]
pub(crate) fn levels(size: u64) -> u8 {
    (0..8)
        .take_while(|level| hashes_at(*level, size) > 0)
        .fold(0, |count, _| count + 1)
}

/// Writes a record into a bundle.
pub(crate) fn write_entry(record: &[u8], to: &mut Vec<u8>) {
    let length = u16::try_from(record.len()).unwrap_or(u16::MAX);
    to.extend_from_slice(&length.to_be_bytes());
    to.extend(record.iter().take(length.into()));
}

/// The records of a bundle; `None` when it does not end with one.
#[must_use]
pub fn read_bundle(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut rest = bytes;
    let mut records = Vec::new();
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<2>()?;
        let (record, after) = after.split_at_checked(u16::from_be_bytes(*length).into())?;
        records.push(record);
        rest = after;
    }
    Some(records)
}

/// The hashes of a tile; `None` when it does not end with one.
#[must_use]
pub(crate) fn read_tile(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    rest.is_empty().then(|| hashes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::{Bundle, Tile, levels, read_bundle, read_tile, tiles_at, write_entry};

    /// The examples of the specification.
    #[test]
    fn paths_are_those_of_the_specification() {
        let tile = |level, index, width| {
            Tile {
                level,
                index,
                width,
            }
            .path()
        };
        assert_eq!(tile(0, 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(tile(1, 17, 112), "tile/1/017.p/112");
        assert_eq!(tile(2, 1000, 1), "tile/2/x001/000.p/1");
        let bundle = Bundle {
            index: 0,
            width: 256,
        };
        assert_eq!(bundle.path(), "tile/entries/000");
    }

    /// "A tree of size 70,000 will be represented by 273 full level 0 tiles, ..."
    #[test]
    fn a_tree_has_the_tiles_of_the_specification() {
        assert_eq!(tiles_at(0, 70_000), (273, 112));
        assert_eq!(tiles_at(1, 70_000), (1, 17));
        assert_eq!(tiles_at(2, 70_000), (0, 1));
        assert_eq!(levels(70_000), 3);
        assert_eq!((tiles_at(0, 256), tiles_at(1, 256)), ((1, 0), (0, 1)));
        assert_eq!(levels(0), 0);
    }

    #[test]
    fn bundles_and_tiles_end_with_a_whole_item() {
        let mut bytes = Vec::new();
        write_entry(b"one", &mut bytes);
        write_entry(b"", &mut bytes);
        assert_eq!(read_bundle(&bytes), Some(vec![b"one".as_slice(), b""]));
        for cut in [1, 2, 3, 4, 6] {
            assert_eq!(read_bundle(&bytes[..cut]), None, "{cut}");
        }
        assert_eq!(read_tile(&[0; 64]).map(|hashes| hashes.len()), Some(2));
        assert_eq!(read_tile(&[0; 63]), None);
    }
}
