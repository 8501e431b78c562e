use std::collections::BTreeMap;
use std::path::Path;

use ironward_secret::Secret;

/// Where `os.environ/NAME`, `file:/PATH` and the few variables with a meaning of their own are read
/// from.
pub trait Environment {
    /// The variable's value, where it is set and is text.
    fn get(&self, name: &str) -> Option<String>;

    /// The secret in the file at `path`.
    ///
    /// # Errors
    /// Why it cannot be used, with the path.
    fn secret_file(&self, path: &Path) -> Result<Secret, String>;
}

/// The variables of this process, and the files that it can read.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the process environment"
    )]
    fn get(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn secret_file(&self, path: &Path) -> Result<Secret, String> {
        Secret::from_file(path)
    }
}

/// A fixed set of variables, for tests and tools. It cannot be printed: its values may be secrets.
#[derive(Default)]
pub struct FixedEnvironment(BTreeMap<String, String>);

impl<const N: usize> From<[(&str, &str); N]> for FixedEnvironment {
    fn from(variables: [(&str, &str); N]) -> Self {
        let owned = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self(owned.into())
    }
}

impl Environment for FixedEnvironment {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// Files are not part of it.
    fn secret_file(&self, path: &Path) -> Result<Secret, String> {
        Err(format!("{} is not read here", path.display()))
    }
}
