//! What may be reached from where: closed until the operator opens it.

use ironward_config::IronwardSettings;

use crate::args::ServeArgs;
use crate::exit::Failure;

/// Refuses to listen where keys would cross a network in the clear, or a guessable one would open
/// the door.
pub(crate) fn check(args: &ServeArgs, ironward: &IronwardSettings) -> Result<(), Failure> {
    let exposed = [(args.host, "--host"), (args.admin_host, "--admin-host")];
    if args.dev
        && let Some((host, flag)) = exposed.iter().find(|(host, _)| !host.is_loopback())
    {
        return Err(Failure::Config(format!(
            "--dev is for this machine alone, and {flag} {host} is not loopback; set a master_key of your own and leave --dev out"
        )));
    }
    let plaintext_allowed = args.allow_plaintext || ironward.allow_plaintext_listener;
    if !args.host.is_loopback() && ironward.tls.is_none() && !plaintext_allowed {
        return Err(Failure::Config(format!(
            "clients would send their keys in the clear to --host {}; set ironward.tls in the configuration, \
             or pass --allow-plaintext if TLS ends in front of the gateway",
            args.host
        )));
    }
    check_admin(args, ironward, plaintext_allowed)
}

/// The same for the admin plane, whose sessions need more than a word about the data port.
fn check_admin(
    args: &ServeArgs,
    ironward: &IronwardSettings,
    plaintext_allowed: bool,
) -> Result<(), Failure> {
    let host = args.admin_host;
    if host.is_loopback() || ironward.admin_tls.is_some() {
        return Ok(());
    }
    if !plaintext_allowed {
        return Err(Failure::Config(format!(
            "the admin plane would speak plain HTTP and be reachable on --admin-host {host}; set ironward.admin_tls in the \
             configuration, leave it on loopback, or pass --allow-plaintext if TLS ends in front of it"
        )));
    }
    let sessions = ironward.login.as_ref();
    if sessions.is_some_and(|login| !login.tls_ends_in_front) {
        return Err(Failure::Config(format!(
            "the sessions of ironward.login would cross a network in the clear to --admin-host {host}; set ironward.admin_tls, \
             leave it on loopback and end TLS in front of it on this machine, or set ironward.login.tls_ends_in_front if it ends \
             on another machine and nobody can read what goes between the two"
        )));
    }
    Ok(())
}
