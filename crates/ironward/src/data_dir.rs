use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use ironward_core::Random;
use ironward_secret::{KeyHash, KeyHasher, KeyId, KeyToken};
use zeroize::Zeroizing;

use crate::exit::Failure;

/// What the gateway keeps on disk. Nothing in it lets anyone in: of the admin key there is only a
/// keyed hash.
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

/// Under which keys are hashed.
const PEPPER: &str = "key-pepper";
/// The hash of the admin key.
const ADMIN_KEY: &str = "admin-key.hash";

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

    /// The hasher of this installation; its pepper is made on first use.
    pub(crate) fn key_hasher(&self, random: &dyn Random) -> Result<KeyHasher, Failure> {
        if let Some(pepper) = self.read(PEPPER)? {
            return Ok(KeyHasher::new(&pepper));
        }
        let mut pepper = Zeroizing::new([0; 32]);
        random.fill(&mut *pepper);
        self.write(PEPPER, &pepper)?;
        Ok(KeyHasher::new(&pepper))
    }

    /// The hash of the admin key, if one was made.
    pub(crate) fn admin_key(&self) -> Result<Option<KeyHash>, Failure> {
        Ok(self
            .read(ADMIN_KEY)?
            .map(|hash| KeyHash::from_stored(*hash)))
    }

    /// Lets in whoever has the key of this hash, in place of any older one.
    pub(crate) fn keep_admin_key(&self, hash: &KeyHash) -> Result<(), Failure> {
        self.write(ADMIN_KEY, hash.bytes())
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

    /// Writes beside and renames, so that a crash leaves the old file or the new one.
    fn write(&self, name: &str, bytes: &[u8; 32]) -> Result<(), Failure> {
        let path = self.path.join(name);
        let beside = self.path.join(format!("{name}.new"));
        let write = || {
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&beside)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            fs::File::open(&self.path)?.sync_all()
        };
        write().map_err(|error: io::Error| {
            Failure::Run(format!("{} cannot be written: {error}", path.display()))
        })
    }
}
