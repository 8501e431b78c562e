use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::credentials::Credentials;
use crate::node::{Entry, Node, Value};
use crate::scheme::{Reference, Referred, Resolved, Scheme, Spelling};
use crate::show::path_key;
use crate::variables::Variables;
use crate::{Environment, Notice, Options, Place, Problem, ProblemKind};

/// More reports than this help nobody; the rest is dropped, never the fact that there are some.
const MAX_REPORTS: usize = 1000;
/// How many secrets of services a configuration may refer to: each is a request at every refresh.
const MAX_SERVICE_SECRETS: usize = 256;
/// What stands in for a secret that was not read: text, a header and an address.
const STAND_IN: &str = "https://unread.invalid";

/// A value in the file, with the path and the place by which a message names it.
#[derive(Clone)]
pub(crate) struct Field<'n> {
    pub(crate) path: String,
    /// The key's place, or the value's where there is no key.
    pub(crate) key_place: &'n Place,
    pub(crate) node: &'n Node,
}

impl<'n> Field<'n> {
    pub(crate) fn root(node: &'n Node) -> Self {
        Self {
            path: String::new(),
            key_place: &node.place,
            node,
        }
    }

    pub(crate) fn entry(&self, entry: &'n Entry) -> Self {
        let key = path_key(&entry.key);
        let path = if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        };
        Self {
            path,
            key_place: &entry.key_place,
            node: &entry.node,
        }
    }

    pub(crate) fn item(&self, index: usize, node: &'n Node) -> Self {
        Self {
            path: format!("{}[{index}]", self.path),
            key_place: &node.place,
            node,
        }
    }
}

/// Text as it takes effect. Wiped when dropped and never printed: it may come from a variable.
pub(crate) struct Text {
    pub(crate) text: Zeroizing<String>,
    pub(crate) source: Source,
}

/// Where text comes from.
pub(crate) enum Source {
    /// It stands in the configuration.
    Here,
    /// A variable of this name.
    Variable(String),
    /// A file.
    File(PathBuf),
    /// A service.
    Service(Reference),
}

impl Source {
    /// What a message calls it; `None` for text whose place says it all.
    pub(crate) fn name(&self) -> Option<String> {
        match self {
            Self::Here => None,
            Self::Variable(name) => Some(format!("the environment variable {name}")),
            Self::File(path) => Some(format!("the file {}", path.display())),
            Self::Service(reference) => Some(format!("the secret {reference}")),
        }
    }
}

/// What every section is read with: resolves references and collects what is wrong.
pub(crate) struct Reader<'a> {
    pub(crate) environment: &'a dyn Environment,
    resolved: &'a Resolved,
    pub(crate) options: Options,
    pub(crate) variables: Variables,
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) notices: Vec<Notice>,
    /// Files with secrets that were asked for, to watch for changes.
    pub(crate) secret_files: Vec<PathBuf>,
    /// References that were met and are not resolved.
    pub(crate) unread: Vec<Referred>,
    /// The places of values that are not known for that: nothing can be said against them.
    pub(crate) blind: HashSet<Place>,
    /// The secrets of services that were met, each once.
    services: BTreeSet<(Scheme, Box<str>)>,
    /// What is read says how services are asked.
    pub(crate) is_source: bool,
    /// Text means itself: nothing in it is a reference.
    pub(crate) is_literal: bool,
    main: Arc<str>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(
        environment: &'a dyn Environment,
        resolved: &'a Resolved,
        options: Options,
        main: &Arc<str>,
        problems: Vec<Problem>,
    ) -> Self {
        Self {
            environment,
            resolved,
            unread: Vec::new(),
            blind: HashSet::new(),
            services: BTreeSet::new(),
            is_source: false,
            options,
            variables: Variables::default(),
            credentials: Arc::default(),
            problems,
            notices: Vec::new(),
            secret_files: Vec::new(),
            is_literal: false,
            main: Arc::clone(main),
        }
    }

    /// Reports what is wrong with the value of `field`.
    pub(crate) fn problem(&mut self, field: &Field<'_>, message: impl Into<String>) {
        self.problem_at(&field.node.place, &field.path, message);
    }

    /// Reports what is wrong at `place`.
    pub(crate) fn problem_at(&mut self, place: &Place, path: &str, message: impl Into<String>) {
        self.report(place, path, message.into(), ProblemKind::Invalid);
    }

    /// Reports a problem of any kind.
    pub(crate) fn report(&mut self, place: &Place, path: &str, message: String, kind: ProblemKind) {
        if self.problems.len() < MAX_REPORTS {
            self.problems.push(Problem {
                place: place.clone(),
                path: path.to_owned(),
                message,
                kind,
            });
        }
    }

    /// Tells the operator about the key of `field`.
    pub(crate) fn notice(&mut self, field: &Field<'_>, message: impl Into<String>) {
        self.notice_at(field.key_place, &field.path, message);
    }

    /// Tells the operator about what stands at `place`.
    pub(crate) fn notice_at(&mut self, place: &Place, path: &str, message: impl Into<String>) {
        if self.has_room() {
            self.notices.push(Notice {
                place: place.clone(),
                path: path.to_owned(),
                message: message.into(),
                included: place.file != self.main,
            });
        }
    }

    /// Whether another notice would be kept.
    pub(crate) fn has_room(&self) -> bool {
        self.notices.len() < MAX_REPORTS
    }

    /// The text of `field`, with a reference replaced by what it names. `None` is reported: what was
    /// meant as a reference is never text.
    pub(crate) fn text(&mut self, field: &Field<'_>) -> Option<Text> {
        let Value::Scalar(scalar) = &field.node.value else {
            let found = found(field.node);
            self.problem(field, format!("expected text, found {found}"));
            return None;
        };
        if self.is_literal {
            return Some(Text {
                text: scalar.text.clone(),
                source: Source::Here,
            });
        }
        if self.is_source && self.is_of_service(&scalar.text) {
            let message = "this says how secrets are read, so no service can keep it; write it \
                           here, or in a variable of the environment";
            self.problem(field, message);
            return None;
        }
        match Spelling::of(&scalar.text) {
            Spelling::Literal => Some(Text {
                text: scalar.text.clone(),
                source: Source::Here,
            }),
            Spelling::Reference(Scheme::Variable, name) => self.variable(field, name),
            Spelling::Reference(Scheme::File, path) => self.secret_file(field, path.into()),
            Spelling::Reference(scheme, rest) => match Reference::parse(scheme, rest) {
                Ok(reference) => self.service(field, reference),
                Err(message) => {
                    self.problem(field, message);
                    None
                }
            },
            Spelling::Slip(scheme) => {
                let message = format!(
                    "{} has to be the whole value, written exactly so; put the whole text there",
                    scheme.form()
                );
                self.problem(field, message);
                None
            }
        }
    }

    fn variable(&mut self, field: &Field<'_>, name: &str) -> Option<Text> {
        if !is_variable_name(name) {
            let message = "os.environ/ is followed by no variable name; \
                           write letters, digits and '_', such as os.environ/OPENAI_API_KEY";
            self.problem(field, message);
            return None;
        }
        let Some(text) = self.variables.lookup(self.environment, name) else {
            let message = format!(
                "the environment variable {name} is not set; \
                 set it before starting, or write the value here"
            );
            self.problem(field, message);
            return None;
        };
        self.see_through(name, &field.node.place);
        Some(Text {
            text,
            source: Source::Variable(name.to_owned()),
        })
    }

    /// Whether a service keeps what this text stands for, be it by way of a variable.
    pub(crate) fn is_of_service(&self, text: &str) -> bool {
        match Spelling::of(text) {
            Spelling::Reference(Scheme::Variable, name) => self.variables.is_of_service(name),
            Spelling::Reference(scheme, _) => scheme.is_service(),
            Spelling::Literal | Spelling::Slip(_) => false,
        }
    }

    /// A variable of the configuration may stand for a secret that was not read.
    pub(crate) fn see_through(&mut self, variable: &str, place: &Place) {
        if self.variables.is_unread(variable) {
            self.blind.insert(place.clone());
        }
    }

    /// What a service keeps, as far as it was asked. Until then the place and the reference are
    /// noted, and other text stands in: what comes of that is left out of the problems.
    fn service(&mut self, field: &Field<'_>, reference: Reference) -> Option<Text> {
        self.services
            .insert((reference.scheme, reference.name.clone()));
        if self.services.len() > MAX_SERVICE_SECRETS {
            let message = "more than 256 different secrets of services are referred to; keep \
                           several in the fields of one";
            self.problem(field, message);
            return None;
        }
        let text = match self.resolved.get(&reference) {
            Some(Ok(secret)) => {
                let Ok(text) = std::str::from_utf8(secret.expose().bytes()).map(str::to_owned)
                else {
                    self.problem(field, format!("{reference} is not text (UTF-8)"));
                    return None;
                };
                Zeroizing::new(text)
            }
            Some(Err(message)) => {
                let message = message.clone();
                self.problem(field, message);
                return None;
            }
            None => {
                self.blind.insert(field.node.place.clone());
                self.unread.push(Referred {
                    reference: reference.clone(),
                    place: field.node.place.clone(),
                    path: field.path.clone(),
                });
                Zeroizing::new(STAND_IN.to_owned())
            }
        };
        let source = Source::Service(reference);
        Some(Text { text, source })
    }

    fn secret_file(&mut self, field: &Field<'_>, path: PathBuf) -> Option<Text> {
        let read = self.environment.secret_file(&path);
        // Also when it is missing: the reload that follows its making puts it in force.
        self.secret_files.push(path.clone());
        let secret = match read {
            Ok(secret) => secret,
            Err(message) => {
                self.problem(field, message);
                return None;
            }
        };
        let Ok(text) = std::str::from_utf8(secret.expose().bytes()).map(str::to_owned) else {
            self.problem(field, format!("{} is not text (UTF-8)", path.display()));
            return None;
        };
        Some(Text {
            text: Zeroizing::new(text),
            source: Source::File(path),
        })
    }

    /// The entries of a mapping. `None` is reported.
    pub(crate) fn entries<'n>(&mut self, field: &Field<'n>) -> Option<&'n [Entry]> {
        match &field.node.value {
            Value::Map(entries) => Some(entries),
            Value::Scalar(_) | Value::List(_) => {
                let found = found(field.node);
                let message = format!("expected a mapping ('key: value' lines), found {found}");
                self.problem(field, message);
                None
            }
        }
    }

    /// The items of a list. `None` is reported.
    pub(crate) fn items<'n>(&mut self, field: &Field<'n>) -> Option<Vec<Field<'n>>> {
        let Value::List(items) = &field.node.value else {
            let found = found(field.node);
            let message = format!("expected a list ('- item' lines, or [a, b]), found {found}");
            self.problem(field, message);
            return None;
        };
        let fields = items.iter().enumerate();
        Some(
            fields
                .map(|(index, item)| field.item(index, item))
                .collect(),
        )
    }
}

/// Whether text can be the name of an environment variable.
pub(crate) fn is_variable_name(name: &str) -> bool {
    name.len() <= 256
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What stands there, in words that give no text away.
pub(crate) fn found(node: &Node) -> &'static str {
    match &node.value {
        Value::List(_) => "a list",
        Value::Map(_) => "a mapping",
        Value::Scalar(scalar) if scalar.is_null() => "nothing",
        Value::Scalar(_) => "a single value",
    }
}

#[cfg(test)]
mod tests;
