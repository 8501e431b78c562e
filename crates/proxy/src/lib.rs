//! The data path: [`pipeline`](pipeline::serve) is one function that reads top to bottom, and each
//! stage is one file of the same name in `stages/`.
//!
//! Stages hand over evidence: `Caller`, `Grant`, `Plan` have private constructors, so that a call
//! which skipped a stage does not compile.

mod access;
mod budgets;
mod buffers;
mod cost;
mod detach;
mod explain;
mod gateway;
mod in_flight;
mod labels;
mod listen;
mod management;
mod models;
mod pipeline;
mod refusal;
mod reply;
mod rescue;
mod routes;
mod side_pool;
mod snapshot;
mod stages;

#[cfg(test)]
mod tests;

pub use access::{Access, keyless};
pub use budgets::Budgets;
pub use buffers::Buffers;
pub use explain::{Question, explain_call};
pub use gateway::Gateway;
pub use in_flight::InFlight;
pub use listen::{Listener, ListenerSettings, ServerTls, bind};
pub use management::{CutOff, HandedOver, Management};
pub use pipeline::{Peer, serve};
pub use reply::Body;
pub use side_pool::SidePool;
pub use snapshot::{
    Alias, Group, Keys, Routed, Routing, Settings, Snapshot, SnapshotBuilder, Unpriced,
};
