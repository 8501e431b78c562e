//! Key-encryption keys that a service keeps: the real binary against `OpenBao`, AWS KMS as `moto`
//! imitates it, Google's and Azure's as their references describe them, and `SoftHSM2` behind
//! `ironward-pkcs11`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use ironward_testkit::{Cloud, Gateway, GatewayBuilder, Hsm, Service, pkcs11_beside};
use serde_json::json;

use super::{CONNECTED, MOCK, Site, call, generate, manage, said, says};
use crate::rig::{BINARY, builder, wait_until};

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
fn holds_it(site: &Site, kek: &str, address: &impl ToString, stop: impl FnOnce()) {
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
    holds_it(&Site::over_file(), &kek, &bao.address(), || bao.stop());
}

#[test]
fn aws_can_hold_it() {
    let (mut moto, kek) = moto();
    holds_it(&Site::over_file(), &kek, &moto.address(), || moto.stop());
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
    holds_it(&site, &kek, &google.address(), || google.stop());
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
    holds_it(&site, &kek, &azure.address(), || azure.stop());
}

/// A token and a key in it.
fn hsm() -> (Hsm, String) {
    let hsm = Hsm::new(pkcs11_beside(BINARY.as_ref()));
    let key = hsm.create_key("ironward");
    (hsm, key)
}

fn pkcs11(hsm: &Hsm, key: &str) -> String {
    format!(
        "kek: pkcs11\nsocket: {}\nkey: {key}\n",
        hsm.socket().display()
    )
}

#[test]
fn an_hsm_can_hold_it() {
    let (hsm, key) = hsm();
    let process = hsm.serve(&key);
    let kek = pkcs11(&hsm, &key);
    let place = hsm.socket().display().to_string();
    holds_it(&Site::over_file(), &kek, &place, || drop(process));
}

#[test]
fn another_key_of_an_hsm_and_a_place_that_is_not_safe_are_refused() {
    let (hsm, key) = hsm();
    let _process = hsm.serve(&key);
    let site = Site::over_file();
    let refusal = |kek: &str| {
        let (status, said) = site.reconfigured(&config(kek, None)).refuse();
        assert_eq!(status.code(), Some(5), "{said}");
        said
    };
    let said = refusal(&pkcs11(&hsm, "ironward/00"));
    assert!(
        said.contains(&key) && said.contains("was asked for ironward/00"),
        "{said}"
    );
    for (mode, shown) in [(0o770, "770"), (0o702, "702")] {
        let open = fs::Permissions::from_mode(mode);
        fs::set_permissions(hsm.path("run"), open).expect("it is ours");
        let said = refusal(&pkcs11(&hsm, &key));
        assert!(
            said.contains("is not safe") && said.contains(shown),
            "{said}"
        );
    }
    // Nothing was made meanwhile that a gateway would miss later.
    let safe = fs::Permissions::from_mode(0o700);
    fs::set_permissions(hsm.path("run"), safe).expect("it is ours");
    drop(
        site.reconfigured(&config(&pkcs11(&hsm, &key), None))
            .start(),
    );
}

#[test]
fn an_hsm_that_goes_and_comes_back() {
    let (hsm, key) = hsm();
    let process = hsm.serve(&key);
    let site = Site::over_file();
    let stored = "general_settings:\n  store_model_in_db: true\n";
    let config = format!("{stored}{}", config(&pkcs11(&hsm, &key), None));
    let gateway = site.reconfigured(&config).start();
    let client = generate(&gateway, gateway.admin_key());
    let seal = |name: &str| {
        let body = json!({"credential_name": name, "credential_values": {"api_key": "a secret"}});
        manage(&gateway, gateway.admin_key(), "/credentials", &body)
    };
    let alarms = || gateway.log().matches("seals no new secret").count();
    let ends = || {
        let ended = "the key-encryption key answers again";
        gateway.log().matches(ended).count()
    };
    assert_eq!(seal("before").status, 200);
    // The process, and then the token of one that runs.
    drop(process);
    wait_until("the alarm", || alarms() == 1);
    let refused = seal("meanwhile");
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.text().contains("cannot be reached"));
    assert_eq!(call(&gateway, &client), 200);
    assert!(says(&gateway, 200, CONNECTED));
    let _process = hsm.serve(&key);
    wait_until("it answers again", || ends() == 1);
    assert_eq!(seal("between").status, 200);
    hsm.pull_out();
    wait_until("the second alarm", || alarms() == 2);
    let refused = seal("without a token");
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.text().contains("no token vault"));
    hsm.put_back();
    wait_until("the token answers again", || ends() == 2);
    assert_eq!(seal("after").status, 200);
    assert_eq!(call(&gateway, &client), 200);
}

#[test]
fn it_moves_to_an_hsm_and_back_while_a_gateway_runs() {
    let (hsm, key) = hsm();
    let process = hsm.serve(&key);
    let name = format!("pkcs11:{key}");
    moves_there_and_back(&pkcs11(&hsm, &key), &name, || drop(process));
}

#[test]
fn it_moves_to_a_vault_and_back_while_a_gateway_runs() {
    let mut bao = bao();
    let name = "vault-transit:transit/ironward";
    moves_there_and_back(&transit(&bao), name, || bao.stop());
}

/// Moves from a file to the key-encryption key `there`, of this name, and to another file, which
/// does without the service.
fn moves_there_and_back(there: &str, name: &str, stop: impl FnOnce()) {
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
    moves(there, &file("kek"), name);
    let files = site.path("kek").display().to_string();
    assert_ne!(site.kek_place(), files);
    fs::remove_file(site.path("kek")).expect("it is of no use any more");
    moves(&file("next"), there, "are wrapped under file:");
    stop();
    let alone = site.reconfigured(&config(&file("next"), None)).start();
    assert_serves(&alone, &keys);
}

#[track_caller]
fn assert_serves(gateway: &Gateway, keys: &[String]) {
    for key in keys {
        assert_eq!(call(gateway, key), 200);
    }
}
