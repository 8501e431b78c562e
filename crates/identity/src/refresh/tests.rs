//! Time is tokio's, paused: it goes on by itself as soon as everybody waits.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ironward_config::Algorithm;
use ironward_core::Clock;
use ironward_egress::Upstream;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::{KeysEvent, Refresher};
use crate::testing::scripted::{Answer, Scripted};
use crate::testing::{ISSUER, NOW, OTHER, Signer, at, claims, issuer, key_set};
use crate::{Identities, Refusal};

const DISCOVERY: &str = "/.well-known/openid-configuration";
const OTHER_DISCOVERY: &str = "/realm/.well-known/openid-configuration";

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

struct Running {
    identities: Arc<Identities>,
    upstream: Arc<Scripted>,
    signer: Signer,
    events: Arc<Mutex<Vec<KeysEvent>>>,
    task: JoinHandle<()>,
}

impl Running {
    /// An issuer whose keys are being refreshed.
    async fn start() -> Self {
        let signer = Signer::new("first", Algorithm::EdDsa);
        let document = json!({"issuer": ISSUER, "jwks_uri": format!("{ISSUER}/keys")});
        let upstream = Scripted::new(&[
            (DISCOVERY, Answer::json(document.to_string())),
            ("/keys", Answer::json(key_set(&[signer.jwk()]))),
            (OTHER_DISCOVERY, Answer::Hangs),
        ]);
        let issuers = [
            issuer(ISSUER, &[Algorithm::EdDsa]),
            issuer(OTHER, &[Algorithm::EdDsa]),
        ];
        let identities = Identities::new(&issuers, None);
        let events = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&events);
        let refresher = Refresher::new(
            &identities,
            &(Arc::clone(&upstream) as Arc<dyn Upstream>),
            &upstream.credentials,
            &(Arc::clone(&upstream.clock) as Arc<dyn Clock>),
            move |event| log.lock().unwrap().push(event),
        );
        let task = tokio::spawn(refresher.unwrap().run());
        let running = Self {
            identities,
            upstream,
            signer,
            events,
            task,
        };
        running.pass(SECOND).await;
        running
    }

    /// Lets time go by, on both clocks, in steps that no timer is shorter than.
    async fn pass(&self, time: Duration) {
        let mut left = time;
        while !left.is_zero() {
            let step = left.min(SECOND);
            sleep(step).await;
            self.upstream.clock.advance(step);
            left -= step;
        }
    }

    /// How often the keys were fetched.
    fn fetches(&self) -> usize {
        let asked = self.upstream.asked();
        asked.iter().filter(|path| *path == DISCOVERY).count()
    }

    fn identify(&self, signer: &Signer) -> Result<(), Refusal> {
        let mut claims = claims("agent");
        claims["exp"] = json!(NOW + 7 * 24 * 3600);
        let token = signer.token(&claims);
        let now = self.upstream.clock.wall();
        self.identities.identify(token.as_bytes(), now).map(drop)
    }

    fn rotate(&self, keys: &[&Signer]) {
        let keys: Vec<_> = keys.iter().map(|signer| signer.jwk()).collect();
        self.upstream.answer("/keys", Answer::json(key_set(&keys)));
    }
}

fn unknown_key() -> Result<(), Refusal> {
    Err(Refusal::UnknownKey(ISSUER.into()))
}

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_at_once_and_again_when_their_time_has_come() {
    let running = Running::start().await;
    assert_eq!(running.identify(&running.signer), Ok(()));
    assert_eq!(running.fetches(), 1);
    running.pass(MINUTE * 14).await;
    assert_eq!(running.fetches(), 1);
    running.pass(MINUTE * 2).await;
    assert_eq!(running.fetches(), 2);
    let events = running.events.lock().unwrap().clone();
    let changed: Vec<bool> = events
        .iter()
        .map(|event| match event {
            KeysEvent::Fetched { changed, keys, .. } => {
                assert_eq!(*keys, 1);
                *changed
            }
            KeysEvent::Failed { reason, .. } => panic!("{reason}"),
        })
        .collect();
    assert_eq!(changed, [true, false]);
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_fetched_as_soon_as_a_token_names_it() {
    let running = Running::start().await;
    let next = Signer::new("next", Algorithm::EdDsa);
    running.pass(MINUTE * 2).await;
    running.rotate(&[&running.signer, &next]);
    assert_eq!(running.identify(&next), unknown_key());
    running.pass(SECOND).await;
    assert_eq!(running.identify(&next), Ok(()));
    assert_eq!(running.identify(&running.signer), Ok(()));
    // The issuer takes the old one back: the next fetch takes it out of force, and of memory.
    running.rotate(&[&next]);
    running.pass(MINUTE * 16).await;
    assert_eq!(running.identify(&running.signer), unknown_key());
    assert_eq!(running.identify(&next), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_unknown_keys_causes_a_fetch_a_minute() {
    let running = Running::start().await;
    let forger = Signer::new("forged", Algorithm::EdDsa);
    running.pass(MINUTE * 2).await;
    let before = running.fetches();
    for _ in 0..600 {
        for _ in 0..20 {
            assert_eq!(running.identify(&forger), unknown_key());
        }
        running.pass(SECOND).await;
    }
    let fetches = running.fetches() - before;
    assert!((9..=11).contains(&fetches), "{fetches} in ten minutes");
    assert_eq!(running.identify(&running.signer), Ok(()));
    // A token that never gets as far as its key asks for nothing.
    running.pass(MINUTE * 2).await;
    let before = running.fetches();
    let mut other = claims("agent");
    other["iss"] = json!("https://evil.example.com");
    let stranger = forger.token(&other);
    for _ in 0..100 {
        assert!(
            running
                .identities
                .identify(stranger.as_bytes(), at(NOW))
                .is_err()
        );
    }
    running.pass(MINUTE * 2).await;
    assert!(running.fetches() - before <= 1);
}

#[tokio::test(start_paused = true)]
async fn the_last_good_keys_outlive_the_issuer_by_a_day() {
    let running = Running::start().await;
    running.upstream.answer(DISCOVERY, Answer::Down);
    running.pass(HOUR * 23).await;
    assert_eq!(running.identify(&running.signer), Ok(()));
    running.pass(HOUR * 2).await;
    let refusal = Err(Refusal::NoKeys(ISSUER.into()));
    assert_eq!(running.identify(&running.signer), refusal);
    let last = running.events.lock().unwrap().last().cloned();
    let Some(KeysEvent::Failed { reason, age, .. }) = last else {
        panic!("{last:?}");
    };
    assert!(reason.contains("no connection"), "{reason}");
    assert!(age > Some(HOUR * 24), "{age:?}");
    // And comes back within the longest pause.
    let document = json!({"issuer": ISSUER, "jwks_uri": format!("{ISSUER}/keys")});
    running
        .upstream
        .answer(DISCOVERY, Answer::json(document.to_string()));
    running.pass(MINUTE + SECOND).await;
    assert_eq!(running.identify(&running.signer), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_broken_answer_does_not_replace_good_keys() {
    let running = Running::start().await;
    for answer in [
        Answer::json("{}".to_owned()),
        Answer::json(key_set(&[])),
        Answer::Status(500),
        Answer::json(key_set(&[json!({"kty": "oct", "kid": "first", "k": "AA"})])),
    ] {
        running.upstream.answer("/keys", answer);
        running.pass(MINUTE * 16).await;
        assert_eq!(running.identify(&running.signer), Ok(()));
    }
    assert!(running.fetches() > 4);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_is_down_is_tried_with_growing_pauses() {
    let running = Running::start().await;
    running.upstream.answer(DISCOVERY, Answer::Down);
    running.pass(MINUTE * 16).await;
    let before = running.fetches();
    running.pass(MINUTE * 30).await;
    let fetches = running.fetches() - before;
    assert!((29..=36).contains(&fetches), "{fetches} in half an hour");
}

#[tokio::test(start_paused = true)]
async fn refreshing_ends_with_its_future() {
    let running = Running::start().await;
    running.task.abort();
    running.pass(HOUR * 2).await;
    assert_eq!(running.fetches(), 1);
}
