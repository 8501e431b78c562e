//! The providers: one file a vendor, sans-I/O.
//!
//! A provider knows its vendor's wire format and nothing else: it never sees a host, a credential
//! or a socket. It names an `AuthScheme`; egress applies the credential. Adding a vendor is a file,
//! a line in [`PROVIDERS`] and a folder of golden cases below `testdata/`; an OpenAI-compatible one
//! is a row of the table in `compatible/vendors.rs`.

mod anthropic;
mod azure;
mod azure_ai;
mod compatible;
mod echo;
mod estimate;
mod gemini;
mod named;
mod ollama;
mod openai;
mod params;
mod provider;
mod status;
#[cfg(test)]
mod testing;

pub use estimate::estimate;
pub use named::{Named, name};
pub use provider::{Local, PROVIDERS, Provider, Target, Vendor, find, vendors};
