use std::io;

use super::{Check, Subject, Wrong};
use crate::read::width_of;
use crate::tile::{Bundle, Tile, WIDTH, hashes_at, read_bundle};

/// A file of the tree, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Tile(Tile),
    Bundle(Bundle),
}

impl Named {
    fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("tile/")?;
        let (level, rest) = rest.split_once('/')?;
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, width.parse().ok()?),
            None => (rest, 256),
        };
        let groups = index
            .split('/')
            .map(|group| group.strip_prefix('x').unwrap_or(group));
        let index = groups.collect::<String>().parse().ok()?;
        let named = if level == "entries" {
            Self::Bundle(Bundle { index, width })
        } else {
            let level = level.parse().ok()?;
            Self::Tile(Tile {
                level,
                index,
                width,
            })
        };
        (named.path() == path && width > 0).then_some(named)
    }

    fn path(&self) -> String {
        match self {
            Self::Tile(tile) => tile.path(),
            Self::Bundle(bundle) => bundle.path(),
        }
    }

    const fn place(&self) -> (u8, u64, u16) {
        match self {
            Self::Tile(tile) => (tile.level, tile.index, tile.width),
            Self::Bundle(bundle) => (0, bundle.index, bundle.width),
        }
    }

    fn is_width_of(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Tile(tile) => bytes.len() == usize::from(tile.width) * 32,
            Self::Bundle(bundle) => {
                read_bundle(bytes).is_some_and(|records| records.len() == usize::from(bundle.width))
            }
        }
    }

    fn of_width(self, width: u16) -> Self {
        match self {
            Self::Tile(tile) => Self::Tile(Tile { width, ..tile }),
            Self::Bundle(bundle) => Self::Bundle(Bundle { width, ..bundle }),
        }
    }
}

impl Check<'_> {
    /// Every file of the tree that nothing was looked up in: partial tiles of earlier checkpoints
    /// begin what has grown since, and nothing else is there. `end`: how many records there are with
    /// the tails.
    pub(super) fn check_leftovers(&mut self, size: u64, end: u64) -> io::Result<()> {
        let mut directories = vec!["tile".to_owned()];
        while let Some(directory) = directories.pop() {
            for name in self.what.folder.names(&directory)? {
                let path = format!("{directory}/{name}");
                if self.what.folder.path().join(&path).is_dir() {
                    directories.push(path);
                } else if !name.ends_with(".part") {
                    self.check_leftover(&path, size, end)?;
                }
            }
        }
        Ok(())
    }

    fn check_leftover(&mut self, path: &str, size: u64, end: u64) -> io::Result<()> {
        let Some(named) = Named::parse(path) else {
            let detail = "the journal writes no such file";
            self.find(Subject::File(path.to_owned()), Wrong::Foreign, detail);
            return Ok(());
        };
        let (level, index, width) = named.place();
        let reach = index.saturating_mul(WIDTH).saturating_add(width.into());
        if reach > hashes_at(level, size) {
            if reach > hashes_at(level, end) {
                let detail = format!("{path} covers more records than it");
                self.find(Subject::Checkpoint, Wrong::RolledBack, detail);
            }
            return Ok(());
        }
        let now = width_of(level, index, size);
        if width == now {
            return Ok(());
        }
        let (old, new) = (
            self.what.folder.read(path)?,
            self.what.folder.read(&named.of_width(now).path())?,
        );
        if let (Some(old), Some(new)) = (old, new)
            && (!new.starts_with(&old) || !named.is_width_of(&old))
        {
            let detail = "it does not begin what has grown out of it";
            self.find(Subject::File(path.to_owned()), Wrong::Edited, detail);
        }
        Ok(())
    }
}
