/// What a key is derived for. A key of one purpose proves and opens nothing of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Seals a secret that a row holds.
    Seal,
    /// Authenticates a row that carries authority.
    RowMac,
    /// Authenticates the number and the sum of all rows.
    Census,
    /// Seals the copy of the directory in the data directory.
    Snapshot,
    /// Seals the secret under which clients' keys are hashed.
    KeyPepper,
    /// Names a secret without giving it away.
    Fingerprint,
    /// Authenticates sessions of the console.
    Session,
    /// Wraps a data key: used by a key-encryption key alone, never by a data key.
    Wrap,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 8] = [
        Self::Seal,
        Self::RowMac,
        Self::Census,
        Self::Snapshot,
        Self::KeyPepper,
        Self::Fingerprint,
        Self::Session,
        Self::Wrap,
    ];

    /// The `info` of HKDF. Never change one: whatever was sealed or signed under it would be lost.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Seal => "ironward/v1/seal",
            Self::RowMac => "ironward/v1/row-mac",
            Self::Census => "ironward/v1/census",
            Self::Snapshot => "ironward/v1/snapshot",
            Self::KeyPepper => "ironward/v1/key-pepper",
            Self::Fingerprint => "ironward/v1/fingerprint",
            Self::Session => "ironward/v1/session",
            Self::Wrap => "ironward/v1/wrap",
        }
    }
}
