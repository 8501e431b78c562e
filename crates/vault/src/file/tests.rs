use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use ironward_secret::DataKey;
use ironward_testkit::SeededRandom;
use proptest::prelude::*;
use tempfile::TempDir;

use super::{FileKek, default_path, directory_of, text};
use crate::{Context, Kek as _, KekError, KekFailure};

const CONTEXT: Context = Context { version: 4 };

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("config/ironward/kek")
    }

    fn open(&self, seed: u64) -> Result<FileKek, KekError> {
        let random = Arc::new(SeededRandom::new(seed));
        FileKek::open(&self.path(), &self.0.path().join("state"), random)
    }

    fn write(&self, text: &str, mode: u32) {
        fs::create_dir_all(self.path().parent().unwrap()).unwrap();
        fs::write(self.path(), text).unwrap();
        fs::set_permissions(self.path(), fs::Permissions::from_mode(mode)).unwrap();
    }
}

fn failure(result: Result<FileKek, KekError>) -> KekError {
    result.err().unwrap()
}

#[tokio::test]
async fn it_is_made_once_and_found_again() {
    let folder = Folder::new();
    let first = folder.open(1).unwrap();
    assert!(
        first
            .describe()
            .warning
            .as_ref()
            .unwrap()
            .contains("backup")
    );
    let metadata = fs::metadata(folder.path()).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    let parent = fs::metadata(folder.path().parent().unwrap()).unwrap();
    assert_eq!(parent.permissions().mode() & 0o777, 0o700);
    let key = DataKey::from_bytes(&[9; 32]).unwrap();
    let wrapped = first.wrap(&key, CONTEXT).await.unwrap();

    let second = folder.open(2).unwrap();
    assert_eq!(second.describe().warning, None);
    assert_eq!(second.describe().name(), first.describe().name());
    assert!(
        second
            .unwrap(&wrapped, CONTEXT)
            .await
            .unwrap()
            .is_same(&key)
    );
    let names: Vec<_> = fs::read_dir(folder.path().parent().unwrap())
        .unwrap()
        .collect();
    assert_eq!(names.len(), 1, "nothing is left beside it");
}

#[tokio::test]
async fn a_wrapped_key_is_bound_to_its_version_and_every_bit() {
    let kek = Folder::new().open(1).unwrap();
    let key = DataKey::from_bytes(&[9; 32]).unwrap();
    let wrapped = kek.wrap(&key, CONTEXT).await.unwrap();
    let error = kek.unwrap(&wrapped, Context { version: 5 }).await.err();
    assert_eq!(error.unwrap().kind, KekFailure::Refused);
    for at in 0..wrapped.len() {
        let mut changed = wrapped.clone();
        changed[at] ^= 1;
        assert!(kek.unwrap(&changed, CONTEXT).await.is_err(), "byte {at}");
    }
    assert!(kek.unwrap(b"", CONTEXT).await.is_err());
}

#[test]
fn others_may_not_read_it() {
    let folder = Folder::new();
    drop(folder.open(1).unwrap());
    for mode in [0o640, 0o604, 0o660, 0o610] {
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        let error = failure(folder.open(1));
        assert_eq!(error.kind, KekFailure::Misconfigured);
        assert!(error.message.contains("chmod 600"), "{error}");
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o400)).unwrap();
    assert!(folder.open(1).is_ok());
}

#[test]
fn it_may_not_lie_in_the_data_directory() {
    let folder = Folder::new();
    let state = folder.0.path().join("state");
    fs::create_dir(&state).unwrap();
    let link = folder.0.path().join("elsewhere");
    std::os::unix::fs::symlink(&state, &link).unwrap();
    for path in [state.join("kek"), state.join("a/b/kek"), link.join("kek")] {
        let opened = FileKek::open(&path, &state, Arc::new(SeededRandom::new(1)));
        let error = failure(opened);
        assert!(error.message.contains("data directory"), "{error}");
        assert!(!path.exists());
    }
}

#[test]
fn a_directory_in_its_place_is_named() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path()).unwrap();
    assert!(failure(folder.open(1)).message.contains("not a file"));
}

#[test]
fn damage_is_named_and_nothing_is_overwritten() {
    let folder = Folder::new();
    drop(folder.open(1).unwrap());
    let good = fs::read_to_string(folder.path()).unwrap();
    let line = good.lines().last().unwrap();
    let (key, checksum) = line.rsplit_once(' ').unwrap();
    let cases = [
        (String::new(), "no key"),
        ("\n# only comments\n".into(), "no key"),
        (format!("{line}\n{line}\n"), "more than one line"),
        (line.replace("kek-1", "kek-2"), "does not begin"),
        (key.to_owned(), "KEY CHECKSUM"),
        (line.replacen("kek-1 ", "kek-1 A", 1), "cut off"),
        (format!("{key} 0{checksum}"), "checksum"),
    ];
    for (text, expected) in cases {
        folder.write(&text, 0o600);
        let error = failure(folder.open(1));
        assert_eq!(error.kind, KekFailure::Refused, "{text}");
        assert!(error.message.contains(expected), "{text}: {error}");
        assert!(error.message.contains("backup"), "{error}");
        assert_eq!(fs::read_to_string(folder.path()).unwrap(), text);
    }
}

#[test]
fn many_processes_that_start_at_once_agree_on_one_key() {
    let folder = Folder::new();
    let names = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for seed in 1..9 {
            let (folder, names) = (&folder, &names);
            scope.spawn(move || {
                let name = folder.open(seed).unwrap().describe().name();
                names.lock().unwrap().push(name);
            });
        }
    });
    let names = names.into_inner().unwrap();
    assert_eq!(names.len(), 8);
    assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
}

#[test]
fn the_path_follows_the_user() {
    let path = |user, variables: &[(&str, &str)]| {
        let variables: Vec<_> = variables.to_vec();
        default_path(user, &|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    };
    let of = |text: &str| Some(Path::new(text).to_owned());
    assert_eq!(
        path(Some(0), &[("HOME", "/users/root")]),
        of("/etc/ironward/kek")
    );
    assert_eq!(
        path(
            Some(7),
            &[("HOME", "/users/a"), ("XDG_CONFIG_HOME", "/cfg")]
        ),
        of("/cfg/ironward/kek")
    );
    assert_eq!(
        path(Some(7), &[("HOME", "/users/a"), ("XDG_CONFIG_HOME", "cfg")]),
        of("/users/a/.config/ironward/kek")
    );
    assert_eq!(path(None, &[]), None);
}

proptest! {
    #[test]
    fn any_key_is_read_back(bytes: [u8; 32]) {
        let key = DataKey::from_bytes(&bytes).unwrap();
        let text = text::format(&key);
        prop_assert!(text::parse(text.expose().bytes()).is_ok_and(|read| read.is_same(&key)));
    }

    #[test]
    fn any_text_can_be_read(bytes: Vec<u8>) {
        prop_assert!(text::parse(&bytes).is_err());
    }

    #[test]
    fn one_wrong_character_is_noticed(bytes: [u8; 32], at in 15_usize..58, to in "[A-Za-z0-9_-]") {
        let text = text::format(&DataKey::from_bytes(&bytes).unwrap());
        let text = String::from_utf8(text.expose().bytes().to_vec()).unwrap();
        let mut line: Vec<char> = text.lines().last().unwrap().chars().collect();
        let to = to.chars().next().unwrap();
        prop_assume!(line[at] != to);
        line[at] = to;
        let changed: String = line.into_iter().collect();
        prop_assert!(text::parse(changed.as_bytes()).is_err());
    }
}

#[test]
fn a_bare_name_is_in_the_current_directory() {
    assert_eq!(directory_of(Path::new("kek")), Path::new("."));
    assert_eq!(directory_of(Path::new("/etc/kek")), Path::new("/etc"));
    assert_eq!(directory_of(Path::new("keys/kek")), Path::new("keys"));
}
