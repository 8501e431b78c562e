use std::io;

use super::{Check, Subject, Wrong};
use crate::edge::root_of;
use crate::hash::{Hash, hash_leaf};
use crate::note::Checkpoint;
use crate::publish::edge_of;
use crate::tile::{Bundle, Tile, WIDTH, levels, read_bundle, read_tile, tiles_at};

impl Check<'_> {
    /// The hashes of a tile, if it is there and whole.
    pub(super) fn read_hashes(&self, tile: Tile) -> io::Result<Option<Vec<Hash>>> {
        let bytes = self.what.folder.read(&tile.path())?;
        let hashes = bytes.as_deref().and_then(read_tile);
        Ok(hashes.filter(|hashes| hashes.len() == usize::from(tile.width)))
    }

    /// The hashes that a tile has to have, from what it was made of.
    fn made_again(&self, tile: Tile) -> io::Result<Option<Vec<Hash>>> {
        if tile.level == 0 {
            let bundle = Bundle {
                index: tile.index,
                width: tile.width,
            };
            let bytes = self.what.folder.read(&bundle.path())?;
            let records = bytes.as_deref().and_then(read_bundle);
            let hashes =
                records.map(|records| records.iter().map(|record| hash_leaf(record)).collect());
            return Ok(hashes.filter(|hashes: &Vec<Hash>| hashes.len() == usize::from(tile.width)));
        }
        let mut hashes = Vec::new();
        for at in 0..u64::from(tile.width) {
            let below = Tile {
                level: tile.level - 1,
                index: tile.index * WIDTH + at,
                width: 256,
            };
            let Some(found) = self.read_hashes(below)? else {
                return Ok(None);
            };
            hashes.push(root_of(&found));
        }
        Ok(Some(hashes))
    }

    /// The partial tiles of the right edge, which together make the root. One that does not is made
    /// again from what is below it.
    pub(super) fn open_tiles(&mut self, checkpoint: &Checkpoint) -> io::Result<Vec<Vec<Hash>>> {
        let tiles: Vec<Tile> = (0..levels(checkpoint.size))
            .map(|level| {
                let (index, width) = tiles_at(level, checkpoint.size);
                Tile {
                    level,
                    index,
                    width,
                }
            })
            .collect();
        let mut written = Vec::new();
        let mut again = Vec::new();
        for tile in &tiles {
            if tile.width == 0 {
                written.push(Some(Vec::new()));
                again.push(Some(Vec::new()));
            } else {
                written.push(self.read_hashes(*tile)?);
                again.push(None);
            }
        }
        let is_root = |open: &[Option<Vec<Hash>>]| {
            let open: Option<Vec<_>> = open.iter().cloned().collect();
            let edge = open.and_then(|open| edge_of(checkpoint.size, &open));
            edge.is_some_and(|edge| edge.root() == checkpoint.root)
        };
        if is_root(&written) {
            return Ok(written.into_iter().flatten().collect());
        }
        for (again, tile) in again.iter_mut().zip(&tiles) {
            if tile.width > 0 {
                *again = self.made_again(*tile)?;
            }
        }
        // Which of them were changed: the fewest that explain it.
        let mut choices: Vec<u32> = (1..1 << tiles.len()).collect();
        choices.sort_by_key(|choice| choice.count_ones());
        let chosen = choices.into_iter().find_map(|choice| {
            let pairs = written.iter().zip(&again).enumerate();
            let open: Vec<_> = pairs
                .map(|(at, (written, again))| {
                    if choice & (1 << at) == 0 {
                        written.clone()
                    } else {
                        again.clone()
                    }
                })
                .collect();
            is_root(&open).then_some((choice, open))
        });
        if let Some((choice, open)) = chosen {
            for (at, tile) in tiles.iter().enumerate() {
                if choice & (1 << at) != 0 {
                    self.find_tile(*tile)?;
                }
            }
            return Ok(open.into_iter().flatten().collect());
        }
        self.find_edge(&tiles, &written, &again, checkpoint);
        // Each side is compared with the other all the same.
        let open = written
            .into_iter()
            .zip(again)
            .map(|(written, again)| written.or(again));
        Ok(open.map(Option::unwrap_or_default).collect())
    }

    /// Neither the tiles of the right edge nor what they were made of are those of the root.
    fn find_edge(
        &mut self,
        tiles: &[Tile],
        written: &[Option<Vec<Hash>>],
        again: &[Option<Vec<Hash>>],
        checkpoint: &Checkpoint,
    ) {
        let mut is_located = false;
        for ((tile, written), again) in tiles.iter().zip(written).zip(again) {
            if written.is_none() || written != again {
                is_located = true;
                let detail = "the right edge is not what was signed";
                self.find(Subject::File(tile.path()), Wrong::Edited, detail);
            }
        }
        if !is_located {
            let detail = "tiles and records agree, and are not those that were signed";
            self.find(Subject::Records(0, checkpoint.size), Wrong::Edited, detail);
        }
    }

    /// The hashes of a full tile, of which the root is known from the one above. `beside`: the hashes
    /// above, of the tiles beside it.
    pub(super) fn full_tile(
        &mut self,
        tile: Tile,
        expected: &Hash,
        beside: &[Hash],
    ) -> io::Result<Option<Vec<Hash>>> {
        let written = self.read_hashes(tile)?;
        let root = written.as_deref().map(root_of);
        if root.as_ref() == Some(expected) {
            return Ok(written);
        }
        let again = self.made_again(tile)?;
        let again = again.filter(|again| root_of(again) == *expected);
        if root.is_some_and(|root| beside.contains(&root)) {
            let detail = "it holds what belongs to another tile";
            self.find(Subject::File(tile.path()), Wrong::Reordered, detail);
        } else {
            self.find_tile(tile)?;
        }
        Ok(again)
    }

    fn find_tile(&mut self, tile: Tile) -> io::Result<()> {
        let is_there = self.what.folder.read(&tile.path())?.is_some();
        let (wrong, detail) = if is_there {
            (Wrong::Edited, "its hashes are not those that were signed")
        } else {
            (Wrong::Missing, "the tile is not there")
        };
        self.find(Subject::File(tile.path()), wrong, detail);
        Ok(())
    }
}
