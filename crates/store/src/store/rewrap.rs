use super::load::Cursor;
use super::write::NO_KEY;
use super::{Store, int};
use crate::change::Change;
use crate::database::{Access, Transaction, Value};
use crate::error::WriteError;
use crate::objects::Content;
use crate::row::Row;
use crate::sql;
use crate::tampering::{Tampering, Wrong};

/// How far a rewrap has come. A new one finds what an interrupted one left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// How many rows were moved to the current data key.
    pub moved: u64,
    /// How many rows cannot be moved: they are not Ironward's. They are in the log.
    pub refused: u64,
    cursor: Cursor,
}

/// How many rows one transaction moves: writers of authority wait that long.
const PAGE: u64 = 100;

impl Store {
    /// Moves the next rows that have a MAC or a sealed value under the data key `version` or an
    /// older one to the current data key, in one transaction; `None` when there are no more. For a row with
    /// sealed values `reseal` gives the object with each of them sealed anew, for the version that
    /// the row is going to have.
    ///
    /// # Errors
    /// When `reseal` cannot give one, or the database cannot be used or was tampered with. The
    /// rows of earlier calls stay moved.
    pub async fn rewrap(
        &self,
        version: u32,
        mut progress: Progress,
        reseal: &mut (dyn FnMut(&str, Content, u64) -> Option<Content> + Send),
    ) -> Result<Option<Progress>, WriteError> {
        let mut transaction = self.begin(Access::Write).await?;
        let mut census = self.lock_census(&mut transaction).await?;
        let (kind, id) = &progress.cursor;
        let page = [
            Value::Text(kind),
            Value::Bytes(id),
            Value::Int(int(PAGE)),
            Value::Int(version.into()),
        ];
        let rows = transaction.fetch(sql::PAGE_UNDER, &page, Row::read).await?;
        let Some(last) = rows.last() else {
            return Ok(None);
        };
        progress.cursor = (last.kind.clone(), last.id.clone());
        for row in rows {
            let Some(row) = self.authentic(row) else {
                progress.refused += 1;
                continue;
            };
            if row.seal_key.is_some_and(|key| key <= i64::from(version)) {
                let change = resealed(&row, reseal)?;
                self.write_one(&mut transaction, &mut census, &change)
                    .await?;
            } else {
                self.remac(&mut transaction, &row).await?;
            }
            progress.moved += 1;
        }
        self.end(transaction, &census).await?;
        Ok(Some(progress))
    }

    fn authentic(&self, row: Row) -> Option<Row> {
        if row.is_authentic(&self.keys()) {
            return Some(row);
        }
        Tampering::new(&row.kind, &row.id, Wrong::Mac).log();
        None
    }

    /// A new MAC for the same row: it is no change that nodes have to hear of.
    async fn remac(&self, transaction: &mut Transaction, row: &Row) -> Result<(), WriteError> {
        let mac = row.mac(&self.keys());
        let values = [
            Value::Text(&row.kind),
            Value::Bytes(&row.id),
            Value::Bytes(&mac.tag),
            Value::Int(mac.version.into()),
        ];
        transaction.execute(sql::REMAC, &values).await?;
        Ok(())
    }
}

fn resealed(
    row: &Row,
    reseal: &mut (dyn FnMut(&str, Content, u64) -> Option<Content> + Send),
) -> Result<Change, WriteError> {
    let refuse = |wrong| {
        let tampering = Tampering::new(&row.kind, &row.id, wrong);
        tampering.log();
        WriteError::Tampering(tampering)
    };
    let kind = crate::objects::Kind::from_name(&row.kind).ok_or_else(|| refuse(Wrong::Column))?;
    let id = std::str::from_utf8(&row.id).map_err(|_| refuse(Wrong::Column))?;
    let content = Content::read(kind, &row.body).ok_or_else(|| refuse(Wrong::Body))?;
    let version = row.version.unsigned_abs();
    let content = reseal(id, content, version + 1).ok_or(NO_KEY)?;
    Ok(Change::replace(id, version, &content))
}
