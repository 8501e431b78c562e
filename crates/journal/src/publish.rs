use std::io;
use std::sync::Arc;

use crate::edge::{Edge, root_of};
use crate::folder::Folder;
use crate::hash::{Hash, hash_leaf};
use crate::note::{Checkpoint, Signer};
use crate::tile::{
    Bundle, Tile, WIDTH, hashes_at, levels, read_bundle, read_tile, tiles_at, write_entry,
};

/// Writes bundles, tiles and checkpoints.
pub(crate) struct Publisher {
    folder: Folder,
    signer: Arc<Signer>,
    size: u64,
    /// The records of the bundle that is not full yet.
    entries: Vec<u8>,
    /// The hashes of the tile of each level that is not full yet.
    open: Vec<Vec<Hash>>,
    /// Files that are not written yet.
    pending: Vec<(String, Vec<u8>)>,
    /// Directories of partial tiles whose full tile is among them.
    overtaken: Vec<String>,
}

/// Records to cover with a checkpoint.
pub(crate) struct Handover {
    pub(crate) records: Vec<Vec<u8>>,
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
        let publisher = Self {
            folder,
            signer,
            size,
            entries,
            open,
            pending: Vec::new(),
            overtaken: Vec::new(),
        };
        Ok((publisher, edge))
    }

    /// Takes records over. Whether they get a checkpoint is for [`Self::publish`] to say.
    pub(crate) fn take(&mut self, records: &[Vec<u8>]) {
        for record in records {
            write_entry(record, &mut self.entries);
            self.push(0, hash_leaf(record));
            self.size += 1;
            if self.size.is_multiple_of(WIDTH) {
                let bundle = Bundle {
                    index: self.size / WIDTH - 1,
                    width: 256,
                };
                self.overtaken.push(format!("{}.p", bundle.path()));
                let entries = std::mem::take(&mut self.entries);
                self.pending.push((bundle.path(), entries));
            }
        }
    }

    fn push(&mut self, level: u8, hash: Hash) {
        let at = usize::from(level);
        if self.open.len() <= at {
            self.open.push(Vec::new());
        }
        let Some(tile) = self.open.get_mut(at) else {
            return;
        };
        tile.push(hash);
        if tile.len() < 256 {
            return;
        }
        let hashes = std::mem::take(tile);
        // The record that fills it is not counted yet.
        let full = hashes_at(level + 1, self.size + 1);
        let tile = Tile {
            level,
            index: full - 1,
            width: 256,
        };
        self.overtaken.push(format!("{}.p", tile.path()));
        self.pending.push((tile.path(), hashes.concat()));
        self.push(level + 1, root_of(&hashes));
    }

    /// Puts everything that was taken on the disk, and a checkpoint over it in place of the last
    /// one. After an error it can be tried again.
    pub(crate) fn publish(&mut self, root: Hash) -> io::Result<()> {
        for (name, bytes) in &self.pending {
            self.folder.replace(name, bytes)?;
        }
        for (level, hashes) in (0_u8..).zip(&self.open) {
            let (index, width) = tiles_at(level, self.size);
            if width > 0 {
                let tile = Tile {
                    level,
                    index,
                    width,
                };
                self.folder.replace(&tile.path(), &hashes.concat())?;
            }
        }
        let (index, width) = tiles_at(0, self.size);
        if width > 0 {
            let bundle = Bundle { index, width };
            self.folder.replace(&bundle.path(), &self.entries)?;
        }
        let note = self.signer.note(self.size, root);
        self.folder.write_checkpoint(&note)?;
        self.pending.clear();
        for name in self.overtaken.drain(..) {
            self.folder.remove_directory(&name)?;
        }
        self.remove_tails()
    }

    /// Removes the tails whose records all have a checkpoint: those before the one that starts there
    /// or later.
    fn remove_tails(&self) -> io::Result<()> {
        let tails = self.folder.tails()?;
        for (tail, next) in tails.iter().zip(tails.iter().skip(1)) {
            if *next <= self.size {
                self.folder.remove(&Folder::tail(*tail))?;
            }
        }
        Ok(())
    }
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
