//! Keys that were made on the admin port, on the data port.

use std::thread;

use ironward_testkit::Postgres;
use serde_json::json;

use super::{CONNECTED, Site, call, generate, manage, said, says, wait_let_in};
use crate::rig::wait_until;

#[test]
fn a_made_key_is_let_in_over_a_file() {
    a_made_key_is_let_in(&Site::over_file());
}

#[test]
fn a_made_key_is_let_in_over_a_server() {
    let server = Postgres::start();
    a_made_key_is_let_in(&Site::over(&server.database()));
}

fn a_made_key_is_let_in(site: &Site) {
    let first = site.gateway().start();
    let admin_key = first.admin_key().to_owned();
    assert!(says(&first, 200, CONNECTED));
    let key = generate(&first, &admin_key);
    assert_eq!(call(&first, &key), 200);
    let (begun, end) = key.split_at(key.len() - 1);
    let wrong = format!("{begun}{}", if end == "0" { '1' } else { '0' });
    assert_eq!(call(&first, &wrong), 401);
    assert!(
        first.log().contains("make a backup of it now"),
        "{}",
        first.log()
    );
    drop(first);

    let second = site.gateway().start();
    assert_eq!(second.admin_key(), "", "there is one already");
    assert_eq!(call(&second, &key), 200);
    assert_eq!(call(&second, &admin_key), 200);
    assert!(!second.log().contains("backup"), "{}", second.log());
    let gone = manage(&second, &admin_key, "/key/delete", &json!({"keys": [key]}));
    assert_eq!(gone.status, 200, "{}", gone.text());
    assert_eq!(call(&second, &key), 401);
}

#[test]
fn two_nodes_start_together_on_an_empty_server() {
    let server = Postgres::start();
    for _ in 0..3 {
        let url = server.database();
        let (site, other) = (Site::over(&url), Site::over(&url));
        // Nodes on two machines have one key-encryption key.
        let warm = Site::over_file();
        drop(warm.gateway().start());
        for one in [&site, &other] {
            super::copy(&warm.path("kek"), &one.path("kek"));
        }
        let (one, two) = thread::scope(|scope| {
            // Their directories outlive the threads: a gateway without its own records nothing.
            let one = scope.spawn(|| site.gateway().start());
            let two = scope.spawn(|| other.gateway().start());
            (
                one.join().expect("it starts"),
                two.join().expect("it starts"),
            )
        });
        let keys: Vec<_> = [&one, &two]
            .iter()
            .map(|gateway| gateway.admin_key())
            .filter(|key| !key.is_empty())
            .collect();
        assert_eq!(keys.len(), 1, "an installation has one admin key");
        // The node that did not make it takes it over while it already answers.
        wait_let_in(&one, keys[0]);
        wait_let_in(&two, keys[0]);
        let key = generate(&one, keys[0]);
        assert_eq!(call(&one, &key), 200);
        wait_let_in(&two, &key);
    }
}

#[test]
fn another_admin_key_is_taken_while_running() {
    let site = Site::over_file();
    let gateway = site.gateway().start();
    let old = gateway.admin_key().to_owned();
    let new = site.run(&["admin-key"]).trim().to_owned();
    wait_let_in(&gateway, &new);
    assert_eq!(call(&gateway, &old), 401);
}

#[test]
fn the_admin_key_is_retired_once_somebody_else_administers() {
    let server = Postgres::start();
    for site in [Site::over_file(), Site::over(&server.database())] {
        let gateway = site.gateway().start();
        let admin_key = gateway.admin_key().to_owned();
        let refused = || {
            let output = site.command(&["admin-key", "--retire"]).output().unwrap();
            assert_eq!(output.status.code(), Some(1), "{}", said(&output));
            assert!(said(&output).contains("nobody else could administer"));
        };
        let make = |id: &str, role: &str| {
            let body = json!({"user_id": id, "user_role": role});
            let made = manage(&gateway, &admin_key, "/user/new", &body);
            assert_eq!(made.status, 200, "{}", made.text());
            made.json()["key"].as_str().unwrap().to_owned()
        };
        refused();
        make("viewer", "proxy_admin_viewer");
        let blocked = make("blocked", "proxy_admin");
        let block = manage(&gateway, &admin_key, "/key/block", &json!({"key": blocked}));
        assert_eq!(block.status, 200, "{}", block.text());
        refused();
        assert_eq!(call(&gateway, &admin_key), 200);
        let bobs = make("bob", "proxy_admin");
        assert!(site.run(&["admin-key", "--retire"]).contains("user bob"));
        wait_until("the admin key is not let in", || {
            thread::sleep(std::time::Duration::from_millis(300));
            call(&gateway, &admin_key) == 401
        });
        let refused = manage(&gateway, &admin_key, "/key/generate", &json!({}));
        assert_eq!(refused.status, 401);
        generate(&gateway, &bobs);
        drop(gateway);
        let second = site.gateway().start();
        assert_eq!(second.admin_key(), "", "it stays retired");
        assert_eq!(call(&second, &admin_key), 401);
        generate(&second, &bobs);
        // The way back is the operator's, on the machine.
        let new = site.run(&["admin-key"]).trim().to_owned();
        wait_let_in(&second, &new);
    }
}

#[test]
fn the_state_of_the_first_version_is_taken_over() {
    let pepper = [7; 32];
    let key = "sk-iw-00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let hash = ironward_secret::KeyHasher::new(&pepper).hash(key.as_bytes());
    let site = Site::over_file();
    let state = site.path("state");
    std::fs::create_dir(&state).unwrap();
    std::fs::set_permissions(&state, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    std::fs::write(state.join("key-pepper"), pepper).unwrap();
    std::fs::write(state.join("admin-key.hash"), hash.bytes()).unwrap();
    for _ in 0..2 {
        let gateway = site.gateway().start();
        assert_eq!(gateway.admin_key(), "", "nobody is locked out");
        assert_eq!(call(&gateway, key), 200);
        assert!(!state.join("key-pepper").exists() && !state.join("admin-key.hash").exists());
    }
}
