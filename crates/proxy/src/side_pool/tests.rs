use std::sync::mpsc;
use std::time::Duration;

use super::{INLINE, run};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
}

#[test]
fn few_bytes_are_worked_on_where_the_call_runs() {
    let here = std::thread::current().id();
    let there = runtime().block_on(run(INLINE, || Ok(std::thread::current().id())));
    assert_eq!(there.unwrap(), here);
}

#[test]
fn the_other_calls_of_the_thread_go_on_while_many_bytes_are_worked_on() {
    let (other, worked) = mpsc::channel();
    let waited = runtime().block_on(async {
        // The work ends only when another task of the same thread has run meanwhile.
        let work = run(INLINE + 1, move || {
            Ok(worked.recv_timeout(Duration::from_secs(10)))
        });
        let call = tokio::spawn(async move { other.send("a call") });
        let waited = work.await.unwrap();
        call.await.unwrap().unwrap();
        waited
    });
    assert_eq!(waited, Ok("a call"));
}

#[test]
fn work_that_panics_is_one_calls_fault() {
    let outcome = runtime().block_on(run::<(), _>(INLINE + 1, || panic!("on purpose")));
    assert_eq!(outcome.unwrap_err().kind.status(), 500);
}
