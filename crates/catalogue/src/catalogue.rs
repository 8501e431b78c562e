use std::cmp::Ordering;
use std::fmt;

use crate::{Entry, Found, InvalidLine, field_of, read_entry};

/// The prices of this repository.
const BUILT_IN: &str = include_str!("../prices/catalogue.txt");
/// The schema that this crate reads.
const SCHEMA: &str = "1";
/// What stands between the name of an alias and that of its model.
const ALIAS: &str = " = ";

/// The prices of many models.
#[derive(Debug, Default)]
pub struct Catalogue<'t> {
    text: &'t str,
    version: Version<'t>,
    source: &'t str,
    facts: Facts,
    providers: Vec<&'t str>,
    /// In the order of names, whatever their case.
    lines: Vec<Line>,
}

/// Which catalogue it is: the day of its facts and a hash of its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Version<'t>(&'t str);

/// How many price facts a catalogue was made from, and the sum of their fingerprints: by it a test
/// sees that none is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// How many.
    pub count: u64,
    /// The sum of what [`fingerprint`] makes of each.
    pub sum: u64,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item<'t> {
    /// A model.
    Entry(Entry<'t>),
    /// Another name of a model.
    Alias(&'t str),
}

#[derive(Debug, Clone, Copy)]
struct Line {
    start: u32,
    name: u16,
    length: u16,
    provider: u16,
}

/// Why a text is no catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidCatalogue {
    /// It does not begin as one of this schema.
    Schema,
    /// A line cannot be read.
    Line(u32, InvalidLine),
    /// A name is there twice.
    Twice(String),
    /// An alias stands for a name that is not there.
    Dangling(String),
    /// The lines are not those that its version is of.
    Changed,
    /// It is too large.
    Size,
}

impl Catalogue<'static> {
    /// The catalogue that is built in.
    #[must_use]
    pub fn built_in() -> Self {
        // A test reads every line of it.
        Self::index(BUILT_IN).unwrap_or_default()
    }
}

impl<'t> Catalogue<'t> {
    /// Reads a catalogue and every line of it.
    ///
    /// # Errors
    /// When it has another schema, or a line that cannot be read, or was changed by hand.
    pub fn read(text: &'t str) -> Result<Self, InvalidCatalogue> {
        let catalogue = Self::index(text)?;
        for (at, line) in catalogue.lines.iter().enumerate() {
            if let Err(invalid) = catalogue.item(line) {
                let lines = text.get(..line.start as usize).unwrap_or_default();
                let number = lines.bytes().filter(|byte| *byte == b'\n').count() + 1;
                return Err(InvalidCatalogue::Line(
                    u32::try_from(number).unwrap_or(u32::MAX),
                    invalid,
                ));
            }
            let name = catalogue.name(line);
            let next = catalogue.lines.get(at + 1);
            if next.is_some_and(|next| catalogue.name(next).eq_ignore_ascii_case(name)) {
                return Err(InvalidCatalogue::Twice(name.to_owned()));
            }
        }
        for (_, item) in catalogue.items() {
            if let Item::Alias(target) = item {
                let line = catalogue.line_of(&[target]);
                let item = line.and_then(|line| catalogue.item(catalogue.lines.get(line)?).ok());
                if !matches!(item, Some(Item::Entry(_))) {
                    return Err(InvalidCatalogue::Dangling(target.to_owned()));
                }
            }
        }
        if catalogue.version.hash() != Some(catalogue.hash()) {
            return Err(InvalidCatalogue::Changed);
        }
        Ok(catalogue)
    }

    /// Finds where each model's line is, and reads none.
    fn index(text: &'t str) -> Result<Self, InvalidCatalogue> {
        let mut catalogue = Self {
            text,
            ..Self::default()
        };
        let (mut start, mut schema) = (0_usize, false);
        for line in text.split_inclusive('\n') {
            let at = start;
            start += line.len();
            let line = line.trim_end_matches('\n');
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(provider) = line.strip_prefix('[') {
                catalogue.providers.push(provider.trim_end_matches(']'));
            } else if catalogue.providers.is_empty() {
                schema |= catalogue.header(line);
            } else {
                catalogue.lines.push(catalogue.place(at, line)?);
            }
        }
        if !schema {
            return Err(InvalidCatalogue::Schema);
        }
        let mut lines = std::mem::take(&mut catalogue.lines);
        lines.sort_by_cached_key(|line| catalogue.name(line).to_ascii_lowercase());
        catalogue.lines = lines;
        Ok(catalogue)
    }

    /// Takes a line before the first section; whether it names the schema that we read.
    fn header(&mut self, line: &'t str) -> bool {
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        match key {
            "version" => self.version = Version(value),
            "source" => self.source = value,
            "facts" => self.facts = Facts::read(value).unwrap_or_default(),
            _ => {}
        }
        key == "schema" && value == SCHEMA
    }

    fn place(&self, start: usize, line: &str) -> Result<Line, InvalidCatalogue> {
        let name = line.find(' ').unwrap_or(line.len());
        let place = || {
            Some(Line {
                start: u32::try_from(start).ok()?,
                name: u16::try_from(name).ok()?,
                length: u16::try_from(line.len()).ok()?,
                provider: u16::try_from(self.providers.len() - 1).ok()?,
            })
        };
        place().ok_or(InvalidCatalogue::Size)
    }

    /// Which catalogue it is.
    #[must_use]
    pub const fn version(&self) -> Version<'t> {
        self.version
    }

    /// Where its facts come from.
    #[must_use]
    pub const fn source(&self) -> &'t str {
        self.source
    }

    /// The facts that it says it was made from.
    #[must_use]
    pub const fn facts(&self) -> Facts {
        self.facts
    }

    /// How many names it knows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether it knows none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Every name and what it stands for, in the order of names.
    pub fn items(&self) -> impl Iterator<Item = (&'t str, Item<'t>)> {
        let lines = self.lines.iter();
        lines.filter_map(|line| Some((self.name(line), self.item(line).ok()?)))
    }

    /// The line of the model whose name is these parts one after the other, in any case; by another
    /// name of it, too.
    pub(crate) fn model_line(&self, parts: &[&str]) -> Option<usize> {
        let at = self.line_of(parts)?;
        match self.text(self.lines.get(at)?).split_once(ALIAS) {
            Some((_, target)) => self.line_of(&[target]),
            None => Some(at),
        }
    }

    /// Whose model it is that stands in this line.
    pub(crate) fn provider_in(&self, line: usize) -> Option<&'t str> {
        let line = self.lines.get(line)?;
        self.providers.get(usize::from(line.provider)).copied()
    }

    /// The model that stands in this line.
    pub(crate) fn model_in(&self, line: usize) -> Option<Found<'t>> {
        let line = self.lines.get(line)?;
        match self.item(line).ok()? {
            Item::Entry(entry) => Some(Found {
                name: self.name(line),
                entry,
            }),
            Item::Alias(_) => None,
        }
    }

    fn line_of(&self, parts: &[&str]) -> Option<usize> {
        let order = |line: &Line| caseless(parts, self.name(line)).reverse();
        self.lines.binary_search_by(order).ok()
    }

    /// The facts that the lines hold.
    #[must_use]
    pub fn facts_of_lines(&self) -> Facts {
        let mut facts = Facts::default();
        for (name, item) in self.items() {
            let Item::Entry(entry) = item else { continue };
            for rate in entry.prices.rates() {
                facts.add(name, &field_of(rate), &rate.price.to_decimal(0));
            }
            for (uplift, times) in entry.prices.uplifts() {
                let times = crate::line::written_billionths(*times);
                facts.add(name, uplift.litellm(), &times);
            }
        }
        facts
    }

    fn name(&self, line: &Line) -> &'t str {
        let start = line.start as usize;
        let end = start + usize::from(line.name);
        self.text.get(start..end).unwrap_or_default()
    }

    fn text(&self, line: &Line) -> &'t str {
        let start = line.start as usize;
        let end = start + usize::from(line.length);
        self.text.get(start..end).unwrap_or_default()
    }

    fn item(&self, line: &Line) -> Result<Item<'t>, InvalidLine> {
        let text = self.text(line);
        if let Some((_, target)) = text.split_once(ALIAS) {
            return Ok(Item::Alias(target));
        }
        let provider = self.providers.get(usize::from(line.provider));
        let (_, entry) = read_entry(provider.copied().unwrap_or_default(), text)?;
        Ok(Item::Entry(entry))
    }

    fn hash(&self) -> u64 {
        let sections = self.text.find("\n[").unwrap_or_default();
        fingerprint(&[self.text.get(sections..).unwrap_or_default()])
    }
}

impl<'t> Version<'t> {
    /// As every record carries it: `2026-11-30.0123456789abcdef`.
    #[must_use]
    pub const fn as_str(self) -> &'t str {
        self.0
    }

    fn hash(self) -> Option<u64> {
        let (_, hash) = self.0.split_once('.')?;
        u64::from_str_radix(hash, 16).ok()
    }
}

impl fmt::Display for Version<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Facts {
    /// Adds that this price of this model is so many dollars.
    pub fn add(&mut self, model: &str, field: &str, dollars: &str) {
        self.count += 1;
        let fact = fingerprint(&[model, " ", field, " ", dollars]);
        self.sum = self.sum.wrapping_add(fact);
    }

    fn read(text: &str) -> Option<Self> {
        let (count, sum) = text.split_once(' ')?;
        Some(Self {
            count: count.parse().ok()?,
            sum: u64::from_str_radix(sum, 16).ok()?,
        })
    }
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:016x}", self.count, self.sum)
    }
}

/// A 64-bit FNV-1a hash of these parts one after the other: against mistakes, not against forgery.
#[must_use]
pub fn fingerprint(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Compares the parts one after the other with a name, whatever the case of their letters.
fn caseless(parts: &[&str], name: &str) -> Ordering {
    let parts = parts.iter().flat_map(|part| part.bytes());
    let parts = parts.map(|byte| byte.to_ascii_lowercase());
    parts.cmp(name.bytes().map(|byte| byte.to_ascii_lowercase()))
}

impl fmt::Display for InvalidCatalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Schema => write!(f, "no price catalogue of schema {SCHEMA}"),
            Self::Line(number, invalid) => write!(f, "line {number}: {invalid}"),
            Self::Twice(name) => write!(f, "{name} is there twice"),
            Self::Dangling(name) => write!(f, "an alias stands for {name}, which is not there"),
            Self::Changed => f.write_str("the lines are not those of its version"),
            Self::Size => f.write_str("too large for a price catalogue"),
        }
    }
}

impl std::error::Error for InvalidCatalogue {}
