//! The key-encryption key: without the right one, nothing starts.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use ironward_testkit::{Gateway, LastingBao};
use serde_json::{Value, json};

use super::{CONNECTED, Site, call, generate, manage, says, wait_let_in};
use crate::rig::{builder, wait_until};

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

/// The status and the answer of a request that seals a secret.
fn seal(gateway: &Gateway, name: &str) -> (u16, Value) {
    let body = json!({"credential_name": name, "credential_values": {"api_key": "a secret"}});
    let reply = manage(gateway, gateway.admin_key(), "/credentials", &body);
    (reply.status, reply.json())
}

#[test]
fn a_service_that_goes_and_comes_back() {
    let mut bao = LastingBao::start("ironward");
    let site = Site::with(&format!(
        "general_settings:\n  store_model_in_db: true\nironward:\n  vault:\n    kek: vault-transit\n    \
         address: {}\n    key: ironward\n    token_file: {}\n",
        bao.url(),
        bao.token_file().display()
    ));
    let gateway = site.gateway().own_kek().start();
    let key = generate(&gateway, gateway.admin_key());
    assert_eq!(seal(&gateway, "before").0, 200);
    bao.stop();
    wait_until("the alarm", || {
        gateway.log().contains("seals no new secret")
    });
    let (status, answer) = seal(&gateway, "meanwhile");
    assert_eq!(status, 503, "{answer}");
    let said = answer["error"]["message"].as_str().unwrap();
    let reason = "nothing new is sealed while the key-encryption key does not answer";
    assert!(said.starts_with(reason), "{said}");
    assert!(said.ends_with("; nothing was changed"), "{said}");
    let model = json!({
        "model_name": "m", "litellm_params": {"model": "openai/gpt-4o", "api_key": "a secret"},
    });
    let refused = manage(&gateway, gateway.admin_key(), "/model/new", &model);
    assert_eq!(refused.status, 503, "{}", refused.text());
    // All else goes on: calls, probes, keys made and revoked.
    assert_eq!(call(&gateway, &key), 200);
    assert!(says(&gateway, 200, CONNECTED));
    let second = generate(&gateway, gateway.admin_key());
    assert_eq!(call(&gateway, &second), 200);
    let gone = json!({"keys": [second]});
    let deleted = manage(&gateway, gateway.admin_key(), "/key/delete", &gone);
    assert_eq!(deleted.status, 200, "{}", deleted.text());
    assert_eq!(call(&gateway, &second), 401);
    bao.run();
    wait_until("it answers again", || {
        gateway
            .log()
            .contains("the key-encryption key answers again")
    });
    let (status, answer) = seal(&gateway, "after");
    assert_eq!(status, 200, "{answer}");
    assert_eq!(call(&gateway, &key), 200);
}
