//! Whose files are trusted.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::failure::Failure;

/// The user that this process runs as.
pub(crate) fn own_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Refuses a library that others could put code into.
pub(crate) fn check_module(path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    let real = fs::canonicalize(path).and_then(|real| Ok((fs::metadata(&real)?, real)));
    let (metadata, real) = real.map_err(|error| {
        Failure::misconfigured(format!(
            "the PKCS#11 module {shown} cannot be used: {error}; name the vendor's library with \
             --module"
        ))
    })?;
    let is_ours = metadata.uid() == 0 || metadata.uid() == own_user();
    if !metadata.is_file() || !is_ours || metadata.mode() & 0o022 != 0 {
        return Err(Failure::misconfigured(format!(
            "the PKCS#11 module {} is not safe: it has to be a file of root or of this user that \
             nobody else may write; run: chown root {0} && chmod go-w {0}",
            real.display()
        )));
    }
    Ok(())
}

/// Refuses a directory that others may enter.
pub(crate) fn check_directory(path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    let metadata = fs::metadata(path).map_err(|error| {
        Failure::misconfigured(format!(
            "the socket's directory {shown} cannot be used: {error}; run: mkdir -m 700 {shown}"
        ))
    })?;
    if metadata.uid() != own_user() {
        return Err(Failure::misconfigured(format!(
            "the socket's directory {shown} belongs to user {}, and this process runs as {}: make \
             a directory of its own for the socket",
            metadata.uid(),
            own_user()
        )));
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(Failure::misconfigured(format!(
            "the socket's directory {shown} is not safe: others than its owner have rights to it \
             ({:o}); run: chmod 700 {shown}",
            metadata.mode() & 0o777
        )));
    }
    Ok(())
}
