use std::sync::atomic::Ordering;

use super::wrapped::RETIRED;
use super::{Store, int};
use crate::census::Census;
use crate::change::Change;
use crate::database::{Access, Transaction, Value};
use crate::error::{StoreError, WriteError};
use crate::objects::{Content, Unique};
use crate::row::{Row, seal_key};
use crate::sql;
use crate::tampering::{Tampering, Wrong};

/// Changes that were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The last change of the database.
    pub seq: u64,
    /// The versions that the objects have now, in the order of the changes.
    pub versions: Vec<u64>,
}

impl Store {
    /// Writes `changes`, all of them or none. When it returns they are on disk.
    ///
    /// # Errors
    /// When one of them finds its object changed by somebody else, takes a value that another
    /// object has, or the database cannot be used or was tampered with. Nothing was written then,
    /// unless the connection broke while the transaction ended: then it is not known.
    pub async fn write(&self, changes: &[Change]) -> Result<Applied, WriteError> {
        changes.iter().try_for_each(Change::check)?;
        match self.try_write(changes).await {
            Err(WriteError::Store(error)) if self.has_learnt(&error).await => {
                self.try_write(changes).await
            }
            outcome => outcome,
        }
    }

    async fn try_write(&self, changes: &[Change]) -> Result<Applied, WriteError> {
        let mut transaction = self.begin(Access::Write).await?;
        let mut census = self.lock_census(&mut transaction).await?;
        let mut versions = Vec::with_capacity(changes.len());
        for change in changes {
            versions.push(
                self.write_one(&mut transaction, &mut census, change)
                    .await?,
            );
        }
        self.end(transaction, &census).await?;
        Ok(Applied {
            seq: census.seq,
            versions,
        })
    }

    /// The census, held until the transaction ends.
    pub(super) async fn lock_census(
        &self,
        transaction: &mut Transaction,
    ) -> Result<Census, WriteError> {
        let sealed = transaction
            .first(sql::LOCK_CENSUS, &[], |row| row.bytes(0))
            .await?;
        let census = self.open_census(sealed.as_ref())?;
        census
            .filter(|census| census.seq >= self.seen())
            .ok_or(WriteError::Census)
    }

    /// Writes the census and commits.
    pub(super) async fn end(
        &self,
        mut transaction: Transaction,
        census: &Census,
    ) -> Result<(), WriteError> {
        let sealed = self.seal(census)?;
        transaction
            .execute(sql::PUT_CENSUS, &[Value::Bytes(sealed.bytes())])
            .await?;
        if transaction.is_postgres() {
            let seq = census.seq.to_string();
            transaction
                .execute(sql::NOTIFY, &[Value::Text(&seq)])
                .await?;
        }
        transaction.commit().await?;
        self.saw(census.seq);
        Ok(())
    }

    pub(super) async fn write_one(
        &self,
        transaction: &mut Transaction,
        census: &mut Census,
        change: &Change,
    ) -> Result<u64, WriteError> {
        let key = [
            Value::Text(change.kind.as_str()),
            Value::Bytes(change.id.as_bytes()),
        ];
        let old = transaction.first(sql::ONE, &key, Row::read).await?;
        let old = self.check_old(change, old)?;
        let content = read_back(change)?;
        if let Some(version) = content.as_ref().and_then(seal_key) {
            self.check_not_retired(transaction, version).await?;
        }
        let new = self.new_row(census, change, content.as_ref(), old.as_ref())?;
        let mark = |row: &Row| row.mark(&self.keys(), census.key).ok_or(NO_KEY);
        let old_mark = old.as_ref().map(mark).transpose()?;
        let new_mark = mark(&new)?;
        let unique = content.map(|content| content.unique()).unwrap_or_default();
        if old.is_some() {
            transaction.execute(sql::UNINDEX, &key).await?;
        }
        if change.body.is_none() {
            transaction.execute(sql::FORGET_USE, &key).await?;
        }
        let statement = if old.is_some() {
            sql::UPDATE
        } else {
            sql::INSERT
        };
        transaction.execute(statement, &columns(&new)).await?;
        for Unique { space, value } in unique {
            let [kind, id] = key;
            let values = [Value::Text(space), Value::Bytes(&value), kind, id];
            if transaction.execute(sql::INDEX, &values).await? == 0 {
                return Err(WriteError::Taken {
                    kind: change.kind,
                    id: change.id.clone(),
                    what: space,
                });
            }
        }
        census.replace(old_mark, new_mark);
        census.seq = new.seq.unsigned_abs();
        Ok(new.version.unsigned_abs())
    }

    /// The row that `change` replaces: one of ours, and the one that the caller means.
    fn check_old(&self, change: &Change, old: Option<Row>) -> Result<Option<Row>, WriteError> {
        if let Some(row) = &old
            && !row.is_authentic(&self.keys())
        {
            let tampering = Tampering::new(&row.kind, &row.id, Wrong::Mac);
            tampering.log();
            return Err(WriteError::Tampering(tampering));
        }
        let live = old.as_ref().filter(|row| row.deleted == 0);
        let found = live.map(|row| row.version.unsigned_abs());
        if found == change.replaces {
            Ok(old)
        } else {
            Err(change.conflict())
        }
    }

    /// A value that was sealed before another process moved everything to a new data key, and is
    /// written after the old one was retired, would never open again.
    async fn check_not_retired(
        &self,
        transaction: &mut Transaction,
        version: i64,
    ) -> Result<(), StoreError> {
        if version >= i64::from(self.keys().current_version()) {
            return Ok(());
        }
        let state = transaction
            .first(sql::WRAPPED_KEY_STATE, &[Value::Int(version)], |row| {
                row.text(0)
            })
            .await?;
        match state.as_deref() {
            Some(RETIRED) => Err(StoreError::Keyring(
                "has retired the data key that a value was sealed under; seal it again",
            )),
            _ => Ok(()),
        }
    }

    fn new_row(
        &self,
        census: &Census,
        change: &Change,
        content: Option<&Content>,
        old: Option<&Row>,
    ) -> Result<Row, StoreError> {
        let tried = self.tried.load(Ordering::Acquire).max(census.seq) + 1;
        self.tried.fetch_max(tried, Ordering::AcqRel);
        let mut nonce = [0; 8];
        self.random.fill(&mut nonce);
        let keys = self.keys();
        let mut row = Row {
            kind: change.kind.as_str().to_owned(),
            id: change.id.as_bytes().to_vec(),
            version: old.map_or(1, |row| row.version + 1),
            seq: int(tried),
            nonce: i64::from_be_bytes(nonce),
            deleted: i64::from(change.body.is_none()),
            body: change.body.clone().unwrap_or_default(),
            mac: Vec::new(),
            mac_key: 0,
            seal_key: content.and_then(seal_key),
        };
        let mac = row.mac(&keys);
        row.mac_key = mac.version.into();
        row.mac = mac.tag.to_vec();
        Ok(row)
    }
}

/// What the change will be read as. Reading it back first means that nothing is ever written that
/// would be refused later.
fn read_back(change: &Change) -> Result<Option<Content>, StoreError> {
    let Some(body) = &change.body else {
        return Ok(None);
    };
    let content = Content::read(change.kind, body);
    content.map(Some).ok_or_else(|| {
        let reason = format!("a {} cannot be read back as written", change.kind.as_str());
        StoreError::Failed(reason.into())
    })
}

pub(super) const NO_KEY: StoreError =
    StoreError::Keyring("lacks a data key that the database uses: see ironward vault status");

fn columns(row: &Row) -> [Value<'_>; 10] {
    [
        Value::Text(&row.kind),
        Value::Bytes(&row.id),
        Value::Int(row.version),
        Value::Int(row.seq),
        Value::Int(row.nonce),
        Value::Int(row.deleted),
        Value::Bytes(&row.body),
        Value::Bytes(&row.mac),
        Value::Int(row.mac_key),
        Value::MaybeInt(row.seal_key),
    ]
}
