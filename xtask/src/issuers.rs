use std::process::Command;
use std::time::Duration;

use crate::install;
use crate::process::Running;
use crate::steps::{Outcome, cargo_test};
use crate::workspace::{cargo, root};

/// Runs the tests that want issuers which others wrote: oauth2-mock-server and oidc-provider.
pub(crate) fn run(args: &[String]) -> Outcome {
    if !args.is_empty() {
        return Err("usage: cargo xtask issuers".to_owned());
    }
    let source = root().join("clients/issuers");
    let directory = install::node_modules("clients/issuers", &source, "ci")?;
    install::copy(&source.join("serve.mjs"), &directory)?;
    let mut serve = Command::new("node");
    serve.current_dir(&directory).arg("serve.mjs");
    let issuers = Running::start(&mut serve, "issuers", Duration::from_secs(30))?;
    let mut test = cargo();
    test.args(["test", "--quiet", "-p", "ironward-identity", "--test", "it"])
        .args(["--", "--ignored", "--nocapture"])
        .env("IRONWARD_ISSUERS", issuers.ready("issuers"))
        .env("IRONWARD_ISSUER_MOCK", issuers.ready("mock"))
        .env("IRONWARD_ISSUER_PROVIDER", issuers.ready("provider"));
    let count = cargo_test(&mut test)?;
    if count.failed > 0 || count.passed == 0 {
        return Err("the tests with real issuers failed, or there were none".to_owned());
    }
    Ok(count)
}
