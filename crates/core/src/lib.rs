//! The words of Ironward as types: ids, money, usage, faults, clock, principal, deployment.
//!
//! Nothing here does I/O, knows a wire format or holds a secret.

mod amount;
mod clock;
mod deployment;
mod failures;
mod fault;
mod ids;
mod key_like;
mod last_use;
mod location;
mod money;
mod object;
mod origin;
mod pieces;
mod principal;
mod spelling;
mod turn;
mod upstream;
mod usage;

pub use amount::Amount;
pub use clock::{Clock, Random, SystemClock};
pub use deployment::{Deployment, ParamPolicy, Timeouts};
pub use failures::Failures;
pub use fault::{Fault, FaultKind, Retry, Side};
pub use ids::{CallId, CredentialId, DeploymentId};
pub use key_like::shown_name;
pub use last_use::LastUse;
pub use location::Location;
pub use money::{InvalidMoney, Money};
pub use object::Id;
pub use origin::{InvalidOrigin, Origin, Reach, Scheme};
pub use pieces::Pieces;
pub use principal::{Principal, Role};
pub use spelling::nearest;
pub use turn::Turn;
pub use upstream::{AuthScheme, UpstreamRequest};
pub use usage::Usage;
