//! `rotate-kek`, `reseal` and `seal` killed at random moments while a gateway runs: it goes on, every
//! row stays readable, and a provider's key still opens to its plaintext.
//!
//! Each is killed [`USUALLY`] times, or as often as [`KILLS`] says.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ironward_core::Random as _;
use ironward_testkit::{Gateway, SeededRandom, Upstream};
use serde_json::{Value, json};

use super::rewrap::seal;
use super::{MOCK, Site, call_to, generate, manage, said};
use crate::rig::{builder, wait_until};

const FIRST: &str = "vY2mK7tR4xB9nQ6wL1pZ";
const SECOND: &str = "cF5hJ8dS3gA0uE7iO2kM";

/// How often each command is killed where nobody says otherwise.
const USUALLY: usize = 200;
/// The variable that says otherwise, for somebody in a hurry or in doubt.
const KILLS: &str = "IRONWARD_TEST_KILLS";

/// A gateway with a stored deployment whose key is sealed, and the upstream that gets it.
struct World {
    site: Site,
    upstream: Upstream,
    gateway: Gateway,
    key: String,
    random: SeededRandom,
}

impl World {
    fn start() -> Self {
        let site = Site::over_file();
        let upstream = Upstream::start();
        let gateway = gateway(&site, "kek", "other");
        let admin_key = gateway.admin_key().to_owned();
        let credential = json!({"credential_name": "ours", "credential_info": {},
            "credential_values": {"api_key": FIRST, "allow_private_address": true,
                                  "api_base": format!("{}/v1", upstream.url())}});
        let model = json!({"model_name": "stored", "litellm_params": {
            "model": "openai/gpt-test", "litellm_credential_name": "ours"}});
        for (path, body) in [("/credentials", credential), ("/model/new", model)] {
            let reply = manage(&gateway, &admin_key, path, &body);
            assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        }
        let key = generate(&gateway, &admin_key);
        let world = Self {
            site,
            upstream,
            gateway,
            key,
            random: SeededRandom::new(0x1208),
        };
        wait_until("the deployment joins", || {
            call_to(&world.gateway, &world.key, "stored") == 200
        });
        world
    }

    /// The provider's key that a call brings.
    #[track_caller]
    fn sent(&self) -> String {
        let status = call_to(&self.gateway, &self.key, "stored");
        assert_eq!(status, 200, "{}", self.gateway.log());
        let calls = self.upstream.calls();
        let call = calls.last().expect("a call");
        let value = call.header("authorization");
        value.strip_prefix("Bearer ").unwrap_or_default().to_owned()
    }

    /// Kills what `command` makes at random moments of its run. Each time every row still verifies,
    /// and the gateway goes on with one of the values of the provider's key.
    fn kill(&self, mut command: impl FnMut() -> Command) {
        // The shortest of some runs, so that few are over before they are killed.
        let whole = (0..3).map(|_| {
            let command = command();
            let began = Instant::now();
            run(command);
            began.elapsed()
        });
        let whole = whole.min().expect("a duration");
        let objects = self.objects();
        let times = kills();
        let mut interrupted = 0;
        for _ in 0..times {
            let mut child = command()
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("the binary runs");
            std::thread::sleep(whole.mul_f64(self.draw()).max(Duration::from_millis(1)));
            child.kill().expect("SIGKILL reaches it");
            let status = child.wait().expect("it ends");
            interrupted += usize::from(!status.success());
            assert_eq!(self.objects(), objects);
            let sent = self.sent();
            assert!([FIRST, SECOND].contains(&&*sent), "{sent}");
        }
        assert!(
            interrupted * 4 > times,
            "only {interrupted} of {times} were interrupted"
        );
    }

    /// How many objects of each kind there are, all of which are verified on the way.
    #[track_caller]
    fn objects(&self) -> Value {
        self.site.run_json(&["store", "status"])["objects"].clone()
    }

    /// A number between 0 and 1.
    fn draw(&self) -> f64 {
        let mut bytes = [0; 4];
        self.random.fill(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
    }

    /// Another gateway takes over, which unwraps and opens everything anew.
    fn restart(self, kek: &str, previous: &str) -> Self {
        drop(self.gateway);
        let gateway = gateway(&self.site, kek, previous);
        Self { gateway, ..self }
    }

    /// Back under the first key, wherever it stands, the second one is of no use any more.
    #[track_caller]
    fn needs_the_first_key_alone(self) {
        configure(&self.site, "kek", "other");
        run(self.site.command(&["vault", "rotate-kek"]));
        fs::remove_file(self.site.path("other")).expect("the second key");
        // Nobody has the database open in between, so the next one reads SQLite's log again.
        let world = self.restart("kek", "other");
        assert_eq!(world.sent(), FIRST);
    }
}

fn kills() -> usize {
    kills_or(USUALLY)
}

/// How often something is killed, `usually` where nobody says otherwise.
pub(super) fn kills_or(usually: usize) -> usize {
    let Ok(said) = std::env::var(KILLS) else {
        return usually;
    };
    said.parse()
        .unwrap_or_else(|_| panic!("{KILLS} is no number: {said}"))
}

/// A gateway with a key-encryption key in one file and the one before it in another; commands have the
/// same configuration.
fn gateway(site: &Site, kek: &str, previous: &str) -> Gateway {
    let config = configure(site, kek, previous);
    builder(&config)
        .data_dir(site.path("state"))
        .own_kek()
        .start()
}

fn configure(site: &Site, kek: &str, previous: &str) -> String {
    let file = |name: &str| site.path(name).display().to_string();
    // The one before is not there at the first start, where there is none.
    let previous = if site.path(previous).exists() {
        format!("    previous:\n      file: {}\n", file(previous))
    } else {
        String::new()
    };
    let config = format!(
        "{MOCK}general_settings:\n  store_model_in_db: true\nironward:\n  vault:\n    file: {}\n{previous}",
        file(kek)
    );
    fs::write(site.path("config.yaml"), &config).expect("a file");
    config
}

#[track_caller]
fn run(mut command: Command) {
    let output = command.output().expect("the binary runs");
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn rotate_kek_is_killed_while_a_gateway_runs() {
    // A second key, and a gateway that knows both.
    let world = World::start().restart("other", "kek");
    let mut turn = 0;
    world.kill(|| {
        // From one to the other and back, wherever the last one stopped.
        let (kek, previous) = [("other", "kek"), ("kek", "other")][turn % 2];
        turn += 1;
        configure(&world.site, kek, previous);
        world.site.command(&["vault", "rotate-kek"])
    });
    world.needs_the_first_key_alone();
}

#[test]
fn a_rotation_that_nobody_saw_does_not_come_back() {
    let world = World::start().restart("other", "kek");
    let index = world.site.path("state/ironward.db-shm");
    let before = fs::read(&index).expect("the index of SQLite's log");
    run(world.site.command(&["vault", "rotate-kek"]));
    // What it would have left if it had been killed before the last step of its commit: its change is in
    // the log, and in no index of it. The file is mapped, so it is written in place.
    let mut file = fs::OpenOptions::new().write(true).open(&index);
    let file = file.as_mut().expect("the index");
    file.write_all(&before).expect("the index as it was");
    world.needs_the_first_key_alone();
}

#[test]
fn what_is_kept_for_a_lost_database_is_under_the_new_key_soon() {
    let world = World::start().restart("other", "kek");
    let snapshot = world.site.path("state/snapshot.sealed");
    let rotated = world.site.run_json(&["vault", "rotate-kek"]);
    let name = rotated["kek"].as_str().expect("a name").as_bytes();
    wait_until("a snapshot that names it", || {
        let held = fs::read(&snapshot).expect("a snapshot");
        held.windows(name.len()).any(|part| part == name)
    });
    fs::remove_file(world.site.path("kek")).expect("it is of no use any more");
    let World {
        site, gateway, key, ..
    } = world;
    drop(gateway);
    fs::remove_file(site.path("state/ironward.db")).expect("the database");
    let alone = self::gateway(&site, "other", "kek");
    assert_eq!(call_to(&alone, &key, "mock"), 200, "{}", alone.log());
}

#[test]
fn reseal_is_killed_while_a_gateway_runs() {
    let world = World::start();
    for _ in 0..30 {
        generate(&world.gateway, world.gateway.admin_key());
    }
    let reseal = || {
        let (from, to) = next(&world.site);
        let (from, to) = (from.to_string(), to.to_string());
        let args = ["vault", "reseal", "--from", &from, "--to", &to];
        world.site.command(&args)
    };
    world.kill(reseal);
    run(reseal());
    let status = world.site.run_json(&["vault", "status"]);
    let states = status["data_keys"].as_array().expect("a list");
    assert!(states.iter().all(|key| key["state"] != "old"), "{status}");
    assert_eq!(world.objects()["key"], 31);
    let world = world.restart("kek", "other");
    assert_eq!(world.sent(), FIRST);
}

/// The versions of the data keys that one reseal is to begin with, or that one was killed at.
fn next(site: &Site) -> (u64, u64) {
    let status = site.run_json(&["vault", "status"]);
    let keys = status["data_keys"].as_array().expect("a list");
    let version = |state: &str| {
        let found = keys.iter().filter(|key| key["state"] == state);
        found.filter_map(|key| key["version"].as_u64()).max()
    };
    let current = version("current").expect("a current data key");
    match version("old") {
        Some(old) => (old, current),
        None => (current, current + 1),
    }
}

#[test]
fn seal_is_killed_while_a_gateway_runs() {
    let world = World::start();
    let value = world.site.path("value");
    let mut turn = 0;
    world.kill(|| {
        fs::write(&value, [SECOND, FIRST][turn % 2]).expect("a file");
        turn += 1;
        let mut command = world.site.command(&["vault", "seal", "ours"]);
        command.stdin(fs::File::open(&value).expect("a file"));
        command
    });
    seal(&world.site, "ours", SECOND);
    wait_until("the last value is sent", || world.sent() == SECOND);
    let world = world.restart("kek", "other");
    assert_eq!(world.sent(), SECOND);
}
