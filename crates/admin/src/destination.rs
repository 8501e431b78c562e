//! Where what a request brings is sent: by the rules for the configuration's own models, and one
//! more. Whoever writes the file sits on the machine; a request comes over the network, so that a
//! private address has to be asked for in so many words.

use std::net::IpAddr;

use ironward_config::{Model, Problems};
use ironward_core::Reach;

use crate::fault::Refusal;

/// Whether the address of a model may be used.
///
/// # Errors
/// 400, naming `param`.
pub(crate) fn check_address(model: &Model, param: &str) -> Result<(), Refusal> {
    let Some(base) = &model.params.api_base else {
        return Ok(());
    };
    let refuse =
        |message: &str| Err(Refusal::bad_request(format!("{param}: {message}")).with_param(param));
    if base.value.reach == Reach::Private && !model.params.allow_private_address {
        return refuse(
            "a private address; send allow_private_address: true beside it if it is meant",
        );
    }
    // An origin admits the very address that it names; for one that comes in a request there is no
    // such exception, so the clouds' metadata services stay out of reach.
    let mut named = base.value.clone();
    if let Ok(address) = named.host.parse::<IpAddr>() {
        named.host = "named.internal".into();
        if !named.admits(address) {
            return refuse("nothing is sent to link-local and metadata addresses");
        }
    }
    Ok(())
}

/// The first of the problems that the configuration's own checks found. `parts` says what a path
/// of theirs is called in the request.
pub(crate) fn refuse(problems: &Problems, parts: &[(&str, &str)]) -> Refusal {
    let Some(problem) = problems.0.first() else {
        return Refusal::internal();
    };
    let mut param = problem.path.clone();
    for (prefix, name) in parts {
        if let Some(rest) = problem.path.strip_prefix(prefix) {
            param = format!("{name}{rest}");
        }
    }
    Refusal::bad_request(format!("{param}: {}", problem.message)).with_param(param)
}
