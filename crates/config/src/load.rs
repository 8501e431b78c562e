use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::at_start::{self, Places};
use crate::include::{self, Tree};
use crate::node::{Entry, Value};
use crate::reader::{Field, Reader};
use crate::top::{Draft, TOP};
use crate::{Environment, Loaded, Notice, Options, Place, Problem, ProblemKind, Problems, general};

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

/// Reads and checks the configuration in `path` and the files that it includes.
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
/// sound of it, too.
pub fn examine(path: &Path, environment: &dyn Environment, options: &Options) -> Examined {
    let main: Arc<str> = path.display().to_string().into();
    check(include::read(path), &main, environment, *options)
}

/// Reads and checks a configuration given as text, called `name` in messages. It may include no
/// file.
///
/// # Errors
/// With everything that is wrong, if anything is.
pub fn load_text(
    text: &str,
    name: &str,
    environment: &dyn Environment,
    options: &Options,
) -> Result<Loaded, Problems> {
    let main: Arc<str> = name.into();
    check(
        include::read_text(text, &main),
        &main,
        environment,
        *options,
    )
    .sound()
}

fn check(tree: Tree, main: &Arc<str>, environment: &dyn Environment, options: Options) -> Examined {
    let mut reader = Reader::new(environment, options, main, tree.problems);
    for (field, message) in tree.overridden {
        reader.notice_at(&field.place, &field.path, message);
    }
    let mut draft = Draft::default();
    draft.litellm.drop_params = drops_params(environment);
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
        ..
    } = reader;
    if options.strict {
        problems.extend(notices.drain(..).map(strict));
    }
    sort(&mut problems, main, |problem| &problem.place);
    sort(&mut notices, main, |notice| &notice.place);
    Examined {
        loaded: Loaded {
            config,
            notices,
            files: [tree.files, secret_files].concat(),
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
