use proptest::prelude::*;

use super::{KeyLife, Life, SecretLife, TooLong};
use crate::Period;

const DAY: u64 = 86_400_000;

fn secret(made: u64, until: Option<u64>) -> SecretLife {
    SecretLife { made, until }
}

#[test]
fn a_key_lives_ninety_days_unless_it_says_otherwise() {
    let policy = KeyLife::default();
    assert_eq!(policy.expiry(Life::Default, 7), Ok(Some(7 + 90 * DAY)));
    assert_eq!(policy.expiry(Life::Endless, 7), Ok(None));
    assert_eq!(
        policy.expiry(Life::For(Period::days(400)), 7),
        Ok(Some(7 + 400 * DAY))
    );
    let endless = KeyLife {
        default: None,
        ..policy
    };
    assert_eq!(endless.expiry(Life::Default, 7), Ok(None));
}

#[test]
fn the_longest_life_holds_for_every_way_to_ask() {
    let most = Period::days(30);
    let too_long = Err(TooLong {
        field: "duration",
        most,
    });
    for default in [None, Some(Period::NINETY_DAYS)] {
        let policy = KeyLife {
            default,
            longest: Some(most),
            ..KeyLife::default()
        };
        assert_eq!(policy.expiry(Life::Default, 0), Ok(Some(30 * DAY)));
        assert_eq!(policy.expiry(Life::For(most), 0), Ok(Some(30 * DAY)));
        assert_eq!(policy.expiry(Life::For(Period::days(31)), 0), too_long);
        assert_eq!(policy.expiry(Life::Endless, 0), too_long);
    }
}

#[test]
fn without_grace_the_old_secret_is_dropped() {
    let policy = KeyLife::default();
    let secrets = [secret(1, None)];
    assert_eq!(policy.overlap(&secrets, None, 10), Ok(vec![None]));
    assert_eq!(
        policy.overlap(&secrets, Some(Period::days(1)), 10),
        Ok(vec![Some(10 + DAY)])
    );
}

#[test]
fn a_second_rotation_ends_the_overlap_of_the_first() {
    let policy = KeyLife::default();
    let secrets = [secret(1, Some(50)), secret(5, None)];
    assert_eq!(
        policy.overlap(&secrets, Some(Period::days(2)), 10),
        Ok(vec![None, Some(10 + 2 * DAY)])
    );
}

#[test]
fn an_overlap_has_an_end_and_never_lengthens_a_life() {
    let policy = KeyLife::default();
    let ending = [secret(1, Some(50))];
    assert_eq!(
        policy.overlap(&ending, Some(Period::days(1)), 10),
        Ok(vec![Some(50)])
    );
    assert_eq!(
        policy.overlap(&ending, Some(Period::days(1)), 50),
        Ok(vec![None]),
        "what is over stays over"
    );
    let error = policy.overlap(&[], Some(Period::days(31)), 10).unwrap_err();
    assert_eq!(
        error.to_string(),
        "grace_period may be at most 30d here; ask for less"
    );
}

proptest! {
    #[test]
    fn at_most_one_old_secret_stays_and_none_longer_than_before(
        secrets in prop::collection::vec((0u64..100, prop::option::of(0u64..100)), 0..5),
        grace in prop::option::of(1u16..=30),
        now in 0u64..100,
    ) {
        let secrets: Vec<_> = secrets.into_iter().map(|(made, until)| secret(made, until)).collect();
        let after = KeyLife::default()
            .overlap(&secrets, grace.map(Period::days), now)
            .unwrap();
        prop_assert_eq!(after.len(), secrets.len());
        prop_assert!(after.iter().flatten().count() <= 1);
        for (before, after) in secrets.iter().zip(after) {
            if let Some(after) = after {
                prop_assert!(before.is_live(now));
                prop_assert!(before.until.is_none_or(|until| after <= until));
            }
        }
    }
}
