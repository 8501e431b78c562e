//! A `PostgreSQL` server with one empty database, for tests in other languages and for measuring.
//!
//! It prints one JSON line with the database's address and runs until killed.

#![expect(clippy::print_stdout, reason = "it prints the address")]

use std::io::{self, Write as _};

use ironward_testkit::Postgres;

fn main() -> io::Result<()> {
    let server = Postgres::start();
    println!("{{\"postgres\":\"{}\"}}", server.database());
    io::stdout().flush()?;
    loop {
        std::thread::park();
    }
}
