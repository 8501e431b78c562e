/// What a key may do on the management plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything. The admin key and the config's master key have it.
    ProxyAdmin,
}

/// Who is calling, once proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The name under which the key appears in records: never the key nor a part of it.
    pub alias: Box<str>,
    /// Its role.
    pub role: Role,
}
