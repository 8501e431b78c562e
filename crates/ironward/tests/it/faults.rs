//! What goes wrong upstream, and what the client is told.

mod client_gone;
mod reply_limit;
mod retries;
mod streams;
mod upstream;
