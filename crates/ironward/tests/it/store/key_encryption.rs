//! The key-encryption key: without the right one, nothing starts.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::{Site, call, generate, wait_let_in};
use crate::rig::builder;

/// A site with a key, and that key.
fn used() -> (Site, String) {
    let site = Site::over_file();
    let gateway = site.gateway().start();
    let key = generate(&gateway, gateway.admin_key());
    (site, key)
}

#[test]
fn another_key_refuses_and_says_which_one_it_takes() {
    let (site, key) = used();
    let other = Site::over_file();
    drop(other.gateway().start());
    let right = site.path("right");
    super::copy(&site.path("kek"), &right);
    super::copy(&other.path("kek"), &site.path("kek"));
    let (status, said) = site.gateway().refuse();
    assert_eq!(status.code(), Some(5), "{said}");
    assert!(said.contains("is wrapped under file:"), "{said}");
    super::copy(&right, &site.path("kek"));
    assert_eq!(call(&site.gateway().start(), &key), 200);
}

#[test]
fn a_lost_key_is_not_made_anew() {
    let (site, _) = used();
    fs::remove_file(site.path("kek")).unwrap();
    let (status, said) = site.gateway().refuse();
    assert_eq!(status.code(), Some(5), "{said}");
    assert!(said.contains("restore it from its backup"), "{said}");
    assert!(!site.path("kek").exists());
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let (site, _) = used();
    fs::set_permissions(site.path("kek"), fs::Permissions::from_mode(0o644)).unwrap();
    let (status, said) = site.gateway().refuse();
    assert_eq!(status.code(), Some(5), "{said}");
    assert!(said.contains("chmod 600"), "{said}");
}

#[test]
fn a_key_in_the_data_directory_is_refused() {
    let site = Site::over_file();
    let kek = site.path("state").join("kek");
    let (status, said) = site.gateway().own_kek().arg("--kek-file").arg(kek).refuse();
    assert_eq!(status.code(), Some(5), "{said}");
    assert!(said.contains("lies in the data directory"), "{said}");
}

#[test]
fn a_variable_can_hold_it() {
    let site = Site::with("ironward:\n  vault:\n    kek: env\n");
    let start = || {
        let gateway = site.gateway().own_kek();
        gateway
            .env("LITELLM_SALT_KEY", "a salt that is long enough")
            .start()
    };
    let first = start();
    let key = generate(&first, first.admin_key());
    assert!(
        first
            .log()
            .contains("environment variable LITELLM_SALT_KEY")
    );
    drop(first);
    assert_eq!(call(&start(), &key), 200);
    let (status, said) = site.gateway().own_kek().refuse();
    assert_eq!(status.code(), Some(3), "{said}");
    assert!(said.contains("IRONWARD_KEK or LITELLM_SALT_KEY"), "{said}");
}

#[test]
fn a_new_key_takes_over_from_the_one_before() {
    let (site, key) = used();
    let file = |name: &str| site.path(name).display().to_string();
    let vault = format!(
        "ironward:\n  vault:\n    file: {}\n    previous:\n      file: {}\n",
        file("new-kek"),
        file("kek")
    );
    let both = format!("{}{vault}", super::MOCK);
    fs::write(site.path("config.yaml"), &both).unwrap();
    let before = builder(&both)
        .data_dir(site.path("state"))
        .own_kek()
        .start();
    assert_eq!(call(&before, &key), 200);
    assert!(
        before.log().contains("ironward vault rotate-kek"),
        "{}",
        before.log()
    );
    // While it runs.
    let said = site.run(&["vault", "rotate-kek"]);
    assert!(said.contains("are wrapped under file:"), "{said}");
    assert_eq!(
        site.run_json(&["vault", "status"])["kek"]["place"],
        file("new-kek")
    );
    site.run(&["vault", "rewrap"]);
    let admin_key = site.run(&["admin-key"]).trim().to_owned();
    wait_let_in(&before, &admin_key);
    let second = generate(&before, &admin_key);
    assert_eq!(call(&before, &second), 200);
    drop(before);
    fs::remove_file(site.path("kek")).unwrap();
    let alone = both.split("    previous:").next().unwrap().to_owned();
    let after = builder(&alone)
        .data_dir(site.path("state"))
        .own_kek()
        .start();
    assert_eq!(call(&after, &key), 200);
    assert_eq!(call(&after, &second), 200);
}
