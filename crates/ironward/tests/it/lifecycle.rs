//! From the command line to the last call: start, reload, drain, and what is listened on.

mod command_line;
mod drain;
mod log;
mod reload;
mod start;
mod tls;
mod transport;
