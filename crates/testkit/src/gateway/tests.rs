use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Gateway;

/// A stand-in for the binary: a shell script with the same contract.
fn script(directory: &Path, body: &str) -> PathBuf {
    let path = directory.join("ironward");
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

const READY: &str =
    r#"{"data":"127.0.0.1:4000","admin":"127.0.0.1:4001","admin_key":"sk-iw-test"}"#;

#[test]
fn the_ready_line_is_found_among_others_and_the_process_ends_with_the_value() {
    let directory = tempfile::tempdir().unwrap();
    let binary = script(
        directory.path(),
        &format!("echo hello; echo '{{\"level\":\"info\"}}'; echo '{READY}'; exec sleep 60"),
    );
    let gateway = Gateway::start(&binary, "model_list: []");
    assert_eq!(gateway.address().port(), 4000);
    assert_eq!(gateway.admin_address().port(), 4001);
    assert_eq!(gateway.admin_key(), "sk-iw-test");
    assert!(gateway.output().starts_with("hello\n"));
    let process = PathBuf::from(format!("/proc/{}", gateway.pid()));
    assert!(process.exists());
    drop(gateway);
    assert!(!process.exists());
}

#[test]
fn a_signal_ends_it_and_its_status_is_seen() {
    let directory = tempfile::tempdir().unwrap();
    let binary = script(
        directory.path(),
        &format!("trap 'exit 7' TERM; echo '{READY}'; while :; do sleep 0.05; done"),
    );
    let mut gateway = Gateway::start(&binary, "");
    gateway.terminate();
    assert_eq!(gateway.wait(Duration::from_secs(5)).code(), Some(7));
}

#[test]
fn a_refusal_gives_status_and_words() {
    let directory = tempfile::tempdir().unwrap();
    let binary = script(directory.path(), "echo 'line 3: no' >&2; exit 2");
    let (status, output) = Gateway::builder(&binary, "x").refuse();
    assert_eq!(status.code(), Some(2));
    assert_eq!(output, "line 3: no\n");
}
