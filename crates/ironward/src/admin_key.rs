//! `ironward admin-key`.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use ironward_config::Login;
use ironward_core::{Clock, SystemClock};
use ironward_egress::{Credentials, Dialler, Egress, Upstream};
use ironward_identity::{Asked, LoginIssuer};
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
    let random = Arc::new(SystemRandom::default());
    let secrets = SharedSecrets::of(&installation.store, random).await?;
    let administrator = administrator(opening, &installation, &secrets).await?;
    secrets.retire_admin_key().await?;
    opening.data_dir.remove_taken_over()?;
    banner::print(&format!(
        "the admin key is retired; {administrator}; `ironward admin-key` would make a new admin key\n"
    ));
    Ok(())
}

/// Who may do everything besides whoever has the admin key, and by what: their own key, or a login that
/// has worked before and can be begun now.
async fn administrator(
    opening: &Opening<'_>,
    installation: &Installation,
    secrets: &SharedSecrets<'_>,
) -> Result<String, Failure> {
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
    let by_key = directory.keys.select(|_| true).into_iter().find_map(|key| {
        let user = ironward_admin::administrator_of(&directory, key.id.as_str(), now)?;
        Some(format!(
            "user {user} administers the gateway with key {}",
            key.id.as_str()
        ))
    });
    if let Some(by_key) = by_key {
        return Ok(by_key);
    }
    let Some(settings) = &opening.config.ironward.login else {
        return Err(refused(
            "nobody else could administer the gateway",
            "make a user with the role proxy_admin, and a key that they made themselves or that an \
             administrator made for them, without limits on routes, addresses or hours",
        ));
    };
    let issuer = &settings.issuer.issuer;
    let hasher = secrets.kept_hasher()?;
    let login = secrets.login()?;
    let by_login = login.and_then(|login| {
        ironward_admin::administrator_by_login(&directory, (&hasher, &login), issuer, now)
    });
    let Some(user) = by_login else {
        return Err(refused(
            &format!(
                "nobody else is known to be able to administer the gateway, and the last login of an \
                 administrator, if there was one, does not count with {issuer} and the users as they \
                 are now"
            ),
            "log in once at /sso/login as a user with the role proxy_admin, without limits on routes, \
             addresses or hours, or make a key for one",
        ));
    };
    ask(opening, settings).await.map_err(|why| {
        refused(
            &format!("user {user} could not log in to administer the gateway: {why}"),
            "run it again when the issuer answers",
        )
    })?;
    Ok(format!(
        "user {user} administers the gateway and logs in with {issuer}"
    ))
}

/// Whether somebody who wants to log in would be sent to the issuer now.
async fn ask(opening: &Opening<'_>, settings: &Login) -> Result<(), String> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let dialler = Dialler::new(opening.way_out.clone(), Arc::clone(&clock));
    let dialler = dialler.map_err(|error| error.to_string())?;
    let credentials = Credentials::new();
    let upstream: Arc<dyn Upstream> = Arc::new(Egress::new(Arc::clone(&credentials), dialler));
    let issuer = LoginIssuer::new(settings, &upstream, &credentials, &clock);
    let issuer = issuer.map_err(|error| error.to_string())?;
    let asked = Asked {
        state: String::new(),
        nonce: String::new(),
        verifier: String::new(),
    };
    let place = issuer.authorise(&asked).await;
    place.map(drop).map_err(|failed| failed.to_string())
}

fn refused(why: &str, remedy: &str) -> Failure {
    Failure::Run(format!("the admin key is not retired: {why}; {remedy}"))
}
