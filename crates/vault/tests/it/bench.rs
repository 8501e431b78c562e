//! What the tests of all backends need.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ironward_core::{Origin, SystemClock, Timeouts};
use ironward_egress::{Dialler, Settings};
use ironward_secret::DataKey;
use ironward_testkit::SeededRandom;
use ironward_vault::{Context, Kek, KekError, KekFailure, Vault};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

pub(crate) const FIRST: Context = Context { version: 1 };
pub(crate) const SECOND: Context = Context { version: 2 };

pub(crate) fn dialler(settings: Settings) -> Arc<Dialler> {
    Dialler::new(settings, Arc::new(SystemClock)).unwrap()
}

pub(crate) fn origin(url: &str) -> Origin {
    Origin::parse(url).unwrap()
}

pub(crate) fn key() -> DataKey {
    DataKey::from_bytes(&[0x5a; 32]).unwrap()
}

/// Short, for services that never answer.
pub(crate) fn hasty() -> Timeouts {
    let moment = Duration::from_millis(300);
    Timeouts {
        connect: moment,
        first_byte: moment,
        idle: moment,
        total: moment,
    }
}

pub(crate) async fn wrap_error(kek: &dyn Kek) -> KekError {
    kek.wrap(&key(), FIRST).await.err().unwrap()
}

/// What every backend has to do.
pub(crate) async fn keeps_the_contract(kek: Arc<dyn Kek>) {
    let wrapped = kek.wrap(&key(), FIRST).await.unwrap();
    assert!(!wrapped.windows(8).any(|part| part == [0x5a; 8]));
    let back = kek.unwrap(&wrapped, FIRST).await.unwrap();
    assert!(back.is_same(&key()));
    // A wrapped key in the row of another version.
    let error = kek.unwrap(&wrapped, SECOND).await.err().unwrap();
    assert_eq!(error.kind, KekFailure::Refused, "{error}");
    let mut changed = wrapped.clone();
    let last = changed.len() - 3;
    changed[last] ^= 1;
    let error = kek.unwrap(&changed, FIRST).await.err().unwrap();
    assert_eq!(error.kind, KekFailure::Refused, "{error}");
    assert!(kek.unwrap(b"", FIRST).await.is_err());

    let (clock, random) = (Arc::new(SystemClock), Arc::new(SeededRandom::new(1)));
    let vault = Vault::create(Arc::clone(&kek), clock.clone(), random.clone());
    let vault = vault.await.unwrap();
    vault.adopt(vault.advance().await.unwrap()).unwrap();
    vault.probe().await.unwrap();
    let again = Vault::open(kek, vault.keys(), clock, random).await.unwrap();
    for version in [1, 2] {
        let (one, other) = (vault.keyring(), again.keyring());
        let one = one.data_key(version).unwrap();
        assert!(one.is_same(other.data_key(version).unwrap()));
    }
}

/// A service that answers JSON as the script says: from the head of a request and its JSON to a
/// status and JSON.
pub(crate) async fn scripted(
    script: impl Fn(&str, &Value) -> (u16, Value) + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !is_whole(&request) {
                stream.read_buf(&mut request).await.unwrap();
            }
            let request = String::from_utf8(request).unwrap();
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            let (status, body) = script(head, &serde_json::from_str(body).unwrap_or_default());
            let body = body.to_string();
            let reply = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json; charset=UTF-8\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(reply.as_bytes()).await.unwrap();
        }
    });
    address
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let head = head.to_ascii_lowercase();
    let length = head.split_once("content-length: ");
    // A request to read has no body.
    let length = length.map_or("0", |(_, length)| length.lines().next().unwrap());
    body.len() >= length.parse().unwrap()
}
