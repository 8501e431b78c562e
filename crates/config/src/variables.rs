use std::collections::{BTreeMap, BTreeSet};

use ironward_secret::Secret;
use zeroize::Zeroizing;

use crate::Environment;
use crate::reader::{Field, Reader, Source, is_variable_name};
use crate::show::shown_key;

/// The `environment_variables` section: seen by `os.environ/` references of the same load and by
/// [`Variables::secret`], never written to the process environment.
#[derive(Default)]
pub struct Variables {
    values: BTreeMap<String, Zeroizing<String>>,
    /// Those that a service keeps.
    services: BTreeSet<String>,
    /// Those of them that other text stands in for.
    unread: BTreeSet<String>,
}

impl Variables {
    /// The variable `name`, from the section or else from `environment`; `None` where it is unset
    /// or empty. For keys that a provider reads from its customary variable (`OPENAI_API_KEY`).
    #[must_use]
    pub fn secret(&self, environment: &dyn Environment, name: &str) -> Option<Secret> {
        let text = self.lookup(environment, name)?;
        let secret = Secret::new(text.as_bytes());
        (!secret.is_empty()).then_some(secret)
    }

    /// Whether it stands for a secret of a service.
    pub(crate) fn is_of_service(&self, name: &str) -> bool {
        self.services.contains(name)
    }

    /// Whether it stands for a secret of a service that was not read.
    pub(crate) fn is_unread(&self, name: &str) -> bool {
        self.unread.contains(name)
    }

    pub(crate) fn lookup(
        &self,
        environment: &dyn Environment,
        name: &str,
    ) -> Option<Zeroizing<String>> {
        match self.values.get(name) {
            Some(text) => Some(text.clone()),
            None => environment.get(name).map(Zeroizing::new),
        }
    }
}

/// Reads the section into `reader`. Its own references see the process environment only, so that
/// the order of its lines has no meaning.
pub(crate) fn read(reader: &mut Reader<'_>, field: &Field<'_>) {
    let mut variables = Variables::default();
    for entry in reader.entries(field).unwrap_or_default() {
        let field = field.entry(entry);
        if !is_variable_name(&entry.key) {
            let message = format!(
                "the name {} cannot be a variable's; write letters, digits and '_'",
                shown_key(&entry.key)
            );
            reader.problem_at(&entry.key_place, &field.path, message);
        } else if is_loader_variable(&entry.key) {
            let message = "this variable steers how programs are loaded or found, \
                           which a configuration may not; remove it";
            reader.problem_at(&entry.key_place, &field.path, message);
        } else if !entry.node.is_null() {
            let known = reader.unread.len();
            let Some(value) = reader.text(&field) else {
                continue;
            };
            if matches!(value.source, Source::Service(_)) {
                variables.services.insert(entry.key.clone());
            }
            if reader.unread.len() > known {
                variables.unread.insert(entry.key.clone());
            }
            variables.values.insert(entry.key.clone(), value.text);
        }
    }
    reader.variables = variables;
}

/// Variables that change which code runs, whose files are read, or past which proxy traffic goes.
/// They would have no effect here, since nothing is written to the process environment; whoever
/// sets one expects an effect, and it is not one that a configuration file should have.
fn is_loader_variable(name: &str) -> bool {
    const NAMES: [&str; 24] = [
        "BASH_ENV",
        "CLASSPATH",
        "ENV",
        "GCONV_PATH",
        "HOME",
        "IFS",
        "JAVA_TOOL_OPTIONS",
        "LOGNAME",
        "NODE_OPTIONS",
        "NODE_PATH",
        "NO_PROXY",
        "OPENSSL_CONF",
        "OPENSSL_MODULES",
        "PATH",
        "PERL5LIB",
        "PERL5OPT",
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "RUBYLIB",
        "RUBYOPT",
        "SHELL",
        "SSLKEYLOGFILE",
        "USER",
    ];
    let name = name.to_ascii_uppercase();
    name.starts_with("LD_") || name.starts_with("DYLD_") || NAMES.contains(&name.as_str())
}
