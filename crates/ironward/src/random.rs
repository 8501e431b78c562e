use ironward_core::Random;

/// The operating system's randomness.
pub(crate) struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            // Without randomness there is no id that nobody can guess and no key worth the name.
            // A kernel that has booted never gets here.
            std::process::abort();
        }
    }
}
