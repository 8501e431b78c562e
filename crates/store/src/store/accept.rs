use super::Store;
use super::load::{Cursor, page};
use super::write::NO_KEY;
use crate::census::Census;
use crate::database::{Access, Transaction, Value};
use crate::error::{StoreError, WriteError};
use crate::row::{Row, Stored};
use crate::seal::key_version;
use crate::sql;
use crate::tampering::{Tampering, Wrong};

impl Store {
    /// Takes the database as it is, on the word of an administrator: rows that verify stay, the
    /// others are removed, and the census and the index are made anew. `after` is the last change
    /// that the snapshot knows; the next one counts from there. The snapshot itself has to be
    /// written anew afterwards.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn accept(&self, after: Option<u64>) -> Result<Vec<Tampering>, WriteError> {
        let mut transaction = self.begin(Access::Write).await?;
        let sealed = transaction
            .first(sql::LOCK_CENSUS, &[], |row| row.bytes(0))
            .await?;
        let old = self.open_census(sealed.as_ref())?;
        let mut census = Census::empty(self.keys().current_version());
        census.seq = after
            .into_iter()
            .chain(old.map(|old| old.seq))
            .max()
            .unwrap_or(0);
        census.seq = census.seq.max(self.seen());
        transaction.execute(sql::UNINDEX_ALL, &[]).await?;
        let mut removed = Vec::new();
        let mut cursor = Cursor::default();
        loop {
            let rows = page(&mut transaction, &cursor).await?;
            let Some((last, _)) = rows.last() else { break };
            cursor = (last.kind.clone(), last.id.clone());
            for (row, _) in &rows {
                match self.accept_row(&mut transaction, census.key, row).await? {
                    Ok(stored) => {
                        census.replace(None, stored.mark);
                        census.seq = census.seq.max(stored.seq);
                    }
                    Err(tampering) => {
                        tampering.log();
                        removed.push(tampering);
                        let key = [Value::Text(&row.kind), Value::Bytes(&row.id)];
                        transaction.execute(sql::UNINDEX, &key).await?;
                        transaction.execute(sql::REMOVE, &key).await?;
                        transaction.execute(sql::FORGET_USE, &key).await?;
                    }
                }
            }
        }
        census.seq += 1;
        self.end(transaction, &census).await?;
        Ok(removed)
    }

    async fn accept_row(
        &self,
        transaction: &mut Transaction,
        census_key: u32,
        row: &Row,
    ) -> Result<Result<Stored, Tampering>, StoreError> {
        let stored = match row.verify(&self.keys(), census_key, None) {
            Ok(stored) => stored,
            Err(tampering) => return Ok(Err(tampering)),
        };
        for unique in stored.content.iter().flat_map(|content| content.unique()) {
            let values = [
                Value::Text(unique.space),
                Value::Bytes(&unique.value),
                Value::Text(&row.kind),
                Value::Bytes(&row.id),
            ];
            if transaction.execute(sql::INDEX, &values).await? == 0 {
                return Ok(Err(Tampering::new(&row.kind, &row.id, Wrong::Duplicate)));
            }
        }
        Ok(Ok(stored))
    }

    /// Moves the census to the current data key: every mark is made anew.
    ///
    /// # Errors
    /// When the rows are not those that the census tells of, or the database cannot be used.
    pub async fn rewrap_census(&self) -> Result<(), WriteError> {
        let mut transaction = self.begin(Access::Write).await?;
        let old = self.lock_census(&mut transaction).await?;
        let keys = self.keys();
        let mut found = Census::empty(old.key);
        let mut new = Census::empty(self.keys().current_version());
        let mut cursor = Cursor::default();
        loop {
            let rows = page(&mut transaction, &cursor).await?;
            let Some((last, _)) = rows.last() else { break };
            cursor = (last.kind.clone(), last.id.clone());
            for (row, _) in rows.iter().filter(|(row, _)| row.is_authentic(&keys)) {
                found.replace(None, row.mark(&keys, found.key).ok_or(NO_KEY)?);
                new.replace(None, row.mark(&keys, new.key).ok_or(NO_KEY)?);
            }
        }
        if (found.count, found.sum) != (old.count, old.sum) {
            return Err(WriteError::Census);
        }
        new.seq = old.seq;
        self.end(transaction, &new).await
    }

    /// How many rows, seals and marks are under the data key `version` or an older one.
    ///
    /// # Errors
    /// When the census is not Ironward's, or the database cannot be used.
    pub async fn count_under(&self, version: u32) -> Result<u64, WriteError> {
        let mut transaction = self.begin(Access::Read).await?;
        self.count_within(&mut transaction, version).await
    }

    async fn count_within(
        &self,
        transaction: &mut Transaction,
        version: u32,
    ) -> Result<u64, WriteError> {
        let rows = transaction
            .first(sql::COUNT_UNDER, &[Value::Int(version.into())], |row| {
                row.int(0)
            })
            .await?
            .unwrap_or(0);
        let mut sealed = transaction
            .fetch(sql::SEALED_VALUES, &[], |row| row.bytes(1))
            .await?;
        let census = transaction
            .first(sql::CENSUS, &[], |row| row.bytes(0))
            .await?;
        let marks = self
            .open_census(census.as_ref())?
            .ok_or(WriteError::Census)?
            .key;
        sealed.extend(census);
        let seals = sealed.iter().filter(|value| key_version(value) <= version);
        let rest = seals.count() + usize::from(marks <= version);
        Ok(rows.unsigned_abs() + rest as u64)
    }

    /// Writes the new state of a data key unless something is still under it or an older one;
    /// `false` then.
    ///
    /// # Errors
    /// When there is no such key, or the database cannot be used.
    pub async fn retire(&self, key: &super::WrappedKey) -> Result<bool, WriteError> {
        // No writer comes between the count and the new state: they all wait for the census.
        let mut transaction = self.begin(Access::Write).await?;
        self.lock_census(&mut transaction).await?;
        if self.count_within(&mut transaction, key.version).await? > 0 {
            return Ok(false);
        }
        let values = [
            Value::Int(key.version.into()),
            Value::Text(&key.kek),
            Value::Text(&key.state),
            Value::Bytes(&key.wrapped),
        ];
        transaction
            .execute(sql::UPDATE_WRAPPED_KEY, &values)
            .await?;
        transaction.commit().await?;
        Ok(true)
    }
}
