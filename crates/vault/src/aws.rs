//! AWS: keys, the signature of requests, and its key management service.

mod keys;
mod kms;
mod sigv4;

pub use keys::{AwsAuth, AwsKeys};
pub use kms::{AwsKmsKek, AwsKmsSettings};
