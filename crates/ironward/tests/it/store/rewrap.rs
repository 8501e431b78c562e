//! Moving everything to a new data key: online, and killed at any moment.

use std::time::Duration;

use ironward_core::Random as _;
use ironward_testkit::{Postgres, SeededRandom};
use serde_json::Value;

use super::{Site, call, generate};

#[test]
fn it_works_while_a_gateway_runs() {
    let site = Site::over_file();
    let gateway = site.gateway().start();
    let admin_key = gateway.admin_key().to_owned();
    let keys: Vec<_> = (0..20).map(|_| generate(&gateway, &admin_key)).collect();
    for version in 2..5 {
        let moved = site.run_json(&["vault", "rewrap"]);
        assert_eq!(moved["current"], version, "{moved}");
        assert_eq!(
            moved["retired"],
            serde_json::json!([version - 1]),
            "{moved}"
        );
        // At once: the gateway learns the data key when it first meets it.
        let new = generate(&gateway, &admin_key);
        assert_eq!(call(&gateway, &new), 200);
        for key in &keys {
            assert_eq!(call(&gateway, key), 200);
        }
    }
    let log = gateway.log();
    assert!(
        !log.contains("cannot be followed") && !log.contains("row refused"),
        "{log}"
    );
    let moved = site.run_json(&["vault", "reseal", "--from", "4", "--to", "5"]);
    assert_eq!(moved["current"], 5, "{moved}");
    let refused = site.command(&["vault", "reseal", "--from", "5", "--to", "9"]);
    let refused = { refused }.output().expect("the binary runs");
    assert_eq!(refused.status.code(), Some(3), "{}", super::said(&refused));
    drop(gateway);
    let gateway = site.gateway().start();
    assert_eq!(call(&gateway, &keys[0]), 200);
}

#[test]
fn it_is_killed_two_hundred_times_over_a_file() {
    is_killed(&Site::over_file(), 200);
}

#[test]
fn it_is_killed_twenty_times_over_a_server() {
    let server = Postgres::start();
    is_killed(&Site::over(&server.database()), 20);
}

/// Kills a rewrap at random moments of its run; each time everything still opens, and in the end one
/// run completes what all the others began.
fn is_killed(site: &Site, times: usize) {
    let gateway = site.gateway().start();
    let admin_key = gateway.admin_key().to_owned();
    let keys: Vec<_> = (0..150).map(|_| generate(&gateway, &admin_key)).collect();
    for number in 0..5 {
        seal(
            site,
            &format!("credential-{number}"),
            "sk-value-of-the-credential",
        );
    }
    drop(gateway);
    let random = SeededRandom::new(0x1207);
    // The shortest of some runs, so that few are over before they are killed.
    let whole = (0..5)
        .map(|_| {
            let started = std::time::Instant::now();
            site.run(&["vault", "rewrap"]);
            started.elapsed()
        })
        .min()
        .expect("a duration");
    let mut interrupted = 0;
    for _ in 0..times {
        let mut child = site
            .command(&["vault", "rewrap"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("the binary runs");
        let mut bytes = [0; 4];
        random.fill(&mut bytes);
        let part = f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX);
        std::thread::sleep(whole.mul_f64(part).max(Duration::from_millis(1)));
        child.kill().expect("SIGKILL reaches it");
        let status = child.wait().expect("it ends");
        interrupted += usize::from(!status.success());
        // Every row verifies and the census agrees.
        let found = site.run_json(&["store", "status"]);
        assert_eq!(found["objects"]["key"], 150, "{found}");
        assert_eq!(found["objects"]["credential"], 5, "{found}");
    }
    assert!(
        interrupted * 4 > times,
        "only {interrupted} of {times} were interrupted"
    );
    site.run(&["vault", "rewrap"]);
    let status = site.run_json(&["vault", "status"]);
    for key in status["data_keys"].as_array().expect("a list") {
        let expected = if key["state"] == "current" { 150 } else { 0 };
        let values = key["values"].as_u64().expect("a number");
        assert!(
            if expected == 0 {
                values == 0
            } else {
                values >= expected
            },
            "{status}"
        );
        assert!(key["state"] != "old", "{status}");
    }
    let gateway = site.gateway().start();
    for key in &keys {
        assert_eq!(call(&gateway, key), 200);
    }
    assert_eq!(call(&gateway, &admin_key), 200);
}

/// Seals a value as a credential's key.
#[track_caller]
pub(super) fn seal(site: &Site, credential: &str, value: &str) -> Value {
    use std::io::Write as _;
    let mut child = site
        .command(&["vault", "seal", credential, "--json"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(value.as_bytes()).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", super::said(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}
