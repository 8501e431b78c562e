use crate::value::{Fields, Value, bounded};

/// The version of what records say and how.
pub const SCHEMA: u32 = 1;

/// The largest record; an entry bundle could take 65,535.
pub const LARGEST_RECORD: usize = 16 << 10;

/// The most characters of a name.
pub(crate) const NAME: usize = 256;

/// What kind of thing happened. The use of credentials joins with its projection; a reader skips a kind
/// that it does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The gateway has started.
    Start,
    /// It is about to end.
    Stop,
    /// A configuration came in force.
    Config,
    /// A changed configuration was refused.
    ConfigRefused,
    /// Somebody is about to change something: written before anything is done.
    Act,
    /// What came of it: written before they are told.
    ActOutcome,
    /// Somebody may not do what they asked for, whatever it would have been: their role says so.
    ActRefused,
    /// A call was let in: written while its provider thinks, and before the reply's first byte.
    Call,
    /// A call is over, however it ended.
    CallSettled,
    /// Records at the end of the journal were not whole when it was opened, and were cut off.
    Torn,
    /// The journal could not be written for a while.
    Recovered,
}

impl Kind {
    /// As it stands in a record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Config => "config",
            Self::ConfigRefused => "config.refused",
            Self::Act => "act",
            Self::ActOutcome => "act.outcome",
            Self::ActRefused => "act.refused",
            Self::Call => "call",
            Self::CallSettled => "call.settled",
            Self::Torn => "journal.torn",
            Self::Recovered => "journal.recovered",
        }
    }
}

/// Who did it, as far as that is known: ids and names, never a key.
#[derive(Debug, Clone, Copy, Default)]
pub struct Who<'a> {
    /// The name under which objects remember them.
    pub name: Option<&'a str>,
    /// The role that they have.
    pub role: Option<&'a str>,
    /// The id of the key that was presented.
    pub key: Option<&'a str>,
    /// The id of the user.
    pub user: Option<&'a str>,
    /// The id of the service account.
    pub service_account: Option<&'a str>,
    /// The id of the team.
    pub team: Option<&'a str>,
    /// The id of the organisation.
    pub organisation: Option<&'a str>,
    /// Whom they act for, by their own word.
    pub on_behalf_of: Option<&'a str>,
    /// The address that the connection came from.
    pub source: Option<&'a str>,
}

impl Who<'_> {
    fn fields(&self) -> Fields {
        let name = |text: Option<&str>| text.map(|text| bounded(text, NAME));
        Fields::default()
            .with_some("name", name(self.name))
            .with_some("role", name(self.role))
            .with_some("key", name(self.key))
            .with_some("user", name(self.user))
            .with_some("service_account", name(self.service_account))
            .with_some("team", name(self.team))
            .with_some("organisation", name(self.organisation))
            .with_some("on_behalf_of", name(self.on_behalf_of))
            .with_some("source", name(self.source))
    }
}

/// Something that happened. Time, node and id are added when it is appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    kind: Kind,
    who: Fields,
    what: Fields,
    /// The id of the record that this one is the outcome of.
    of: Option<String>,
}

impl Record {
    /// A record of this kind.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            who: Fields::default(),
            what: Fields::default(),
            of: None,
        }
    }

    /// The same, done by somebody.
    #[must_use]
    pub fn by(mut self, who: &Who<'_>) -> Self {
        self.who = who.fields();
        self
    }

    /// The same with what it was about.
    #[must_use]
    pub fn about(mut self, what: Fields) -> Self {
        self.what = what;
        self
    }

    /// The same as the outcome of an earlier record.
    #[must_use]
    pub fn outcome_of(mut self, id: &str) -> Self {
        self.of = Some(id.to_owned());
        self
    }

    /// As it is hashed and stored. A record that came out too large says only that it did.
    #[must_use]
    pub fn encode(&self, stamp: &Stamp<'_>) -> Vec<u8> {
        let mut json = String::with_capacity(512);
        self.fields(stamp, self.what.clone()).write(&mut json);
        if json.len() > LARGEST_RECORD {
            let length = u64::try_from(json.len()).unwrap_or(u64::MAX);
            json.clear();
            let what = Fields::default().with("too_large", length);
            self.fields(stamp, what).write(&mut json);
        }
        json.into_bytes()
    }

    fn fields(&self, stamp: &Stamp<'_>, what: Fields) -> Fields {
        let mut fields = Fields::default()
            .with("v", SCHEMA)
            .with("at", stamp.at)
            .with("id", Value::Text(stamp.id.to_owned()))
            .with("kind", self.kind.as_str())
            .with("node", bounded(stamp.node, NAME))
            .with_some("of", self.of.clone().map(Value::Text));
        for (name, part) in [("who", self.who.clone()), ("what", what)] {
            if !part.is_empty() {
                fields.put(name, part);
            }
        }
        fields
    }
}

/// What is added to every record.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// Which node.
    pub node: &'a str,
    /// The name of the record.
    pub id: &'a str,
}

#[cfg(test)]
mod tests {
    use super::{Fields, Kind, LARGEST_RECORD, Record, Stamp, Who};
    use crate::value::{Value, bounded};

    const STAMP: Stamp<'_> = Stamp {
        at: 1,
        node: "n",
        id: "r",
    };

    #[test]
    fn a_record_reads_as_documented() {
        let who = Who {
            name: Some("ada"),
            source: Some("127.0.0.1"),
            ..Who::default()
        };
        let what = Fields::default().with("route", "/key/generate");
        let record = Record::new(Kind::Act).by(&who).about(what).encode(&STAMP);
        assert_eq!(
            String::from_utf8(record).unwrap(),
            r#"{"at":1,"id":"r","kind":"act","node":"n","v":1,"what":{"route":"/key/generate"},"who":{"name":"ada","source":"127.0.0.1"}}"#
        );
    }

    #[test]
    fn a_record_has_a_bound() {
        let many: Vec<Value> = (0..100).map(|_| bounded(&"x".repeat(300), 256)).collect();
        let record = Record::new(Kind::Act).about(Fields::default().with("many", many));
        let record = String::from_utf8(record.encode(&STAMP)).unwrap();
        assert!(record.len() < LARGEST_RECORD);
        assert!(record.contains("too_large"), "{record}");
    }
}
