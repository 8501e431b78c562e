//! Key-encryption keys that a service keeps: the real binary against `OpenBao`, AWS KMS as `moto`
//! imitates it, and Google's and Azure's as their references describe them.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;

use ironward_testkit::{Cloud, Gateway, GatewayBuilder, Service};
use serde_json::json;

use super::{MOCK, Site, call, generate, said};
use crate::rig::builder;

const REGION: &str = "eu-central-1";

/// `OpenBao` with a transit engine and a key in it.
fn bao() -> Service {
    let bao = Service::openbao(false);
    let token = format!("x-vault-token: {}", Service::ROOT_TOKEN);
    for (path, body) in [
        ("sys/mounts/transit", r#"{"type":"transit"}"#),
        ("transit/keys/ironward", "{}"),
    ] {
        let reply = bao.request("POST", &format!("/v1/{path}"), &[&token], body);
        assert!((200..300).contains(&reply.status), "{}", reply.text());
    }
    bao
}

fn transit(bao: &Service) -> String {
    format!(
        "kek: vault-transit\nkey: ironward\naddress: http://{}\n",
        bao.address()
    )
}

/// AWS KMS with a key, and how the configuration names it.
fn moto() -> (Service, String) {
    let moto = Service::moto();
    let scope = format!(
        "authorization: AWS4-HMAC-SHA256 Credential=x/20260101/{REGION}/kms/aws4_request, \
         SignedHeaders=host, Signature=0"
    );
    let headers = [
        scope.as_str(),
        "x-amz-target: TrentService.CreateKey",
        "content-type: application/x-amz-json-1.1",
    ];
    let reply = moto.request("POST", "/", &headers, "{}").json();
    let arn = reply["KeyMetadata"]["Arn"].as_str().expect("a key");
    let kek = format!(
        "kek: aws-kms\nregion: {REGION}\nkey: {arn}\nendpoint: http://{}\n",
        moto.address()
    );
    (moto, kek)
}

/// A configuration with this key-encryption key, and the one before it.
fn config(kek: &str, previous: Option<&str>) -> String {
    let indent = |text: &str, by: &str| -> String {
        text.lines().map(|line| format!("{by}{line}\n")).collect()
    };
    let previous = previous.map_or_else(String::new, |previous| {
        format!("    previous:\n{}", indent(previous, "      "))
    });
    format!(
        "{MOCK}ironward:\n  vault:\n{}{previous}",
        indent(kek, "    ")
    )
}

/// What the services' clients find in the environment.
const VARIABLES: [(&str, &str); 3] = [
    ("VAULT_TOKEN", Service::ROOT_TOKEN),
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "nobody-checks-this-one"),
];

impl Site {
    /// A gateway on this state with another configuration, which commands use from now on, too.
    fn reconfigured(&self, config: &str) -> GatewayBuilder {
        fs::write(self.path("config.yaml"), config).expect("a file");
        let mut builder = builder(config).data_dir(self.path("state")).own_kek();
        for (name, value) in VARIABLES {
            builder = builder.env(name, value);
        }
        builder
    }

    /// Runs a command in the environment of the services.
    #[track_caller]
    fn command_of_services(&self, args: &[&str]) -> String {
        let output = self.command(args).envs(VARIABLES).output();
        let output = output.expect("the binary runs");
        assert!(output.status.success(), "{args:?}: {}", said(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    /// A file with a token that the clouds let in.
    fn token_file(&self) -> String {
        let path = self.path("token");
        fs::write(&path, Cloud::TOKEN).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
        path.display().to_string()
    }

    /// Where the key-encryption key is.
    #[track_caller]
    fn kek_place(&self) -> String {
        let status = self.command_of_services(&["vault", "status", "--json"]);
        let status: serde_json::Value = serde_json::from_str(&status).expect("JSON");
        assert_eq!(status["kek"]["answers"], json!(true), "{status}");
        status["kek"]["place"].as_str().expect("a place").to_owned()
    }
}

/// Starts twice with a key-encryption key of the service at `address`, and not without the service.
fn holds_it(site: &Site, kek: &str, address: SocketAddr, stop: impl FnOnce()) {
    let config = config(kek, None);
    let first = site.reconfigured(&config).start();
    let key = generate(&first, first.admin_key());
    drop(first);
    let second = site.reconfigured(&config).start();
    assert_eq!(call(&second, &key), 200);
    let address = address.to_string();
    assert!(site.kek_place().contains(&address));
    assert!(!site.path("kek").exists(), "nothing is kept in a file");
    stop();
    // What is unwrapped stays in memory.
    assert_eq!(call(&second, &key), 200);
    drop(second);
    let (status, said) = site.reconfigured(&config).refuse();
    assert_eq!(status.code(), Some(5), "{said}");
    let reason = said.lines().find(|line| line.starts_with("error: "));
    let reason = reason.unwrap_or_else(|| panic!("no reason: {said}"));
    assert!(
        reason.contains("cannot be unwrapped") && reason.contains(&address),
        "{said}"
    );
    assert!(reason.contains("cannot be reached"), "{said}");
    assert!(!said.contains(Cloud::TOKEN) && !said.contains(Service::ROOT_TOKEN));
}

#[test]
fn a_vault_can_hold_it() {
    let mut bao = bao();
    let kek = transit(&bao);
    holds_it(&Site::over_file(), &kek, bao.address(), || bao.stop());
}

#[test]
fn aws_can_hold_it() {
    let (mut moto, kek) = moto();
    holds_it(&Site::over_file(), &kek, moto.address(), || moto.stop());
}

#[test]
fn google_can_hold_it() {
    let site = Site::over_file();
    let mut google = Cloud::google(&[]);
    let kek = format!(
        "kek: gcp-kms\nkey: projects/p/locations/global/keyRings/r/cryptoKeys/k\n\
         endpoint: {}\ntoken_file: {}\n",
        google.url(),
        site.token_file()
    );
    holds_it(&site, &kek, google.address(), || google.stop());
}

#[test]
fn azure_can_hold_it() {
    let site = Site::over_file();
    let mut azure = Cloud::azure(&[]);
    let kek = format!(
        "kek: azure-keyvault\naddress: {}\nkey: kek\nkey_version: {}\ntoken_file: {}\n",
        azure.url(),
        Cloud::AZURE_KEY_VERSION,
        site.token_file()
    );
    holds_it(&site, &kek, azure.address(), || azure.stop());
}

#[test]
fn it_moves_to_a_vault_and_back_while_a_gateway_runs() {
    let mut bao = bao();
    let site = Site::over_file();
    let file = |name: &str| format!("kek: file\nfile: {}\n", site.path(name).display());
    let first = site.reconfigured(&config(&file("kek"), None)).start();
    let admin_key = first.admin_key().to_owned();
    let mut keys = vec![generate(&first, &admin_key)];
    drop(first);
    let mut moves = |to: &str, from: &str, name: &str| {
        let config = config(to, Some(from));
        let gateway = site.reconfigured(&config).start();
        assert_serves(&gateway, &keys);
        let said = site.command_of_services(&["vault", "rotate-kek"]);
        assert!(said.contains(name) && said.contains("restarted"), "{said}");
        site.command_of_services(&["vault", "rewrap"]);
        keys.push(generate(&gateway, &admin_key));
        assert_serves(&gateway, &keys);
        drop(gateway);
        // As the command says, before the one before is removed.
        assert_serves(&site.reconfigured(&config).start(), &keys);
    };
    let transit = transit(&bao);
    moves(&transit, &file("kek"), "vault-transit:transit/ironward");
    assert!(site.kek_place().contains(&bao.address().to_string()));
    fs::remove_file(site.path("kek")).expect("it is of no use any more");
    moves(&file("next"), &transit, "are wrapped under file:");
    bao.stop();
    let alone = site.reconfigured(&config(&file("next"), None)).start();
    assert_serves(&alone, &keys);
}

#[track_caller]
fn assert_serves(gateway: &Gateway, keys: &[String]) {
    for key in keys {
        assert_eq!(call(gateway, key), 200);
    }
}
