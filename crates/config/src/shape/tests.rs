use std::time::Duration;

use super::{parse_count, parse_duration, parse_number};

#[test]
fn a_time_is_seconds_or_has_a_unit() {
    let seconds = |text| parse_duration(text).map(|time| time.as_secs_f64());
    assert_eq!(seconds("30"), Some(30.0));
    assert_eq!(seconds("2.5"), Some(2.5));
    assert_eq!(seconds("30s"), Some(30.0));
    assert_eq!(seconds("5 m"), Some(300.0));
    assert_eq!(seconds("1h"), Some(3600.0));
    assert_eq!(parse_duration("500ms"), Some(Duration::from_millis(500)));
    for wrong in [
        "", "s", "-1", "1d", "inf", "nan", "1e300", "99999999", "1 2",
    ] {
        assert_eq!(parse_duration(wrong), None, "{wrong}");
    }
}

#[test]
fn a_count_is_whole() {
    assert_eq!(parse_count("100_000"), Some(100_000));
    assert_eq!(parse_count("1e6"), Some(1_000_000));
    assert_eq!(parse_count("18446744073709551615"), Some(u64::MAX));
    for wrong in ["", "-1", "1.5", "1e300", "many"] {
        assert_eq!(parse_count(wrong), None, "{wrong}");
    }
}

#[test]
fn a_number_is_finite() {
    assert_eq!(parse_number("0.5"), Some(0.5));
    for wrong in ["inf", "-inf", "nan", "-0.1", ""] {
        assert_eq!(parse_number(wrong), None, "{wrong}");
    }
}
