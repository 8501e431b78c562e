use ironward_catalogue::{
    InvalidPrice, Meter, Prices, Rate, Service, Uplift, from_litellm, is_price,
};
use ironward_core::nearest;

use crate::node::{Entry, Value};
use crate::reader::{Field, Reader};
use crate::show::path_key;

/// A deployment's own prices as they are written: each field's way and its decimal text, by which
/// `ironward_catalogue::from_litellm` reads them. What is here was read once and is sound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrittenPrices(Vec<(String, String)>);

impl WrittenPrices {
    /// The fields with their texts, in the order of the file.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.0.iter();
        fields.map(|(field, text)| (field.as_str(), text.as_str()))
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These, and of the others what these say nothing of.
    pub(super) fn over(mut self, others: &Self) -> Self {
        let mut more = others.0.clone();
        more.retain(|(field, _)| self.0.iter().all(|(own, _)| key_of(own) != key_of(field)));
        self.0.append(&mut more);
        self
    }

    /// Reads the entry if it is a price, or looks like one that is not known.
    pub(super) fn take(
        &mut self,
        reader: &mut Reader<'_>,
        field: &Field<'_>,
        entry: &Entry,
    ) -> bool {
        if !is_price(&entry.key) {
            if !entry.key.contains("cost") {
                return false;
            }
            if !entry.node.is_null() {
                reader.notice(field, unknown(&entry.key));
            }
            return true;
        }
        if !entry.node.is_null() {
            self.read(reader, field, &entry.key);
        }
        true
    }

    fn read(&mut self, reader: &mut Reader<'_>, field: &Field<'_>, key: &str) {
        let mut found = Vec::new();
        let reported = reader.problems.len();
        flatten(reader, field, key.to_owned(), &mut found);
        if reader.problems.len() > reported {
            return;
        }
        let texts = found.iter().map(|(name, text, _)| (&**name, &**text));
        match from_litellm("", texts) {
            Ok(prices) => {
                if !is_charged(&prices) {
                    reader.notice(field, "no call is charged by it yet; it is kept and shown");
                }
                let read = found.into_iter();
                self.0.extend(read.map(|(name, text, _)| (name, text)));
            }
            Err(InvalidPrice { field: name, why }) => {
                let at = found.iter().find(|(found, ..)| *found == name);
                let at = at.map_or(field, |(_, _, at)| at).clone();
                reader.problem(&at, why);
            }
        }
    }
}

/// The key that a field stands in.
fn key_of(field: &str) -> &str {
    field.split_once('.').map_or(field, |(key, _)| key)
}

/// The single values in what `field` holds, with the ways there. An absent one is none.
fn flatten<'n>(
    reader: &mut Reader<'_>,
    field: &Field<'n>,
    name: String,
    found: &mut Vec<(String, String, Field<'n>)>,
) {
    match &field.node.value {
        Value::Scalar(_) if field.node.is_null() => {}
        Value::Scalar(_) => {
            if let Some(text) = reader.text(field) {
                found.push((name, text.text.trim().replace('_', ""), field.clone()));
            }
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                let way = format!("{name}.{index}");
                flatten(reader, &field.item(index, item), way, found);
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                let way = format!("{name}.{}", path_key(&entry.key));
                flatten(reader, &field.entry(entry), way, found);
            }
        }
    }
}

/// What a provider's usage counts, and calls are charged by.
const COUNTED: [Meter; 9] = [
    Meter::Input,
    Meter::Cached,
    Meter::CacheWrite,
    Meter::CacheWrite1h,
    Meter::AudioIn,
    Meter::AudioCached,
    Meter::Output,
    Meter::Reasoning,
    Meter::AudioOut,
];

fn is_charged(prices: &Prices) -> bool {
    let is_charged = |rate: &Rate| {
        COUNTED.contains(&rate.meter)
            && !matches!(rate.service, Service::Batch | Service::Decisions)
    };
    let is_applied =
        |(uplift, _): &(Uplift, u64)| !matches!(uplift, Uplift::RegionalEndpoint | Uplift::Fedramp);
    prices.rates().iter().any(is_charged) || prices.uplifts().iter().any(is_applied)
}

fn unknown(key: &str) -> String {
    let names = Meter::ALL.iter().map(|meter| meter.litellm());
    match nearest(key, names) {
        Some(near) => format!("not a price that is known, ignored; did you mean '{near}'?"),
        None => "not a price that is known, ignored".to_owned(),
    }
}
