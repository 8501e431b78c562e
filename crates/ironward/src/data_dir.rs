use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use ironward_core::Random;
use ironward_secret::{KeyId, KeyToken};
use ironward_store::snapshot;
use zeroize::Zeroizing;

use crate::exit::Failure;

/// What the gateway keeps on disk: the database, unless that is elsewhere, and the snapshot. Nothing
/// in it opens without the key-encryption key, which is kept elsewhere.
pub(crate) struct DataDir {
    path: PathBuf,
}

/// A key that nobody has yet. The token is its only copy.
pub(crate) fn draw_admin_key(random: &dyn Random) -> KeyToken {
    let (mut id, mut secret) = ([0; 10], Zeroizing::new([0; 32]));
    random.fill(&mut id);
    random.fill(&mut *secret);
    KeyToken::issue(KeyId::from_random(&id), &secret)
}

/// Where the first version kept what keys are hashed under.
const OLD_PEPPER: &str = "key-pepper";
/// Where the first version kept the hash of the admin key.
const OLD_ADMIN_KEY: &str = "admin-key.hash";
/// The database, where no other is configured.
const DATABASE: &str = "ironward.db";

impl DataDir {
    /// Opens the directory at `path`; makes it when it is not there, for this user alone.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            Failure::Run(format!(
                "the data directory {} cannot be used: {error}; name another one with --data-dir",
                path.display()
            ))
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(failed)?;
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & 0o022 != 0 {
            return Err(Failure::Run(format!(
                "the data directory {} can be written by others; run: chmod go-w {0}",
                path.display()
            )));
        }
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The database, where no other is configured.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// The sealed copy of what the database held last.
    pub(crate) fn snapshot(&self) -> PathBuf {
        self.path.join(snapshot::FILE)
    }

    /// What the first version hashed keys under, as long as the database has not taken it over.
    pub(crate) fn old_pepper(&self) -> Result<Option<Zeroizing<[u8; 32]>>, Failure> {
        self.read(OLD_PEPPER)
    }

    /// The hash of the first version's admin key, as long as the database has not taken it over.
    pub(crate) fn old_admin_key(&self) -> Result<Option<Zeroizing<[u8; 32]>>, Failure> {
        self.read(OLD_ADMIN_KEY)
    }

    /// Removes what the database has taken over. The pepper goes last: without it, the hash would be
    /// of no use to a start that is interrupted here.
    pub(crate) fn remove_taken_over(&self) -> Result<(), Failure> {
        for name in [OLD_ADMIN_KEY, OLD_PEPPER] {
            let path = self.path.join(name);
            match fs::remove_file(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(Failure::Run(format!(
                        "{} is in the database now and cannot be removed: {error}",
                        path.display()
                    )));
                }
            }
        }
        Ok(())
    }

    fn read(&self, name: &str) -> Result<Option<Zeroizing<[u8; 32]>>, Failure> {
        let path = self.path.join(name);
        let mut file = match fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(Failure::Run(format!(
                    "{} cannot be read: {error}",
                    path.display()
                )));
            }
        };
        let mut bytes = Zeroizing::new(Vec::with_capacity(33));
        file.read_to_end(&mut bytes)
            .map_err(|error| Failure::Run(format!("{} cannot be read: {error}", path.display())))?;
        let whole = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| {
            Failure::Run(format!(
                "{} is damaged: it has to hold 32 bytes; restore it from a backup",
                path.display()
            ))
        })?;
        Ok(Some(Zeroizing::new(whole)))
    }
}
