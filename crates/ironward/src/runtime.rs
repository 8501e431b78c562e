use tokio::runtime::{Builder, Runtime};

use crate::exit::Failure;

/// The runtime of the main thread.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Run(error.to_string()))
}
