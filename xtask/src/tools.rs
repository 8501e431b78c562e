use std::path::PathBuf;

use crate::install;
use crate::steps::{Count, Outcome};

/// The variable by which tests find the programs.
pub(crate) const VARIABLE: &str = "IRONWARD_TEST_TOOLS";

/// Installs the services that tests run against and prints where their programs are, for
/// `export IRONWARD_TEST_TOOLS=$(cargo xtask tools)`.
pub(crate) fn run(args: &[String]) -> Outcome {
    if let Some(arg) = args.first() {
        return Err(format!("{arg}: tools takes no options"));
    }
    println!("{}", programs()?.display());
    Ok(Count::ONE)
}

/// The directory of `bao` (`OpenBao`), `moto_server` (AWS), `softhsm2-util` with its library, and
/// `prometheus` with `promtool`, installed if they are not there.
pub(crate) fn programs() -> Result<PathBuf, String> {
    let python = install::python("requirements-services.txt")?;
    let directory = python.parent().unwrap_or(&python);
    install::softhsm(directory)?;
    install::prometheus(directory)?;
    // Tests run in other directories than this.
    std::path::absolute(directory).map_err(|error| error.to_string())
}
