//! The socket of `ironward-pkcs11`, when somebody else listens there or nobody does. The real
//! process and a real token: `crates/pkcs11/tests`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ironward_vault::{Kek as _, KekError, KekFailure, Pkcs11Kek, Pkcs11Settings};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixListener;

use crate::bench::{FIRST, wrap_error};

fn private() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    folder
}

fn kek(socket: PathBuf) -> Pkcs11Kek {
    let settings = Pkcs11Settings {
        deadline: Duration::from_millis(300),
        ..Pkcs11Settings::new(socket, "ironward/0a")
    };
    Pkcs11Kek::new(settings).unwrap()
}

/// Listens at `path`, and gives everybody this answer; without one, it takes requests and is silent.
fn listen(path: &Path, answer: Option<Vec<u8>>) {
    let listener = UnixListener::bind(path).unwrap();
    tokio::spawn(async move {
        let mut silent = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 2048];
            drop(stream.read(&mut request).await);
            match &answer {
                Some(answer) => drop(stream.write_all(answer).await),
                None => silent.push(stream),
            }
        }
    });
}

/// What is said to an answer, for wrapping and unwrapping.
async fn errors(answer: Option<&[u8]>) -> [KekError; 2] {
    let folder = private();
    let socket = folder.path().join("socket");
    listen(&socket, answer.map(<[u8]>::to_vec));
    let kek = kek(socket.clone());
    let wrapped = wrap_error(&kek).await;
    let unwrapped = kek.unwrap(b"wrapped", FIRST).await.err().unwrap();
    for error in [&wrapped, &unwrapped] {
        let place = socket.display().to_string();
        assert!(error.message.contains(&place), "{error}");
        assert!(!error.message.contains(char::is_control), "{error}");
    }
    [wrapped, unwrapped]
}

#[tokio::test]
async fn nobody_who_listens_is_unreachable() {
    let folder = private();
    let socket = folder.path().join("socket");
    let error = wrap_error(&kek(socket.clone())).await;
    assert_eq!(error.kind, KekFailure::Unreachable);
    assert!(error.message.contains("there is no such socket"), "{error}");
    // What a process that has ended leaves.
    drop(UnixListener::bind(&socket).unwrap());
    let error = wrap_error(&kek(socket)).await;
    assert_eq!(error.kind, KekFailure::Unreachable);
    assert!(error.message.contains("nobody listens there"), "{error}");
}

#[tokio::test]
async fn whoever_does_not_answer_is_waited_for_only_so_long() {
    for error in errors(None).await {
        assert_eq!(error.kind, KekFailure::Unreachable);
        assert!(error.message.contains("no answer within 0.3 s"), "{error}");
    }
    // One that says a little and stops.
    for error in errors(Some(b"iwkek\x01\x00\x21\x03")).await {
        assert!(error.message.contains("it hung up"), "{error}");
    }
    for error in errors(Some(b"")).await {
        assert!(error.message.contains("it hung up"), "{error}");
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_refused() {
    let cases: [(&[u8], &str); 6] = [
        (b"HTTP/1.1 200 OK\r\n\r\n", "no message of this protocol"),
        (b"iwkek\x02\x00\x01\x01", "version 2"),
        (b"iwkek\x01\xff\xff\x01", "at most 1024 bytes"),
        (b"iwkek\x01\x00\x01\x7f", "no such reply"),
        (b"iwkek\x01\x00\x04\x03abc", "32 bytes"),
        // A description, which nobody has asked for.
        (b"iwkek\x01\x00\x04\x01\x01kt", "something else"),
    ];
    for (answer, expected) in cases {
        for error in errors(Some(answer)).await {
            assert_eq!(error.kind, KekFailure::Unreachable, "{error}");
            assert!(error.message.contains(expected), "{error}");
        }
    }
}

#[tokio::test]
async fn a_refusal_keeps_its_kind() {
    let kinds = [
        KekFailure::Unreachable,
        KekFailure::Denied,
        KekFailure::Refused,
        KekFailure::Misconfigured,
    ];
    for (number, kind) in (0x80..).zip(kinds) {
        let answer = [b"iwkek\x01\x00\x06", &[number][..], b"no\n\x1b!"].concat();
        for error in errors(Some(&answer)).await {
            assert_eq!(error.kind, kind);
            assert!(error.message.ends_with("says: no  !"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_refusal_of_somebody_who_has_not_listened_is_heard() {
    let folder = private();
    let socket = folder.path().join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            drop(stream.write_all(b"iwkek\x01\x00\x05\x81busy").await);
        }
    });
    let kek = kek(socket);
    for _ in 0..200 {
        let error = wrap_error(&kek).await;
        assert_eq!(error.kind, KekFailure::Denied, "{error}");
    }
}

#[tokio::test]
async fn a_place_where_others_could_listen_is_refused() {
    let folder = private();
    let socket = folder.path().join("socket");
    listen(&socket, None);
    for mode in [0o770, 0o720, 0o702, 0o777] {
        fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
        let error = wrap_error(&kek(socket.clone())).await;
        assert_eq!(error.kind, KekFailure::Misconfigured);
        assert!(error.message.contains("chmod 700"), "{error}");
    }
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = wrap_error(&kek(file)).await;
    assert_eq!(error.kind, KekFailure::Misconfigured);
    assert!(error.message.contains("it is no socket"), "{error}");
}

/// Only root can give a file away, and it is root who runs such tests in a container.
#[tokio::test]
async fn a_place_of_another_user_is_refused() {
    let folder = private();
    let socket = folder.path().join("socket");
    listen(&socket, None);
    let nobody = Some(65534);
    if std::os::unix::fs::chown(&socket, nobody, None).is_err() {
        return;
    }
    let error = wrap_error(&kek(socket.clone())).await;
    assert_eq!(error.kind, KekFailure::Misconfigured);
    assert!(error.message.contains("belongs to user 65534"), "{error}");
    std::os::unix::fs::chown(&socket, Some(0), None).unwrap();
    std::os::unix::fs::chown(folder.path(), nobody, None).unwrap();
    let error = wrap_error(&kek(socket)).await;
    assert_eq!(error.kind, KekFailure::Misconfigured);
    assert!(error.message.contains("its directory belongs"), "{error}");
}

#[tokio::test]
async fn what_is_stored_may_be_anything() {
    let folder = private();
    let error = kek(folder.path().join("socket"));
    let error = error.unwrap(&[0; 5000], FIRST).await.err().unwrap();
    assert_eq!(error.kind, KekFailure::Refused);
    assert!(error.message.contains("was changed"), "{error}");
}

#[test]
fn a_name_that_is_none_is_refused() {
    for name in ["", "a\nb", &"k".repeat(256)] {
        let settings = Pkcs11Settings::new("/run/socket".into(), name);
        let error = Pkcs11Kek::new(settings).err().unwrap();
        assert_eq!(error.kind, KekFailure::Misconfigured);
    }
    let settings = Pkcs11Settings::new("/run/socket".into(), "ironward/0a");
    let kek = Pkcs11Kek::new(settings).unwrap();
    assert_eq!(kek.describe().name(), "pkcs11:ironward/0a");
    assert_eq!(&*kek.describe().place, "/run/socket");
}
