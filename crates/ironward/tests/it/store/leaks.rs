//! Nothing that is kept gives a secret away: not the data directory while the gateway runs, not a
//! dump of its database.

use ironward_testkit::{Gateway, Postgres, Upstream};
use serde_json::{Value, json};

use super::rewrap::seal;
use super::{MOCK, Site, call, call_to, generate, manage};
use crate::canary::Heard;
use crate::rig::wait_until;

/// Sealed from the command line.
const SEALED: &str = "sk-Vt7pQ2mXz9Rk4LcW8nBy";
/// In the configuration: as it is, in a file, and in the environment.
const CONFIGURED: &str = "cf-Gm3Xw8Tz5Lq1Rb7Vn2";
const IN_A_FILE: &str = "fi-Hs6Yc9Jd4Wk2Pf8Zm3";
const IN_THE_ENVIRONMENT: &str = "en-Dq5Bt7Nx3Lv9Rg4Kw6";
const VARIABLE: &str = "IRONWARD_TEST_REFERENCED";
const MASTER: &str = "sk-Zn4Hc8Qw2Xs6Vb9Tf3Jm";
/// Given to the management API: a credential's, then what replaced it; a deployment's, then what
/// replaced it; a header's, an account's, and a document's.
const CREDENTIAL: [&str; 2] = ["cr-Lp8Wd3Fs6Xh1Qz9Tb", "cr-Kx2Vm7Rj4Nc8Yg5Ws"];
const DEPLOYMENT: [&str; 2] = ["dp-Jb9Tq4Zx7Hm2Kv6Rc", "dp-Fw3Ns8Ly5Pd1Gt7Xk"];
const HEADER: &str = "hd-Qm6Rz1Wc9Tv4Xb8Jn";
const ACCOUNT: &str = "ac-Yk5Gd2Lf7Hs9Pw3Vq";
const DOCUMENT: &str = "dc-Tb8Xn3Kz6Rm1Wj5Cv";
/// Chosen by operators, when made and when rotated.
const CHOSEN: [&str; 2] = ["sk-Wv6Kt9Rm2Xq5Zc8Hn", "sk-Pd4Lb7Ys1Gf9Jw3Tk"];

#[test]
fn a_file_tells_nothing() {
    let upstream = Upstream::start();
    let site = site(&upstream, "");
    let (heard, secrets) = lived(&site, &upstream);
    assert_silent(&site, heard, &secrets);
}

#[test]
fn a_server_tells_nothing() {
    let (server, upstream) = (Postgres::start(), Upstream::start());
    let url = server.database();
    let site = site(&upstream, &format!("  database_url: {url}\n"));
    let (mut heard, secrets) = lived(&site, &upstream);
    heard.dump(&server.dump(&url));
    assert_silent(&site, heard, &secrets);
}

/// Three deployments that get their keys from the configuration in each way that there is.
fn site(upstream: &Upstream, database: &str) -> Site {
    let entries = [
        ("literal", CONFIGURED.to_owned()),
        ("file", "file:@file@".to_owned()),
        ("environment", format!("os.environ/{VARIABLE}")),
    ]
    .map(|(name, key)| {
        format!(
            "  - model_name: {name}\n    litellm_params:\n      model: openai/gpt-test\n      api_base: {}/v1\n      api_key: {key}\n",
            upstream.url()
        )
    });
    let config = format!(
        "{MOCK}{}general_settings:\n  store_model_in_db: true\n  master_key: {MASTER}\n{database}",
        entries.concat()
    );
    let mut site = Site::of(&config);
    let path = site.path("provider.key");
    std::fs::write(&path, IN_A_FILE).expect("a file");
    site.variables.push((VARIABLE, IN_THE_ENVIRONMENT));
    site.config = config.replace("@file@", &path.display().to_string());
    std::fs::write(site.path("config.yaml"), &site.config).expect("a file");
    site
}

/// A gateway's life with every kind of secret; what it said and kept, and the secrets. What is
/// searched for is the part of a key that is not its public id.
fn lived(site: &Site, upstream: &Upstream) -> (Heard, Vec<String>) {
    let gateway = site.gateway().arg("--log-level").arg("trace").start();
    let admin_key = site.run(&["admin-key"]).trim().to_owned();
    seal(site, "provider", SEALED);
    let mut issued = keys(&gateway);
    issued.push(admin_key);
    provider_secrets(&gateway, upstream);
    site.run(&["vault", "rewrap"]);
    for model in ["literal", "file", "environment", "stored", "named"] {
        assert_eq!(call_to(&gateway, MASTER, model), 200, "{model}");
    }
    // They did arrive where they belong.
    let sent: String = upstream
        .calls()
        .iter()
        .map(|call| format!("{:?}", call.headers))
        .collect();
    for secret in [
        CONFIGURED,
        IN_A_FILE,
        IN_THE_ENVIRONMENT,
        CREDENTIAL[1],
        DEPLOYMENT[1],
        HEADER,
    ] {
        assert!(sent.contains(secret), "{secret} was not sent");
    }
    let mut heard = Heard::default();
    heard.0.push_str(&gateway.log());
    // While it runs: with the write-ahead log and all.
    heard.files(&site.path("state"));
    drop(gateway);
    drop(site.gateway().start());
    (heard, secrets(&issued))
}

fn secrets(issued: &[String]) -> Vec<String> {
    let issued = issued
        .iter()
        .map(|key| key.get(22..).expect("a secret").to_owned());
    let given = [
        SEALED,
        CONFIGURED,
        IN_A_FILE,
        IN_THE_ENVIRONMENT,
        MASTER,
        HEADER,
        ACCOUNT,
        DOCUMENT,
    ];
    let given = given
        .iter()
        .chain(&CREDENTIAL)
        .chain(&DEPLOYMENT)
        .chain(&CHOSEN);
    issued
        .chain(given.map(|secret| (*secret).to_owned()))
        .collect()
}

#[track_caller]
fn done(gateway: &Gateway, path: &str, body: &Value) -> Value {
    let reply = manage(gateway, MASTER, path, body);
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

/// Keys of every origin, made, rotated, and deleted; those that were issued.
fn keys(gateway: &Gateway) -> Vec<String> {
    let text = |made: Value| made["key"].as_str().expect("a key").to_owned();
    let first = generate(gateway, MASTER);
    let second = generate(gateway, MASTER);
    let rotated = text(done(gateway, "/key/regenerate", &json!({"key": second})));
    let overlap = json!({"key": rotated, "grace_period": "1h"});
    let again = text(done(gateway, "/key/regenerate", &overlap));
    let deleted = generate(gateway, MASTER);
    done(gateway, "/key/delete", &json!({"keys": [deleted]}));
    done(gateway, "/team/new", &json!({"team_id": "team"}));
    let account = json!({"team_id": "team", "key_alias": "robot"});
    let robot = text(done(gateway, "/key/service-account/generate", &account));
    let person = text(done(gateway, "/user/new", &json!({"user_id": "eve"})));
    for key in [&first, &rotated, &again, &robot, &person] {
        assert_eq!(call(gateway, key), 200);
    }
    done(
        gateway,
        "/key/generate",
        &json!({"key": CHOSEN[0], "key_alias": "chosen"}),
    );
    assert_eq!(call(gateway, CHOSEN[0]), 200);
    let chosen = json!({"key": CHOSEN[0], "new_key": CHOSEN[1]});
    done(gateway, "/key/regenerate", &chosen);
    assert_eq!(
        [call(gateway, CHOSEN[0]), call(gateway, CHOSEN[1])],
        [401, 200]
    );
    vec![first, second, rotated, again, deleted, robot, person]
}

/// Secrets of providers, given to the management API and replaced there.
fn provider_secrets(gateway: &Gateway, upstream: &Upstream) {
    let base = format!("{}/v1", upstream.url());
    let values =
        json!({"api_key": CREDENTIAL[0], "api_base": base, "allow_private_address": "true"});
    let credential = json!({"credential_name": "ours", "credential_values": values,
                            "credential_info": {"custom_llm_provider": "openai"}});
    done(gateway, "/credentials", &credential);
    let other = json!({"credential_name": "other", "credential_info": {}, "credential_values":
        {"aws_secret_access_key": ACCOUNT, "vertex_credentials": format!("{{\"private_key\":\"{DOCUMENT}\"}}")}});
    done(gateway, "/credentials", &other);
    let params = json!({"model": "openai/gpt-test", "api_base": base, "allow_private_address": true,
                        "api_key": DEPLOYMENT[0], "extra_headers": {"x-extra": HEADER}});
    let made = done(
        gateway,
        "/model/new",
        &json!({"model_name": "stored", "litellm_params": params}),
    );
    let named = json!({"model": "openai/gpt-test", "litellm_credential_name": "ours"});
    done(
        gateway,
        "/model/new",
        &json!({"model_name": "named", "litellm_params": named}),
    );
    for model in ["stored", "named"] {
        wait_until("it joins", || call_to(gateway, MASTER, model) == 200);
    }
    // All secrets of a deployment are sent again together.
    let params = json!({"api_key": DEPLOYMENT[1], "extra_headers": {"x-extra": HEADER}});
    let update = json!({"model_info": {"id": made["model_id"]}, "litellm_params": params});
    done(gateway, "/model/update", &update);
    let patch = json!({"credential_values": {"api_key": CREDENTIAL[1]}}).to_string();
    let reply = crate::tenants::send(
        gateway.admin_address(),
        MASTER,
        "PATCH",
        "/credentials/ours",
        patch.as_bytes(),
    );
    assert_eq!(reply.status, 200, "{}", reply.text());
    wait_until("the new ones are sent", || {
        upstream.forget();
        for model in ["stored", "named"] {
            call_to(gateway, MASTER, model);
        }
        let sent = format!(
            "{:?}",
            upstream
                .calls()
                .iter()
                .map(|call| &call.headers)
                .collect::<Vec<_>>()
        );
        sent.contains(CREDENTIAL[1]) && sent.contains(DEPLOYMENT[1])
    });
}

#[track_caller]
fn assert_silent(site: &Site, mut heard: Heard, secrets: &[String]) {
    heard.files(&site.path("state"));
    for name in ["provider", "ours", "robot", "chosen"] {
        assert!(heard.0.contains(name), "the database was looked at: {name}");
    }
    heard.assert_silent_about(secrets);
    // The key-encryption key's own bytes are nowhere either.
    let kek = std::fs::read_to_string(site.path("kek")).expect("a file");
    let longest = kek.split_whitespace().max_by_key(|word| word.len());
    heard.assert_silent_about(&[longest.expect("a word").to_owned()]);
}
