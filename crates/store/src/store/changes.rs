use super::{PAGE, Store, int};
use crate::census::Census;
use crate::database::{Access, Transaction, Value};
use crate::error::{LoadError, StoreError};
use crate::row::{Index, Row, Stored};
use crate::sql;
use crate::tampering::Tampering;

/// What a look at the database found.
pub(crate) enum Reading {
    /// Nothing was written since the last one.
    Same,
    /// The census is another one.
    Changed {
        sealed: Vec<u8>,
        census: Census,
        rows: Vec<ChangedRow>,
    },
}

/// A row that was written since.
pub(crate) struct ChangedRow {
    pub(crate) kind: Box<str>,
    pub(crate) id: Box<[u8]>,
    pub(crate) mark: u128,
    pub(crate) verified: Result<Stored, Tampering>,
}

impl Store {
    /// The objects that were written after the change `seq`, each as it is now, in the order in
    /// which they were written; a row that is not Ironward's is left out and logged.
    ///
    /// # Errors
    /// When the census is not Ironward's, or the database cannot be used.
    pub async fn changes_since(&self, seq: u64) -> Result<Vec<Stored>, LoadError> {
        let Reading::Changed { rows, .. } = self.reading(&[], seq).await? else {
            return Ok(Vec::new());
        };
        let verified = rows.into_iter().filter_map(|row| match row.verified {
            Ok(stored) => Some(stored),
            Err(tampering) => {
                tampering.log();
                None
            }
        });
        Ok(verified.collect())
    }

    /// The census, unless it still is `last`, and the rows written after the change `seq`: of one
    /// state of the database.
    pub(crate) async fn reading(&self, last: &[u8], seq: u64) -> Result<Reading, LoadError> {
        match self.try_reading(last, seq).await {
            Err(LoadError::Store(error)) if self.has_learnt(&error).await => {
                self.try_reading(last, seq).await
            }
            outcome => outcome,
        }
    }

    async fn try_reading(&self, last: &[u8], seq: u64) -> Result<Reading, LoadError> {
        let seen = self.seen();
        let mut transaction = self.begin(Access::Read).await?;
        let sealed = transaction
            .first(sql::CENSUS, &[], |row| row.bytes(0))
            .await?;
        if sealed.as_deref() == Some(last) {
            return Ok(Reading::Same);
        }
        let census = self.open_census(sealed.as_ref())?;
        let census = census.ok_or(LoadError::Census {
            expected: None,
            found: 0,
        })?;
        if census.seq < seen {
            return Err(LoadError::RolledBack {
                snapshot: seen,
                found: census.seq,
            });
        }
        let keys = self.keys();
        let mut rows = Vec::new();
        let mut after = int(seq);
        loop {
            let limit = Value::Int(int(PAGE as u64));
            let page = [Value::Int(after), limit];
            let page = transaction.fetch(sql::CHANGES, &page, Row::read).await?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            for row in page {
                let index = index(&mut transaction, &row).await?;
                rows.push(ChangedRow {
                    mark: row.mark(&keys, census.key).unwrap_or_default(),
                    verified: row.verify(&keys, census.key, Some(&index)),
                    kind: row.kind.into(),
                    id: row.id.into(),
                });
            }
        }
        self.saw(census.seq);
        Ok(Reading::Changed {
            sealed: sealed.unwrap_or_default(),
            census,
            rows,
        })
    }
}

/// The part of the index that belongs to one row.
async fn index(transaction: &mut Transaction, row: &Row) -> Result<Index, StoreError> {
    let key = [Value::Text(&row.kind), Value::Bytes(&row.id)];
    let index = transaction
        .fetch(sql::ONE_INDEX, &key, |row| {
            Ok((row.text(0)?, row.bytes(1)?))
        })
        .await?;
    Ok(index)
}
