//! Who may call, and who may log in.

use std::sync::Arc;

use ironward_admin::Login;
use ironward_core::{Clock, SystemClock};
use ironward_egress::{Dialler, Egress, Upstream};
use ironward_identity::{Identities, LoginIssuer};
use ironward_proxy::{Access, keyless};

use crate::assemble::{Assembler, Foundation};
use crate::authority::{Authority, STALE};
use crate::exit::Failure;
use crate::issuers::Issuers;

/// The keys of the directory are let in for as long as it is current; beside them the tokens of the
/// issuers that the configuration names, and certificates.
pub(super) fn who_may_call(
    authority: &Authority,
    foundation: &Foundation,
    (assembler, dialler): (&Assembler, &Arc<Dialler>),
) -> Result<(Arc<Access>, Arc<Issuers>), Failure> {
    let directory = authority.feed.directory();
    let keyless = keyless(&directory, Identities::new(&[], None));
    let credentials = Arc::clone(&assembler.credentials);
    let upstream = Egress::new(Arc::clone(&credentials), Arc::clone(dialler));
    let issuers = Issuers::new(Arc::clone(&keyless), Arc::new(upstream), credentials);
    let prepared = issuers.prepare(&foundation.config);
    issuers.replace(prepared.map_err(Failure::Config)?);
    let access = Access::new(
        directory,
        Arc::clone(&authority.hasher),
        Arc::clone(authority.feed.freshness()),
        Some(STALE),
        keyless,
    );
    Ok((Arc::new(access), Arc::new(issuers)))
}

/// People log in with the issuer of the configuration, if it names one.
pub(super) fn who_may_log_in(
    foundation: &Foundation,
    (assembler, dialler): (&Assembler, &Arc<Dialler>),
) -> Result<Option<Arc<Login>>, Failure> {
    let Some(settings) = &foundation.config.ironward.login else {
        return Ok(None);
    };
    let credentials = &assembler.credentials;
    let upstream = Egress::new(Arc::clone(credentials), Arc::clone(dialler));
    let upstream: Arc<dyn Upstream> = Arc::new(upstream);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let issuer = LoginIssuer::new(settings, &upstream, credentials, &clock);
    let issuer = issuer.map_err(|error| {
        Failure::Config(format!(
            "the issuer of ironward.login cannot be asked: {error}"
        ))
    })?;
    Ok(Some(Arc::new(Login::new(settings, issuer))))
}
