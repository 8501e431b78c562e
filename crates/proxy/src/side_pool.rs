use ironward_core::{Fault, FaultKind};

/// Up to this many bytes are worked on where the call runs; walking more would keep the other calls
/// of its thread waiting for longer than half a millisecond.
const INLINE: usize = 256 << 10;

/// Runs `work` on `size` bytes: at once when they are few, else on the side pool.
pub(crate) async fn run<T, F>(size: usize, work: F) -> Result<T, Fault>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Fault> + Send + 'static,
{
    if size <= INLINE {
        return work();
    }
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| {
            Err(Fault::gateway(
                FaultKind::Internal,
                "the gateway failed while it read the body",
            )
            .with_cause(error))
        })
}

#[cfg(test)]
mod tests;
