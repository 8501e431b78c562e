use std::collections::HashSet;

use super::FaultKind;

#[test]
fn every_kind_has_a_label_of_its_own_and_an_error_status() {
    let labels: HashSet<_> = FaultKind::ALL.iter().map(|kind| kind.label()).collect();
    assert_eq!(labels.len(), FaultKind::ALL.len());
    assert!(
        FaultKind::ALL
            .iter()
            .all(|kind| (400..=599).contains(&kind.status()))
    );
}
