use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::Secret;

/// The largest secret: a token, not a document.
const MOST: u64 = 64 << 10;

impl Secret {
    /// Reads a secret of a file, without the white space around it.
    ///
    /// Secrets that Kubernetes or Docker mount can be read by everybody within their container, so that
    /// is no error here; a file that others can write is one.
    ///
    /// # Errors
    /// Why it cannot be used, with the path: for the operator.
    pub fn from_file(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let failed = |error: std::io::Error| format!("{shown} cannot be read: {error}");
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(format!("{shown} is not a file"));
        }
        if metadata.mode() & 0o022 != 0 {
            return Err(format!(
                "{shown} can be written by others than its owner; run: chmod go-w {shown}"
            ));
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(256));
        file.take(MOST + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        if bytes.len() as u64 > MOST {
            return Err(format!("{shown} is larger than a secret is ({MOST} bytes)"));
        }
        let secret = Self::exact(bytes.trim_ascii());
        if secret.is_empty() {
            return Err(format!("{shown} is empty"));
        }
        Ok(secret)
    }
}

#[cfg(test)]
mod tests;
