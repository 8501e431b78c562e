use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ironward_core::CallId;

use super::{Poor, act, assert_good, kinds, options, records};
use crate::call::{Call, Settlement};
use crate::folder::Folder;
use crate::journal::{Desk, Journal, Wait};
use crate::record::Who;
use crate::testing::{FakeClock, Seeded};

/// A journal on a disk that may get poor, and a desk of it.
struct World {
    _directory: tempfile::TempDir,
    folder: Folder,
    clock: Arc<FakeClock>,
    poor: Poor,
    journal: Journal,
    random: Seeded,
}

impl World {
    fn start(stall: Duration) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let folder = Folder::of(directory.path());
        let (clock, poor) = (FakeClock::new(), Poor::default());
        let mut options = options(&folder, &clock);
        options.stall = stall;
        Self {
            journal: Journal::open_on(options, Box::new(poor.clone())).unwrap(),
            _directory: directory,
            folder,
            clock,
            poor,
            random: Seeded::new(7),
        }
    }

    fn call(&self) -> Call<'static> {
        Call {
            id: CallId::draw(&self.random),
            at: 1,
            who: Who::default(),
            source: None,
            dialect: "openai_chat",
            model: "gpt-4o",
            stream: false,
        }
    }

    async fn recover(&self) {
        self.clock.pass(Duration::from_millis(250));
        // Something wakes the writer, which tries again.
        self.journal.owe(&act(1));
        while self.journal.trouble().is_some() {
            tokio::task::yield_now().await;
        }
    }

    /// Ends the journal; the kinds of its records.
    fn end(self) -> Vec<String> {
        drop(self.journal);
        assert_good(&self.folder);
        kinds(&self.folder)
    }
}

fn settlement(call: &Call<'_>) -> Settlement<'static> {
    Settlement {
        id: call.id,
        at: 2,
        served: None,
        attempts: 1,
        status: 200,
        fault: None,
        usage: None,
        cost: None,
        total: Duration::from_micros(7),
        first_byte: None,
        overhead: None,
    }
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_call_is_written_before_its_reply_and_settled_after_it() {
    let world = World::start(LONG);
    let desk = world.journal.desk();
    let mut ids = Vec::new();
    for _ in 0..50 {
        let call = world.call();
        let pending = desk.admit(&call).unwrap();
        desk.recorded(&pending).await.unwrap();
        assert!(desk.is_written(&pending));
        desk.settle(&settlement(&call));
        ids.push(call.id.to_string());
    }
    world.journal.append(&act(0), Wait::Disk).await.unwrap();
    drop(desk);
    let World {
        journal, folder, ..
    } = world;
    drop(journal);
    assert_good(&folder);
    let records = records(&folder);
    assert_eq!(records.len(), 101);
    let of = |kind: &str, name: &str| {
        let of_kind = records.iter().filter(|record| record["kind"] == kind);
        let names = of_kind.map(|record| record[name].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(of("call", "id"), ids);
    assert_eq!(of("call.settled", "of"), ids);
}

#[tokio::test]
async fn a_thread_that_rings_later_has_its_calls_written_when_it_does() {
    let world = World::start(LONG);
    let desk = world.journal.desk().ringing_later();
    for _ in 0..20 {
        let pending: Vec<_> = (0..3).map(|_| desk.admit(&world.call()).unwrap()).collect();
        desk.ring();
        while !pending.iter().all(|pending| desk.is_written(pending)) {
            tokio::task::yield_now().await;
        }
    }
    // Whoever waits rings as well.
    let pending = desk.admit(&world.call()).unwrap();
    desk.recorded(&pending).await.unwrap();
    assert_eq!(world.end().len(), 61);
}

#[tokio::test]
async fn a_call_that_a_full_disk_does_not_take_is_refused_and_on_record_later() {
    let world = World::start(LONG);
    let desk = world.journal.desk();
    let (first, second) = (world.call(), world.call());
    let pending = desk.admit(&first).unwrap();
    desk.recorded(&pending).await.unwrap();
    world.poor.is_full.store(true, Ordering::SeqCst);
    let lost = desk.admit(&second).unwrap();
    let refused = desk.recorded(&lost).await.unwrap_err();
    assert!(refused.0.contains("no storage space"), "{refused}");
    // From now on nothing is sent to a provider.
    assert!(desk.admit(&world.call()).is_err());
    desk.settle(&settlement(&first));
    desk.settle(&settlement(&second));
    world.poor.is_full.store(false, Ordering::SeqCst);
    world.recover().await;
    let third = desk.admit(&world.call()).unwrap();
    desk.recorded(&third).await.unwrap();
    desk.recorded(&lost).await.unwrap();
    let mut kinds = world.end();
    kinds.sort_unstable();
    let expected = [
        "act",
        "call",
        "call",
        "call",
        "call.settled",
        "call.settled",
        "journal.recovered",
    ];
    assert_eq!(kinds, expected);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_a_disk_which_stands_still_is_refused() {
    let world = World::start(Duration::from_millis(250));
    let desk = world.journal.desk();
    world.poor.stop();
    let pending = desk.admit(&world.call()).unwrap();
    let refused = desk.recorded(&pending).await.unwrap_err();
    assert_eq!(refused.0, "stalled for 250 ms");
    assert!(desk.admit(&world.call()).is_err());
    world.poor.go();
    while world.journal.trouble().is_some() {
        tokio::task::yield_now().await;
    }
    assert!(desk.is_written(&pending));
    assert_eq!(world.end(), ["call", "journal.recovered"]);
}

/// The writer wakes one of those who wait; whoever that is, and whether it is still there, all wake.
#[tokio::test]
async fn all_who_wait_wake_though_some_give_up() {
    let world = World::start(LONG);
    let desk = Arc::new(world.journal.desk().ringing_later());
    for round in 0..40_usize {
        world.poor.stop();
        let wait = |desk: &Arc<Desk>| {
            let (desk, call) = (Arc::clone(desk), world.call());
            tokio::spawn(async move {
                let pending = desk.admit(&call).unwrap();
                desk.recorded(&pending).await.unwrap();
            })
        };
        let waiting: Vec<_> = (0..8).map(|_| wait(&desk)).collect();
        tokio::task::yield_now().await;
        let before = round % 2 == 0;
        if !before {
            world.poor.go();
        }
        for (at, task) in waiting.iter().enumerate() {
            if (at + round) % 8 < 3 {
                task.abort();
            }
        }
        world.poor.go();
        for task in waiting {
            match task.await {
                Ok(()) => {}
                Err(error) => assert!(error.is_cancelled()),
            }
        }
    }
    drop(desk);
    assert_eq!(world.end().len(), 320);
}

#[tokio::test]
async fn after_the_end_no_call_is_let_in() {
    let world = World::start(LONG);
    let desk = world.journal.desk();
    world.journal.owe(&act(0));
    world.journal.close();
    assert!(desk.admit(&world.call()).is_err());
    assert_eq!(world.end(), ["act"]);
}
