//! oauth2-mock-server and oidc-provider, as `cargo xtask issuers` starts them.

use std::time::{Duration, SystemTime};

use ironward_config::Algorithm;
use ironward_core::{Clock as _, SystemClock};
use ironward_identity::{Bindings, Identities, KeysEvent, Refusal};
use ironward_testkit::raw::Connection;

use crate::peer::{Refreshing, issuer};

fn now() -> SystemTime {
    SystemClock.wall()
}

#[expect(clippy::disallowed_methods, reason = "where the issuers are")]
pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).expect("cargo xtask issuers sets it")
}

/// Asks the door for something.
fn ask(path: &str) -> String {
    let address = variable("IRONWARD_ISSUERS").parse().unwrap();
    let mut connection = Connection::open(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: door\r\nconnection: close\r\n\r\n");
    connection.send(request.as_bytes()).unwrap();
    let reply = connection.read_reply().unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.text()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "wants the issuers that cargo xtask issuers starts"]
async fn tokens_of_real_issuers_say_who_they_are() {
    let (mock, provider) = (
        variable("IRONWARD_ISSUER_MOCK"),
        variable("IRONWARD_ISSUER_PROVIDER"),
    );
    let issuers = [
        issuer(&mock, &[Algorithm::Rs256]),
        issuer(&provider, &Algorithm::ALL),
    ];
    let identities = Identities::new(&issuers, None);
    let mut refreshing = Refreshing::start(&identities);
    for _ in 0..2 {
        let event = refreshing.event().await;
        assert!(matches!(event, KeysEvent::Fetched { .. }), "{event:?}");
    }
    let mut bindings = Bindings::default();
    bindings
        .add("mock", [("iss", mock.as_str()), ("sub", "agent")])
        .unwrap();
    for algorithm in Algorithm::ALL {
        let client = format!("agent-{algorithm}");
        let claims = [("iss", provider.as_str()), ("client_id", client.as_str())];
        bindings.add(algorithm.as_str(), claims).unwrap();
    }
    let mut cases = vec![("/token?of=mock".to_owned(), "mock")];
    cases.extend(Algorithm::ALL.map(|algorithm| {
        (
            format!("/token?of=provider&alg={algorithm}"),
            algorithm.as_str(),
        )
    }));
    for (path, owner) in &cases {
        let token = ask(path);
        assert!(Identities::is_token(token.as_bytes()));
        let identity = identities.identify(token.as_bytes(), now()).expect(owner);
        assert_eq!(bindings.of_token(&identity), Ok(owner));
        let left = identity.expires.duration_since(now()).unwrap();
        assert!(left <= Duration::from_secs(600), "{left:?}");
        let late = identity.expires + Duration::from_secs(61);
        let refusal = identities.identify(token.as_bytes(), late).unwrap_err();
        assert!(matches!(refusal, Refusal::Expired(_)), "{refusal}");
        let other = ask(&format!("{path}&aud=elsewhere"));
        let refusal = identities.identify(other.as_bytes(), now()).unwrap_err();
        assert!(matches!(refusal, Refusal::Audience(_)), "{refusal}");
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let swapped = format!("{signed}.{}", signature.chars().rev().collect::<String>());
        assert!(identities.identify(swapped.as_bytes(), now()).is_err());
    }
    drop(refreshing);
    rotate_and_stop(&identities, &issuers).await;
}

/// The issuer signs with a new key, and then goes down.
async fn rotate_and_stop(identities: &Identities, issuers: &[ironward_config::Issuer]) {
    let before = ask("/token?of=mock");
    assert!(identities.identify(before.as_bytes(), now()).is_ok());
    ask("/rotate");
    // It takes turns with its keys.
    let tokens = [ask("/token?of=mock"), ask("/token?of=mock")];
    let unknown = tokens.iter().filter(|token| {
        let outcome = identities.identify(token.as_bytes(), now());
        matches!(outcome, Err(Refusal::UnknownKey(_)))
    });
    assert_eq!(unknown.count(), 1);
    let next = Identities::new(issuers, Some(identities));
    let mut refreshing = Refreshing::start(&next);
    for _ in issuers {
        let event = refreshing.event().await;
        assert!(matches!(event, KeysEvent::Fetched { .. }), "{event:?}");
    }
    drop(refreshing);
    for token in tokens.iter().chain([&before]) {
        let identity = next.identify(token.as_bytes(), now()).unwrap();
        assert_eq!(&*identity.subject, "agent");
    }
    ask("/stop");
    let mut refreshing = Refreshing::start(&next);
    let mut failures = 0;
    for _ in issuers {
        failures += usize::from(matches!(refreshing.event().await, KeysEvent::Failed { .. }));
    }
    assert_eq!(failures, 1);
    for token in &tokens {
        let identity = next.identify(token.as_bytes(), now()).unwrap();
        assert_eq!(&*identity.subject, "agent");
    }
}
