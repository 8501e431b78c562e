use ironward_core::Random;
use ironward_secret::{Keyring, Place, Purpose, Sealed};

use crate::error::StoreError;
use crate::seal;

/// Which rows there are: their number, the last change, and the sum of their marks. It is sealed,
/// so that nobody can look for other rows with the same sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Census {
    /// How many rows there are, tombstones among them.
    pub(crate) count: u64,
    /// The last change of the database.
    pub(crate) seq: u64,
    /// The sum of the marks of all rows, modulo 2^128.
    pub(crate) sum: u128,
    /// The version of the data key that the marks are made with.
    pub(crate) key: u32,
}

impl Census {
    pub(crate) const fn empty(key: u32) -> Self {
        Self {
            count: 0,
            seq: 0,
            sum: 0,
            key,
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut plain = Vec::with_capacity(LENGTH);
        plain.extend_from_slice(&self.count.to_be_bytes());
        plain.extend_from_slice(&self.seq.to_be_bytes());
        plain.extend_from_slice(&self.sum.to_be_bytes());
        plain.extend_from_slice(&self.key.to_be_bytes());
        plain
    }

    pub(crate) fn seal(
        &self,
        keys: &Keyring,
        installation: &str,
        random: &dyn Random,
    ) -> Result<Sealed, StoreError> {
        let plain = self.encode();
        seal::seal(keys, Purpose::Census, &place(installation), &plain, random)
    }

    pub(crate) fn open(keys: &Keyring, installation: &str, sealed: &[u8]) -> Option<Self> {
        let plain = seal::open(keys, Purpose::Census, &place(installation), sealed)?;
        Self::decode(&plain)
    }

    pub(crate) fn decode(plain: &[u8]) -> Option<Self> {
        let (count, rest) = plain.split_first_chunk()?;
        let (seq, rest) = rest.split_first_chunk()?;
        let (sum, rest) = rest.split_first_chunk()?;
        let key = rest.try_into().ok()?;
        Some(Self {
            count: u64::from_be_bytes(*count),
            seq: u64::from_be_bytes(*seq),
            sum: u128::from_be_bytes(*sum),
            key: u32::from_be_bytes(key),
        })
    }

    /// Replaces the mark of a row, or adds one.
    pub(crate) const fn replace(&mut self, old: Option<u128>, new: u128) {
        match old {
            Some(old) => self.sum = self.sum.wrapping_sub(old),
            None => self.count += 1,
        }
        self.sum = self.sum.wrapping_add(new);
    }
}

const fn place(installation: &str) -> Place<'_> {
    Place {
        tenant: installation,
        table: "census",
        row: "",
        field: "",
        version: 0,
    }
}

const LENGTH: usize = 36;
