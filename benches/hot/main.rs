//! How many instructions the functions on a call's way take. `cargo xtask weigh` runs this and
//! compares with `benches/baseline.json`.

#![expect(
    clippy::exit,
    clippy::expect_used,
    unused_qualifications,
    clippy::disallowed_methods,
    reason = "a measurement: input of its own that cannot be read is a mistake in it; and the macros repeat paths"
)]

mod call;
mod cost;
#[path = "../recorded.rs"]
mod recorded;
mod request;
mod sample;
mod stream;

use gungraun::main;

use crate::call::calls;
use crate::cost::costs;
use crate::request::requests;
use crate::stream::streams;

main!(library_benchmark_groups = requests, streams, calls, costs);
