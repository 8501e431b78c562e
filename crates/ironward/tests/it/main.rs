//! Black-box tests: the real binary, from the outside.
//!
//! Every test starts a gateway of its own between a scripted upstream and raw sockets, and stops
//! both when it is over.

#![cfg(test)]
#![expect(
    clippy::disallowed_methods,
    reason = "tests run the binary as a process, and wait on real clocks with a deadline"
)]

mod admin_on_data_port;
mod attacks;
mod bystander;
mod canary;
mod dialect;
mod fairness;
mod family;
mod faults;
mod headers;
mod http2;
mod lifecycle;
mod manage;
mod metrics;
mod prices;
mod references;
mod rig;
mod store;
mod tenants;
mod tls;
