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
    if !args.admin_host.is_loopback() && !plaintext_allowed {
        return Err(Failure::Config(format!(
            "the admin plane speaks plain HTTP and would be reachable on --admin-host {}; leave it on loopback, \
             or pass --allow-plaintext if TLS ends in front of it",
            args.admin_host
        )));
    }
    if !args.admin_host.is_loopback() && ironward.login.is_some() {
        return Err(Failure::Config(format!(
            "the sessions of ironward.login would cross a network in the clear to --admin-host {}; leave it on loopback, \
             and end TLS in front of it on this machine",
            args.admin_host
        )));
    }
    Ok(())
}
