//! What happens to a request before it goes out, and to a whole reply.

use bytes::Bytes;
use gungraun::{library_benchmark, library_benchmark_group};
use ironward_policy::{Candidate, order};
use ironward_secret::{KeyHash, KeyHasher};
use ironward_wire::{Body, Envelope, Forwarded, openai_chat};
use std::hint::black_box;

use crate::sample;

fn body(prompt: usize) -> Body {
    Body::read(sample::request(prompt)).expect("a sound body")
}

fn hasher() -> (KeyHasher, &'static [u8]) {
    let key = b"sk-iw-4f1c9d2ab7e85603d1f4a2c86b90e75d34c1f2a98b70e6d5";
    (KeyHasher::new(&[7; 32]), key)
}

fn reply() -> (Bytes, Envelope) {
    (sample::reply(), sample::envelope())
}

fn candidates(count: u32) -> Vec<Candidate> {
    let candidate = |number: u32| Candidate {
        tier: 1 + number / 4,
        weight: 1.0 + f64::from(number),
    };
    (0..count).map(candidate).collect()
}

#[library_benchmark]
#[bench::small(args = (100), setup = sample::request)]
#[bench::large(args = (100_000), setup = sample::request)]
fn body_read(bytes: Bytes) -> Body {
    Body::read(black_box(bytes)).expect("a sound body")
}

// As a call is passed on to a provider of the same dialect.
#[library_benchmark]
#[bench::small(args = (100), setup = body)]
#[bench::large(args = (100_000), setup = body)]
fn body_patch(body: Body) -> (Body, Bytes) {
    let mut patch = body.patch();
    patch.set_str("model", "gpt-test-2026");
    let bytes = patch.into_bytes();
    (body, bytes)
}

#[library_benchmark]
#[bench::one(setup = hasher)]
fn key_hash((hasher, key): (KeyHasher, &[u8])) -> (KeyHasher, KeyHash) {
    let hash = hasher.hash(black_box(key));
    (hasher, hash)
}

#[library_benchmark]
#[bench::eight(args = (8), setup = candidates)]
fn policy_order(candidates: Vec<Candidate>) -> Vec<usize> {
    let mut state = 1_u32;
    order(&candidates, || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state) / 4_294_967_296.0
    })
}

#[library_benchmark]
#[bench::openai(setup = reply)]
fn forward_reply((bytes, envelope): (Bytes, Envelope)) -> (Forwarded, Envelope) {
    let forwarded = openai_chat::forward_reply(bytes, &envelope).expect("a sound reply");
    (forwarded, envelope)
}

library_benchmark_group!(
    name = requests,
    benchmarks = [body_read, body_patch, key_hash, policy_order, forward_reply]
);
