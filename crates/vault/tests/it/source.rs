//! Services that keep secrets: `OpenBao` and `moto` for real, Google and Azure as their references
//! describe them.

use std::sync::Arc;

use ironward_core::SystemClock;
use ironward_egress::Settings;
use ironward_secret::Secret;
use ironward_testkit::{Cloud, Service};
use ironward_vault::{
    AwsAuth, AwsKeys, AwsSecretSettings, AwsSecrets, AzureSecretSettings, AzureSecrets,
    GcpSecretSettings, GcpSecrets, KvSecretSettings, KvSecrets, SecretSource, SourceError,
    SourceFailure, VaultLogin,
};
use serde_json::json;
use tempfile::TempDir;

use crate::bench::{dialler, hasty, origin, secret_file};

#[track_caller]
fn put(bao: &Service, path: &str, body: &str) -> String {
    let token = format!("x-vault-token: {}", Service::ROOT_TOKEN);
    let reply = bao.request("POST", &format!("/v1/{path}"), &[&token], body);
    let is_done = (200..300).contains(&reply.status);
    assert!(is_done, "{path}: {}", reply.text());
    reply.text()
}

fn root() -> VaultLogin {
    VaultLogin::Token(Secret::new(Service::ROOT_TOKEN))
}

fn kv(bao: &Service, login: VaultLogin) -> KvSecrets {
    let address = origin(&format!("http://{}", bao.address()));
    let settings = KvSecretSettings::new(address, login);
    KvSecrets::new(settings, dialler(Settings::default())).unwrap()
}

async fn value(source: &dyn SecretSource, name: &str, field: Option<&str>) -> String {
    let document = source.read(name).await.unwrap();
    let secret = document.pick(field).unwrap();
    String::from_utf8(secret.expose().bytes().to_vec()).unwrap()
}

async fn error(source: &dyn SecretSource, name: &str) -> SourceError {
    let error = source.read(name).await.err().unwrap();
    assert!(!error.message.contains("canary"), "{error}");
    error
}

#[tokio::test]
async fn both_versions_of_the_key_value_engine_are_read() {
    let bao = Service::openbao(false);
    let old = r#"{"type":"kv","options":{"version":"1"}}"#;
    put(&bao, "sys/mounts/team/old", old);
    put(&bao, "team/old/openai", r#"{"key":"sk-old","n":1}"#);
    put(&bao, "secret/data/a/b", r#"{"data":{"key":"sk-first"}}"#);
    let source = kv(&bao, root());
    assert_eq!(
        value(&source, "team/old/openai", Some("key")).await,
        "sk-old"
    );
    assert_eq!(value(&source, "secret/a/b", Some("key")).await, "sk-first");
    put(&bao, "secret/data/a/b", r#"{"data":{"key":"sk-second"}}"#);
    assert_eq!(value(&source, "secret/a/b", Some("key")).await, "sk-second");
    let document = source.read("team/old/openai").await.unwrap();
    assert!(
        document
            .pick(Some("n"))
            .err()
            .unwrap()
            .contains("is no text")
    );
    assert!(document.pick(Some("x")).err().unwrap().contains("no field"));
}

#[tokio::test]
async fn what_a_vault_does_not_have_is_named() {
    let bao = Service::openbao(false);
    put(&bao, "sys/mounts/transit", r#"{"type":"transit"}"#);
    put(&bao, "secret/data/gone", r#"{"data":{"key":"sk-canary"}}"#);
    let token = format!("x-vault-token: {}", Service::ROOT_TOKEN);
    let gone = bao.request("DELETE", "/v1/secret/data/gone", &[&token], "");
    assert_eq!(gone.status, 204);
    let source = kv(&bao, root());
    for name in ["secret/none", "secret/gone"] {
        let error = error(&source, name).await;
        assert_eq!(error.kind, SourceFailure::Missing, "{error}");
        assert!(error.message.contains(name), "{error}");
    }
    let other = error(&source, "transit/keys").await;
    assert!(other.message.contains("no key-value engine"), "{other}");
    let none = error(&source, "nowhere/x").await;
    assert!(none.message.contains("nowhere/x"), "{none}");
}

#[tokio::test]
async fn an_app_role_reads_what_its_policy_allows() {
    let bao = Service::openbao(false);
    let folder = TempDir::new().unwrap();
    put(&bao, "secret/data/ours", r#"{"data":{"key":"sk-ours"}}"#);
    put(
        &bao,
        "secret/data/theirs",
        r#"{"data":{"key":"sk-canary"}}"#,
    );
    let rules = r#"{"policy":"path \"secret/data/ours\" { capabilities = [\"read\"] }"}"#;
    put(&bao, "sys/policies/acl/ironward", rules);
    put(&bao, "sys/auth/approle", r#"{"type":"approle"}"#);
    put(
        &bao,
        "auth/approle/role/gw",
        r#"{"token_policies":"ironward"}"#,
    );
    let text = |reply: &str, field: &str| {
        let (_, rest) = reply.split_once(&format!("\"{field}\":\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let token = format!("x-vault-token: {}", Service::ROOT_TOKEN);
    let path = "/v1/auth/approle/role/gw/role-id";
    let role_id = text(&bao.request("GET", path, &[&token], "").text(), "role_id");
    let secret_id = put(&bao, "auth/approle/role/gw/secret-id", "{}");
    let login = |secret_id: &str| VaultLogin::AppRole {
        mount: "approle".into(),
        role_id: role_id.clone().into(),
        secret_id: secret_file(&folder, "secret-id", secret_id),
    };
    let source = kv(&bao, login(&text(&secret_id, "secret_id")));
    assert_eq!(value(&source, "secret/ours", Some("key")).await, "sk-ours");
    let denied = error(&source, "secret/theirs").await;
    assert_eq!(denied.kind, SourceFailure::Denied);
    assert!(
        denied.message.contains("`read` on secret/data/theirs"),
        "{denied}"
    );
    let denied = error(&kv(&bao, login("0000-canary")), "secret/ours").await;
    assert_eq!(denied.kind, SourceFailure::Denied);
    let wrong = VaultLogin::Token(Secret::new("s.nobody-knows-this-canary"));
    let denied = error(&kv(&bao, wrong), "secret/ours").await;
    assert_eq!(denied.kind, SourceFailure::Denied);
}

#[tokio::test]
async fn a_vault_that_is_gone_cannot_be_reached() {
    let mut bao = Service::openbao(false);
    bao.stop();
    let error = error(&kv(&bao, root()), "secret/x").await;
    assert_eq!(error.kind, SourceFailure::Unreachable);
    let address = origin("http://vault.example.com:8200");
    let settings = KvSecretSettings::new(address, root());
    let error = KvSecrets::new(settings, dialler(Settings::default()));
    assert!(error.err().unwrap().message.contains("use https"));
}

#[tokio::test]
async fn an_answer_without_end_is_refused() {
    let endless = json!({"data": {"x": "y".repeat(300 << 10)}});
    let cloud = Cloud::scripted(move |_, _| (200, endless.clone()));
    let settings = KvSecretSettings {
        timeouts: hasty(),
        ..KvSecretSettings::new(origin(&cloud.url()), root())
    };
    let source = KvSecrets::new(settings, dialler(Settings::default())).unwrap();
    assert!(source.read("secret/x").await.is_err());
}

#[tokio::test]
async fn a_secret_of_aws_is_read() {
    let moto = Service::moto();
    let create = |name: &str, value: &str| {
        let headers = [
            "authorization: AWS4-HMAC-SHA256 Credential=x/20260101/eu-central-1/secretsmanager/\
             aws4_request, SignedHeaders=host, Signature=0",
            "x-amz-target: secretsmanager.CreateSecret",
            "content-type: application/x-amz-json-1.1",
        ];
        let body = json!({"Name": name, "SecretString": value}).to_string();
        let reply = moto.request("POST", "/", &headers, &body);
        assert_eq!(reply.status, 200, "{}", reply.text());
    };
    create("prod/openai", r#"{"key":"sk-aws","org":"o"}"#);
    create("plain", "sk-plain\n");
    let settings = || AwsSecretSettings {
        endpoint: Some(origin(&format!("http://{}", moto.address()))),
        ..AwsSecretSettings::new(
            "eu-central-1",
            AwsAuth::Keys(AwsKeys {
                id: "AKIDEXAMPLE".into(),
                secret: Secret::new("a-secret-canary"),
                session: None,
            }),
        )
    };
    let dialler = dialler(Settings::default());
    let source = AwsSecrets::new(settings(), dialler.clone(), Arc::new(SystemClock)).unwrap();
    assert_eq!(value(&source, "prod/openai", Some("key")).await, "sk-aws");
    assert_eq!(value(&source, "plain", None).await, "sk-plain");
    let missing = error(&source, "none").await;
    assert_eq!(missing.kind, SourceFailure::Missing, "{missing}");
    // From now on keys are checked, and this one is nobody's.
    let reset = ["content-type: text/plain"];
    let reply = moto.request("POST", "/moto-api/reset-auth", &reset, "0");
    assert_eq!(reply.status, 200);
    let denied = error(&source, "plain").await;
    assert_eq!(denied.kind, SourceFailure::Denied, "{denied}");
    let elsewhere = AwsSecretSettings {
        region: "a b".into(),
        ..settings()
    };
    assert!(AwsSecrets::new(elsewhere, dialler, Arc::new(SystemClock)).is_err());
}

#[tokio::test]
async fn a_secret_of_google_is_read() {
    let folder = TempDir::new().unwrap();
    let cloud = Cloud::google(&[
        (
            "projects/p/secrets/s/versions/latest",
            br#"{"key":"sk-new"}"#,
        ),
        ("projects/p/secrets/s/versions/3", b"sk-three"),
        ("projects/p/secrets/bytes/versions/latest", b"\xff\xfe"),
        ("projects/p/secrets/changed/versions/latest", b"sk-changed"),
        ("projects/p/secrets/unchecked/versions/latest", b"sk-old"),
    ]);
    let source = |token: &str| {
        let settings = GcpSecretSettings {
            endpoint: Some(origin(&cloud.url())),
            ..GcpSecretSettings::new(secret_file(&folder, "token", token))
        };
        GcpSecrets::new(settings, dialler(Settings::default())).unwrap()
    };
    let good = source(Cloud::TOKEN);
    assert_eq!(
        value(&good, "projects/p/secrets/s", Some("key")).await,
        "sk-new"
    );
    assert_eq!(
        value(&good, "projects/p/secrets/s/versions/3", None).await,
        "sk-three"
    );
    assert_eq!(
        value(&good, "projects/p/secrets/unchecked", None).await,
        "sk-old"
    );
    for (name, kind) in [
        // Its checksum is that of something else.
        ("projects/p/secrets/changed", SourceFailure::Unreachable),
        ("projects/p/secrets/none", SourceFailure::Missing),
        ("projects/p/secrets/off", SourceFailure::Missing),
        ("projects/p/secrets/bytes", SourceFailure::Missing),
        ("projects/p/secrets/theirs", SourceFailure::Denied),
        ("projects/p/secrets/ill", SourceFailure::Unreachable),
    ] {
        let error = error(&good, name).await;
        assert_eq!(error.kind, kind, "{error}");
    }
    let expired = error(&source("ya29.canary"), "projects/p/secrets/s").await;
    assert_eq!(expired.kind, SourceFailure::Denied);
}

#[tokio::test]
async fn a_secret_of_azure_is_read() {
    let folder = TempDir::new().unwrap();
    let cloud = Cloud::azure(&[("openai", "sk-azure"), ("openai/abc123", "sk-pinned")]);
    let source = |token: &str| {
        let token = secret_file(&folder, "token", token);
        let settings = AzureSecretSettings::new(origin(&cloud.url()), token);
        AzureSecrets::new(settings, dialler(Settings::default())).unwrap()
    };
    let good = source(Cloud::TOKEN);
    assert_eq!(value(&good, "openai", None).await, "sk-azure");
    assert_eq!(value(&good, "openai/abc123", None).await, "sk-pinned");
    assert_eq!(error(&good, "none").await.kind, SourceFailure::Missing);
    assert_eq!(error(&good, "theirs").await.kind, SourceFailure::Denied);
    let expired = error(&source("eyJ.canary"), "openai").await;
    assert_eq!(expired.kind, SourceFailure::Denied);
}
