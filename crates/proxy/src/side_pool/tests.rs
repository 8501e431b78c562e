use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use super::{SidePool, Work};

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
        let pool = SidePool::new(1);
        let place = |size| {
            let here = || Ok(std::thread::current().id());
            runtime().block_on(pool.run(work, size, here))
        };
        assert_eq!(place(work.inline_limit()).unwrap(), here);
        assert_ne!(place(work.inline_limit() + 1).unwrap(), here);
    }
}

#[test]
fn the_other_calls_of_the_thread_go_on_while_many_bytes_are_worked_on() {
    let (other, worked) = mpsc::channel();
    let waited = runtime().block_on(async {
        // The work ends only when another task of the same thread has run meanwhile.
        let pool = SidePool::new(1);
        let work = pool.run(Work::Pass, MANY, move || {
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
    let pool = SidePool::new(1);
    let work = || panic!("on purpose");
    let outcome = runtime().block_on(pool.run::<(), _>(Work::Pass, MANY, work));
    assert_eq!(outcome.unwrap_err().kind.status(), 500);
    // Its place is free again.
    let next = runtime().block_on(pool.run(Work::Pass, MANY, || Ok(7)));
    assert_eq!(next.unwrap(), 7);
}

#[test]
fn no_more_is_worked_on_at_once_than_there_are_places() {
    const PLACES: usize = 3;
    let pool = Arc::new(SidePool::new(PLACES));
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    runtime().block_on(async {
        let works = (0..100).map(|_| {
            let (pool, running, most) =
                (Arc::clone(&pool), Arc::clone(&running), Arc::clone(&most));
            tokio::spawn(async move {
                let work = move || {
                    most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                    std::thread::yield_now();
                    running.fetch_sub(1, SeqCst);
                    Ok(())
                };
                pool.run(Work::Pass, MANY, work).await
            })
        });
        let all: Vec<_> = works.collect();
        for work in all {
            work.await.unwrap().unwrap();
        }
    });
    assert!(most.load(SeqCst) <= PLACES);
}

#[test]
fn a_call_that_is_given_up_while_it_waits_takes_no_place() {
    let pool = SidePool::new(1);
    runtime().block_on(async {
        let (go_on, waiting) = mpsc::channel::<()>();
        let first = pool.run(Work::Pass, MANY, move || Ok(waiting.recv().is_err()));
        let mut first = std::pin::pin!(first);
        let second = pool.run(Work::Pass, MANY, || Ok(false));
        tokio::select! {
            biased;
            _ = first.as_mut() => panic!("it waits"),
            _ = second => panic!("there is one place"),
            () = tokio::task::yield_now() => {}
        }
        drop(go_on);
        assert!(first.await.unwrap());
        assert!(!pool.run(Work::Pass, MANY, || Ok(false)).await.unwrap());
    });
}
