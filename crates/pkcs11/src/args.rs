use std::path::PathBuf;

use clap::{Parser, Subcommand};

const EXAMPLES: &str = "\
The PIN comes from --pin-file, or else from the variable IRONWARD_PKCS11_PIN; never from an argument.

Examples:
  ironward-pkcs11 create-key --module /usr/lib/softhsm/libsofthsm2.so --token vault --label ironward
  ironward-pkcs11 serve --module /usr/lib/softhsm/libsofthsm2.so --token vault \\
    --key ironward/5d0c1f2e3a4b5c6d7e8f901122334455 --socket /run/ironward-pkcs11/socket \\
    --pin-file /etc/ironward/pin
  ironward-pkcs11 describe --socket /run/ironward-pkcs11/socket

Exit codes:
  0 done   1 the process that was asked says no, or is not there   2 wrong usage
  3 refused: the settings, the PIN or the key; starting again changes nothing, and wrong PINs lock tokens
  4 the socket is not available   5 the module or the token cannot be used now";

/// Wraps Ironward's data keys with a key of a hardware security module.
///
/// Runs beside the gateway, which loads no foreign code itself.
#[derive(Debug, Parser)]
#[command(name = "ironward-pkcs11", version, after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve one key to the gateway of the same user.
    Serve(Serve),
    /// Make a key that never leaves the token, and print its name for the gateway's configuration.
    CreateKey(CreateKey),
    /// Ask a process that serves which key it has, and whether the key works.
    Describe {
        /// Where the process listens.
        #[arg(long, value_name = "PATH")]
        socket: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) token: Token,

    /// The key: its label, or what `create-key` has printed where labels are not unique.
    #[arg(long, value_name = "NAME")]
    pub(crate) key: String,

    /// Where to listen: in a directory that only this user may enter.
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: PathBuf,

    /// Let the token make the nonces, as modules in FIPS mode may demand.
    #[arg(long)]
    pub(crate) token_nonce: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CreateKey {
    #[command(flatten)]
    pub(crate) token: Token,

    /// What the key is called in the token.
    #[arg(long)]
    pub(crate) label: String,
}

/// Which token, and how to get in.
#[derive(Debug, clap::Args)]
pub(crate) struct Token {
    /// The vendor's PKCS#11 module: a shared library that runs in this process.
    #[arg(long, value_name = "PATH")]
    pub(crate) module: PathBuf,

    /// The token's label.
    #[arg(long = "token", value_name = "LABEL")]
    pub(crate) name: String,

    /// A file with the user's PIN, which nobody else may read.
    #[arg(long, value_name = "PATH")]
    pub(crate) pin_file: Option<PathBuf>,
}
