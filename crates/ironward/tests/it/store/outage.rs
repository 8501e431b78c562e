//! The database is gone, is another one, or was written to.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use ironward_testkit::Postgres;

use super::{CONNECTED, DISCONNECTED, Site, call, generate, manage, says, sqlite};
use crate::rig::wait_until;

/// Runs SQL on a database file, as somebody who has only that.
#[track_caller]
fn sql(site: &Site, statement: &str) {
    let done = Command::new("python3")
        .arg("-c")
        .arg("import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit(); c.close()")
        .arg(sqlite(site))
        .arg(statement)
        .output()
        .expect("python3 runs");
    assert!(done.status.success(), "{}", super::said(&done));
}

#[test]
fn a_server_that_goes_and_comes_back() {
    let mut server = Postgres::start();
    let site = Site::over(&server.database());
    let gateway = site.gateway().start();
    let admin_key = gateway.admin_key().to_owned();
    let key = generate(&gateway, &admin_key);
    server.stop();
    assert_eq!(call(&gateway, &key), 200, "a moment without it is bridged");
    let refused = manage(
        &gateway,
        &admin_key,
        "/key/generate",
        &serde_json::json!({}),
    );
    assert_eq!(refused.status, 503, "{}", refused.text());
    wait_until("readiness says so", || says(&gateway, 503, DISCONNECTED));
    wait_until("nobody can tell which keys are good", || {
        call(&gateway, &key) == 503
    });
    server.run();
    wait_until("it is followed again", || says(&gateway, 200, CONNECTED));
    assert_eq!(call(&gateway, &key), 200);
    let second = generate(&gateway, &admin_key);
    assert_eq!(call(&gateway, &second), 200);
}

#[test]
fn a_start_without_the_server_lets_known_keys_in() {
    let mut server = Postgres::start();
    let site = Site::over(&server.database());
    let first = site.gateway().start();
    let admin_key = first.admin_key().to_owned();
    let key = generate(&first, &admin_key);
    let changed = fs::metadata(site.path("state/snapshot.sealed"))
        .unwrap()
        .modified()
        .unwrap();
    wait_until("the snapshot has the key", || {
        let now = fs::metadata(site.path("state/snapshot.sealed")).unwrap();
        now.modified().unwrap() > changed || now.len() > 1000
    });
    drop(first);
    server.stop();
    let gateway = site.gateway().start();
    assert!(
        gateway.log().contains("starting from the snapshot"),
        "{}",
        gateway.log()
    );
    assert_eq!(call(&gateway, &key), 200);
    assert_eq!(call(&gateway, &admin_key), 200);
    assert_eq!(call(&gateway, "sk-unknown-key-of-nobody"), 401);
    assert!(says(&gateway, 503, DISCONNECTED));
    let refused = manage(
        &gateway,
        &admin_key,
        "/key/generate",
        &serde_json::json!({}),
    );
    assert_eq!(refused.status, 503, "{}", refused.text());
    server.run();
    wait_until("the server is found", || says(&gateway, 200, CONNECTED));
    let second = generate(&gateway, &admin_key);
    assert_eq!(call(&gateway, &second), 200);
}

#[test]
fn a_first_start_without_the_server_refuses() {
    let mut server = Postgres::start();
    let site = Site::over(&server.database());
    server.stop();
    let (status, said) = site.gateway().refuse();
    assert_eq!(status.code(), Some(5), "{said}");
    assert!(
        said.contains("database_url") && said.contains("there is no snapshot"),
        "{said}"
    );
}

#[test]
fn a_file_that_is_gone_is_not_replaced_by_an_empty_one() {
    let site = Site::over_file();
    let first = site.gateway().start();
    let admin_key = first.admin_key().to_owned();
    drop(first);
    for name in ["ironward.db", "ironward.db-wal", "ironward.db-shm"] {
        let path = site.path("state").join(name);
        if path.exists() {
            fs::rename(&path, site.path(name)).unwrap();
        }
    }
    let gateway = site.gateway().start();
    assert!(
        gateway.log().contains("the file is gone"),
        "{}",
        gateway.log()
    );
    assert_eq!(call(&gateway, &admin_key), 200);
    assert!(!sqlite(&site).exists());
    for name in ["ironward.db-wal", "ironward.db-shm", "ironward.db"] {
        if site.path(name).exists() {
            fs::rename(site.path(name), site.path("state").join(name)).unwrap();
        }
    }
    wait_until("the file is found", || says(&gateway, 200, CONNECTED));
}

#[test]
fn a_database_of_a_later_version_is_refused() {
    let site = Site::over_file();
    drop(site.gateway().start());
    sql(&site, "UPDATE schema_version SET version = 1000");
    let (status, said) = site.gateway().refuse();
    assert_eq!(status.code(), Some(5), "{said}");
    assert!(said.contains("schema 1000"), "{said}");
}

#[test]
fn a_row_that_was_removed_by_hand_refuses_until_it_is_accepted() {
    let site = Site::over_file();
    let first = site.gateway().start();
    let admin_key = first.admin_key().to_owned();
    let (kept, removed) = (generate(&first, &admin_key), generate(&first, &admin_key));
    drop(first);
    let id = removed.get(6..22).expect("an id");
    sql(&site, "DELETE FROM unique_value");
    sql(
        &site,
        &format!("DELETE FROM object WHERE id = CAST('{id}' AS BLOB)"),
    );
    let (status, said) = site.gateway().refuse();
    assert_eq!(status.code(), Some(6), "{said}");
    assert!(said.contains("ironward store accept"), "{said}");
    let accepted = site.run(&["store", "accept"]);
    assert!(accepted.contains("is taken as it is"), "{accepted}");
    let after = site.gateway().start();
    assert_eq!(call(&after, &kept), 200);
    assert_eq!(call(&after, &removed), 401);
}

#[test]
fn an_older_copy_of_the_file_is_refused() {
    let site = Site::over_file();
    let first = site.gateway().start();
    let admin_key = first.admin_key().to_owned();
    let mut first = first;
    first.terminate();
    first.wait(std::time::Duration::from_secs(10));
    super::copy(&sqlite(&site), &site.path("old.db"));
    let mut second = site.gateway().start();
    let key = generate(&second, &admin_key);
    second.terminate();
    second.wait(std::time::Duration::from_secs(10));
    // The snapshot of a start that has seen the key: it is written once all is verified.
    let snapshot = || {
        fs::metadata(site.path("state").join("snapshot.sealed"))
            .unwrap()
            .ino()
    };
    let before = snapshot();
    let third = site.gateway().start();
    wait_until("the snapshot is written", || snapshot() != before);
    drop(third);
    for name in ["ironward.db-wal", "ironward.db-shm"] {
        drop(fs::remove_file(site.path("state").join(name)));
    }
    super::copy(&site.path("old.db"), &sqlite(&site));
    let (status, said) = site.gateway().refuse();
    assert_eq!(status.code(), Some(6), "{said}");
    assert!(said.contains("is older"), "{said}");
    site.run(&["store", "accept"]);
    assert_eq!(call(&site.gateway().start(), &key), 401);
}
