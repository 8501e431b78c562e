use std::path::Path;
use std::sync::Arc;

use super::Store;
use crate::error::{LoadError, StoreError};
use crate::snapshot::SnapshotWriter;

impl Store {
    /// Writes a snapshot of what verifies.
    ///
    /// # Errors
    /// When rows are missing or were rolled back, or the database cannot be used. The snapshot
    /// that was there stays then, and also when the new one cannot be written, which is logged.
    pub async fn write_snapshot(&self, path: &Path) -> Result<(), LoadError> {
        // One after the other: the one that is in its place last has to be the latest.
        let _turn = self.copies.lock().await;
        let writer = self.snapshot_writer(path).await?;
        self.load_all(None, writer, &mut drop).await?;
        Ok(())
    }

    /// `None`, and a line in the log, when the file cannot be made: a full disk does not keep a
    /// node from starting.
    pub(crate) async fn snapshot_writer(
        &self,
        path: &Path,
    ) -> Result<Option<SnapshotWriter>, StoreError> {
        let wrapped = self.locked.wrapped_keys().await?;
        let sealed = self.locked.sealed_values().await?;
        let writer = SnapshotWriter::create(
            path,
            self.locked.installation(),
            &wrapped,
            &sealed,
            self.keys(),
            Arc::clone(&self.random),
        );
        Ok(writer
            .inspect_err(|error| tracing::error!("snapshot not written: {error}"))
            .ok())
    }
}
