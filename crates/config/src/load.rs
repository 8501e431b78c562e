use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::at_start::{self, Places};
use crate::include::{self, Tree};
use crate::node::{Entry, Value};
use crate::reader::{Field, Reader};
use crate::top::{Draft, TOP};
use crate::{
    Environment, Loaded, Notice, Options, Place, Problem, ProblemKind, Problems, Resolved, general,
};

/// A configuration as far as it could be read, and everything that is wrong with it.
///
/// What is wrong is left out of it: a reader that checks further can add to the problems, so that
/// all of them are told at once.
pub struct Examined {
    /// What could be read. Not to be used while there are problems.
    pub loaded: Loaded,
    /// What is wrong, in the order of the file.
    pub problems: Vec<Problem>,
}

impl Examined {
    /// The configuration, if nothing is wrong with it.
    ///
    /// # Errors
    /// With everything that is wrong, if anything is.
    pub fn sound(self) -> Result<Loaded, Problems> {
        if self.problems.is_empty() {
            Ok(self.loaded)
        } else {
            Err(Problems(self.problems))
        }
    }
}

/// A configuration as it is written, before any of it is checked.
pub struct Written {
    tree: Tree,
    main: Arc<str>,
}

impl Written {
    /// Reads `path` and the files that it includes.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        Self {
            tree: include::read(path),
            main: path.display().to_string().into(),
        }
    }

    /// Takes a configuration given as text, called `name` in messages. It may include no file.
    #[must_use]
    pub fn of_text(text: &str, name: &str) -> Self {
        let main: Arc<str> = name.into();
        Self {
            tree: include::read_text(text, &main),
            main,
        }
    }

    /// Checks it, with what services were found to keep. A reference that `resolved` does not know is
    /// in [`Loaded::unread`], and nothing is said of what its value may be.
    pub fn examine(
        &self,
        environment: &dyn Environment,
        options: &Options,
        resolved: &Resolved,
    ) -> Examined {
        let reader = Reader::new(
            environment,
            resolved,
            *options,
            &self.main,
            self.tree.problems.clone(),
        );
        check(&self.tree, &self.main, reader)
    }
}

/// Reads and checks the configuration in `path` and the files that it includes. Services are not
/// asked: see [`Loaded::unread`].
///
/// # Errors
/// With everything that is wrong, if anything is.
pub fn load(
    path: &Path,
    environment: &dyn Environment,
    options: &Options,
) -> Result<Loaded, Problems> {
    examine(path, environment, options).sound()
}

/// Reads and checks the configuration in `path` and the files that it includes, and gives what is
/// sound of it, too. Services are not asked.
pub fn examine(path: &Path, environment: &dyn Environment, options: &Options) -> Examined {
    Written::read(path).examine(environment, options, &Resolved::default())
}

/// Reads and checks a configuration given as text, called `name` in messages. It may include no
/// file. Services are not asked.
///
/// # Errors
/// With everything that is wrong, if anything is.
pub fn load_text(
    text: &str,
    name: &str,
    environment: &dyn Environment,
    options: &Options,
) -> Result<Loaded, Problems> {
    let written = Written::of_text(text, name);
    written
        .examine(environment, options, &Resolved::default())
        .sound()
}

fn check(tree: &Tree, main: &Arc<str>, mut reader: Reader<'_>) -> Examined {
    let options = reader.options;
    for (field, message) in &tree.overridden {
        reader.notice_at(&field.place, &field.path, message);
    }
    let mut draft = Draft::default();
    draft.litellm.drop_params = drops_params(reader.environment);
    if let Some(root) = &tree.root {
        read_sections(&mut draft, &mut reader, &Field::root(root));
    }
    let root = tree.root.as_ref().map(|root| &root.value);
    let says = |key: &str| says_generally(root, key);
    general::fall_back(&mut draft.general, &mut reader, &Place::start(main), says);
    let mut config = draft.finish(&mut reader);
    config.places = Places::of(root);
    let Reader {
        mut problems,
        mut notices,
        variables,
        secret_files,
        unread,
        blind,
        ..
    } = reader;
    problems.retain(|problem| !blind.contains(&problem.place));
    notices.retain(|notice| !blind.contains(&notice.place));
    if options.strict {
        problems.extend(notices.drain(..).map(strict));
    }
    sort(&mut problems, main, |problem| &problem.place);
    sort(&mut notices, main, |notice| &notice.place);
    Examined {
        loaded: Loaded {
            config,
            notices,
            files: [&*tree.files, &*secret_files].concat(),
            unread,
            variables,
        },
        problems,
    }
}

/// Reads the sections, those first that others refer to.
fn read_sections(draft: &mut Draft, reader: &mut Reader<'_>, root: &Field<'_>) {
    let Some(entries) = reader.entries(root) else {
        return;
    };
    let rank = |entry: &&Entry| match entry.key.as_str() {
        "environment_variables" => 0,
        "credential_list" => 1,
        _ => 2,
    };
    let mut ordered: Vec<&Entry> = entries.iter().collect();
    ordered.sort_by_key(rank);
    for entry in ordered {
        TOP.read_entry(draft, reader, &root.entry(entry), entry);
    }
}

/// LiteLLM takes any text for yes; so do we, but for the words that say no.
fn drops_params(environment: &dyn Environment) -> bool {
    let value = environment.get("LITELLM_DROP_PARAMS").map(Zeroizing::new);
    value.is_some_and(|value| {
        let value = value.trim();
        !matches!(
            value.to_ascii_lowercase().as_str(),
            "" | "0" | "false" | "no" | "off"
        )
    })
}

/// Whether `general_settings` gives this key a value.
fn says_generally(root: Option<&Value>, key: &str) -> bool {
    root.and_then(|root| at_start::entry(root, "general_settings"))
        .and_then(|section| at_start::entry(&section.node.value, key))
        .is_some_and(|entry| !entry.node.is_null())
}

fn strict(notice: Notice) -> Problem {
    Problem {
        place: notice.place,
        path: notice.path,
        message: format!("{} (refused because of --strict)", notice.message),
        kind: ProblemKind::StrictNotice,
    }
}

/// Sorts by place, the main file first, and drops what was said twice.
fn sort<T: PartialEq>(reports: &mut Vec<T>, main: &Arc<str>, place: impl Fn(&T) -> &Place) {
    reports.sort_by(|one, other| {
        let key = |report| {
            let Place { file, line, column } = place(report);
            (file != main, Arc::clone(file), *line, *column)
        };
        key(one).cmp(&key(other))
    });
    reports.dedup();
}

#[cfg(test)]
mod tests;
