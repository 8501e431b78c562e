use ironward_core::Money;

use super::KeyBounds;
use crate::Spending;

fn bounds() -> KeyBounds {
    KeyBounds {
        max_budget: Some(Money::from_nanos(100)),
        budget_duration: Some("30d".parse().unwrap()),
        duration: None,
        max_parallel_requests: Some(4),
        tpm_limit: Some(1000),
        rpm_limit: Some(10),
    }
}

fn at_most() -> Spending {
    let mut spending = Spending::default();
    bounds().fill(&mut spending, 0);
    spending
}

#[test]
fn a_key_that_says_nothing_gets_the_bounds() {
    let filled = at_most();
    assert_eq!(filled.max_budget, Some(Money::from_nanos(100)));
    assert_eq!(filled.budget_duration.as_deref(), Some("30d"));
    assert_eq!(filled.budget_reset_at, Some(30 * 86_400_000));
    assert_eq!(filled.max_parallel_requests, Some(4));
    assert_eq!((filled.tpm_limit, filled.rpm_limit), (Some(1000), Some(10)));
    assert_eq!(bounds().exceeded_by(&filled, &Spending::default(), 0), None);
    let mut given = Spending {
        rpm_limit: Some(3),
        ..Spending::default()
    };
    bounds().fill(&mut given, 0);
    assert_eq!(given.rpm_limit, Some(3));
    let mut unbounded = Spending::default();
    KeyBounds::default().fill(&mut unbounded, 0);
    assert_eq!(unbounded, Spending::default());
}

#[test]
fn each_field_has_its_bound() {
    let old = Spending {
        rpm_limit: Some(1),
        tpm_limit: Some(1),
        max_parallel_requests: Some(1),
        max_budget: Some(Money::ZERO),
        budget_duration: Some("1d".into()),
        ..Spending::default()
    };
    type Change = fn(&mut Spending);
    let raises: [(&str, Change, Change); 5] = [
        (
            "max_budget",
            |one| one.max_budget = Some(Money::from_nanos(101)),
            |one| one.max_budget = None,
        ),
        (
            "budget_duration",
            |one| one.budget_duration = Some("31d".into()),
            |one| one.budget_duration = None,
        ),
        (
            "max_parallel_requests",
            |one| one.max_parallel_requests = Some(5),
            |one| one.max_parallel_requests = None,
        ),
        (
            "tpm_limit",
            |one| one.tpm_limit = Some(1001),
            |one| one.tpm_limit = None,
        ),
        (
            "rpm_limit",
            |one| one.rpm_limit = Some(11),
            |one| one.rpm_limit = None,
        ),
    ];
    for (field, raise, clear) in raises {
        for change in [raise, clear] {
            let mut new = at_most();
            change(&mut new);
            assert_eq!(bounds().exceeded_by(&new, &old, 0), Some(field));
            // What was above before the bound came is no reason to refuse another change.
            assert_eq!(bounds().exceeded_by(&new, &new, 0), None);
            assert_eq!(KeyBounds::default().exceeded_by(&new, &old, 0), None);
        }
    }
}
