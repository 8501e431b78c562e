//! `ironward admin-key`.

use crate::args::AdminKeyArgs;
use crate::banner;
use crate::data_dir::{DataDir, draw_admin_key};
use crate::exit::Failure;
use crate::random::SystemRandom;

/// Makes a new admin key and shows it, once. A running gateway takes it after a restart.
pub(crate) fn run(args: &AdminKeyArgs) -> Result<(), Failure> {
    let data_dir = DataDir::open(&args.data_dir)?;
    let hasher = data_dir.key_hasher(&SystemRandom::default())?;
    let token = draw_admin_key(&SystemRandom::default());
    data_dir.keep_admin_key(&hasher.hash(token.bytes()))?;
    banner::print(&format!("{}\n", &*token.reveal_once()));
    Ok(())
}
