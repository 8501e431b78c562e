//! The process beside a hardware security module: it loads the vendor's PKCS#11 module, so that the
//! gateway does not have to, and wraps and unwraps data keys with one key of one token.
//!
//! It serves whoever runs as the same user, over a Unix socket; what is said there is
//! `ironward-kek-protocol`. The key never leaves the token, and the PIN never this process.

mod args;
mod client;
mod device;
mod failure;
mod file;
mod key;
mod pin;
mod serve;
mod socket;
mod token;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Args, Command};
use crate::failure::Failure;

fn main() -> ExitCode {
    let outcome = match Args::parse().command {
        Command::Serve(serve) => serve::run(serve),
        Command::CreateKey(create) => create_key(&create),
        Command::Describe { socket } => {
            client::describe(&socket).map(|line| say(format_args!("{line}")))
        }
    };
    let Err(failure) = outcome else {
        return ExitCode::SUCCESS;
    };
    log(format_args!("error: {failure}"));
    ExitCode::from(failure.code())
}

fn create_key(create: &args::CreateKey) -> Result<(), Failure> {
    let pin = pin::read(create.token.pin_file.as_deref())?;
    let (entered, _) = token::enter(&create.token, &pin, true)?;
    let name = key::create(&entered, &create.label)?;
    say(format_args!("{name}"));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "what a command was asked for")]
fn say(line: std::fmt::Arguments<'_>) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "the log of this process")]
fn log(line: std::fmt::Arguments<'_>) {
    eprintln!("{line}");
}
