use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// The variable of the PIN, where no file is named.
const VARIABLE: &str = "IRONWARD_PKCS11_PIN";

/// PINs are short: more than this is another file.
const MOST: usize = 256;

/// The user's PIN.
pub(crate) fn read(file: Option<&Path>) -> Result<AuthPin, Failure> {
    let text = match file {
        Some(path) => of_file(path)?,
        None => of_variable()?,
    };
    let pin = text.trim_end_matches(['\r', '\n']);
    if pin.is_empty() {
        return Err(Failure::misconfigured("the PIN is empty"));
    }
    Ok(AuthPin::new(pin.into()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "this process has no configuration but its arguments and this variable"
)]
fn of_variable() -> Result<Zeroizing<String>, Failure> {
    std::env::var(VARIABLE).map(Zeroizing::new).map_err(|_| {
        Failure::misconfigured(format!(
            "there is no PIN: name its file with --pin-file, or set {VARIABLE}"
        ))
    })
}

fn of_file(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let shown = path.display();
    let unusable = |error: std::io::Error| {
        Failure::misconfigured(format!("the PIN's file {shown} cannot be used: {error}"))
    };
    let file = File::open(path).map_err(unusable)?;
    let metadata = file.metadata().map_err(unusable)?;
    if metadata.mode() & 0o077 != 0 {
        return Err(Failure::misconfigured(format!(
            "the PIN's file {shown} is not safe: others than its owner have rights to it ({:o}); \
             run: chmod 600 {shown}",
            metadata.mode() & 0o777
        )));
    }
    let mut text = Zeroizing::new(String::with_capacity(MOST + 1));
    let mut part = file.take(MOST as u64 + 1);
    part.read_to_string(&mut text).map_err(unusable)?;
    if text.len() > MOST {
        return Err(Failure::misconfigured(format!(
            "the PIN's file {shown} is longer than {MOST} bytes: it is another file"
        )));
    }
    Ok(text)
}
