//! The token and its key.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use ironward_core::SystemClock;
use ironward_kek_protocol::{FailureKind, Question, Reply};
use ironward_secret::DataKey;
use ironward_testkit::{Hsm, SeededRandom};
use ironward_vault::{Context, Kek, KekFailure, Pkcs11Kek, Pkcs11Settings, Vault};

use crate::rig::{ask, exchange, failure, hsm, plain, refused, wrap};

#[tokio::test]
async fn a_key_of_a_token_keeps_the_contract() {
    let hsm = hsm();
    let name = hsm.create_key("ironward");
    let _process = hsm.serve(&name);
    let kek = Pkcs11Kek::new(Pkcs11Settings::new(hsm.socket(), &name)).unwrap();
    assert_eq!(kek.describe().name(), format!("pkcs11:{name}"));
    let (first, second) = (Context { version: 1 }, Context { version: 2 });
    let key = DataKey::from_bytes(&[0x5a; 32]).unwrap();
    let wrapped = kek.wrap(&key, first).await.unwrap();
    assert!(!wrapped.windows(8).any(|part| part == [0x5a; 8]));
    assert_ne!(wrapped, kek.wrap(&key, first).await.unwrap());
    assert!(kek.unwrap(&wrapped, first).await.unwrap().is_same(&key));
    let mut wrong = vec![
        (wrapped.clone(), second),
        (Vec::new(), first),
        (vec![1; 61], first),
    ];
    for at in 0..wrapped.len() {
        let mut changed = wrapped.clone();
        changed[at] ^= 1;
        wrong.push((changed, first));
    }
    for (wrapped, context) in wrong {
        let error = kek.unwrap(&wrapped, context).await.err().unwrap();
        assert_eq!(error.kind, KekFailure::Refused, "{error}");
        assert!(error.message.contains(&name), "{error}");
    }
    // A vault over it.
    let kek: Arc<dyn Kek> = Arc::new(kek);
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SeededRandom::new(1)));
    let vault = Vault::create(Arc::clone(&kek), clock.clone(), random.clone());
    let vault = vault.await.unwrap();
    vault.adopt(vault.advance().await.unwrap()).unwrap();
    vault.probe().await.unwrap();
    Vault::open(kek, vault.keys(), clock, random).await.unwrap();
}

#[test]
fn a_key_that_could_leave_the_token_is_refused() {
    let hsm = hsm();
    let name = hsm.create_key("ironward");
    hsm.make_extractable();
    let (code, said) = refused(hsm.serve_command(&name));
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains("CKA_EXTRACTABLE") && said.contains("create-key"),
        "{said}"
    );
}

#[test]
fn a_key_that_is_too_short_is_refused() {
    let hsm = hsm();
    hsm.import("short", &[7; 16]);
    let (code, said) = refused(hsm.serve_command("short"));
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("no key of AES-256"), "{said}");
}

#[test]
fn a_key_is_found_by_its_label_unless_several_have_it() {
    let hsm = hsm();
    let first = hsm.create_key("ironward");
    let process = hsm.serve("ironward");
    assert!(process.log().contains(&first), "{}", process.log());
    wrap(&hsm.socket(), &first);
    drop(process);
    let second = hsm.create_key("ironward");
    let (code, said) = refused(hsm.serve_command("ironward"));
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains(&first) && said.contains(&second), "{said}");
    let _process = hsm.serve(&second);
    wrap(&hsm.socket(), &second);
}

#[test]
fn what_another_key_has_wrapped_does_not_open() {
    let hsm = hsm();
    let (one, other) = (hsm.create_key("one"), hsm.create_key("other"));
    let process = hsm.serve(&one);
    let wrapped = wrap(&hsm.socket(), &one);
    // A key that is not the one that is served does nothing.
    let refusal = failure(ask(&hsm.socket(), &other, 1, Question::Wrap(plain())));
    assert_eq!(refusal.kind, FailureKind::Misconfigured);
    assert!(refusal.message.contains(&one) && refusal.message.contains(&other));
    drop(process);
    let _process = hsm.serve(&other);
    let refusal = failure(ask(&hsm.socket(), &other, 1, Question::Unwrap(wrapped)));
    assert_eq!(refusal.kind, FailureKind::Refused);
}

#[test]
fn a_wrong_pin_ends_it_and_is_not_shown() {
    let hsm = hsm();
    let name = hsm.create_key("ironward");
    hsm.write_pin("1111-canary-pin");
    let (code, said) = refused(hsm.serve_command(&name));
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("refuses the PIN"), "{said}");
    hsm.write_pin("");
    assert!(refused(hsm.serve_command(&name)).1.contains("PIN is empty"));
    hsm.write_pin(Hsm::PIN);
    fs::set_permissions(hsm.path("pin"), Permissions::from_mode(0o640)).unwrap();
    let (code, said) = refused(hsm.serve_command(&name));
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("chmod 600"), "{said}");
}

#[test]
fn a_pin_comes_from_a_variable_and_never_from_an_argument() {
    let hsm = hsm();
    let create = || {
        let mut command = hsm.bare("create-key");
        command.args(["--label", "ironward", "--token", Hsm::TOKEN]);
        command.arg("--module").arg(Hsm::module());
        command
    };
    let mut with_variable = create();
    with_variable.env("IRONWARD_PKCS11_PIN", Hsm::PIN);
    assert!(with_variable.status().unwrap().success());
    let (code, said) = refused(create());
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("IRONWARD_PKCS11_PIN"), "{said}");
    let mut with_argument = create();
    with_argument.args(["--pin", "1"]);
    assert_eq!(refused(with_argument).0, Some(2));
}

#[test]
fn what_is_not_there_is_named_with_what_is() {
    let hsm = hsm();
    let name = hsm.create_key("ironward");
    let (code, said) = refused(hsm.serve_command("another"));
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("another") && said.contains(&name), "{said}");
    let serve = |module: &std::path::Path, token: &str| {
        let mut command = hsm.bare("serve");
        command.arg("--module").arg(module).args(["--token", token]);
        command
            .args(["--key", &name])
            .arg("--socket")
            .arg(hsm.socket());
        command.arg("--pin-file").arg(hsm.path("pin"));
        refused(command)
    };
    let (code, said) = serve(&Hsm::module(), "elsewhere");
    assert_eq!(code, Some(5), "{said}");
    assert!(
        said.contains("elsewhere") && said.contains(Hsm::TOKEN),
        "{said}"
    );
    let (code, said) = serve(&hsm.path("pin"), Hsm::TOKEN);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("cannot be loaded"), "{said}");
    // A library that others could have put code into.
    let copy = hsm.path("copy.so");
    fs::copy(Hsm::module(), &copy).unwrap();
    fs::set_permissions(&copy, Permissions::from_mode(0o775)).unwrap();
    let (code, said) = serve(&copy, Hsm::TOKEN);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("nobody else may write"), "{said}");
}

#[test]
fn a_token_that_is_pulled_out_is_opened_again_when_it_is_back() {
    let hsm = hsm();
    let name = hsm.create_key("ironward");
    let mut process = hsm.serve(&name);
    let wrapped = wrap(&hsm.socket(), &name);
    let unwrap = || ask(&hsm.socket(), &name, 1, Question::Unwrap(wrapped.clone()));
    hsm.pull_out();
    for _ in 0..2 {
        let refusal = failure(unwrap());
        assert_eq!(
            refusal.kind,
            FailureKind::Unreachable,
            "{}",
            refusal.message
        );
        assert!(
            refusal.message.contains("no token vault"),
            "{}",
            refusal.message
        );
    }
    hsm.put_back();
    assert_eq!(unwrap(), Reply::Unwrapped(plain()));
    process.wait_for_log("opened again");
}

#[test]
fn a_pin_that_is_refused_later_is_not_tried_twice() {
    let hsm = hsm();
    let name = hsm.create_key("ironward");
    let mut process = hsm.serve(&name);
    let wrapped = wrap(&hsm.socket(), &name);
    hsm.pull_out();
    let unwrap = || {
        failure(ask(
            &hsm.socket(),
            &name,
            1,
            Question::Unwrap(wrapped.clone()),
        ))
    };
    assert_eq!(unwrap().kind, FailureKind::Unreachable);
    // Another token of that label, with another PIN.
    hsm.init_token("2222-another-pin");
    for _ in 0..3 {
        let refusal = unwrap();
        assert_eq!(refusal.kind, FailureKind::Denied, "{}", refusal.message);
    }
    // What is said is read in order: behind this there is nothing of the requests before.
    exchange(&hsm.socket(), b"no request");
    process.wait_for_log("a request was refused");
    let tries = process.log().matches("refuses the PIN").count();
    assert_eq!(tries, 1, "{}", process.log());
}

#[test]
fn a_token_that_makes_no_nonces_is_not_trusted_to() {
    let hsm = hsm();
    let name = hsm.create_key("ironward");
    let mut command = hsm.serve_command(&name);
    command.arg("--token-nonce");
    let (code, said) = refused(command);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("has made no nonce"), "{said}");
}
