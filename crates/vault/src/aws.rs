//! AWS: keys, the signature of requests, its services for keys and secrets.

mod keys;
mod kms;
mod service;
mod sigv4;

pub use keys::{AwsAuth, AwsKeys};
pub use kms::{AwsKmsKek, AwsKmsSettings};
pub(crate) use service::{AwsService, Named};
