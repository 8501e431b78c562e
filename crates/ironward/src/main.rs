//! Ironward, the AI gateway built like a vault: one binary between an organisation's applications
//! and every model provider.

mod admin_key;
mod admin_plane;
mod alerts;
mod args;
mod assemble;
mod authority;
mod banner;
mod call_path;
mod catalogue_command;
mod check;
mod data_dir;
mod data_keys;
mod data_plane;
mod exit;
mod exposure;
mod import_command;
mod in_force;
mod installation;
mod issuers;
mod journal;
mod journal_command;
mod kek;
mod last_uses;
mod local;
mod manage;
mod metrics;
mod new_key;
mod on_data_port;
mod open_files;
#[cfg(tokio_unstable)]
mod polls;
mod random;
mod references;
mod reload;
mod runtime;
mod serve;
mod services;
mod shared_secrets;
mod sources;
mod state;
mod store_command;
mod table;
mod tls;
mod vault_command;
mod way_out;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use crate::args::{Args, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = Args::parse();
    let outcome = match args.command {
        None => serve::run(&args.serve),
        Some(Command::Serve(serve)) => serve::run(&serve),
        Some(Command::Check(check)) => check::run(&check),
        Some(Command::AdminKey(admin_key)) => admin_key::run(&admin_key),
        Some(Command::Vault(command)) => vault_command::run(&command),
        Some(Command::Store(command)) => store_command::run(&command),
        Some(Command::Journal(command)) => journal_command::run(&command),
        Some(Command::Import(command)) => import_command::run(&command),
        Some(Command::Key(key)) => manage::run(&key),
        Some(Command::Team(team)) => manage::run(&team),
        Some(Command::User(user)) => manage::run(&user),
        Some(Command::ServiceAccount(account)) => manage::run(&account),
        Some(Command::Model(model)) => manage::run(&model),
        Some(Command::Credential(credential)) => manage::run(&credential),
        Some(Command::Access(access)) => manage::run(&access),
        Some(Command::Catalogue(command)) => catalogue_command::run(&command),
        Some(Command::Completions { shell }) => {
            clap_complete::generate(
                shell,
                &mut Args::command(),
                "ironward",
                &mut std::io::stdout(),
            );
            Ok(())
        }
    };
    exit::code(outcome)
}
