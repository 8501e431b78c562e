//! `ironward admin-key`.

use std::sync::Arc;

use crate::args::StateArgs;
use crate::banner;
use crate::data_dir::draw_admin_key;
use crate::exit::Failure;
use crate::random::SystemRandom;
use crate::shared_secrets::SharedSecrets;
use crate::state::State;

/// Makes a new admin key and shows it, once. Running gateways take it within seconds, and the one
/// before no more.
pub(crate) fn run(args: &StateArgs) -> Result<(), Failure> {
    let state = State::read(args)?;
    state.run(async |opening| {
        let installation = opening.open().await?;
        let random = Arc::new(SystemRandom::default());
        let secrets = SharedSecrets::of(&installation.store, Arc::clone(&random) as _).await?;
        let has_keys = installation.has_keys().await?;
        let hasher = secrets.hasher(opening.data_dir, has_keys).await?;
        let token = draw_admin_key(&*random);
        secrets
            .replace_admin_key(&hasher.hash(token.bytes()))
            .await?;
        opening.data_dir.remove_taken_over()?;
        banner::print(&format!("{}\n", &*token.reveal_once()));
        Ok(())
    })
}
