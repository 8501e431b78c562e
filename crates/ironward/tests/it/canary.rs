//! No window of eight characters of a secret, in any encoding, in anything that the gateway says or
//! keeps: replies, headers, stdout, stderr at its most talkative, files.

pub(crate) mod encodings;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use ironward_testkit::raw::{self, Connection, Reply};
use ironward_testkit::{Gateway, Upstream};

use crate::dialect::Dialect;
use crate::family::FAMILIES;
use crate::http2;
use crate::rig::{BINARY, KEY, Rig, builder, families, wait_until};
use encodings::Canary;

/// Everything that was said, in one text.
#[derive(Default)]
pub(crate) struct Heard(pub(crate) String);

impl Heard {
    pub(crate) fn reply(&mut self, what: &str, reply: &Reply) {
        let _infallible = writeln!(self.0, "{what}: {}", reply.status);
        for (name, value) in &reply.headers {
            let _infallible = writeln!(self.0, "{name}: {value}");
        }
        let _infallible = writeln!(self.0, "{}", reply.text());
    }

    /// Adds what a gateway has printed and what it keeps.
    fn gateway(&mut self, gateway: &Gateway) {
        self.0.push_str(&gateway.output());
        self.files(&gateway.directory().join("state"));
    }

    /// Adds a dump of `PostgreSQL`, which has bytes in hexadecimal, also as what they are.
    pub(crate) fn dump(&mut self, dump: &str) {
        for bytes in dump.split("'\\x").skip(1) {
            let digits = bytes.split('\'').next().unwrap_or_default().as_bytes();
            let bytes = digits.chunks(2).filter_map(|pair| {
                let pair = std::str::from_utf8(pair).ok()?;
                u8::from_str_radix(pair, 16).ok()
            });
            self.0.extend(bytes.map(char::from));
            self.0.push('\n');
        }
        self.0.push_str(dump);
    }

    pub(crate) fn files(&mut self, directory: &Path) {
        for entry in std::fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                self.files(&path);
                continue;
            }
            let bytes = match std::fs::read(&path) {
                Ok(bytes) => bytes,
                // The gateway writes beside and renames: look again under the new name.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return self.files(directory);
                }
                Err(error) => panic!("{}: {error}", path.display()),
            };
            let text: String = bytes.iter().copied().map(char::from).collect();
            let _infallible = writeln!(self.0, "{}: {text}", path.display());
        }
    }

    #[track_caller]
    pub(crate) fn assert_silent_about(&self, secrets: &[String]) {
        for secret in secrets {
            if let Some((line, form)) = Canary::new(secret).find(&self.0) {
                panic!("a piece of {secret} as {form} in: {line}");
            }
        }
    }
}

fn secrets() -> Vec<String> {
    let held = FAMILIES.map(|family| family.key.to_owned());
    held.into_iter().chain([KEY.to_owned()]).collect()
}

fn rig(settings: &str) -> Rig {
    let upstream = Upstream::start();
    let gateway = builder(&families(&upstream, settings))
        .arg("--log-level")
        .arg("trace")
        .start();
    Rig { gateway, upstream }
}

/// Every outcome that the scripted upstream knows.
const OUTCOMES: [&str; 22] = [
    "gpt-test",
    "thinking",
    "gzip",
    "empty",
    "leak-400",
    "leak-401",
    "leak-403",
    "leak-404",
    "leak-429",
    "leak-500",
    "leak-503",
    "leak-200",
    "fail-quota",
    "context-window",
    "content-policy",
    "cut-head",
    "cut-stream",
    "error-in-stream",
    "bad-json",
    "not-json",
    "redirect",
    "slow-head-20000",
];

/// Text of a prompt, which no metric may hold.
const PROMPT: &str = "Zq7-the-prompt-of-the-canary";

#[test]
fn calls_of_every_outcome_tell_nothing() {
    let rig = rig("litellm_settings:\n  callbacks: [prometheus]\n");
    let mut heard = Heard::default();
    for family in FAMILIES {
        for dialect in Dialect::BOTH {
            for outcome in OUTCOMES {
                let model = family.model(outcome);
                let timeout = [("x-litellm-timeout", "0.1")];
                for body in [dialect.body(&model, PROMPT), dialect.stream(&model, PROMPT)] {
                    let body = body.to_string();
                    let reply = rig.post_with(dialect.path(), &timeout, body.as_bytes());
                    heard.reply(&model, &reply);
                }
            }
        }
    }
    // The upstream did get the keys, and did say them.
    assert!(
        rig.upstream
            .calls()
            .iter()
            .any(|call| FAMILIES[0].key_of(call) == FAMILIES[0].key)
    );
    assert!(
        heard.0.contains("[redacted]"),
        "a leak was seen and stopped"
    );
    heard.gateway(&rig.gateway);
    let metrics = metrics(&rig);
    heard.0.push_str(&metrics.0);
    heard.assert_silent_about(&secrets());
    metrics.assert_silent_about(&[PROMPT.to_owned()]);
}

/// All metrics, LiteLLM's too.
fn metrics(rig: &Rig) -> Heard {
    let bearer = format!("Bearer {KEY}");
    let headers = [("authorization", bearer.as_str())];
    let admin = rig.gateway.admin_address();
    let reply = raw::request(admin, "GET", "/metrics", &headers, b"").expect("a reply");
    assert!(
        reply.text().contains("litellm_total_tokens_metric_total{"),
        "{}",
        reply.text()
    );
    let mut heard = Heard::default();
    heard.reply("metrics", &reply);
    heard
}

#[test]
fn the_clients_own_key_is_not_repeated() {
    let rig = rig("");
    let mut heard = Heard::default();
    let chat = Dialect::OpenAi;
    let bearer = format!("Bearer {KEY}");
    let almost = format!("Bearer {KEY}x");
    let good = chat.body("openai/gpt-test", "hello").to_string();
    for (what, path, headers, body) in [
        (
            "wrong key",
            chat.path(),
            [("authorization", &*almost)],
            &*good,
        ),
        ("no scheme", chat.path(), [("authorization", KEY)], &*good),
        (
            "basic",
            chat.path(),
            [("authorization", &*format!("Basic {KEY}"))],
            &*good,
        ),
        ("bad JSON", chat.path(), [("authorization", &*bearer)], "{"),
        ("nowhere", "/nowhere", [("authorization", &*bearer)], &*good),
        (
            "another method",
            "/v1/models",
            [("authorization", &*bearer)],
            &*good,
        ),
        ("wrong form", chat.path(), [("x-api-key", &*almost)], &*good),
    ] {
        let reply = raw::request(rig.address(), "POST", path, &headers, body.as_bytes());
        heard.reply(what, &reply.expect("a reply"));
    }
    for path in [
        format!("/v1/models?key={KEY}"),
        format!("/{KEY}"),
        format!("/key/info?key={KEY}"),
    ] {
        let reply = raw::request(rig.address(), "GET", &path, &[], b"").expect("a reply");
        heard.reply("key in the target", &reply);
    }
    // Half a request with a key, and a head that is no HTTP.
    for bytes in [
        format!("POST /v1/chat/completions HTTP/1.1\r\nauthorization: Bearer {KEY}\r\n"),
        format!(
            "POST /v1/chat/completions HTTP/1.1\r\nauthorization: Bearer {KEY}\r\nbad header\r\n\r\n"
        ),
    ] {
        let mut connection = Connection::open(rig.address()).expect("it listens");
        connection.send(bytes.as_bytes()).expect("it reads");
        connection.finish_sending().expect("a socket");
        if let Ok(reply) = connection.read_reply() {
            heard.reply("half a request", &reply);
        }
    }
    heard.gateway(&rig.gateway);
    heard.assert_silent_about(&secrets());
}

#[test]
fn http2_tells_nothing_in_its_traces() {
    let rig = rig("");
    http2::run(async {
        let (client, _connection) = http2::connect(rig.address()).await;
        for model in ["openai/gpt-test", "openai/leak-401", "anthropic/leak-200"] {
            let body = Dialect::OpenAi.stream(model, "hello").to_string();
            let head = http2::head(Dialect::OpenAi.path());
            let reply = http2::exchange(&client, head, body.as_bytes()).await;
            assert!(
                reply
                    .expect("a reply")
                    .headers()
                    .contains_key("x-request-id")
            );
        }
    });
    let mut heard = Heard::default();
    heard.gateway(&rig.gateway);
    heard.assert_silent_about(&secrets());
}

#[test]
fn a_configuration_with_errors_tells_nothing() {
    const MISPLACED: &str = "zT4-wK9pR2vX7mB5nQ8";
    let mut heard = Heard::default();
    for params in [
        format!("model: openai/x\n      api_key: [{MISPLACED}]"),
        format!("model: openai/x\n      api_key: {{key: {MISPLACED}}}"),
        format!(
            "model: openai/x\n      api_key: {MISPLACED}\n      colour: red\n      api_base: nowhere"
        ),
        format!(
            "model: openai/x\n      api_key: {MISPLACED}\n      api_base: http://user:{MISPLACED}@127.0.0.1/v1"
        ),
        format!(
            "model: openai/x\n      api_key: {MISPLACED}\n      api_base: http://127.0.0.1/v1?key={MISPLACED}"
        ),
        format!("model: openai/x\n      api_key: \"{MISPLACED}"),
        format!("model: openai/x\n      api_key: {MISPLACED}: {MISPLACED}"),
        format!("model: openai/x\n      api_key: \"{MISPLACED}\\n\""),
        format!("model: nobody/x\n      api_key: {MISPLACED}\n      api_key: {MISPLACED}"),
        format!("model: openai/x\n      api_key: os.environ/{MISPLACED}"),
        format!(
            "model: openai/x\n      api_key: k\n      extra_headers: {{authorization: {MISPLACED}, \"bad name\": {MISPLACED}}}"
        ),
    ] {
        let config =
            format!("model_list:\n  - model_name: one\n    litellm_params:\n      {params}\n");
        heard.0.push_str(&check(&config));
    }
    for general in [
        format!("master_key: [{MISPLACED}]"),
        format!("master_key: {MISPLACED}"),
        format!("master_key: \"sk-{MISPLACED}"),
        format!("colour: {MISPLACED}"),
        format!("database_url: postgresql://user:{MISPLACED}@localhost/db"),
    ] {
        heard
            .0
            .push_str(&check(&format!("general_settings:\n  {general}\n")));
    }
    heard.assert_silent_about(&[MISPLACED.to_owned()]);
}

/// All that `ironward check` says about this text.
fn check(config: &str) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("config.yaml");
    std::fs::write(&path, config).expect("a file");
    [&[][..], &["--json"], &["--strict"]]
        .map(|more| {
            let output = Command::new(BINARY)
                .arg("check")
                .arg(&path)
                .args(more)
                .output();
            let output = output.expect("the binary runs");
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            text(&output.stdout) + &text(&output.stderr)
        })
        .concat()
}

#[test]
fn a_reload_and_a_drain_tell_nothing() {
    let mut rig = rig("");
    let config = families(&rig.upstream, "");
    for broken in [
        config.replace("api_base:", "api_base: nowhere\n      api_bass:"),
        config.replace("router_settings:", "router_settings: ["),
    ] {
        let before = rig.gateway.log().matches("config refused").count();
        rig.gateway.rewrite_config(&broken);
        wait_until("refused", || {
            rig.gateway.log().matches("config refused").count() > before
        });
    }
    rig.gateway.rewrite_config(&config);
    rig.gateway.wait_for_output("config reloaded");
    rig.assert_works();
    rig.gateway.terminate();
    rig.gateway.wait(std::time::Duration::from_secs(10));
    let mut heard = Heard::default();
    heard.gateway(&rig.gateway);
    heard.assert_silent_about(&secrets());
}

#[test]
fn a_made_admin_key_is_kept_nowhere() {
    let gateway = Gateway::without_config(Path::new(BINARY))
        .arg("--log-level")
        .arg("trace")
        .start();
    let key = gateway.admin_key().to_owned();
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str())];
    let reply = raw::request(gateway.address(), "GET", "/v1/models", &headers, b"");
    let mut heard = Heard::default();
    heard.reply("models", &reply.expect("a reply"));
    heard.0.push_str(&gateway.log());
    heard.files(&gateway.directory().join("state"));
    heard.assert_silent_about(&[key]);
}
