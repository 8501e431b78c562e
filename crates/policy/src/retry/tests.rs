use std::time::Duration;

use ironward_core::{Fault, FaultKind, Retry};

use super::{Backoff, Next, decide};

const NO_WAIT: Backoff = Backoff {
    floor: Duration::ZERO,
    jitter: Duration::ZERO,
};

fn after(kind: FaultKind, retry: Retry, attempt: u32, others: usize) -> Next {
    decide(
        &Fault::upstream(kind, retry, ""),
        attempt,
        2,
        others,
        NO_WAIT,
    )
}

#[test]
fn another_deployment_is_tried_at_once() {
    for retry in [
        Retry::Elsewhere(Some(Duration::from_secs(9))),
        Retry::Again(None),
    ] {
        assert_eq!(after(FaultKind::RateLimited, retry, 0, 1), Next::Elsewhere);
    }
}

#[test]
fn alone_the_deployment_gets_time() {
    let second = Duration::from_secs(1);
    assert_eq!(
        after(FaultKind::RateLimited, Retry::Elsewhere(Some(second)), 0, 0),
        Next::Again(second)
    );
    assert_eq!(
        after(FaultKind::Unavailable, Retry::Again(None), 0, 0),
        Next::Again(second / 2)
    );
    assert_eq!(
        after(FaultKind::Unavailable, Retry::Again(None), 1, 0),
        Next::Again(second)
    );
    assert_eq!(
        after(
            FaultKind::RateLimited,
            Retry::Elsewhere(Some(second * 61)),
            0,
            0
        ),
        Next::Stop
    );
    assert_eq!(
        after(
            FaultKind::UpstreamAuthentication,
            Retry::Elsewhere(None),
            0,
            0
        ),
        Next::Stop
    );
}

#[test]
fn it_ends() {
    assert_eq!(
        after(FaultKind::Unavailable, Retry::Again(None), 2, 5),
        Next::Stop
    );
    assert_eq!(after(FaultKind::BadRequest, Retry::Never, 0, 5), Next::Stop);
}

#[test]
fn the_floor_and_the_jitter_are_kept() {
    let backoff = Backoff {
        floor: Duration::from_secs(3),
        jitter: Duration::from_millis(10),
    };
    let fault = Fault::upstream(FaultKind::Unavailable, Retry::Again(None), "");
    assert_eq!(
        decide(&fault, 0, 1, 0, backoff),
        Next::Again(Duration::from_millis(3010))
    );
}
