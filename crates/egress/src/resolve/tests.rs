use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use ironward_core::{Clock, SystemClock};

use super::{Addresses, Resolve};
use crate::BoxFuture;

struct Stepped {
    start: Instant,
    passed: Mutex<Duration>,
}

impl Clock for Stepped {
    fn now(&self) -> Instant {
        self.start + *self.passed.lock().unwrap()
    }

    fn wall(&self) -> SystemTime {
        SystemClock.wall()
    }
}

#[derive(Clone, Default)]
struct Counting(Arc<AtomicUsize>);

impl Resolve for Counting {
    fn resolve<'a>(&'a self, _host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(vec![IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))]) })
    }
}

#[tokio::test]
async fn an_answer_is_used_again_for_half_a_minute_unless_it_is_forgotten() {
    let clock = Arc::new(Stepped {
        start: SystemClock.now(),
        passed: Mutex::default(),
    });
    let resolver = Counting::default();
    let asked = Arc::clone(&resolver.0);
    let addresses = Addresses::new(Box::new(resolver), Arc::clone(&clock) as Arc<dyn Clock>);
    let pass = |seconds| *clock.passed.lock().unwrap() += Duration::from_secs(seconds);

    addresses.of("a.example").await.unwrap();
    pass(29);
    addresses.of("a.example").await.unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    pass(1);
    addresses.of("a.example").await.unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    addresses.forget("a.example");
    addresses.of("a.example").await.unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 3);
    assert_eq!(addresses.of("192.0.2.7").await.unwrap().len(), 1);
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}
