use std::path::Path;
use std::sync::Arc;

use ironward_secret::Keyring;

use super::wrapped::{RETIRED, WrappedKey};
use super::{Load, Store};
use crate::error::{LoadError, StoreError};
use crate::seal::key_version;
use crate::snapshot::{Earlier, SnapshotWriter};

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

    /// Verifies every row, against the snapshot `earlier` as well, and writes a new one to `path`.
    ///
    /// # Errors
    /// As [`Self::load_all`].
    pub(crate) async fn verify_all(
        &self,
        earlier: Earlier,
        path: &Path,
    ) -> Result<Load, LoadError> {
        let _turn = self.copies.lock().await;
        let writer = self.snapshot_writer(path).await?;
        self.load_all(Some(earlier), writer, &mut drop).await
    }

    /// `None`, and a line in the log, when the file cannot be made: a full disk does not keep a
    /// node from starting.
    pub(crate) async fn snapshot_writer(
        &self,
        path: &Path,
    ) -> Result<Option<SnapshotWriter>, StoreError> {
        let Some(Opening {
            keys,
            sealed,
            wrapped,
        }) = self.opening().await?
        else {
            tracing::error!("snapshot not written: its data key has been retired");
            return Ok(None);
        };
        let random = Arc::clone(&self.random);
        let id = self.locked.installation();
        let writer = SnapshotWriter::create(path, id, &wrapped, &sealed, keys, random);
        Ok(writer
            .inspect_err(|error| tracing::error!("snapshot not written: {error}"))
            .ok())
    }

    /// `None`: it cannot be had.
    ///
    /// Another process may make a data key at any moment, and retire the one before it. Read in this
    /// order the table has every key that something is under; but one that is retired by now opens
    /// nothing any more, and the newer ones have to be learnt.
    async fn opening(&self) -> Result<Option<Opening>, StoreError> {
        for _ in 0..ATTEMPTS {
            let keys = self.keys();
            let sealed = self.locked.sealed_values().await?;
            let wrapped = self.locked.wrapped_keys().await?;
            let versions = sealed.iter().map(|(_, value)| key_version(value));
            let is_retired = |version| {
                let mut retired = wrapped.iter().filter(|key| key.state == RETIRED);
                retired.any(|key| key.version == version)
            };
            if !versions.chain([keys.current_version()]).any(is_retired) {
                return Ok(Some(Opening {
                    keys,
                    sealed,
                    wrapped,
                }));
            }
            if self.learn_keys().await.is_none() {
                return Ok(None);
            }
        }
        Ok(None)
    }
}

/// A rewrap that ends between two readings is rare, and two are rarer.
const ATTEMPTS: usize = 3;

/// What a snapshot is sealed with, and what it takes to open it without the database.
struct Opening {
    keys: Arc<Keyring>,
    sealed: Vec<(String, Vec<u8>)>,
    wrapped: Vec<WrappedKey>,
}
