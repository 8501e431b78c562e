use ironward_core::Money;

use super::{ModelBudget, Spending, Window};

fn dollars(amount: u64) -> Option<Money> {
    Some(Money::from_nanos(amount * 1_000_000_000))
}

fn full() -> Spending {
    Spending {
        max_budget: dollars(10),
        soft_budget: dollars(5),
        budget_duration: Some("30d".into()),
        budget_limits: vec![Window {
            budget_duration: "1d".into(),
            max_budget: dollars(1),
        }],
        tpm_limit: Some(100),
        rpm_limit: Some(10),
        tpd_limit: Some(1_000),
        max_parallel_requests: Some(2),
        model_max_budget: [(
            "a".into(),
            ModelBudget {
                max_budget: dollars(1),
                budget_duration: Some("1d".into()),
                tpm_limit: Some(10),
                rpm_limit: Some(1),
            },
        )]
        .into(),
        model_rpm_limit: [("a".into(), 5)].into(),
        model_tpm_limit: [("a".into(), 50)].into(),
        budget_id: Some("b".into()),
        budget_reset_at: Some(1),
    }
}

#[test]
fn each_field_is_raised_by_more_and_by_nothing_at_all() {
    type Change = fn(&mut Spending);
    let cases: [(&str, Change, Change); 10] = [
        (
            "max_budget",
            |new| new.max_budget = dollars(11),
            |new| new.max_budget = None,
        ),
        (
            "budget_duration",
            |new| new.budget_duration = Some("1d".into()),
            |new| new.budget_duration = None,
        ),
        (
            "budget_limits",
            |new| new.budget_limits[0].max_budget = dollars(2),
            |new| new.budget_limits.clear(),
        ),
        (
            "tpm_limit",
            |new| new.tpm_limit = Some(101),
            |new| new.tpm_limit = None,
        ),
        (
            "rpm_limit",
            |new| new.rpm_limit = Some(11),
            |new| new.rpm_limit = None,
        ),
        (
            "tpd_limit",
            |new| new.tpd_limit = Some(1_001),
            |new| new.tpd_limit = None,
        ),
        (
            "max_parallel_requests",
            |new| new.max_parallel_requests = Some(3),
            |new| new.max_parallel_requests = None,
        ),
        (
            "model_max_budget",
            |new| new.model_max_budget.get_mut("a").unwrap().budget_duration = None,
            |new| new.model_max_budget.clear(),
        ),
        (
            "model_rpm_limit",
            |new| *new.model_rpm_limit.get_mut("a").unwrap() = 6,
            |new| new.model_rpm_limit.clear(),
        ),
        (
            "budget_id",
            |new| new.budget_id = Some("c".into()),
            |new| new.budget_id = None,
        ),
    ];
    for (field, more, none) in cases {
        for change in [more, none] {
            let mut new = full();
            change(&mut new);
            assert_eq!(new.raised_from(&full()), Some(field));
            assert_eq!(full().raised_from(&Spending::default()), None);
        }
    }
    let mut new = full();
    new.model_tpm_limit.clear();
    assert_eq!(new.raised_from(&full()), Some("model_tpm_limit"));
    for change in [
        |budget: &mut ModelBudget| budget.max_budget = dollars(2),
        |budget: &mut ModelBudget| budget.tpm_limit = None,
        |budget: &mut ModelBudget| budget.rpm_limit = Some(2),
    ] {
        let mut new = full();
        change(new.model_max_budget.get_mut("a").unwrap());
        assert_eq!(new.raised_from(&full()), Some("model_max_budget"));
    }
}

#[test]
fn what_is_lowered_or_the_same_is_not_raised() {
    assert_eq!(full().raised_from(&full()), None);
    let mut lower = full();
    lower.max_budget = dollars(9);
    lower.soft_budget = None;
    lower.rpm_limit = Some(0);
    lower.model_rpm_limit.insert("b".into(), 1);
    lower.budget_limits.push(Window {
        budget_duration: "1h".into(),
        max_budget: dollars(1),
    });
    assert_eq!(lower.raised_from(&full()), None);
}

#[test]
fn of_two_budgets_for_one_window_the_lower_counts() {
    let mut old = full();
    old.budget_limits.push(Window {
        budget_duration: "1d".into(),
        max_budget: dollars(5),
    });
    assert_eq!(full().raised_from(&old), None);
    let mut new = old.clone();
    new.budget_limits.remove(0);
    assert_eq!(new.raised_from(&old), Some("budget_limits"));
}
