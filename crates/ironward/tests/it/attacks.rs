//! What must fail, whoever tries it: one file for each class of attack.

mod absent_routes;
mod admin_targets;
mod bodies;
mod customary_keys;
mod dead_keys;
mod escalation;
mod exhaustion;
mod foreign_headers;
mod handed_out;
mod http2_floods;
mod image_urls;
mod logins;
mod named_upstream;
mod narrow_key;
mod other_tenants;
mod probing;
mod references;
mod refusals;
mod smuggling;
mod targets;
mod tokens;
mod unknown_keys;
mod unread;
