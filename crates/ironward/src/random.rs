use std::sync::{Mutex, PoisonError};

use ironward_core::Random;
use zeroize::Zeroize as _;

/// The operating system's randomness, fetched for several ids at a time: a system call for each
/// one would cost a call more than hashing its key.
#[derive(Default)]
pub(crate) struct SystemRandom {
    pool: Mutex<Pool>,
}

/// Bytes that were fetched and not given out yet.
struct Pool {
    bytes: [u8; 512],
    /// Those before this position were given out, and wiped.
    taken: usize,
}

impl Default for Pool {
    fn default() -> Self {
        Self {
            bytes: [0; 512],
            taken: 512,
        }
    }
}

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes.len() > pool.bytes.len() - pool.taken {
            if bytes.len() > pool.bytes.len() / 4 {
                return fetch(bytes);
            }
            fetch(&mut pool.bytes);
            pool.taken = 0;
        }
        let taken = pool.taken;
        if let Some(fresh) = pool.bytes.get_mut(taken..taken + bytes.len()) {
            bytes.copy_from_slice(fresh);
            // Nobody reads out of memory later what an id was made of.
            fresh.zeroize();
        }
        pool.taken = taken + bytes.len();
    }
}

fn fetch(bytes: &mut [u8]) {
    if getrandom::fill(bytes).is_err() {
        // Without randomness there is no id that nobody can guess and no key worth the name. A
        // kernel that has booted never gets here.
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use ironward_core::Random as _;

    use super::SystemRandom;

    #[test]
    fn nothing_is_given_out_twice() {
        let random = SystemRandom::default();
        let mut seen = HashSet::new();
        for size in [16, 32, 16, 4, 200, 16].into_iter().cycle().take(600) {
            let mut bytes = vec![0; size];
            random.fill(&mut bytes);
            assert!(bytes.iter().any(|byte| *byte != 0));
            if size > 4 {
                assert!(seen.insert(bytes));
            }
        }
    }
}
