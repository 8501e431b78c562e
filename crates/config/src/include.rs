//! The files of a configuration, merged into one tree.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::node::{Entry, Node, Value};
use crate::{Place, Problem, ProblemKind, yaml};

mod bytes;

/// A configuration of this size is no configuration.
const MAX_BYTES: u64 = 16 << 20;
/// How many files may belong to one configuration.
const MAX_FILES: usize = 64;
/// How long a chain of includes may be.
const MAX_CHAIN: usize = 8;
const INCLUDE: &str = "include";

/// A configuration as it is written, before any of it is checked.
#[derive(Default)]
pub(crate) struct Tree {
    pub(crate) root: Option<Node>,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) problems: Vec<Problem>,
    /// Keys that an included file has replaced.
    pub(crate) overridden: Vec<(At, String)>,
}

/// A key in a file.
pub(crate) struct At {
    pub(crate) place: Place,
    pub(crate) path: String,
}

/// A file that is to be read, and the files by way of which it is included, itself the last.
struct Wanted {
    path: PathBuf,
    chain: Vec<PathBuf>,
    named_at: Option<At>,
}

/// Reads `path` and everything that it includes.
pub(crate) fn read(path: &Path) -> Tree {
    let mut tree = Tree::default();
    let mut seen: Vec<PathBuf> = Vec::new();
    let mut wanted = VecDeque::from([Wanted {
        path: path.to_owned(),
        chain: Vec::new(),
        named_at: None,
    }]);
    // Breadth first, as LiteLLM does: what is included later wins.
    while let Some(mut next) = wanted.pop_front() {
        let identity = next
            .path
            .canonicalize()
            .unwrap_or_else(|_| next.path.clone());
        if next.chain.contains(&identity) {
            tree.refuse(
                &next,
                "this file includes itself, in the end; remove the entry",
            );
            continue;
        }
        // A file that two others include is read once.
        if seen.contains(&identity) {
            continue;
        }
        if next.chain.len() > MAX_CHAIN || seen.len() >= MAX_FILES {
            tree.refuse(
                &next,
                "too many files include each other; put them together",
            );
            continue;
        }
        seen.push(identity.clone());
        next.chain.push(identity);
        match read_file(&next.path) {
            Ok(bytes) => {
                tree.files.push(next.path.clone());
                let named = tree.add_file(&bytes, &next.path);
                wanted.extend(named.into_iter().map(|(at, file)| Wanted {
                    path: resolve(&file, &next.path, path),
                    chain: next.chain.clone(),
                    named_at: Some(at),
                }));
            }
            Err(error) => tree.refuse(&next, &error),
        }
    }
    tree
}

/// Reads a configuration given as text, which includes no file.
pub(crate) fn read_text(text: &str, name: &Arc<str>) -> Tree {
    let mut tree = Tree::default();
    if u64::try_from(text.len()).is_ok_and(|length| length > MAX_BYTES) {
        tree.problems
            .push(invalid(Place::start(name), "", &too_large()));
        return tree;
    }
    for (at, _) in tree.add(text, name) {
        let message = "files cannot be included here; write everything in one text";
        tree.problems.push(invalid(at.place, &at.path, message));
    }
    tree
}

impl Tree {
    /// Merges a file into the tree; gives the files that it names.
    fn add_file(&mut self, bytes: &[u8], path: &Path) -> Vec<(At, String)> {
        let name: Arc<str> = path.display().to_string().into();
        match bytes::text(bytes) {
            Ok(text) => self.add(text, &name),
            Err((line, column)) => {
                let place = Place {
                    file: name,
                    line,
                    column,
                };
                let message = "this is not UTF-8; save the file as UTF-8";
                self.problems.push(invalid(place, "", message));
                Vec::new()
            }
        }
    }

    fn add(&mut self, text: &str, name: &Arc<str>) -> Vec<(At, String)> {
        let Some(root) = yaml::parse(text, name, &mut self.problems) else {
            return Vec::new();
        };
        let Value::Map(mut entries) = root.value else {
            let message = "a configuration is a mapping with keys such as 'model_list:' \
                           at its top level";
            self.problems.push(invalid(root.place, "", message));
            return Vec::new();
        };
        let mut named = Vec::new();
        for entry in entries.extract_if(.., |entry| entry.key == INCLUDE) {
            self.read_names(&entry, &mut named);
        }
        match &mut self.root {
            Some(Node {
                value: Value::Map(base),
                ..
            }) => merge_sections(base, entries, &mut self.overridden),
            _ => {
                self.root = Some(Node {
                    place: root.place,
                    value: Value::Map(entries),
                });
            }
        }
        named
    }

    /// The files that `include` names.
    fn read_names(&mut self, entry: &Entry, named: &mut Vec<(At, String)>) {
        let items = match &entry.node.value {
            Value::List(items) => items.as_slice(),
            Value::Scalar(_) if entry.node.is_null() => return,
            Value::Scalar(_) => std::slice::from_ref(&entry.node),
            Value::Map(_) => &[],
        };
        if let (Value::Map(_), place) = (&entry.node.value, &entry.node.place) {
            let message = "expected a list of files, found a mapping; write '- FILE' lines";
            self.problems.push(invalid(place.clone(), INCLUDE, message));
        }
        for (index, item) in items.iter().enumerate() {
            let at = At {
                place: item.place.clone(),
                path: format!("{INCLUDE}[{index}]"),
            };
            match &item.value {
                Value::Scalar(scalar) if !scalar.text.trim().is_empty() && !scalar.is_null() => {
                    named.push((at, scalar.text.trim().to_owned()));
                }
                Value::Scalar(_) | Value::List(_) | Value::Map(_) => {
                    let message = "expected the path of a file; write '- FILE'";
                    self.problems.push(invalid(at.place, &at.path, message));
                }
            }
        }
    }

    fn refuse(&mut self, file: &Wanted, message: &str) {
        let problem = match &file.named_at {
            Some(at) => invalid(at.place.clone(), &at.path, message),
            None => invalid(
                Place::start(&file.path.display().to_string().into()),
                "",
                message,
            ),
        };
        self.problems.push(problem);
    }
}

/// Adds the top level of an included file: lists are extended, sections get its keys, and whatever
/// both files have is replaced. LiteLLM replaces whole sections, so that a forgotten key is lost
/// without a word.
fn merge_sections(base: &mut Vec<Entry>, added: Vec<Entry>, overridden: &mut Vec<(At, String)>) {
    for entry in added {
        let Some(known) = base.iter_mut().find(|known| known.key == entry.key) else {
            base.push(entry);
            continue;
        };
        match (&mut known.node.value, entry.node.value) {
            (Value::List(items), Value::List(more)) => items.extend(more),
            (Value::Map(keys), Value::Map(more)) => {
                merge_keys(&entry.key, keys, more, overridden);
            }
            (_, value) => {
                let node = Node {
                    place: entry.node.place,
                    value,
                };
                if !node.is_null() {
                    known.node = node;
                    known.key_place = entry.key_place;
                }
            }
        }
    }
}

fn merge_keys(
    section: &str,
    keys: &mut Vec<Entry>,
    added: Vec<Entry>,
    overridden: &mut Vec<(At, String)>,
) {
    for entry in added {
        let Some(known) = keys.iter_mut().find(|known| known.key == entry.key) else {
            keys.push(entry);
            continue;
        };
        let at = At {
            place: known.key_place.clone(),
            path: format!("{section}.{}", crate::show::path_key(&entry.key)),
        };
        let winner = &entry.key_place;
        let message = format!("replaced by {}, line {}", winner.file, winner.line);
        overridden.push((at, message));
        *known = entry;
    }
}

/// Where an included file is: beside the file that names it, or else beside the main file.
fn resolve(file: &str, named_in: &Path, main: &Path) -> PathBuf {
    let beside = |path: &Path| path.with_file_name(file);
    let first = beside(named_in);
    let second = beside(main);
    if !first.exists() && second.exists() {
        second
    } else {
        first
    }
}

fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let refused = |error: std::io::Error| {
        format!(
            "the file {} cannot be read: {}; check the path and the permissions",
            path.display(),
            error.kind()
        )
    };
    let file = File::open(path).map_err(refused)?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(refused)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_BYTES) {
        return Err(too_large());
    }
    Ok(bytes)
}

fn too_large() -> String {
    "a configuration of more than 16 MiB is refused; is this the right file?".to_owned()
}

fn invalid(place: Place, path: &str, message: &str) -> Problem {
    Problem {
        place,
        path: path.to_owned(),
        message: message.to_owned(),
        kind: ProblemKind::Invalid,
    }
}

#[cfg(test)]
mod tests;
