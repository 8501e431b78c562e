use super::{LockedStore, int};
use crate::database::{Access, Row, Transaction, Value};
use crate::error::StoreError;
use crate::sql;

/// The state of a data key that opens nothing any more.
pub(super) const RETIRED: &str = "retired";

/// A data key as the key-encryption key wrapped it. The store keeps it and cannot open it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// Its version, from 1.
    pub version: u32,
    /// Which key-encryption key wrapped it.
    pub kek: String,
    /// What it is still used for, in the vault's words.
    pub state: String,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
    /// When it was made, in milliseconds since 1970.
    pub made: u64,
}

impl LockedStore {
    /// The wrapped data keys, by version.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn wrapped_keys(&self) -> Result<Vec<WrappedKey>, StoreError> {
        let mut transaction = self.database.begin(Access::Read).await?;
        Ok(transaction.fetch(sql::WRAPPED_KEYS, &[], read).await?)
    }

    /// Replaces the table of data keys, `expected`, by `next`, in one transaction; `false`, and
    /// nothing is written, when it is not what was expected: somebody else was faster.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn replace_wrapped_keys(
        &self,
        expected: &[WrappedKey],
        next: &[WrappedKey],
    ) -> Result<bool, StoreError> {
        let mut transaction = self.database.begin(Access::Write).await?;
        transaction.execute(sql::LOCK_WRAPPED_KEYS, &[]).await?;
        let found = transaction.fetch(sql::WRAPPED_KEYS, &[], read).await?;
        if found != expected {
            return Ok(false);
        }
        for key in next {
            let is_known = found.iter().any(|known| known.version == key.version);
            put(&mut transaction, key, is_known).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Adds a data key; `false` when another node has made one of this version in the meantime:
    /// read the keys again, then.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn create_wrapped_key(&self, key: &WrappedKey) -> Result<bool, StoreError> {
        let mut transaction = self.database.begin(Access::Write).await?;
        let made = int(key.made);
        let values = [
            Value::Int(key.version.into()),
            Value::Text(&key.kek),
            Value::Text(&key.state),
            Value::Bytes(&key.wrapped),
            Value::Int(made),
        ];
        let created = transaction
            .execute(sql::CREATE_WRAPPED_KEY, &values)
            .await?;
        transaction.commit().await?;
        Ok(created == 1)
    }

    /// Replaces data keys, all of them or none.
    ///
    /// # Errors
    /// When one of them is not there, or the database cannot be used.
    pub async fn update_wrapped_keys(&self, keys: &[WrappedKey]) -> Result<(), StoreError> {
        let mut transaction = self.database.begin(Access::Write).await?;
        for key in keys {
            let values = [
                Value::Int(key.version.into()),
                Value::Text(&key.kek),
                Value::Text(&key.state),
                Value::Bytes(&key.wrapped),
            ];
            if transaction
                .execute(sql::UPDATE_WRAPPED_KEY, &values)
                .await?
                == 0
            {
                let reason = format!("data key {} is not there", key.version);
                return Err(StoreError::Failed(reason.into()));
            }
        }
        Ok(transaction.commit().await?)
    }

    /// The installation's own secrets (the pepper of keys, ...), sealed by the caller, by name.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn sealed_values(&self) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let mut transaction = self.database.begin(Access::Read).await?;
        let values = transaction
            .fetch(sql::SEALED_VALUES, &[], |row| {
                Ok((row.text(0)?, row.bytes(1)?))
            })
            .await?;
        Ok(values)
    }

    /// Keeps a sealed value unless there is one of this name, and gives the one that counts.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn create_sealed_value(
        &self,
        name: &str,
        sealed: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        let mut transaction = self.database.begin(Access::Write).await?;
        let values = [Value::Text(name), Value::Bytes(sealed)];
        transaction
            .execute(sql::CREATE_SEALED_VALUE, &values)
            .await?;
        let kept = transaction
            .first(sql::SEALED_VALUE, &[Value::Text(name)], |row| row.bytes(0))
            .await?;
        transaction.commit().await?;
        kept.ok_or_else(|| StoreError::Failed("a sealed value was not kept".into()))
    }

    /// Replaces a sealed value: its plaintext under another data key.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn update_sealed_value(&self, name: &str, sealed: &[u8]) -> Result<(), StoreError> {
        let mut transaction = self.database.begin(Access::Write).await?;
        let values = [Value::Text(name), Value::Bytes(sealed)];
        transaction
            .execute(sql::UPDATE_SEALED_VALUE, &values)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Replaces the sealed value `old`; `false` when it is another one by now.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn replace_sealed_value(
        &self,
        name: &str,
        old: &[u8],
        new: &[u8],
    ) -> Result<bool, StoreError> {
        let mut transaction = self.database.begin(Access::Write).await?;
        let values = [Value::Text(name), Value::Bytes(old), Value::Bytes(new)];
        let replaced = transaction
            .execute(sql::REPLACE_SEALED_VALUE, &values)
            .await?;
        transaction.commit().await?;
        Ok(replaced == 1)
    }
}

fn read(row: &Row<'_>) -> Result<WrappedKey, sqlx::Error> {
    Ok(WrappedKey {
        version: u32::try_from(row.int(0)?).unwrap_or_default(),
        kek: row.text(1)?,
        state: row.text(2)?,
        wrapped: row.bytes(3)?,
        made: u64::try_from(row.int(4)?).unwrap_or_default(),
    })
}

async fn put(
    transaction: &mut Transaction,
    key: &WrappedKey,
    is_known: bool,
) -> Result<(), StoreError> {
    let values = [
        Value::Int(key.version.into()),
        Value::Text(&key.kek),
        Value::Text(&key.state),
        Value::Bytes(&key.wrapped),
        Value::Int(int(key.made)),
    ];
    if is_known {
        let [version, kek, state, wrapped, _] = values;
        let values = [version, kek, state, wrapped];
        transaction
            .execute(sql::UPDATE_WRAPPED_KEY, &values)
            .await?;
    } else {
        transaction
            .execute(sql::CREATE_WRAPPED_KEY, &values)
            .await?;
    }
    Ok(())
}
