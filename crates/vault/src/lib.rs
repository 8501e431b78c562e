//! The life of the data keys under a key-encryption key.
//!
//! A [`Vault`] holds the keyring that everything below the store is sealed and signed with. Its
//! data keys are stored as [`WrappedKey`]s, which only a [`Kek`] unwraps: a file of this machine, an
//! environment variable, a key management service, or a hardware security module. The vault knows no rows: what is sealed, and
//! where it is kept, is the store's part.
//!
//! A [`SecretSource`] is a service that secrets are read of which the configuration file refers to;
//! such services are those of the key-encryption keys, too.
//!
//! Services are reached through `ironward-egress`, the only dialler; the process beside a hardware
//! security module through a Unix socket, which leads nowhere else.

mod aws;
mod azure;
mod checksum;
mod env;
mod error;
mod file;
mod gcp;
mod kek;
mod local;
mod login;
mod pkcs11;
mod rest;
mod source;
mod table;
mod transit;
mod vault;
mod wrapped;

pub use aws::{AwsAuth, AwsKeys, AwsKmsKek, AwsKmsSettings};
pub use azure::{AzureKeyVaultKek, AzureKeyVaultSettings};
pub use env::EnvKek;
pub use error::VaultError;
pub use file::FileKek;
pub use gcp::{GcpKmsKek, GcpKmsSettings};
pub use kek::{Context, Description, Kek, KekError, KekFailure};
pub use login::VaultLogin;
pub use pkcs11::{Pkcs11Kek, Pkcs11Settings};
pub use source::{
    AwsSecretSettings, AwsSecrets, AzureSecretSettings, AzureSecrets, Document, GcpSecretSettings,
    GcpSecrets, KvSecretSettings, KvSecrets, SecretSource, SourceError, SourceFailure,
};
pub use transit::{TransitKek, TransitSettings};
pub use vault::{Alarm, Change, KeyStatus, Status, Vault};
pub use wrapped::{UnknownState, WrappedKey, WrappedState};
