//! Any bytes from Gemini are a reply, a stream or a fault; any cut of a stream gives the same deltas;
//! an error reply is classified.

#![no_main]

mod provider;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &[u8])| provider::check(&["gemini"], input.0, input.1));
