use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use ironward_config::Algorithm;

use super::{Accounts, Keyless, Unproven};
use crate::testing::{AUDIENCE, ISSUER, NOW, OTHER, Signer, at, claims, give, issuer};
use crate::{Bindings, Identities, Refusal, SpiffeId, Unbound, Workload};

type Entries = Vec<(u32, Vec<(&'static str, &'static str)>)>;

#[derive(Default)]
struct Listed {
    revision: AtomicU64,
    entries: Mutex<Entries>,
}

struct Shared(Arc<Listed>);

impl Accounts<u32> for Shared {
    fn revision(&self) -> u64 {
        self.0.revision.load(Ordering::Acquire)
    }

    fn list(&self) -> Bindings<u32> {
        let mut bindings = Bindings::default();
        for (owner, claims) in &*self.0.entries.lock().unwrap() {
            bindings.add(*owner, claims.iter().copied()).unwrap();
        }
        bindings
    }
}

impl Listed {
    fn set(&self, entries: Entries) {
        *self.entries.lock().unwrap() = entries;
        self.revision.fetch_add(1, Ordering::Release);
    }
}

struct World {
    signer: Signer,
    accounts: Arc<Listed>,
    keyless: Keyless<u32>,
}

fn alice() -> Vec<(&'static str, &'static str)> {
    vec![("iss", ISSUER), ("sub", "alice")]
}

fn world() -> World {
    let signer = Signer::new("k", Algorithm::EdDsa);
    let accounts = Arc::new(Listed::default());
    accounts.set(vec![(1, alice())]);
    let identities = Identities::new(&[issuer(ISSUER, &[Algorithm::EdDsa])], None);
    give(&identities, ISSUER, &[signer.jwk()], at(NOW));
    let keyless = Keyless::new(identities, Box::new(Shared(Arc::clone(&accounts))));
    World {
        signer,
        accounts,
        keyless,
    }
}

#[test]
fn a_binding_holds_from_when_it_is_made_until_it_is_taken_away() {
    let world = world();
    let token = world.signer.token(&claims("alice"));
    let ask = || {
        let vouched = world.keyless.of_token(token.as_bytes(), at(NOW));
        vouched.map(|vouched| vouched.owner)
    };
    assert_eq!(ask(), Ok(1));
    world.accounts.set(vec![(2, alice())]);
    assert_eq!(ask(), Ok(2));
    world.accounts.set(vec![(1, alice()), (2, alice())]);
    assert_eq!(ask(), Err(Unproven::Unbound(Unbound::Several)));
    world.accounts.set(Vec::new());
    assert_eq!(ask(), Err(Unproven::Unbound(Unbound::Nobody)));
}

#[test]
fn what_was_decided_is_looked_at_again_when_something_has_changed() {
    let world = world();
    let keyless = &world.keyless;
    let token = world.signer.token(&claims("alice"));
    let first = keyless.of_token(token.as_bytes(), at(NOW)).unwrap();
    assert!(keyless.is_current(&first));
    assert_eq!(first.subject(), "alice");
    // Another account, which is none of its business.
    world.accounts.set(vec![
        (1, alice()),
        (2, vec![("iss", ISSUER), ("sub", "bob")]),
    ]);
    assert!(!keyless.is_current(&first));
    let second = keyless.again(&first, at(NOW)).unwrap();
    assert!(keyless.is_current(&second));
    let again = |vouched| keyless.again(vouched, at(NOW)).map(|_| ());
    world.accounts.set(vec![(2, alice())]);
    assert_eq!(again(&second), Err(Unproven::Moved));
    world.accounts.set(vec![(1, alice()), (2, alice())]);
    assert_eq!(again(&second), Err(Unproven::Unbound(Unbound::Several)));
    world.accounts.set(Vec::new());
    assert_eq!(again(&second), Err(Unproven::Unbound(Unbound::Nobody)));
}

#[test]
fn a_token_is_over_when_it_would_not_be_taken_any_more() {
    let world = world();
    let token = world.signer.token(&claims("alice"));
    let vouched = world.keyless.of_token(token.as_bytes(), at(NOW)).unwrap();
    assert_eq!(vouched.until(), at(NOW + 660));
    let again = |now| world.keyless.again(&vouched, at(now)).map(|_| ());
    assert_eq!(again(NOW + 659), Ok(()));
    assert_eq!(again(NOW + 660), Err(Unproven::Over));
    let ask = |now| world.keyless.of_token(token.as_bytes(), at(now));
    assert!(ask(NOW + 659).is_ok());
    let expired = Unproven::Refused(Refusal::Expired(ISSUER.into()));
    assert_eq!(ask(NOW + 660).unwrap_err(), expired);
}

#[test]
fn other_issuers_in_force_are_asked_from_then_on() {
    let world = world();
    let token = world.signer.token(&claims("alice"));
    let vouched = world.keyless.of_token(token.as_bytes(), at(NOW)).unwrap();
    let replace = |issuers: &[_]| {
        let before = world.keyless.identities();
        world
            .keyless
            .replace(Identities::new(issuers, Some(&before)));
    };
    let again = || world.keyless.again(&vouched, at(NOW)).map(|_| ());
    let same = issuer(ISSUER, &[Algorithm::EdDsa]);
    replace(&[same.clone(), issuer(OTHER, &[Algorithm::EdDsa])]);
    assert!(!world.keyless.is_current(&vouched));
    assert_eq!(again(), Ok(()));
    assert!(world.keyless.of_token(token.as_bytes(), at(NOW)).is_ok());
    let mut elsewhere = same.clone();
    elsewhere.audiences = vec!["elsewhere".to_owned()];
    replace(&[elsewhere]);
    assert_eq!(again(), Err(Unproven::Distrusted));
    let mut more = same;
    more.audiences = vec!["elsewhere".to_owned(), AUDIENCE.to_owned()];
    replace(&[more]);
    assert_eq!(again(), Ok(()));
    replace(&[]);
    assert_eq!(again(), Err(Unproven::Distrusted));
    assert!(!world.keyless.is_token(token.as_bytes()));
}

#[test]
fn a_certificate_stands_for_whoever_lists_its_id_until_it_is_over() {
    let world = world();
    let id = "spiffe://prod.example.com/ns/agents/sa/planner";
    let workload = Arc::new(Workload {
        id: SpiffeId::parse(id).unwrap(),
        until: at(NOW + 60),
    });
    let ask = |now| {
        let vouched = world.keyless.of_certificate(&workload, at(now));
        vouched.map(|vouched| (vouched.owner, vouched.subject().to_owned()))
    };
    assert_eq!(ask(NOW), Err(Unproven::Unbound(Unbound::Nobody)));
    world.accounts.set(vec![(7, vec![("spiffe", id)])]);
    assert_eq!(ask(NOW), Ok((7, id.to_owned())));
    assert_eq!(ask(NOW + 60), Err(Unproven::Over));
    let vouched = world.keyless.of_certificate(&workload, at(NOW)).unwrap();
    world.accounts.set(Vec::new());
    let again = world.keyless.again(&vouched, at(NOW)).map(|_| ());
    assert_eq!(again, Err(Unproven::Unbound(Unbound::Nobody)));
}
