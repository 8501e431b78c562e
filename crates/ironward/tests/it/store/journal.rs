//! Acts on the admin port and the records of them: what is answered is recorded, what cannot be
//! recorded is not done, and what is recorded cannot be changed unseen.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use ironward_core::Random as _;
use ironward_testkit::raw;
use ironward_testkit::{Gateway, SeededRandom};
use serde_json::{Value, json};

use super::{CONNECTED, Site, call, generate, manage, said, says};
use crate::rig::{BINARY, wait_until};

const UNWRITABLE: &str = r#"{"status":"unhealthy","journal":"unwritable"}"#;

impl Site {
    fn journal(&self, args: &[&str]) -> Output {
        let mut command = Command::new(BINARY);
        let command = command.arg("journal").args(args).arg("--data-dir");
        let command = command.arg(self.path("state")).env_clear();
        command.output().expect("the binary runs")
    }

    #[track_caller]
    pub(super) fn journal_says(&self, args: &[&str]) -> String {
        let output = self.journal(args);
        assert!(output.status.success(), "{args:?}: {}", said(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    #[track_caller]
    pub(super) fn records(&self) -> Vec<Value> {
        let lines = self.journal_says(&["tail", "-n", "1000000"]);
        let records = lines
            .lines()
            .map(|line| serde_json::from_str(line).expect("a record"));
        records.collect()
    }

    fn folder(&self) -> PathBuf {
        self.path("state").join("journal")
    }
}

fn kinds(records: &[Value]) -> Vec<&str> {
    let kinds = records.iter().map(|record| record["kind"].as_str());
    kinds.map(|kind| kind.expect("a kind")).collect()
}

#[track_caller]
pub(super) fn stop(mut gateway: Gateway) {
    gateway.terminate();
    let status = gateway.wait(Duration::from_secs(10));
    assert!(status.success(), "{}", gateway.output());
}

#[test]
fn acts_are_recorded_and_what_is_changed_is_found() {
    let site = Site::with("ironward:\n  journal:\n    durability: disk\n");
    let gateway = site.gateway().start();
    let admin_key = gateway.admin_key().to_owned();
    let key = generate(&gateway, &admin_key);
    let kept = site.path("kept");
    stop(gateway);
    assert_eq!(
        kinds(&site.records()),
        ["start", "act", "act.outcome", "stop"]
    );
    let good = site.journal_says(&["verify"]);
    assert!(
        good.starts_with("good: a checkpoint over 4 records"),
        "{good}"
    );
    fs::copy(site.folder().join("checkpoint"), &kept).expect("a copy");
    let old = site.path("old");
    copy_all(&site.folder(), &old);

    let public = site.journal_says(&["key"]);
    let proof = site.path("proof");
    fs::write(&proof, site.journal_says(&["prove", "2"])).expect("a file");
    let proof = proof.to_str().expect("text").to_owned();
    let elsewhere = [
        "verify",
        "--proof",
        &proof,
        "--key",
        public.trim(),
        "--json",
    ];
    let proven: Value = serde_json::from_str(&site.journal_says(&elsewhere)).expect("JSON");
    assert_eq!(proven["index"], 2);
    let shown: Value = serde_json::from_str(&site.journal_says(&["show", "2"])).expect("JSON");
    assert_eq!(shown["record"]["kind"], "act.outcome");
    assert_eq!(shown["proof"], fs::read_to_string(&proof).expect("text"));

    let gateway = site.gateway().start();
    let deleted = manage(&gateway, &admin_key, "/key/delete", &json!({"keys": [key]}));
    assert_eq!(deleted.status, 200, "{}", deleted.text());
    stop(gateway);
    let kept = kept.to_str().expect("text").to_owned();
    site.journal_says(&["verify", "--checkpoint", &kept]);
    let newer = site.path("newer");
    fs::copy(site.folder().join("checkpoint"), &newer).expect("a copy");

    // An edit is named, with the record.
    let bundle = site.folder().join("tile/entries/000.p/8");
    let whole = fs::read(&bundle).expect("a bundle");
    let mut changed = whole.clone();
    let length = changed.len();
    changed[length - 10] ^= 1;
    fs::write(&bundle, changed).expect("a file");
    let output = site.journal(&["verify", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["findings"][0]["subject"], "record 7");
    assert_eq!(report["findings"][0]["wrong"], "edited");
    // The gateway does not go on with what it did not write.
    let (status, text) = site.gateway().refuse();
    assert_eq!(status.code(), Some(6), "{text}");
    assert!(text.contains("ironward journal verify"), "{text}");
    fs::write(&bundle, whole).expect("a file");

    // An old copy is good by itself, and not to who has kept a checkpoint.
    fs::remove_dir_all(site.folder()).expect("it is removed");
    copy_all(&old, &site.folder());
    site.journal_says(&["verify"]);
    let newer = newer.to_str().expect("text").to_owned();
    let output = site.journal(&["verify", "--checkpoint", &newer]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("checkpoint: rolled back"),
        "{}",
        said(&output)
    );
}

/// Attack 17: while the journal cannot be written an act is refused and not done, the gateway is not
/// ready, and both end when it can be written again.
#[track_caller]
fn assert_refuses(gateway: &Gateway, obstruct: &dyn Fn(), clear: &dyn Fn()) {
    let admin_key = gateway.admin_key().to_owned();
    let known = teams(gateway, &admin_key);
    obstruct();
    for name in ["one", "two"] {
        let body = json!({"team_id": name, "team_alias": name});
        let refused = manage(gateway, &admin_key, "/team/new", &body);
        assert_eq!(refused.status, 503, "{}", refused.text());
        assert!(
            refused.text().contains("nothing was done"),
            "{}",
            refused.text()
        );
    }
    assert_eq!(call(gateway, &admin_key), 503, "no call is made either");
    assert!(says(gateway, 503, UNWRITABLE));
    assert_eq!(teams(gateway, &admin_key), known, "nothing was done");
    clear();
    wait_until("the journal recovers", || says(gateway, 200, CONNECTED));
    let body = json!({"team_alias": "after"});
    let made = manage(gateway, &admin_key, "/team/new", &body);
    assert_eq!(made.status, 200, "{}", made.text());
    assert_eq!(call(gateway, &admin_key), 200);
    assert!(
        gateway.log().contains("the journal cannot be written"),
        "{}",
        gateway.log()
    );
}

fn teams(gateway: &Gateway, key: &str) -> usize {
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str())];
    let reply = raw::request(gateway.admin_address(), "GET", "/team/list", &headers, b"");
    let reply = reply.expect("a reply");
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json().as_array().expect("a list").len()
}

#[test]
fn without_its_tail_or_the_right_to_it_nothing_is_done() {
    let site = Site::over_file();
    let gateway = site.gateway().start();
    let (tail, away) = (site.folder().join("tail"), site.folder().join("away"));
    let move_away = || fs::rename(&tail, &away).expect("it is moved");
    let bring_back = || fs::rename(&away, &tail).expect("it is moved back");
    assert_refuses(&gateway, &move_away, &bring_back);

    let set = |mode| fs::set_permissions(&tail, Permissions::from_mode(mode)).expect("a mode");
    set(0o000);
    // The superuser may write anywhere.
    let is_shut = fs::read_dir(&tail).is_err();
    set(0o700);
    if is_shut {
        assert_refuses(&gateway, &|| set(0o000), &|| set(0o700));
    }
    stop(gateway);
    site.journal_says(&["verify"]);
    let records = site.records();
    assert!(
        kinds(&records).contains(&"journal.recovered"),
        "{records:?}"
    );
}

#[test]
fn on_a_full_or_read_only_disk_nothing_is_done() {
    let site = Site::over_file();
    // What is there before is the folder alone: the disk lies over it.
    fs::create_dir_all(site.folder()).expect("a folder");
    let mode = Permissions::from_mode(0o700);
    fs::set_permissions(site.path("state"), mode).expect("a mode");
    let gateway = site.gateway().on_small_disk(&site.folder(), "128k").start();
    let root = PathBuf::from(format!("/proc/{}/root", gateway.pid()));
    let inside = root.join(site.folder().strip_prefix("/").expect("absolute"));
    let filler = inside.join("filler");
    let fill = || {
        let mut size = 128 << 10;
        // As much as there is room for, to the last page.
        while size > 0 {
            let mut all = fs::read(&filler).unwrap_or_default();
            all.resize(all.len() + size, 0);
            if fs::write(&filler, &all).is_err() {
                all.truncate(all.len() - size);
                fs::write(&filler, &all).expect("what fitted before");
                size /= 2;
                if size < 4096 {
                    break;
                }
            }
        }
        // What is left of the tail's own page.
        let admin_key = gateway.admin_key();
        for _ in 0..64 {
            let body = json!({"keys": ["none"]});
            if manage(&gateway, admin_key, "/key/delete", &body).status == 503 {
                return;
            }
        }
        panic!("the disk takes everything");
    };
    let empty = || fs::remove_file(&filler).expect("it is removed");
    assert_refuses(&gateway, &fill, &empty);

    let remount = |how: &str| {
        let pid = gateway.pid().to_string();
        // A tail that was just written to is closed within 100 ms.
        let is_remounted = || {
            Command::new("nsenter")
                .args([
                    "--target",
                    &pid,
                    "--user",
                    "--mount",
                    "--preserve-credentials",
                ])
                .args(["mount", "-o", &format!("remount,{how}")])
                .arg(site.folder())
                .status()
                .expect("nsenter runs")
                .success()
        };
        wait_until(&format!("it is remounted {how}"), is_remounted);
    };
    assert_refuses(&gateway, &|| remount("ro"), &|| remount("rw"));
    stop(gateway);
}

/// How often a gateway is killed.
const KILLS: usize = 25;

#[test]
fn every_act_that_was_answered_is_recorded_however_often_the_gateway_is_killed() {
    let site = Site::over_file();
    let random = SeededRandom::new(0x17);
    let mut admin_key = String::new();
    let mut answered = Vec::new();
    for round in 0..KILLS {
        let mut gateway = site.gateway().start();
        if round == 0 {
            gateway.admin_key().clone_into(&mut admin_key);
        }
        let address = gateway.admin_address();
        let key = admin_key.clone();
        let acting = std::thread::spawn(move || {
            let bearer = format!("Bearer {key}");
            let headers = [
                ("authorization", bearer.as_str()),
                ("content-type", "application/json"),
            ];
            let mut made = Vec::new();
            while let Ok(reply) = raw::request(address, "POST", "/key/generate", &headers, b"{}")
                && reply.status == 200
            {
                let id = reply.json()["token_id"].as_str().expect("an id").to_owned();
                made.push(id);
            }
            made
        });
        let mut byte = [0];
        random.fill(&mut byte);
        std::thread::sleep(Duration::from_millis(20 + u64::from(byte[0])));
        gateway.kill();
        answered.extend(acting.join().expect("the thread ends"));
    }
    let gateway = site.gateway().start();
    stop(gateway);
    site.journal_says(&["verify"]);
    let records = site.records();
    let outcomes = records
        .iter()
        .filter(|record| record["kind"] == "act.outcome");
    let objects = outcomes.filter_map(|record| record["what"]["objects"][0]["id"].as_str());
    let mut recorded: Vec<&str> = objects.collect();
    assert!(answered.len() > KILLS, "{} acts", answered.len());
    for id in &answered {
        assert!(
            recorded.contains(&id.as_str()),
            "{id} was answered and is not recorded"
        );
    }
    let count = recorded.len();
    recorded.sort_unstable();
    recorded.dedup();
    assert_eq!(recorded.len(), count, "none is recorded twice");
    // What was recorded and not answered was about to be.
    assert!(count <= answered.len() + KILLS);
}

#[test]
fn changes_of_the_configuration_are_recorded() {
    let site = Site::over_file();
    let gateway = site.gateway().start();
    let sound = gateway.directory().join("config.yaml");
    let text = fs::read_to_string(&sound).expect("the configuration");
    gateway.rewrite_config(&format!("{text}litellm_settings:\n  drop_params: true\n"));
    gateway.wait_for_output("config reloaded");
    gateway.rewrite_config("model_list: 7\n");
    gateway.wait_for_output("config refused");
    stop(gateway);
    let records = site.records();
    assert_eq!(
        kinds(&records),
        ["start", "config", "config.refused", "stop"]
    );
    assert_eq!(records[1]["what"]["model_groups"], 1);
}

#[test]
fn two_gateways_do_not_write_one_journal() {
    let site = Site::over_file();
    let _first = site.gateway().start();
    let (status, text) = site.gateway().refuse();
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(
        text.contains("another process writes to the journal"),
        "{text}"
    );
}

/// A verifier that shares no code with the gateway: `cargo xtask journal` runs it.
#[test]
#[ignore = "takes a Python with a package: cargo xtask journal"]
fn a_verifier_of_others_takes_the_journal() {
    let variable = |name| std::env::var_os(name).expect("cargo xtask journal sets it");
    let (python, script) = (
        variable("IRONWARD_JOURNAL_PYTHON"),
        variable("IRONWARD_JOURNAL_VERIFIER"),
    );
    let site = Site::over_file();
    let gateway = site.gateway().start();
    let admin_key = gateway.admin_key().to_owned();
    // More than one bundle, so that there are tiles of two levels.
    for _ in 0..150 {
        generate(&gateway, &admin_key);
    }
    stop(gateway);
    let gateway = site.gateway().start();
    generate(&gateway, &admin_key);
    stop(gateway);
    let key = site.journal_says(&["key"]).trim().to_owned();
    let size = 150 * 2 + 2 + 4;
    let mut proofs = Vec::new();
    for index in [0, 1, 255, 256, size - 1] {
        let path = site.path(&format!("{index}.tlog-proof"));
        let proof = site.journal_says(&["prove", &index.to_string()]);
        fs::write(&path, proof).expect("a file");
        proofs.push(path);
    }
    let verify = || {
        let mut command = Command::new(&python);
        let command = command
            .arg(&script)
            .arg(site.folder())
            .arg(&key)
            .args(&proofs);
        let output = command.output().expect("python runs");
        let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (output.status.success(), said)
    };
    let (is_good, found) = verify();
    assert!(is_good, "{found}");
    assert_eq!(found["size"], size);
    assert_eq!(found["proofs"], json!([0, 1, 255, 256, size - 1]));
    let bundle = site.folder().join("tile/entries/000");
    let mut changed = fs::read(&bundle).expect("a bundle");
    changed[100] ^= 1;
    fs::write(&bundle, changed).expect("a file");
    assert!(!verify().0, "an edit is found");
}

fn copy_all(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_all(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a copy");
        }
    }
}
