use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ironward_core::Random;
use ironward_egress::BoxFuture;
use ironward_secret::{DataKey, Secret};

use crate::local::LocalKey;
use crate::{Context, Description, Kek, KekError, KekFailure};

mod text;

/// A key-encryption key in a file of this machine, outside the data directory: a copy of the
/// database, or of the data directory, opens nothing without it.
pub struct FileKek {
    key: LocalKey,
    description: Description,
    random: Arc<dyn Random>,
}

impl FileKek {
    /// Where the file is unless the configuration says otherwise: `/etc/ironward/kek` for root, else
    /// `ironward/kek` below `XDG_CONFIG_HOME` or `~/.config`. `None` when there is no home.
    #[must_use]
    pub fn default_path(variable: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
        default_path(current_user(), variable)
    }

    /// The key in the file at `path`; made when there is no such file, which is then told in the
    /// description's warning.
    ///
    /// # Errors
    /// When the file lies in `data_dir`, others can read it, it is damaged, or it can't be made.
    pub fn open(path: &Path, data_dir: &Path, random: Arc<dyn Random>) -> Result<Self, KekError> {
        check_outside(path, data_dir)?;
        let (key, is_new) = match File::open(path) {
            Ok(file) => (read(file, path)?, false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let made =
                    make(path, &*random).map_err(|error| unusable(path, &error.to_string()))?;
                // Read again: another process may have been faster.
                let file = File::open(path).map_err(|error| unusable(path, &error.to_string()))?;
                (read(file, path)?, made)
            }
            Err(error) => return Err(unusable(path, &error.to_string())),
        };
        let key = LocalKey::new(key).map_err(|error| unusable(path, &error.to_string()))?;
        let warning = is_new.then(|| {
            format!(
                "a new key-encryption key is in {}: make a backup of it now, apart from the \
                 database's; without it, nothing that is sealed can ever be opened again",
                path.display()
            )
            .into()
        });
        let description = Description {
            backend: "file",
            key: key.fingerprint().into(),
            place: path.display().to_string().into(),
            warning,
        };
        Ok(Self {
            key,
            description,
            random,
        })
    }
}

impl Kek for FileKek {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn wrap<'a>(
        &'a self,
        key: &'a DataKey,
        context: Context,
    ) -> BoxFuture<'a, Result<Vec<u8>, KekError>> {
        let fill = |bytes: &mut [u8]| self.random.fill(bytes);
        Box::pin(std::future::ready(self.key.wrap(key, context, &fill)))
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        context: Context,
    ) -> BoxFuture<'a, Result<DataKey, KekError>> {
        let key = self.key.unwrap(wrapped, context, &self.description.place);
        Box::pin(std::future::ready(key))
    }
}

fn default_path(user: Option<u32>, variable: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    if user == Some(0) {
        return Some(PathBuf::from("/etc/ironward/kek"));
    }
    let absolute = |name| {
        let path = variable(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let config = absolute("XDG_CONFIG_HOME");
    let config = config.or_else(|| Some(absolute("HOME")?.join(".config")))?;
    Some(config.join("ironward/kek"))
}

/// The user that this process runs as: its own directory of `/proc` belongs to it.
fn current_user() -> Option<u32> {
    Some(fs::metadata("/proc/self").ok()?.uid())
}

/// A key beside what it locks up would be copied with it.
fn check_outside(path: &Path, data_dir: &Path) -> Result<(), KekError> {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    // The file may not be there yet; the nearest directory that is decides.
    let nearest = path.ancestors().find(|ancestor| ancestor.exists());
    let nearest = real(nearest.unwrap_or(path));
    if nearest.starts_with(real(data_dir)) {
        return Err(KekError::misconfigured(format!(
            "the key-encryption key {} lies in the data directory: whoever copies the one has the \
             other too; move it elsewhere and name its path in the configuration",
            path.display()
        )));
    }
    Ok(())
}

fn read(mut file: File, path: &Path) -> Result<DataKey, KekError> {
    let metadata = file.metadata();
    let metadata = metadata.map_err(|error| unusable(path, &error.to_string()))?;
    if !metadata.is_file() {
        return Err(unusable(path, "it is not a file"));
    }
    if metadata.mode() & 0o077 != 0 {
        let mode = metadata.mode() & 0o777;
        let what = format!("others than its owner have rights to it ({mode:o})");
        let remedy = format!("run: chmod 600 {}", path.display());
        return Err(KekError::misconfigured(format!(
            "the key-encryption key {} is not safe: {what}; {remedy}",
            path.display()
        )));
    }
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(MOST));
    let mut part = (&mut file).take(MOST as u64);
    part.read_to_end(&mut bytes)
        .map_err(|error| unusable(path, &error.to_string()))?;
    text::parse(&bytes).map_err(|damage| {
        KekError::refused(format!(
            "the key-encryption key {} is damaged: {damage}; restore it from its backup",
            path.display()
        ))
    })
}

/// The text has some 300 bytes; an operator may have added comments.
const MOST: usize = 4096;

/// Makes the file, whole or not at all; false when somebody else made one first.
fn make(path: &Path, random: &dyn Random) -> io::Result<bool> {
    let directory = directory_of(path);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    let mut suffix = [0; 8];
    random.fill(&mut suffix);
    let beside = directory.join(format!(".kek-{:016x}", u64::from_be_bytes(suffix)));
    let key = DataKey::draw(&|bytes| random.fill(bytes));
    let result = write(&beside, &text::format(&key)).and_then(|()| {
        // Unlike a rename, a link never takes the place of a key that is there.
        match fs::hard_link(&beside, path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    });
    fs::remove_file(&beside)?;
    File::open(directory)?.sync_all()?;
    result
}

/// The directory that a path is in; a bare name's is the current one.
fn directory_of(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn write(path: &Path, text: &Secret) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.expose().bytes())?;
    file.sync_all()
}

fn unusable(path: &Path, what: &str) -> KekError {
    KekError::new(
        KekFailure::Unreachable,
        format!(
            "the key-encryption key {} cannot be used: {what}",
            path.display()
        ),
    )
}

#[cfg(test)]
mod tests;
