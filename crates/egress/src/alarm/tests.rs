use std::future::poll_fn;
use std::time::Duration;

use ironward_core::{FaultKind, Timeouts};
use tokio::time::Instant;

use super::{Alarm, Deadlines};

const SECOND: Duration = Duration::from_secs(1);

async fn ring(alarm: &mut Alarm, deadline: Instant) -> Duration {
    let start = Instant::now();
    poll_fn(|cx| alarm.poll(cx, deadline)).await;
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_moves_away_is_met() {
    let mut alarm = Alarm::distant();
    assert_eq!(ring(&mut alarm, Instant::now() + SECOND).await, SECOND);
    assert_eq!(
        ring(&mut alarm, Instant::now() + 3 * SECOND).await,
        3 * SECOND
    );
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_comes_closer_is_met() {
    let mut alarm = Alarm::distant();
    let far = Instant::now() + 100 * SECOND;
    let waited = tokio::time::timeout(SECOND, ring(&mut alarm, far)).await;
    assert!(waited.is_err());
    assert_eq!(
        ring(&mut alarm, Instant::now() + 2 * SECOND).await,
        2 * SECOND
    );
}

#[tokio::test(start_paused = true)]
async fn a_timer_is_left_alone_while_its_deadline_moves_away() {
    let mut alarm = Alarm::distant();
    let first = Instant::now() + 10 * SECOND;
    for _ in 0..5 {
        let deadline = Instant::now() + 10 * SECOND;
        let piece = tokio::time::timeout(SECOND, ring(&mut alarm, deadline)).await;
        assert!(piece.is_err());
        assert_eq!(alarm.set_to, first);
    }
}

#[tokio::test(start_paused = true)]
async fn the_idle_limit_counts_from_the_last_piece_and_the_total_from_the_start() {
    let timeouts = Timeouts {
        idle: 10 * SECOND,
        total: 25 * SECOND,
        ..Timeouts::default()
    };
    let mut alarm = Alarm::distant();
    let mut patience = Deadlines::start(&timeouts, false).patience();
    let start = Instant::now();
    for _ in 0..2 {
        let wait = poll_fn(|cx| patience.poll(cx, &mut alarm));
        assert!(tokio::time::timeout(8 * SECOND, wait).await.is_err());
        patience.renew();
    }
    let fault = poll_fn(|cx| patience.poll(cx, &mut alarm)).await;
    assert_eq!(start.elapsed(), 25 * SECOND);
    assert_eq!(fault.kind, FaultKind::Timeout);
    assert!(fault.message.contains("25 s (total timeout)"));

    let mut patience = Deadlines::start(&timeouts, true).patience();
    let start = Instant::now();
    for _ in 0..5 {
        let wait = poll_fn(|cx| patience.poll(cx, &mut alarm));
        assert!(tokio::time::timeout(8 * SECOND, wait).await.is_err());
        patience.renew();
    }
    let fault = poll_fn(|cx| patience.poll(cx, &mut alarm)).await;
    assert_eq!(start.elapsed(), 50 * SECOND);
    assert!(fault.message.contains("10 s (idle timeout)"));
}

#[tokio::test(start_paused = true)]
async fn a_limit_without_end_does_not_overflow() {
    let timeouts = Timeouts {
        connect: Duration::MAX,
        first_byte: Duration::MAX,
        idle: Duration::MAX,
        total: Duration::MAX,
    };
    let deadlines = Deadlines::start(&timeouts, false);
    assert!(deadlines.head() > Instant::now() + 1000 * SECOND);
}
