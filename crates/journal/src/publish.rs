use std::io;
use std::sync::Arc;

use crate::edge::{Edge, root_of};
use crate::folder::Folder;
use crate::hash::{Hash, hash_leaf};
use crate::note::{Checkpoint, Signer};
use crate::tail::{Frames, Kept};
use crate::tile::{
    Bundle, Tile, WIDTH, hashes_at, levels, read_bundle, read_tile, tiles_at, write_entry,
};

/// Writes bundles, tiles and checkpoints.
pub(crate) struct Publisher {
    folder: Folder,
    signer: Arc<Signer>,
    grown: Grown,
}

/// How far the tiles have come.
#[derive(Clone)]
struct Grown {
    size: u64,
    /// The records of the bundle that is not full yet.
    entries: Vec<u8>,
    /// The hashes of the tile of each level that is not full yet.
    open: Vec<Vec<Hash>>,
}

/// Tiles and bundles in the making.
struct Making<'a> {
    folder: &'a Folder,
    grown: Grown,
    /// Whether the disk has yet to be waited for.
    is_written: bool,
}

/// Records to cover with a checkpoint.
pub(crate) struct Handover {
    pub(crate) kept: Kept,
    pub(crate) root: Hash,
}

impl Publisher {
    /// Takes up where the checkpoint is.
    ///
    /// # Errors
    /// What of the right edge is missing or does not add up to the checkpoint.
    pub(crate) fn open(
        folder: Folder,
        signer: Arc<Signer>,
        checkpoint: &Checkpoint,
    ) -> io::Result<(Self, Edge)> {
        let size = checkpoint.size;
        let mut open = Vec::new();
        for level in 0..levels(size) {
            open.push(read_open_tile(&folder, level, size)?);
        }
        let entries = read_open_bundle(&folder, size, open.first().map_or(&[], Vec::as_slice))?;
        let edge = edge_of(size, &open);
        let edge = edge.filter(|edge| edge.root() == checkpoint.root);
        let edge =
            edge.ok_or_else(|| broken("the tiles do not add up to the checkpoint".into()))?;
        let grown = Grown {
            size,
            entries,
            open,
        };
        let publisher = Self {
            folder,
            signer,
            grown,
        };
        Ok((publisher, edge))
    }

    /// Puts these records on the disk, and a checkpoint over them in place of the last one. After an
    /// error it can be tried again.
    pub(crate) fn publish(&mut self, handover: &Handover) -> io::Result<()> {
        let mut making = Making {
            folder: &self.folder,
            grown: self.grown.clone(),
            is_written: false,
        };
        making.take(&handover.kept)?;
        making.end()?;
        let grown = making.grown;
        let note = self.signer.note(grown.size, handover.root);
        self.folder.write_checkpoint(&note)?;
        let overtaken = overtaken(self.grown.size, grown.size);
        self.grown = grown;
        for name in overtaken {
            self.folder.remove_directory(&name)?;
        }
        self.remove_tails()
    }

    /// Removes the tails whose records all have a checkpoint: those before the one that starts there
    /// or later.
    fn remove_tails(&self) -> io::Result<()> {
        let tails = self.folder.tails()?;
        for (tail, next) in tails.iter().zip(tails.iter().skip(1)) {
            if *next <= self.grown.size {
                self.folder.remove(&Folder::tail(*tail))?;
            }
        }
        Ok(())
    }
}

impl Making<'_> {
    /// Takes records over, and writes what they fill. Nothing refers to that before the checkpoint does, and
    /// until then the tail has its records: a start after a crash writes it again.
    fn take(&mut self, kept: &Kept) -> io::Result<()> {
        let mut full = kept.full().iter();
        for (frame, leaf) in Frames(kept.frames()).zip(kept.leaves()) {
            // Without its kind.
            write_entry(frame.get(1..).unwrap_or_default(), &mut self.grown.entries);
            self.grown.size += 1;
            let is_full = self.grown.size.is_multiple_of(WIDTH);
            let root = if is_full { full.next().copied() } else { None };
            self.push(0, *leaf, root)?;
            if is_full {
                let bundle = Bundle {
                    index: self.grown.size / WIDTH - 1,
                    width: 256,
                };
                self.folder.write(&bundle.path(), &self.grown.entries)?;
                self.grown.entries.clear();
                self.is_written = true;
            }
        }
        Ok(())
    }

    /// Adds a hash to its level. `root`: that of the tile which it fills, where that is known.
    fn push(&mut self, level: u8, hash: Hash, root: Option<Hash>) -> io::Result<()> {
        let at = usize::from(level);
        if self.grown.open.len() <= at {
            self.grown.open.push(Vec::new());
        }
        let Some(hashes) = self.grown.open.get_mut(at) else {
            return Ok(());
        };
        hashes.push(hash);
        if hashes.len() < 256 {
            return Ok(());
        }
        let tile = Tile {
            level,
            index: hashes_at(level + 1, self.grown.size) - 1,
            width: 256,
        };
        self.folder.write(&tile.path(), hashes.as_flattened())?;
        let root = root.unwrap_or_else(|| root_of(hashes));
        hashes.clear();
        self.is_written = true;
        self.push(level + 1, root, None)
    }

    /// Waits for the disk, and writes what is not full: the last checkpoint may refer to a partial tile of
    /// the same name.
    fn end(&self) -> io::Result<()> {
        if self.is_written {
            self.folder.settle()?;
        }
        for (level, hashes) in (0_u8..).zip(&self.grown.open) {
            let (index, width) = tiles_at(level, self.grown.size);
            if width > 0 {
                let tile = Tile {
                    level,
                    index,
                    width,
                };
                self.folder.replace(&tile.path(), hashes.as_flattened())?;
            }
        }
        let (index, width) = tiles_at(0, self.grown.size);
        if width > 0 {
            let bundle = Bundle { index, width };
            self.folder.replace(&bundle.path(), &self.grown.entries)?;
        }
        Ok(())
    }
}

/// The directories of what was partial in a tree of this size and is full in one of that.
fn overtaken(before: u64, after: u64) -> Vec<String> {
    let mut names = Vec::new();
    for level in 0..levels(before) {
        let (index, width) = tiles_at(level, before);
        if width == 0 || tiles_at(level, after).0 == index {
            continue;
        }
        let tile = Tile {
            level,
            index,
            width: 256,
        };
        names.push(format!("{}.p", tile.path()));
        if level == 0 {
            names.push(format!("{}.p", Bundle { index, width: 256 }.path()));
        }
    }
    names
}

/// The edge of a tree with these open tiles.
pub(crate) fn edge_of(size: u64, open: &[Vec<Hash>]) -> Option<Edge> {
    let mut subtrees = Vec::new();
    for hashes in open.iter().rev() {
        let mut rest = hashes.as_slice();
        for bit in (0..8).rev() {
            if hashes.len() & (1 << bit) != 0 {
                let (subtree, after) = rest.split_at_checked(1 << bit)?;
                subtrees.push(root_of(subtree));
                rest = after;
            }
        }
    }
    Edge::of(size, subtrees)
}

fn read_open_tile(folder: &Folder, level: u8, size: u64) -> io::Result<Vec<Hash>> {
    let (index, width) = tiles_at(level, size);
    if width == 0 {
        return Ok(Vec::new());
    }
    let path = Tile {
        level,
        index,
        width,
    }
    .path();
    let bytes = folder.read(&path)?;
    let bytes = bytes.ok_or_else(|| broken(format!("{path} is missing")))?;
    let hashes = read_tile(&bytes).filter(|hashes| hashes.len() == usize::from(width));
    hashes.ok_or_else(|| broken(format!("{path} is not {width} hashes")))
}

fn read_open_bundle(folder: &Folder, size: u64, hashes: &[Hash]) -> io::Result<Vec<u8>> {
    let (index, width) = tiles_at(0, size);
    if width == 0 {
        return Ok(Vec::new());
    }
    let path = Bundle { index, width }.path();
    let bytes = folder.read(&path)?;
    let bytes = bytes.ok_or_else(|| broken(format!("{path} is missing")))?;
    let is_whole = read_bundle(&bytes).is_some_and(|records| {
        records.len() == hashes.len()
            && records
                .iter()
                .zip(hashes)
                .all(|(record, hash)| hash_leaf(record) == *hash)
    });
    if is_whole {
        Ok(bytes)
    } else {
        Err(broken(format!("{path} is not what its tile says")))
    }
}

fn broken(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}
