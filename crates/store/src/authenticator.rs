/// What the store needs of the keyring: a MAC and a seal for each purpose, by version of the data
/// key.
pub trait Authenticator: Send + Sync {
    /// The version that new MACs and seals are made under.
    fn current(&self) -> u32;

    /// The MAC over `parts`, each of them length-prefixed, under the data key `version`; `None`
    /// when there is no such key.
    fn mac(&self, version: u32, purpose: Purpose, parts: &[&[u8]]) -> Option<Mac>;

    /// Whether `mac` is the MAC over `parts`, compared in constant time.
    fn verify(&self, version: u32, purpose: Purpose, parts: &[&[u8]], mac: &[u8]) -> bool;

    /// Seals `plaintext` under the current data key, bound to `purpose` and `context`; `None` when
    /// no new seals may be made.
    fn seal(&self, purpose: Purpose, context: &[&[u8]], plaintext: &[u8]) -> Option<Vec<u8>>;

    /// Opens what [`Self::seal`] gave for the same purpose and context.
    fn open(&self, purpose: Purpose, context: &[&[u8]], sealed: &[u8]) -> Option<Vec<u8>>;

    /// The version of the data key that a sealed value was made under.
    fn sealed_under(&self, sealed: &[u8]) -> Option<u32>;
}

/// An HMAC-SHA-256.
pub type Mac = [u8; 32];

/// What a derived key is for. No key serves two purposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The MAC of a row.
    Row,
    /// The mark that a row adds to the census, and the census' own seal.
    Census,
    /// The snapshot in the data directory.
    Snapshot,
}
