//! Nothing that is kept gives a secret away: not the data directory, not a dump of the database.

use ironward_testkit::Postgres;
use serde_json::json;

use super::rewrap::seal;
use super::{Site, call, generate, manage};
use crate::canary::Heard;

const PROVIDER_KEY: &str = "sk-Vt7pQ2mXz9Rk4LcW8nBy";

#[test]
fn a_file_tells_nothing() {
    let site = Site::over_file();
    let (heard, secrets) = lived(&site);
    assert_silent(&site, heard, &secrets);
}

#[test]
fn a_server_tells_nothing() {
    let server = Postgres::start();
    let url = server.database();
    let site = Site::over(&url);
    let (mut heard, secrets) = lived(&site);
    heard.0.push_str(&server.dump(&url));
    assert_silent(&site, heard, &secrets);
}

/// A gateway's life with every kind of secret; what it said, and the secrets. What is searched
/// for is the part of a key that is not its public id.
fn lived(site: &Site) -> (Heard, Vec<String>) {
    let gateway = site.gateway().arg("--log-level").arg("trace").start();
    let admin_key = gateway.admin_key().to_owned();
    let first = generate(&gateway, &admin_key);
    let second = generate(&gateway, &admin_key);
    let regenerated = manage(
        &gateway,
        &admin_key,
        "/key/regenerate",
        &json!({"key": second}),
    );
    assert_eq!(regenerated.status, 200, "{}", regenerated.text());
    let third = regenerated.json()["key"]
        .as_str()
        .expect("a key")
        .to_owned();
    seal(site, "provider", PROVIDER_KEY);
    site.run(&["vault", "rewrap"]);
    assert_eq!(call(&gateway, &first), 200);
    assert_eq!(call(&gateway, &third), 200);
    let mut heard = Heard::default();
    heard.0.push_str(&gateway.log());
    // While it runs: with the write-ahead log and all.
    heard.files(&site.path("state"));
    drop(gateway);
    drop(site.gateway().start());
    let issued = [admin_key, first, second, third];
    let issued = issued
        .iter()
        .map(|key| key.get(22..).expect("a secret").to_owned());
    let secrets = issued.chain([PROVIDER_KEY.to_owned()]).collect();
    (heard, secrets)
}

#[track_caller]
fn assert_silent(site: &Site, mut heard: Heard, secrets: &[String]) {
    heard.files(&site.path("state"));
    // PostgreSQL's dump writes bytes in hexadecimal.
    let names = ["provider", "70726f7669646572"];
    let is_seen = names.iter().any(|name| heard.0.contains(name));
    assert!(is_seen, "the database was looked at");
    heard.assert_silent_about(secrets);
    // The key-encryption key's own bytes are nowhere either.
    let kek = std::fs::read_to_string(site.path("kek")).expect("a file");
    let longest = kek.split_whitespace().max_by_key(|word| word.len());
    heard.assert_silent_about(&[longest.expect("a word").to_owned()]);
}
