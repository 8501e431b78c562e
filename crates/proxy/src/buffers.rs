use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::MissedTickBehavior;

#[cfg(test)]
mod tests;

/// The least room that is kept; the others have twice as much, four times as much, ...
pub(crate) const LEAST: usize = 256 << 10;

/// How many sizes there are: the largest room that is kept has 4 MiB.
const SIZES: usize = 5;

/// How much room is kept at most.
const MOST: usize = 64 << 20;

/// How much of what was of no use is given back each time, if no single room is larger.
const GIVEN_BACK: usize = 1 << 20;

/// How often room is given back.
const EVERY: Duration = Duration::from_secs(1);

/// Room for long bodies, which is used again.
///
/// The allocator would give what long bodies leave back to the system once a second, all of it at
/// once and in whichever thread frees memory next: a data thread was kept from its other calls for
/// 3 ms by bodies of 250 KB, and for 13 ms by those of 2 MB. Here it is kept for the next one, and
/// given back little by little when there is none.
#[derive(Debug, Default)]
pub struct Buffers(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// By size: [`LEAST`], twice as much, ...
    rooms: [Vec<Vec<u8>>; SIZES],
    bytes: usize,
    /// The least that was there since room was given back: nobody needed so much.
    spare: usize,
}

/// Bytes that are being gathered. The room goes back when the last of them is dropped.
#[derive(Debug)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    home: Arc<Buffers>,
}

impl Buffers {
    /// Room for `size` bytes or more.
    pub(crate) fn take(self: &Arc<Self>, size: usize) -> Buffer {
        let fits = (0..SIZES).find(|at| size <= LEAST << at);
        let kept = fits.and_then(|at| self.lock().pop(at));
        let bytes = kept.unwrap_or_else(|| Vec::with_capacity(fits.map_or(size, |at| LEAST << at)));
        Buffer {
            bytes,
            home: Arc::clone(self),
        }
    }

    /// Gives back what was not needed, little by little, for as long as it is polled.
    #[expect(
        clippy::infinite_loop,
        reason = "it goes on until whoever awaits it lets it go"
    )]
    pub async fn give_back(&self) -> Infallible {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            drop(self.spared());
        }
    }

    /// What is given back now.
    fn spared(&self) -> Vec<Vec<u8>> {
        let mut kept = self.lock();
        let (mut spare, mut given) = (kept.spare, 0);
        let mut rooms = Vec::new();
        for at in (0..SIZES).rev() {
            let size = LEAST << at;
            while size <= spare
                && (given == 0 || given + size <= GIVEN_BACK)
                && let Some(room) = kept.pop(at)
            {
                rooms.push(room);
                spare -= size;
                given += size;
            }
        }
        kept.spare = kept.bytes;
        rooms
    }

    fn keep(&self, mut room: Vec<u8>) {
        let Some(at) = (0..SIZES).find(|at| room.capacity() == LEAST << at) else {
            return;
        };
        room.clear();
        // What is one too many is freed after the lock.
        let _freed = self.lock().push(at, room);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn pop(&mut self, at: usize) -> Option<Vec<u8>> {
        let room = self.rooms.get_mut(at)?.pop()?;
        self.bytes -= room.capacity();
        self.spare = self.spare.min(self.bytes);
        Some(room)
    }

    /// Gives `room` back when enough is kept.
    fn push(&mut self, at: usize, room: Vec<u8>) -> Option<Vec<u8>> {
        let bytes = self.bytes + room.capacity();
        match self.rooms.get_mut(at) {
            Some(rooms) if bytes <= MOST => {
                rooms.push(room);
                self.bytes = bytes;
                None
            }
            _ => Some(room),
        }
    }
}

impl Buffer {
    pub(crate) const fn len(&self) -> usize {
        self.bytes.len()
    }

    #[cfg(test)]
    pub(crate) const fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl From<Buffer> for Bytes {
    fn from(buffer: Buffer) -> Self {
        Self::from_owner(buffer)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.home.keep(std::mem::take(&mut self.bytes));
    }
}
