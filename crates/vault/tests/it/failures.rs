//! Services that are not there, do not answer, or answer nonsense.

use std::net::SocketAddr;
use std::sync::Arc;

use ironward_egress::Settings;
use ironward_secret::Secret;
use ironward_testkit::FakeClock;
use ironward_vault::{
    AwsAuth, AwsKeys, AwsKmsKek, AwsKmsSettings, Kek, KekError, KekFailure, TransitKek,
    TransitSettings, VaultLogin,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::bench::{FIRST, dialler, hasty, origin, wrap_error};

/// A service that gives every request this answer; without one, it takes requests and is silent.
async fn service(answer: Option<&'static str>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut silent = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 8192];
            drop(stream.read(&mut request).await);
            match answer {
                Some(answer) => drop(stream.write_all(answer.as_bytes()).await),
                None => silent.push(stream),
            }
        }
    });
    address
}

/// Both backends at one address.
fn keks(address: SocketAddr) -> [Arc<dyn Kek>; 2] {
    let address = origin(&format!("http://{address}"));
    let token = VaultLogin::Token(Secret::new("s.token-canary"));
    let transit = TransitSettings {
        timeouts: hasty(),
        ..TransitSettings::new(address.clone(), "ironward", token)
    };
    let keys = AwsAuth::Keys(AwsKeys {
        id: "AKIDEXAMPLE".into(),
        secret: Secret::new("secret-canary"),
        session: Some(Secret::new("session-canary")),
    });
    let kms = AwsKmsSettings {
        timeouts: hasty(),
        endpoint: Some(address),
        ..AwsKmsSettings::new("eu-central-1", "alias/ironward", keys)
    };
    let dialler = dialler(Settings::default());
    let clock = Arc::new(FakeClock::new());
    [
        Arc::new(TransitKek::new(transit, Arc::clone(&dialler)).unwrap()),
        Arc::new(AwsKmsKek::new(kms, dialler, clock).unwrap()),
    ]
}

/// What both backends say to one answer, for wrapping and unwrapping.
async fn errors(answer: Option<&'static str>) -> Vec<KekError> {
    let mut errors = Vec::new();
    for kek in keks(service(answer).await) {
        errors.push(wrap_error(&*kek).await);
        errors.push(kek.unwrap(b"vault:v1:AAAA", FIRST).await.err().unwrap());
    }
    for error in &errors {
        assert!(!error.message.contains("canary"), "{error}");
        assert!(!error.message.contains('\n'), "{error}");
    }
    errors
}

fn kinds(errors: &[KekError]) -> Vec<KekFailure> {
    errors.iter().map(|error| error.kind).collect()
}

#[tokio::test]
async fn a_service_that_is_not_there_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    for kek in keks(address) {
        let error = wrap_error(&*kek).await;
        assert_eq!(error.kind, KekFailure::Unreachable);
        assert!(error.message.contains("check that it runs"), "{error}");
    }
}

#[tokio::test]
async fn a_service_that_is_silent_is_given_up() {
    let errors = errors(None).await;
    assert_eq!(kinds(&errors), [KekFailure::Unreachable; 4]);
    assert!(errors[0].message.contains("300 ms"), "{}", errors[0]);
}

#[tokio::test]
async fn a_service_that_fails_can_be_asked_again() {
    for answer in [
        "HTTP/1.1 500 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 503 X\r\ncontent-length: 30\r\nconnection: close\r\n\r\n{\"errors\":[\"Vault is sealed\"]}",
        "HTTP/1.1 429 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    ] {
        let errors = errors(Some(answer)).await;
        assert_eq!(kinds(&errors), [KekFailure::Unreachable; 4], "{answer}");
    }
}

#[tokio::test]
async fn a_refusal_is_no_outage() {
    let answer = "HTTP/1.1 403 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let transit = errors(Some(answer)).await;
    assert_eq!(kinds(&transit[..2]), [KekFailure::Denied; 2]);
    let answer = "HTTP/1.1 400 X\r\ncontent-length: 36\r\nconnection: close\r\n\r\n\
                  {\"__type\":\"c#AccessDeniedException\"}";
    let errors = errors(Some(answer)).await;
    assert_eq!(kinds(&errors[2..]), [KekFailure::Denied; 2]);
    assert!(errors[2].message.contains("kms:Encrypt"), "{}", errors[2]);
}

#[tokio::test]
async fn what_is_no_answer_of_the_service_is_named() {
    for answer in [
        "HTTP/1.1 200 X\r\ncontent-length: 4\r\nconnection: close\r\n\r\n<ok>",
        "HTTP/1.1 200 X\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
        "HTTP/1.1 418 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    ] {
        let errors = errors(Some(answer)).await;
        assert_eq!(kinds(&errors), [KekFailure::Misconfigured; 4], "{answer}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let answer = "HTTP/1.1 307 X\r\nlocation: https://example.com/\r\ncontent-length: 0\r\n\
                  connection: close\r\n\r\n";
    let errors = errors(Some(answer)).await;
    assert_eq!(kinds(&errors), [KekFailure::Unreachable; 4]);
    assert!(errors[0].message.contains("redirect"), "{}", errors[0]);
}

#[tokio::test]
async fn a_key_of_the_wrong_size_is_refused() {
    let answer = "HTTP/1.1 200 X\r\ncontent-length: 48\r\nconnection: close\r\n\r\n\
                  {\"data\":{\"plaintext\":\"AAAA\"},\"Plaintext\":\"AAAA\"}";
    let errors = errors(Some(answer)).await;
    let unwrapped: Vec<_> = errors
        .iter()
        .skip(1)
        .step_by(2)
        .map(|error| error.kind)
        .collect();
    assert_eq!(unwrapped, [KekFailure::Refused; 2]);
}
