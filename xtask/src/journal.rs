use crate::install;
use crate::steps::{Outcome, cargo_test};
use crate::workspace::{cargo, root};

/// Has a verifier in another language, written from the specifications, check a journal that the
/// binary wrote.
pub(crate) fn run(args: &[String]) -> Outcome {
    if !args.is_empty() {
        return Err("usage: cargo xtask journal".to_owned());
    }
    let python = install::python("requirements-journal.txt")?;
    let mut test = cargo();
    test.args(["test", "--quiet", "-p", "ironward", "--test", "it"])
        .args(["--", "--ignored", "a_verifier_of_others_takes_the_journal"])
        .env("IRONWARD_JOURNAL_PYTHON", python)
        .env(
            "IRONWARD_JOURNAL_VERIFIER",
            root().join("clients/py/journal/verify.py"),
        );
    let count = cargo_test(&mut test)?;
    if count.failed > 0 || count.passed == 0 {
        return Err("the other verifier did not take the journal, or was not run".to_owned());
    }
    Ok(count)
}
