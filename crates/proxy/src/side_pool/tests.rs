use std::sync::mpsc;
use std::time::Duration;

use super::{Work, run};

const MANY: usize = Work::Pass.inline_limit() + 1;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
}

#[test]
fn few_bytes_are_worked_on_where_the_call_runs() {
    let here = std::thread::current().id();
    for work in [Work::Pass, Work::Translate] {
        let place = |size| runtime().block_on(run(work, size, || Ok(std::thread::current().id())));
        assert_eq!(place(work.inline_limit()).unwrap(), here);
        assert_ne!(place(work.inline_limit() + 1).unwrap(), here);
    }
}

#[test]
fn the_other_calls_of_the_thread_go_on_while_many_bytes_are_worked_on() {
    let (other, worked) = mpsc::channel();
    let waited = runtime().block_on(async {
        // The work ends only when another task of the same thread has run meanwhile.
        let work = run(Work::Pass, MANY, move || {
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
    let outcome = runtime().block_on(run::<(), _>(Work::Pass, MANY, || panic!("on purpose")));
    assert_eq!(outcome.unwrap_err().kind.status(), 500);
}
