//! A change of the configuration: in force without a lost call when it is sound, without effect and
//! with a reason when it is not.

use std::time::Duration;

use ironward_testkit::Upstream;
use ironward_testkit::raw;

use crate::bystander::Bystander;
use crate::dialect::Dialect;
use crate::rig::{KEY, Rig, builder, families, wait_until};

fn mock(name: &str) -> String {
    format!(
        "  - model_name: {name}\n    litellm_params:\n      model: openai/x\n      api_key: k\n      mock_response: I am {name}\n"
    )
}

/// The configuration of a rig, with one more group.
fn with(rig: &Rig, group: &str) -> String {
    let mock = format!("{}general_settings:", mock(group));
    families(&rig.upstream, "").replacen("general_settings:", &mock, 1)
}

fn has(rig: &Rig, group: &str) -> bool {
    let reply = rig.post(
        Dialect::OpenAi.path(),
        &Dialect::OpenAi.body(group, "hello"),
    );
    reply.status == 200
}

fn count(rig: &Rig, text: &str) -> usize {
    rig.gateway.log().matches(text).count()
}

#[test]
fn a_sound_change_is_in_force_and_no_call_is_lost() {
    let rig = Rig::start();
    let bystander = Bystander::start(&rig);
    for number in 0..8 {
        let group = format!("group-{number}");
        rig.gateway.rewrite_config(&with(&rig, &group));
        wait_until("the new group answers", || has(&rig, &group));
        if let Some(before) = u32::checked_sub(number, 1) {
            assert!(
                !has(&rig, &format!("group-{before}")),
                "the old one is gone"
            );
        }
    }
    bystander.assert_unharmed();
    assert!(rig.gateway.log().contains("config reloaded"));
}

#[test]
fn an_unsound_change_leaves_the_old_one_in_force_and_says_why() {
    let rig = Rig::start();
    rig.gateway.rewrite_config(&with(&rig, "first"));
    wait_until("the first change", || has(&rig, "first"));
    for (broken, why) in [
        ("model_list: [\n".to_owned(), "config.yaml:"),
        (
            with(&rig, "second").replace("openai/x", "nobody/x"),
            "nobody",
        ),
        (with(&rig, "second").replace(KEY, "sk-1234"), "published"),
        (
            with(&rig, "second") + "ironward:\n  colour: red\n",
            "colour",
        ),
        (
            with(&rig, "second") + "include: [not-there.yaml]\n",
            "not-there.yaml",
        ),
    ] {
        let before = count(&rig, "config refused");
        rig.gateway.rewrite_config(&broken);
        wait_until("refused", || count(&rig, "config refused") > before);
        assert!(
            rig.gateway.log().contains(why),
            "{why}: {}",
            rig.gateway.log()
        );
        assert!(has(&rig, "first") && !has(&rig, "second"));
    }
    rig.gateway.rewrite_config(&with(&rig, "third"));
    wait_until("the next sound change", || has(&rig, "third"));
    assert!(!has(&rig, "first"));
}

#[test]
fn a_change_of_an_included_file_counts() {
    let upstream = Upstream::start();
    let builder = builder(&families(&upstream, "include: [more.yaml]\n"));
    let path = builder.directory().join("more.yaml");
    let write = |group| std::fs::write(&path, format!("model_list:\n{}", mock(group)));
    write("first").expect("a file");
    let rig = Rig {
        gateway: builder.start(),
        upstream,
    };
    assert!(has(&rig, "first"));
    write("second").expect("a file");
    wait_until("the included change", || has(&rig, "second"));
    assert!(!has(&rig, "first"));
    rig.assert_works();
}

#[test]
fn a_file_that_comes_to_be_included_is_watched_too() {
    let rig = Rig::start();
    let path = rig.gateway.directory().join("later.yaml");
    let write = |group| std::fs::write(&path, format!("model_list:\n{}", mock(group)));
    write("first").expect("a file");
    let config = families(&rig.upstream, "include: [later.yaml]\n");
    rig.gateway.rewrite_config(&config);
    wait_until("the included file", || has(&rig, "first"));
    write("second").expect("a file");
    wait_until("its change", || has(&rig, "second"));
}

#[test]
fn a_hang_up_reads_it_again() {
    let rig = Rig::start();
    for _ in 0..3 {
        let before = count(&rig, "config reloaded");
        rig.gateway.hang_up();
        wait_until("reloaded", || count(&rig, "config reloaded") > before);
    }
    rig.assert_works();
}

#[test]
fn a_running_stream_outlives_its_group() {
    let rig = Rig::start();
    let body = Dialect::OpenAi.stream("openai/slow-stream-200", "one two three four five six");
    let mut connection = rig.open(Dialect::OpenAi.path(), &[], &body);
    assert_eq!(connection.read_head().expect("a head").status, 200);
    let only_mock = format!(
        "model_list:\n{}general_settings:\n  master_key: {KEY}\n",
        mock("only")
    );
    rig.gateway.rewrite_config(&only_mock);
    wait_until("the new group", || has(&rig, "only"));
    assert!(!has(&rig, "openai/gpt-test"));
    let mut text = String::new();
    while !text.contains("[DONE]") {
        let piece = connection.read_piece().expect("the rest of the stream");
        assert!(!piece.is_empty(), "cut: {text}");
        text.push_str(&String::from_utf8_lossy(&piece));
    }
}

#[test]
fn what_takes_a_restart_is_named_with_its_line() {
    let rig = Rig::start();
    let settings = "litellm_settings:\n  json_logs: true\n  set_verbose: true\n\
                    ironward:\n  vault: {kek: env}\n";
    let config = families(&rig.upstream, settings);
    rig.gateway.rewrite_config(&config);
    // On a busy machine one change may come as two events, and is read twice.
    wait_until("reloaded", || count(&rig, "config reloaded") > 0);
    for key in [
        "litellm_settings.json_logs",
        "litellm_settings.set_verbose",
        "ironward.vault",
    ] {
        let name = key.rsplit('.').next().unwrap_or_default();
        let line = config.lines().position(|line| line.contains(name));
        let line = 1 + line.expect("a line");
        let said = format!("config.yaml, line {line}: {key}: changed, needs a restart");
        assert!(count(&rig, &said) > 0, "{said}: {}", rig.gateway.log());
    }
    let (reloads, named) = (
        count(&rig, "config reloaded"),
        count(&rig, "needs a restart"),
    );
    assert_eq!(named, 3 * reloads, "{}", rig.gateway.log());
    rig.gateway.rewrite_config(&families(&rig.upstream, ""));
    wait_until("as it was", || count(&rig, "config reloaded") > reloads);
    assert_eq!(count(&rig, "needs a restart"), named);
}

#[test]
fn how_long_a_drain_may_take_follows_a_reload() {
    let upstream = Upstream::start();
    let with = |seconds| {
        let settings = format!("ironward:\n  drain_timeout: {seconds}\n");
        families(&upstream, &settings)
    };
    let gateway = builder(&with(600)).start();
    gateway.rewrite_config(&with(1));
    gateway.wait_for_output("config reloaded");
    let rig = Rig { gateway, upstream };
    let body = Dialect::OpenAi.stream("openai/hang-stream", "one two three");
    let mut connection = rig.open(Dialect::OpenAi.path(), &[], &body);
    assert_eq!(connection.read_head().expect("a head").status, 200);
    let Rig {
        mut gateway,
        upstream: _upstream,
    } = rig;
    gateway.terminate();
    assert_eq!(gateway.wait(Duration::from_secs(20)).code(), Some(1));
}

fn status(rig: &Rig, key: &str) -> u16 {
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str())];
    let reply = raw::request(rig.address(), "GET", "/v1/models", &headers, b"");
    reply.expect("a reply").status
}

#[test]
fn a_key_in_a_file_is_read_again_when_the_file_changes() {
    let rig = Rig::start();
    let (one, other) = ("sk-4Tz8Qw1Rd6Jm3Xc9Bv5", "sk-9Lm2Vb7Yc4Kx8Ns3Hf6");
    let path = rig.gateway.directory().join("master-key");
    std::fs::write(&path, format!("{one}\n")).expect("a file");
    let reference = format!("file:{}", path.display());
    let config = families(&rig.upstream, "").replace(KEY, &reference);
    rig.gateway.rewrite_config(&config);
    wait_until("the key of the file", || status(&rig, one) == 200);
    // As a secret store does it: another file in its place.
    let beside = path.with_extension("new");
    std::fs::write(&beside, other).expect("a file");
    std::fs::rename(&beside, &path).expect("a rename");
    wait_until("the new key", || status(&rig, other) == 200);
    assert_eq!(status(&rig, one), 401);
    assert_eq!(status(&rig, &reference), 401);
}

#[test]
fn another_master_key_locks_out_the_old_one() {
    let rig = Rig::start();
    let status = |key: &str| status(&rig, key);
    let new = "sk-9Lm2Vb7Yc4Kx8Ns3Hf6";
    let config = families(&rig.upstream, "").replace(KEY, new);
    assert_eq!((status(KEY), status(new)), (200, 401));
    rig.gateway.rewrite_config(&config);
    wait_until("the new key", || status(new) == 200);
    assert_eq!(status(KEY), 401);
}
