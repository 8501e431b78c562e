use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use crate::Secret;

fn read(content: &[u8], mode: u32) -> Result<Vec<u8>, String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("token");
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    Secret::from_file(&path).map(|secret| secret.expose().bytes().to_vec())
}

#[test]
fn white_space_around_it_is_dropped() {
    assert_eq!(read(b"\n s.to ken \r\n", 0o600).unwrap(), b"s.to ken");
    assert_eq!(read(b"a", 0o444).unwrap(), b"a");
}

#[test]
fn what_cannot_be_used_is_named() {
    for mode in [0o620, 0o602, 0o666] {
        assert!(read(b"canary", mode).unwrap_err().contains("chmod go-w"));
    }
    assert!(read(b" \n", 0o600).unwrap_err().ends_with("is empty"));
    let large = read(&vec![b'a'; (64 << 10) + 1], 0o600).unwrap_err();
    assert!(large.contains("larger"), "{large}");
    let folder = TempDir::new().unwrap();
    let message = |path| Secret::from_file(path).err().unwrap();
    assert!(message(folder.path()).contains("not a file"));
    assert!(message(&folder.path().join("none")).contains("cannot be read"));
}
