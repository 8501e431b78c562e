//! What must fail, whoever tries it: one file for each class of attack.

mod bodies;
mod customary_keys;
mod exhaustion;
mod foreign_headers;
mod http2_floods;
mod image_urls;
mod named_upstream;
mod probing;
mod refusals;
mod smuggling;
mod targets;
mod tokens;
