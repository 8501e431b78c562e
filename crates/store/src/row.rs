use ironward_secret::{Keyring, Mac, Purpose, Sealed};

use crate::change::MAX_ID;
use crate::database;
use crate::objects::{Content, Kind, Unique};
use crate::tampering::{Tampering, Wrong};

/// What a row says of itself. It decides nothing until it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) kind: String,
    pub(crate) id: Vec<u8>,
    pub(crate) version: i64,
    pub(crate) seq: i64,
    /// Random, so that a row which was never committed cannot stand in for one that was.
    pub(crate) nonce: i64,
    /// 0 or 1.
    pub(crate) deleted: i64,
    pub(crate) body: Vec<u8>,
    pub(crate) mac: Vec<u8>,
    /// The version of the data key that the MAC is under.
    pub(crate) mac_key: i64,
    /// The lowest version of a data key that a value in the body is sealed under.
    pub(crate) seal_key: Option<i64>,
}

/// The index of a row, as the database has it.
pub(crate) type Index = Vec<(String, Vec<u8>)>;

/// An object as it was verified, or the tombstone of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its kind.
    pub kind: Kind,
    /// Its id.
    pub id: Box<str>,
    /// Counts its changes from 1.
    pub version: u64,
    /// The change of the database that wrote it.
    pub seq: u64,
    /// `None`: it was deleted.
    pub content: Option<Content>,
    /// What it adds to the census.
    pub(crate) mark: u128,
}

impl Row {
    /// In the order of [`sql::OBJECT_COLUMNS`](crate::sql).
    pub(crate) fn read(row: &database::Row<'_>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            kind: row.text(0)?,
            id: row.bytes(1)?,
            version: row.int(2)?,
            seq: row.int(3)?,
            nonce: row.int(4)?,
            deleted: row.int(5)?,
            body: row.bytes(6)?,
            mac: row.bytes(7)?,
            mac_key: row.int(8)?,
            seal_key: row.maybe_int(9)?,
        })
    }

    /// For the snapshot: numbers in eight bytes, texts behind their length in four.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let numbers = [
            self.version,
            self.seq,
            self.nonce,
            self.deleted,
            self.mac_key,
            self.seal_key.unwrap_or(-1),
        ];
        out.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
        for text in [self.kind.as_bytes(), &self.id, &self.body, &self.mac] {
            // None is longer than `MAX_BODY`.
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(text);
        }
    }

    /// The MAC of this row under the current data key.
    pub(crate) fn mac(&self, keys: &Keyring) -> Mac {
        self.with_parts(|parts| keys.mac(Purpose::RowMac, parts))
    }

    pub(crate) fn is_authentic(&self, keys: &Keyring) -> bool {
        let (Ok(version), Ok(tag)) = (u32::try_from(self.mac_key), self.mac.as_slice().try_into())
        else {
            return false;
        };
        let mac = Mac { version, tag };
        let verified = self.with_parts(|parts| keys.verify(Purpose::RowMac, parts, &mac));
        verified.is_ok()
    }

    /// What this row adds to a census under the data key `version`: nobody without the key can
    /// tell or choose it. It covers which row it is and not what is in it (the MAC does), so that
    /// an edited row can be told from a missing one.
    pub(crate) fn mark(&self, keys: &Keyring, version: u32) -> Option<u128> {
        let parts: [&[u8]; 6] = [
            self.kind.as_bytes(),
            &self.id,
            &self.version.to_be_bytes(),
            &self.seq.to_be_bytes(),
            &self.nonce.to_be_bytes(),
            &self.deleted.to_be_bytes(),
        ];
        let mac = keys.mac_under(version, Purpose::Census, &parts)?;
        mac.tag
            .first_chunk::<16>()
            .copied()
            .map(u128::from_be_bytes)
    }

    /// Checks everything about the row and reads its body; without `index` that is taken to agree.
    pub(crate) fn verify(
        &self,
        keys: &Keyring,
        census_key: u32,
        index: Option<&Index>,
    ) -> Result<Stored, Tampering> {
        let refuse = |wrong| Err(Tampering::new(&self.kind, &self.id, wrong));
        if !self.is_authentic(keys) {
            return refuse(Wrong::Mac);
        }
        let (Some(kind), Ok(id)) = (Kind::from_name(&self.kind), std::str::from_utf8(&self.id))
        else {
            return refuse(Wrong::Column);
        };
        let (Ok(version), Ok(seq), 0 | 1) = (
            u64::try_from(self.version),
            u64::try_from(self.seq),
            self.deleted,
        ) else {
            return refuse(Wrong::Column);
        };
        let Some(mark) = self.mark(keys, census_key) else {
            return refuse(Wrong::Mac);
        };
        let content = if self.deleted == 1 {
            None
        } else {
            match Content::read(kind, &self.body) {
                Some(content) => Some(content),
                None => return refuse(Wrong::Body),
            }
        };
        let unique = content.as_ref().map(Content::unique).unwrap_or_default();
        let sealed = content.as_ref().and_then(seal_key);
        let agrees = index.is_none_or(|index| agrees(&unique, index));
        if id.len() > MAX_ID || !agrees || sealed != self.seal_key {
            return refuse(Wrong::Index);
        }
        Ok(Stored {
            kind,
            id: id.into(),
            version,
            seq,
            content,
            mark,
        })
    }

    fn with_parts<T>(&self, use_parts: impl FnOnce(&[&[u8]]) -> T) -> T {
        use_parts(&[
            self.kind.as_bytes(),
            &self.id,
            &self.version.to_be_bytes(),
            &self.seq.to_be_bytes(),
            &self.nonce.to_be_bytes(),
            &self.deleted.to_be_bytes(),
            &self.body,
        ])
    }
}

/// A row as [`Row::encode`] wrote it, where it was written.
pub(crate) struct Encoded<'b> {
    pub(crate) kind: &'b str,
    pub(crate) id: &'b [u8],
    pub(crate) version: i64,
    pub(crate) seq: i64,
    nonce: i64,
    deleted: i64,
    body: &'b [u8],
    mac: &'b [u8],
    mac_key: i64,
    seal_key: Option<i64>,
}

impl<'b> Encoded<'b> {
    /// The first of several; `bytes` is what comes after it.
    pub(crate) fn read(bytes: &mut &'b [u8]) -> Option<Self> {
        Some(Self {
            version: number(bytes)?,
            seq: number(bytes)?,
            nonce: number(bytes)?,
            deleted: number(bytes)?,
            mac_key: number(bytes)?,
            seal_key: Some(number(bytes)?).filter(|key| *key >= 0),
            kind: std::str::from_utf8(text(bytes)?).ok()?,
            id: text(bytes)?,
            body: text(bytes)?,
            mac: text(bytes)?,
        })
    }

    pub(crate) fn row(&self) -> Row {
        Row {
            kind: self.kind.to_owned(),
            id: self.id.to_vec(),
            version: self.version,
            seq: self.seq,
            nonce: self.nonce,
            deleted: self.deleted,
            body: self.body.to_vec(),
            mac: self.mac.to_vec(),
            mac_key: self.mac_key,
            seal_key: self.seal_key,
        }
    }
}

fn number(bytes: &mut &[u8]) -> Option<i64> {
    let (number, rest) = bytes.split_first_chunk::<8>()?;
    *bytes = rest;
    Some(i64::from_be_bytes(*number))
}

fn text<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (text, rest) = rest.split_at_checked(length)?;
    *bytes = rest;
    Some(text)
}

/// The lowest version of a data key that a value of `content` is sealed under. A value that is no
/// seal counts as version 0, which is never a key's.
pub(crate) fn seal_key(content: &Content) -> Option<i64> {
    let versions = content.sealed().map(|value| {
        let sealed = Sealed::parse(&value.sealed);
        sealed.map_or(0, |sealed| sealed.key_version())
    });
    versions.min().map(i64::from)
}

fn agrees(unique: &[Unique], index: &Index) -> bool {
    unique.len() == index.len()
        && unique
            .iter()
            .zip(index)
            .all(|(one, (space, value))| one.space == space && one.value == *value)
}
