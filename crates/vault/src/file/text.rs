//! The text of a key file: comments, and one line `ironward-kek-1 <key> <checksum>`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ironward_secret::{DataKey, Secret};
use zeroize::Zeroizing;

const HEAD: &str = "\
# The key-encryption key of an Ironward installation.
# Without this file, nothing that the installation has sealed can be opened: keep a backup of it,
# apart from the backups of the database. Whoever has both has every secret.
";

const MARK: &str = "ironward-kek-1";

pub(super) fn format(key: &DataKey) -> Secret {
    let mut text = Zeroizing::new(String::with_capacity(HEAD.len() + 80));
    text.push_str(HEAD);
    text.push_str(MARK);
    text.push(' ');
    let checksum = crc32fast::hash(key.expose().bytes());
    URL_SAFE_NO_PAD.encode_string(key.expose().bytes(), &mut text);
    text.push_str(&format!(" {checksum:08x}\n"));
    Secret::exact(text.as_bytes())
}

/// The key, or what is wrong with the text; says nothing of the key.
pub(super) fn parse(text: &[u8]) -> Result<DataKey, &'static str> {
    let text = std::str::from_utf8(text).map_err(|_| "it is not text")?;
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let line = lines.next().ok_or("it holds no key")?;
    if lines.next().is_some() {
        return Err("it holds more than one line of key");
    }
    let mut words = line.split_ascii_whitespace();
    if words.next() != Some(MARK) {
        return Err("its line does not begin with ironward-kek-1");
    }
    let (Some(key), Some(checksum), None) = (words.next(), words.next(), words.next()) else {
        return Err("its line is not: ironward-kek-1 KEY CHECKSUM");
    };
    let wrong = "its key is cut off or mistyped";
    let mut bytes = Zeroizing::new(Vec::with_capacity(48));
    URL_SAFE_NO_PAD
        .decode_vec(key, &mut bytes)
        .map_err(|_| wrong)?;
    let key = DataKey::from_bytes(&bytes).ok_or(wrong)?;
    if checksum != format!("{:08x}", crc32fast::hash(&bytes)) {
        return Err("its checksum does not match its key");
    }
    Ok(key)
}
