//! From the command line to the last call: start, reload, drain, and what is listened on.

mod admin_tls;
mod authorities;
mod command_line;
mod drain;
mod log;
mod open_files;
mod reload;
mod start;
mod tls;
mod transport;
