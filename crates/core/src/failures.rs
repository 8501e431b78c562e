use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How many wrong keys came from each address lately, on every way in.
///
/// It only changes how a wrong key is answered: the keys of clients that share an address with
/// whoever guesses stay good, and cost nothing more. So a flood cannot lock anybody out.
///
/// The table has a fixed size. Addresses share its buckets by a hash that nobody outside can
/// compute; whoever shares one with a flood is told sooner that there were too many wrong keys, for
/// wrong keys of their own.
pub struct Failures {
    /// The level, in thousandths of a wrong key, and when it was that: the lower half of the
    /// milliseconds since 1970.
    buckets: Box<[AtomicU64]>,
    hasher: RandomState,
    /// All of them.
    count: AtomicU64,
}

const BUCKETS: usize = 4096;
/// What one wrong key adds; as many milliseconds take it away again.
const ONE: u32 = 1000;
/// So many wrong keys are answered as such: a client that was set up wrongly sees why.
const ALLOWED: u32 = 60 * ONE;
/// The level stops here: a minute after a flood its wrong keys are answered as such again.
const HIGHEST: u32 = ALLOWED + 60 * ONE;

impl Default for Failures {
    fn default() -> Self {
        Self {
            buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
            count: AtomicU64::new(0),
        }
    }
}

impl std::fmt::Debug for Failures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Failures").finish_non_exhaustive()
    }
}

impl Failures {
    /// Counts a wrong key from `source` at `now`, in milliseconds since 1970. When there were too
    /// many: after how long the next is answered as such again.
    pub fn record(&self, source: IpAddr, now: u64) -> Option<Duration> {
        self.count.fetch_add(1, Ordering::Relaxed);
        let place = self.hasher.hash_one(network(source)) % BUCKETS as u64;
        let bucket = self.buckets.get(usize::try_from(place).ok()?)?;
        let now = u32::try_from(now & u64::from(u32::MAX)).unwrap_or_default();
        let raised = |bucket: u64| {
            let (level, then) = (bucket >> 32, bucket & u64::from(u32::MAX));
            let level = u32::try_from(level).unwrap_or_default();
            let passed = now.wrapping_sub(u32::try_from(then).unwrap_or_default());
            let level = level.saturating_sub(passed) + ONE;
            level.min(HIGHEST)
        };
        let before = bucket
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |bucket| {
                Some(u64::from(raised(bucket)) << 32 | u64::from(now))
            })
            .unwrap_or_default();
        let over = raised(before)
            .checked_sub(ALLOWED)
            .filter(|over| *over > 0)?;
        Some(Duration::from_millis((over + ONE).into()))
    }

    /// How many were counted since the start, from all addresses.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

/// What one host can have many addresses of counts as one: the last half of an IPv6 address is for
/// the host to choose.
fn network(source: IpAddr) -> u128 {
    match source.to_canonical() {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits() >> 64 << 64,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{ALLOWED, Failures, ONE};

    const NOW: u64 = 1_767_225_600_000;

    fn allowed() -> u32 {
        ALLOWED / ONE
    }

    #[test]
    fn too_many_wrong_keys_are_told_to_wait() {
        let failures = Failures::default();
        let from = "192.0.2.1".parse().unwrap();
        for _ in 0..allowed() {
            assert_eq!(failures.record(from, NOW), None);
        }
        assert_eq!(failures.record(from, NOW), Some(Duration::from_secs(2)));
        // Another host is another matter, unless it shares the bucket; then it has had its 60 too.
        let other = ["192.0.2.2", "192.0.2.3", "192.0.2.4"];
        let others = other.map(|from| failures.record(from.parse().unwrap(), NOW));
        assert!(others.contains(&None));
        // Time forgives, as long as it was said to take.
        assert_eq!(failures.record(from, NOW + 2000), None);
        assert_eq!(failures.count(), u64::from(allowed()) + 5);
    }

    #[test]
    fn a_flood_waits_a_minute_and_no_longer() {
        let failures = Failures::default();
        let from = "192.0.2.1".parse().unwrap();
        for _ in 0..100_000 {
            failures.record(from, NOW);
        }
        assert_eq!(failures.record(from, NOW), Some(Duration::from_secs(61)));
        assert_eq!(failures.record(from, NOW + 61_000), None);
    }

    #[test]
    fn a_host_cannot_leave_its_network() {
        let failures = Failures::default();
        for host in 0..allowed() {
            let from = format!("2001:db8:1:2::{host:x}").parse().unwrap();
            assert_eq!(failures.record(from, NOW), None);
        }
        let from = "2001:db8:1:2:ffff::1".parse().unwrap();
        assert!(failures.record(from, NOW).is_some());
        let mapped = ["::ffff:192.0.2.1", "192.0.2.1"].map(|text| text.parse().unwrap());
        assert_eq!(super::network(mapped[0]), super::network(mapped[1]));
    }
}
