//! Who somebody is without a virtual key: tokens of configured issuers, and client certificates.
//!
//! - [`Identities`] verifies a bearer token (JSON Web Token, RFC 7519, with the advice of RFC 8725):
//!   issuer, audience and expiry are mandatory, the algorithm is the issuer's, the key is one that
//!   the issuer publishes, and its type fits the algorithm. It dials nobody, so it may stand on the
//!   data path. What is remembered is remembered after it was verified, by the hash of the whole
//!   token.
//! - [`Refresher`] fetches the issuers' keys beside it, through egress. Nothing in a token decides
//!   what is dialled: neither its issuer nor the keys or URLs in its header.
//! - [`SpiffeId`] is the id in a client certificate that TLS has verified.
//! - [`Bindings`] says which service account or user either stands for.
//! - [`LoginIssuer`] is the issuer that people log in with on the admin listener.
//! - [`Keyless`] is all of it together, as the listeners ask it.
//!
//! What somebody may do is decided elsewhere: nothing here reads a role, a team or a scope.

mod bindings;
mod cache;
mod claims;
mod fetch;
mod identities;
mod issuer;
mod json;
mod key;
mod key_set;
mod keyless;
mod login;
mod refresh;
mod refusal;
mod spiffe;
mod token;
mod validity;

pub use bindings::{Bindings, InvalidBinding, Unbound, check_binding};
pub use claims::Claims;
pub use identities::{Identities, Identity};
pub use keyless::{Accounts, Keyless, Unproven, Vouched};
pub use login::{Asked, LoginFailed, LoginIssuer};
pub use refresh::{KeysEvent, Refresher};
pub use refusal::Refusal;
pub use spiffe::{NoSpiffeId, SpiffeId, Workload};

#[cfg(fuzzing)]
pub mod fuzzing;
#[cfg(test)]
mod testing;
