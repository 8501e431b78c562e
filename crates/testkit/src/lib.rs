//! What tests stand on: a scripted upstream, a trap, a fake clock, a process wrapper, real
//! services, imitated ones of clouds, a network that can stop, and a raw HTTP/1.1 client.
//!
//! Everything listens on 127.0.0.1, on a port that the system picks, and stops when it is dropped.
//! The scripted [`Upstream`] speaks the wire formats of `OpenAI`, Anthropic, Gemini and Ollama; what
//! it answers is chosen by the model's name and by the prompt (see [`Upstream`]), so a black-box
//! client in any language can drive it through a gateway.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "test code: a fixture that breaks must fail its test at once; it reads JSON by index \
              and runs processes"
)]

mod clock;
mod cloud;
mod forwarder;
mod gateway;
mod hsm;
mod issuer;
pub mod names;
mod postgres;
mod random;
pub mod raw;
mod service;
mod trap;
mod upstream;

pub use clock::FakeClock;
pub use cloud::Cloud;
pub use forwarder::Forwarder;
pub use gateway::{Gateway, GatewayBuilder};
pub use hsm::{Hsm, HsmProcess, pkcs11_beside};
pub use issuer::{Issuer, unsigned_token};
pub use postgres::Postgres;
pub use random::SeededRandom;
pub use service::{LastingBao, Service, promtool_check};
pub use trap::Trap;
pub use upstream::{Preset, PresetUpstream, RecordedCall, Upstream};
