//! Every act is a record before it is done, and its outcome before it is told.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use ironward_journal::{Fields, Journal, Kind, Record, Unwritten, Value, Wait, bounded};
use ironward_store::Change;

use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::request::shortened;

/// The most objects that a record names.
const MOST_OBJECTS: usize = 50;
/// The most characters of a reason or an id.
const TEXT: usize = 256;

/// A record on its way to the disk, and then its id.
pub type Appending<'a> = Pin<Box<dyn Future<Output = Result<String, Unwritten>> + Send + 'a>>;

/// Where acts are recorded.
pub trait Acts: Send + Sync {
    /// Records something, and waits until it is on the disk; the id of the record.
    fn append<'a>(&'a self, record: &'a Record) -> Appending<'a>;

    /// Records what has happened already, as soon as that can be done.
    fn owe(&self, record: &Record);
}

impl Acts for Journal {
    fn append<'a>(&'a self, record: &'a Record) -> Appending<'a> {
        Box::pin(async move { Ok(Self::append(self, record, Wait::Disk).await?.id) })
    }

    fn owe(&self, record: &Record) {
        Self::owe(self, record);
    }
}

/// The objects that an act has written so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Touched(Arc<Mutex<Vec<Fields>>>);

impl Touched {
    /// Notes what was written.
    pub(crate) fn note(&self, changes: &[Change]) {
        let objects = changes.iter().map(|change| {
            Fields::default()
                .with("kind", change.kind().as_str())
                .with("id", bounded(change.id(), TEXT))
                .with("change", change.verb())
        });
        self.lock().extend(objects);
    }

    fn value(&self) -> Option<Value> {
        let touched = self.lock();
        let shown = touched.iter().take(MOST_OBJECTS).cloned();
        let shown: Vec<Value> = shown.map(Value::Fields).collect();
        (!shown.is_empty()).then_some(Value::List(shown))
    }

    fn unnamed(&self) -> Option<u64> {
        let unnamed = self.lock().len().checked_sub(MOST_OBJECTS)?;
        u64::try_from(unnamed).ok().filter(|unnamed| *unnamed > 0)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Fields>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An act that is on the record and not over.
pub(crate) struct Act<'a> {
    acts: &'a dyn Acts,
    /// What its outcome says whatever it is.
    outcome: Record,
    what: Fields,
    touched: Touched,
    has_ended: bool,
}

impl<'a> Act<'a> {
    /// Records what is about to be done, and by whom.
    ///
    /// # Errors
    /// 503 when that is not on the disk: nothing may be done.
    pub(crate) async fn begin(call: &Call<'a>) -> Result<Self, Refusal> {
        let acts = &*call.plane.acts;
        let row = call.route.row();
        let what = Fields::default()
            .with("route", row.path)
            .with("method", row.method.as_str());
        let name = call
            .name
            .as_deref()
            .map(|name| bounded(&shortened(name), TEXT));
        let intent = what.clone().with_some("object", name);
        let source = call.source.map(|source| source.to_string());
        let who = call.actor.who(source.as_deref());
        let intent = Record::new(Kind::Act).by(&who).about(intent);
        let outcome = Record::new(Kind::ActOutcome).by(&who);
        let touched = call.touched.clone();
        match acts.append(&intent).await {
            Ok(id) => Ok(Self {
                acts,
                outcome: outcome.outcome_of(&id),
                what,
                touched,
                has_ended: false,
            }),
            Err(error) => {
                let refusal = refuse("nothing was done", &error);
                // It may come to the disk after all.
                acts.owe(&outcome.about(told(what, &Err(refusal.clone()))));
                Err(refusal)
            }
        }
    }

    /// Records what came of it.
    ///
    /// # Errors
    /// 503 when that is not on the disk: nobody is told what is not on the record. It is recorded as
    /// soon as that can be done.
    pub(crate) async fn end(mut self, outcome: &Outcome) -> Result<(), Refusal> {
        let record = self.record(told(self.what.clone(), outcome));
        self.has_ended = true;
        let written = self.acts.append(&record).await;
        written.map(drop).map_err(|error| {
            self.acts.owe(&record);
            let what = if outcome.is_ok() {
                "it was done, and what came of it cannot be told before it is recorded; look \
                 before you repeat it"
            } else {
                "nothing was done"
            };
            refuse(what, &error)
        })
    }

    fn record(&self, what: Fields) -> Record {
        let what = what
            .with_some("objects", self.touched.value())
            .with_some("more_objects", self.touched.unnamed());
        self.outcome.clone().about(what)
    }
}

impl Drop for Act<'_> {
    /// The client has gone: whether the act was done by then shows in the objects.
    fn drop(&mut self) {
        if !self.has_ended {
            let what = self.what.clone().with("abandoned", true);
            self.acts.owe(&self.record(what));
        }
    }
}

/// Records an act that was refused before anything was read of it.
pub(crate) fn record_refused(call: &Call<'_>, refusal: &Refusal) {
    let row = call.route.row();
    let what = Fields::default()
        .with("route", row.path)
        .with("method", row.method.as_str())
        .with("status", refusal.status().as_u16())
        .with("reason", bounded(refusal.message(), TEXT));
    let source = call.source.map(|source| source.to_string());
    let who = call.actor.who(source.as_deref());
    let record = Record::new(Kind::ActRefused).by(&who).about(what);
    call.plane.acts.owe(&record);
}

fn told(what: Fields, outcome: &Outcome) -> Fields {
    match outcome {
        Ok(_) => what.with("status", StatusCode::OK.as_u16()),
        Err(refusal) => what
            .with("status", refusal.status().as_u16())
            .with("reason", bounded(refusal.message(), TEXT)),
    }
}

fn refuse(what: &str, error: &Unwritten) -> Refusal {
    ironward_telemetry::JournalNotice {
        text: &format!("an act was refused: {error}"),
    }
    .emit();
    Refusal::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "service_unavailable",
        format!("the journal cannot be written now: {what}"),
    )
}
