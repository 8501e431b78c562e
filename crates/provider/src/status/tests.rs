use std::time::Duration;

use http::{HeaderMap, StatusCode};
use ironward_core::{FaultKind, Retry};

use super::fault;

fn retry(status: u16, headers: &[(&'static str, &'static str)]) -> Retry {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    fault(StatusCode::from_u16(status).unwrap(), &map, String::new()).retry
}

#[test]
fn retry_after_is_read_in_both_forms_and_bounded() {
    assert_eq!(
        retry(429, &[("retry-after", "2")]),
        Retry::Elsewhere(Some(Duration::from_secs(2)))
    );
    assert_eq!(
        retry(503, &[("retry-after", "9"), ("retry-after-ms", "1500")]),
        Retry::Again(Some(Duration::from_millis(1500)))
    );
    assert_eq!(
        retry(429, &[("retry-after", "1e12")]),
        Retry::Elsewhere(Some(Duration::from_secs(86_400)))
    );
    for nonsense in ["-1", "NaN", "inf", "soon"] {
        assert_eq!(
            retry(429, &[("retry-after", nonsense)]),
            Retry::Elsewhere(None),
            "{nonsense}"
        );
    }
    assert_eq!(retry(400, &[("retry-after", "2")]), Retry::Never);
}

#[test]
fn every_error_status_has_a_kind() {
    for status in 400..600 {
        let fault = fault(
            StatusCode::from_u16(status).unwrap(),
            &HeaderMap::new(),
            String::new(),
        );
        assert_eq!(fault.upstream_status, Some(status));
        assert!(fault.kind.status() >= 400 && fault.kind != FaultKind::Internal);
    }
}
