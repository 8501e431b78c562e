//! `ironward admin-key`.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use ironward_core::{Clock as _, SystemClock};
use ironward_store::DirectoryWriter;

use crate::args::AdminKeyArgs;
use crate::banner;
use crate::data_dir::draw_admin_key;
use crate::exit::Failure;
use crate::installation::{Installation, Opening};
use crate::random::SystemRandom;
use crate::shared_secrets::SharedSecrets;
use crate::state::State;

/// Makes a new admin key and shows it, once, or retires the one that there is. Running gateways take
/// it within seconds, and the one before no more.
pub(crate) fn run(args: &AdminKeyArgs) -> Result<(), Failure> {
    let state = State::read(&args.state)?;
    if args.retire {
        state.run(async |opening| retire(opening).await)
    } else {
        state.run(async |opening| replace(opening).await)
    }
}

async fn replace(opening: &Opening<'_>) -> Result<(), Failure> {
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
}

async fn retire(opening: &Opening<'_>) -> Result<(), Failure> {
    let installation = opening.open().await?;
    let Some((user, key)) = administrator(&installation).await? else {
        return Err(Failure::Run(
            "the admin key is not retired: nobody else could administer the gateway; make a user \
             with the role proxy_admin, and a key that they made themselves or that an \
             administrator made for them, without limits on routes, addresses or hours"
                .to_owned(),
        ));
    };
    let random = Arc::new(SystemRandom::default());
    let secrets = SharedSecrets::of(&installation.store, random).await?;
    secrets.retire_admin_key().await?;
    opening.data_dir.remove_taken_over()?;
    banner::print(&format!(
        "the admin key is retired; user {user} administers the gateway with key {key}; \
         `ironward admin-key` would make a new admin key\n"
    ));
    Ok(())
}

/// A user who may do everything, and the id of a key of theirs that is let in.
async fn administrator(installation: &Installation) -> Result<Option<(String, String)>, Failure> {
    let mut writer = DirectoryWriter::new();
    let mut put = |stored: ironward_store::Stored| {
        if let Some(content) = stored.content {
            writer.set(&stored.id, content);
        }
    };
    installation.store.load_all(None, None, &mut put).await?;
    let directory = writer.directory();
    let now = SystemClock.wall().duration_since(UNIX_EPOCH);
    let now = u64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(u64::MAX);
    let found = directory.keys.select(|_| true).into_iter().find_map(|key| {
        let user = ironward_admin::administrator_of(&directory, key.id.as_str(), now)?;
        Some((user.into(), key.id.to_string()))
    });
    Ok(found)
}
