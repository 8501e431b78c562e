//! Provider keys that a service keeps: read at the start, read again on an interval, and never lost
//! because the service is.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ironward_testkit::{Cloud, Gateway, Service, Upstream};
use serde_json::json;

use crate::bystander::Bystander;
use crate::canary::Heard;
use crate::family::FAMILIES;
use crate::rig::{BINARY, Rig, builder, families, wait_until};

const FIRST: &str = "bK3xV8nQ1wZ6tR9pL4mC";
const SECOND: &str = "gH7jY2dF5sA0uE8iO3kX";

#[track_caller]
fn put(bao: &Service, path: &str, body: &serde_json::Value) {
    let token = format!("x-vault-token: {}", Service::ROOT_TOKEN);
    let path = format!("/v1/{path}");
    let reply = bao.request("POST", &path, &[&token], &body.to_string());
    let is_done = (200..300).contains(&reply.status);
    assert!(is_done, "{path}: {}", reply.text());
}

#[track_caller]
fn keep(bao: &Service, key: &str) {
    put(bao, "secret/data/openai", &json!({"data": {"key": key}}));
}

/// Every family, the first with its key in a service.
fn config(upstream: &Upstream, reference: &str, source: &str) -> String {
    let settings = format!("ironward:\n  secret_sources:\n    refresh: 1\n{source}");
    families(upstream, &settings).replace(FAMILIES[0].key, reference)
}

fn vault(bao: &Service) -> String {
    format!("    vault:\n      address: http://{}\n", bao.address())
}

fn rig(upstream: Upstream, config: &str) -> Rig {
    let gateway = builder(config)
        .env("VAULT_TOKEN", Service::ROOT_TOKEN)
        .arg("--log-level")
        .arg("trace")
        .start();
    Rig { gateway, upstream }
}

/// The key of the last call that the upstream saw.
#[track_caller]
fn last_key(rig: &Rig) -> String {
    rig.assert_works();
    let calls = rig.upstream.calls();
    FAMILIES[0].key_of(calls.last().expect("a call"))
}

#[track_caller]
fn assert_silent(gateway: &Gateway) {
    let mut heard = Heard::default();
    heard.0.push_str(&gateway.output());
    heard.files(&gateway.directory().join("state"));
    let secrets = [FIRST, SECOND, Service::ROOT_TOKEN, Cloud::TOKEN];
    heard.assert_silent_about(&secrets.map(str::to_owned));
}

#[test]
fn a_key_of_a_vault_is_used_rotated_and_outlives_the_vault() {
    let mut bao = Service::openbao(false);
    keep(&bao, FIRST);
    let upstream = Upstream::start();
    let text = config(&upstream, "vault://secret/openai#key", &vault(&bao));
    let rig = rig(upstream, &text);
    assert_eq!(last_key(&rig), FIRST);
    // Rotated under load: no call fails.
    let bystander = Bystander::start(&rig);
    keep(&bao, SECOND);
    rig.gateway.wait_for_output("config reloaded");
    wait_until("the new key is used", || last_key(&rig) == SECOND);
    // And nothing is reloaded where nothing has changed.
    bao.stop();
    rig.gateway.wait_for_output("the secrets in force stay");
    bystander.assert_unharmed();
    assert_eq!(last_key(&rig), SECOND);
    let log = rig.gateway.log();
    assert_eq!(log.matches("config reloaded").count(), 1, "{log}");
    // A change of the file takes effect while the vault is away.
    let more = "  - model_name: more\n    litellm_params: {model: openai/x, mock_response: hi}\n";
    let more = format!("model_list:\n{more}");
    rig.gateway
        .rewrite_config(&text.replacen("model_list:\n", &more, 1));
    wait_until("the file's change", || {
        rig.gateway.log().matches("config reloaded").count() == 2
    });
    assert_eq!(last_key(&rig), SECOND);
    assert_silent(&rig.gateway);
}

/// A stand-in for Vault with one secret; while it is down, it hangs up on everybody.
struct Vault {
    is_down: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    address: SocketAddr,
}

impl Vault {
    fn down() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let vault = Self {
            is_down: Arc::new(AtomicBool::new(true)),
            asked: Arc::default(),
            address: listener.local_addr().expect("its address"),
        };
        let (is_down, asked) = (Arc::clone(&vault.is_down), Arc::clone(&vault.asked));
        // The process of the test ends it.
        std::thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                asked.fetch_add(1, Ordering::SeqCst);
                answer(&mut client, is_down.load(Ordering::SeqCst));
            }
        });
        vault
    }
}

/// Reads one request for a mount or the secret in it, and answers it or hangs up.
fn answer(client: &mut TcpStream, is_down: bool) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).is_ok_and(|read| read > 0) {
        head.push(byte[0]);
    }
    if is_down {
        return;
    }
    let data = if head.starts_with(b"GET /v1/sys/") {
        json!({"path": "secret/", "type": "kv", "options": {"version": "2"}})
    } else {
        json!({"data": {"key": FIRST}})
    };
    let body = json!({"data": data}).to_string();
    let length = body.len();
    let reply = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    client.write_all(reply.as_bytes()).expect("it reads");
}

/// A file that names a secret while its service is down is refused, once, and taken when the service
/// is there, without anybody's doing.
#[test]
fn a_file_that_was_refused_is_taken_when_the_service_answers() {
    let (vault, upstream) = (Vault::down(), Upstream::start());
    let before = families(&upstream, "");
    let rig = rig(upstream, &before);
    let source = format!("    vault:\n      address: http://{}\n", vault.address);
    let text = config(&rig.upstream, "vault://secret/openai#key", &source);
    rig.gateway.rewrite_config(&text);
    rig.gateway.wait_for_output("it is read again until");
    let asked = vault.asked.load(Ordering::SeqCst);
    wait_until("it is asked again", || {
        vault.asked.load(Ordering::SeqCst) > asked
    });
    rig.assert_works();
    vault.is_down.store(false, Ordering::SeqCst);
    rig.gateway.wait_for_output("config reloaded");
    wait_until("the key is used", || last_key(&rig) == FIRST);
    let log = rig.gateway.log();
    assert_eq!(log.matches("it is read again until").count(), 1, "{log}");
    assert_silent(&rig.gateway);
}

#[test]
fn a_start_says_everything_that_cannot_be_read() {
    let mut bao = Service::openbao(false);
    keep(&bao, FIRST);
    let upstream = Upstream::start();
    let source = vault(&bao);
    let text = config(&upstream, "vault://secret/openai#nothing", &source)
        .replace(FAMILIES[1].key, "vault://secret/none#key")
        .replace(FAMILIES[2].key, "aws-sm://prod/none")
        .replace(FAMILIES[3].key, "vault://secret/openai");
    let start = |text: &str| {
        let builder = builder(text).env("VAULT_TOKEN", Service::ROOT_TOKEN);
        let (status, said) = builder.refuse();
        assert_eq!(status.code(), Some(3), "{said}");
        assert!(
            !said.contains(FIRST) && !said.contains(Service::ROOT_TOKEN),
            "{said}"
        );
        said
    };
    let said = start(&text);
    for why in [
        "vault://secret/openai#nothing cannot be read: the secret has no field 'nothing'",
        "has no secret at secret/none",
        "add ironward.secret_sources.aws",
        "not a reference; write vault://MOUNT/PATH#FIELD",
    ] {
        let line = said.lines().find(|line| line.contains(why));
        let line = line.unwrap_or_else(|| panic!("no {why:?}: {said}"));
        assert!(line.contains("config.yaml:"), "{line}");
    }
    bao.stop();
    let said = start(&config(&upstream, "vault://secret/openai#key", &source));
    assert!(
        said.contains("litellm_params.api_key: vault://secret/openai#key cannot be read: Vault at")
    );
    assert!(said.contains("cannot be reached"), "{said}");
}

#[test]
fn secrets_of_aws_and_of_the_older_engine_are_used() {
    let bao = Service::openbao(false);
    let old = json!({"type": "kv", "options": {"version": "1"}});
    put(&bao, "sys/mounts/team/old", &old);
    put(&bao, "team/old/openai", &json!({"key": FIRST}));
    let moto = Service::moto();
    let headers = [
        "authorization: AWS4-HMAC-SHA256 Credential=x/20260101/eu-central-1/secretsmanager/\
         aws4_request, SignedHeaders=host, Signature=0",
        "x-amz-target: secretsmanager.CreateSecret",
        "content-type: application/x-amz-json-1.1",
    ];
    let secret = json!({"Name": "prod/openai", "SecretString": json!({"key": SECOND}).to_string()});
    let reply = moto.request("POST", "/", &headers, &secret.to_string());
    assert_eq!(reply.status, 200, "{}", reply.text());
    let aws = format!(
        "    aws: {{region: eu-central-1, endpoint: \"http://{}\"}}\n",
        moto.address()
    );
    for (reference, key) in [
        ("vault://team/old/openai#key", FIRST),
        ("aws-sm://prod/openai#key", SECOND),
    ] {
        let upstream = Upstream::start();
        let text = config(&upstream, reference, &(vault(&bao) + &aws));
        let gateway = builder(&text)
            .env("VAULT_TOKEN", Service::ROOT_TOKEN)
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "nobody-checks-this-one")
            .start();
        let rig = Rig { gateway, upstream };
        assert_eq!(last_key(&rig), key);
        assert_silent(&rig.gateway);
    }
}

#[test]
fn secrets_of_google_and_azure_are_used() {
    let google = Cloud::google(&[(
        "projects/p/secrets/openai/versions/latest",
        FIRST.as_bytes(),
    )]);
    let bundle = json!({"key": SECOND}).to_string();
    let azure = Cloud::azure(&[("openai", &bundle)]);
    let directory = tempfile::tempdir().expect("a directory");
    let token = directory.path().join("token");
    std::fs::write(&token, Cloud::TOKEN).expect("a file");
    let token = token.display();
    let sources = format!(
        "    gcp: {{endpoint: \"{}\", token_file: {token}}}\n    \
         azure: {{address: \"{}\", token_file: {token}}}\n",
        google.url(),
        azure.url()
    );
    for (reference, key) in [
        ("gcp-sm://projects/p/secrets/openai", FIRST),
        ("azure-kv://openai#key", SECOND),
    ] {
        let upstream = Upstream::start();
        let text = config(&upstream, reference, &sources);
        let gateway = builder(&text).start();
        let rig = Rig { gateway, upstream };
        assert_eq!(last_key(&rig), key);
        assert_silent(&rig.gateway);
    }
}

#[test]
fn a_check_asks_a_service_only_when_it_is_told_to() {
    let bao = Service::openbao(false);
    let upstream = Upstream::start();
    let text = config(&upstream, "vault://secret/openai#key", &vault(&bao));
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("config.yaml");
    std::fs::write(&path, &text).expect("a file");
    let check = |more: &[&str]| {
        let mut command = Command::new(BINARY);
        let output = command
            .env_clear()
            .env("VAULT_TOKEN", Service::ROOT_TOKEN)
            .arg("check")
            .arg(Path::new(&path))
            .args(more)
            .output();
        let output = output.expect("the binary runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code(),
            text(&output.stdout) + &text(&output.stderr),
        )
    };
    let (code, said) = check(&[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("vault://secret/openai#key was not read"),
        "{said}"
    );
    let (code, said) = check(&["--json"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains(r#""reference":"vault://secret/openai#key""#),
        "{said}"
    );
    let (code, said) = check(&["--resolve"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("has no secret at secret/openai"), "{said}");
    keep(&bao, FIRST);
    let (code, said) = check(&["--resolve"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        !said.contains("was not read") && !said.contains(FIRST),
        "{said}"
    );
}
