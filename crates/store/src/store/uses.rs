//! The table of last uses. It carries no authority: its rows have no MAC, the census does not cover
//! them, and a write of it wakes no feed. Whoever writes to the database can forge a last use.

use ironward_secret::hex;

use super::{PAGE, Store, int};
use crate::database::{Access, Row, Value};
use crate::directory::{Directory, Use};
use crate::error::StoreError;
use crate::objects::Kind;
use crate::sql;

/// How many are written in one transaction: other writers of a file wait no longer than that takes.
const BATCH: usize = 500;
/// How many are looked for at once, which bounds what that takes of memory.
const ROUND: usize = 20 * BATCH;

impl Store {
    /// Writes the last uses that `directory` has noted and that are not kept yet; how many there
    /// were. A later one that another node has written stays. What fails is tried again by the next
    /// call of this: the directory goes on holding it.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn keep_uses(&self, directory: &Directory) -> Result<usize, StoreError> {
        let mut kept = 0;
        loop {
            let found = directory.unkept_uses(ROUND);
            for batch in found.chunks(BATCH) {
                self.keep_batch(batch).await?;
                batch.iter().for_each(|one| directory.note_kept(one));
            }
            kept += found.len();
            if found.len() < ROUND {
                return Ok(kept);
            }
        }
    }

    async fn keep_batch(&self, batch: &[Use]) -> Result<(), StoreError> {
        let rows = batch
            .iter()
            .map(|one| (one.kind.as_str(), hex(one.id.as_bytes()), one.second));
        let rows = json(rows.collect::<Vec<_>>())?;
        let mut transaction = self.begin(Access::Write).await?;
        transaction
            .execute(sql::KEEP_USES, &[Value::Text(&rows)])
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Brings `directory` up to what is kept of these objects, by whichever node.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn read_uses(
        &self,
        directory: &Directory,
        kind: Kind,
        ids: &[&str],
    ) -> Result<(), StoreError> {
        let ids: Vec<String> = ids.iter().map(|id| hex(id.as_bytes())).collect();
        let ids = json(ids)?;
        let values = [Value::Text(kind.as_str()), Value::Text(&ids)];
        let mut transaction = self.begin(Access::Read).await?;
        let found = transaction.fetch(sql::USES, &values, read).await?;
        let found = found.into_iter().filter_map(known);
        found.for_each(|one| directory.note_kept(&one));
        Ok(())
    }

    /// The same of all objects: for a start.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn read_all_uses(&self, directory: &Directory) -> Result<(), StoreError> {
        let mut last: Raw = (String::new(), Vec::new(), 0);
        loop {
            let limit = Value::Int(int(PAGE as u64));
            let after = [Value::Text(&last.0), Value::Bytes(&last.1), limit];
            let mut transaction = self.begin(Access::Read).await?;
            let page = transaction.fetch(sql::PAGE_OF_USES, &after, read).await?;
            drop(transaction);
            let is_last = page.len() < PAGE;
            for row in page {
                if let Some(one) = known(row.clone()) {
                    directory.note_kept(&one);
                }
                last = row;
            }
            if is_last {
                return Ok(());
            }
        }
    }
}

/// Kind, id and second as they stand there.
type Raw = (String, Vec<u8>, i64);

fn read(row: &Row<'_>) -> Result<Raw, sqlx::Error> {
    Ok((row.text(0)?, row.bytes(1)?, row.int(2)?))
}

/// `None`: no row of ours.
fn known((kind, id, second): Raw) -> Option<Use> {
    Some(Use {
        kind: Kind::from_name(&kind)?,
        id: String::from_utf8(id).ok()?.into(),
        second: u32::try_from(second).ok()?,
    })
}

fn json(rows: impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(&rows).map_err(|error| StoreError::Failed(error.to_string().into()))
}
