//! The only way out to providers: it opens a credential, dials its origin and makes one attempt.
//!
//! - A credential is {secret, origin}. Scheme, host, port and base path of a request come from the
//!   credential alone; a request brings a path below them, headers and a body. The secret is put on
//!   the wire here and nowhere else.
//! - Addresses are resolved, checked against [`Origin::admits`](ironward_core::Origin::admits) and
//!   then dialled themselves: there is no second resolution that could answer differently.
//!   Redirects are faults, never followed.
//! - One [`Egress`] belongs to one data-plane thread and keeps its own connections; the
//!   [`Dialler`] (TLS configuration, proxies, resolved names) and the [`Credentials`] are shared.
//!
//! Nothing here knows a vendor or a wire format above HTTP, and nothing here retries a request that
//! a provider may have seen: that choice belongs to the caller, who knows what it costs.

mod alarm;
mod body;
mod connect;
mod credential;
mod credentials;
mod decode;
mod egress;
mod endpoint;
mod faults;
mod http1;
mod http2;
mod link;
mod outgoing;
mod pool;
mod proxy;
mod receive;
mod redact;
mod resolve;
mod settings;
mod tls;
mod tunnel;
mod upstream;

pub use body::ReplyBody;
pub use connect::Dialler;
pub use credential::{Credential, InvalidCredential};
pub use credentials::{Credentials, Lease};
pub use egress::Egress;
#[cfg(fuzzing)]
pub use http1::replay;
pub use redact::Redaction;
pub use resolve::{Resolve, SystemResolver};
pub use settings::{ClientCertificate, InvalidSettings, ProxySettings, Roots, Settings};
pub use upstream::{BoxFuture, Timing, Upstream, UpstreamReply};
