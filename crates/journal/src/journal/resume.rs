use std::io;
use std::sync::Arc;

use crate::edge::Edge;
use crate::folder::Folder;
use crate::hash::hash_nothing;
use crate::note::{Checkpoint, Signer};
use crate::publish::{Handover, Publisher};
use crate::tail::{HEAD, Judge, Kept, Rest, head, scan, write_mark, write_record};
use crate::value::{Fields, bounded};
use crate::writer::{Durability, Medium, Writer};

/// A journal as it was left, ready to go on.
pub(super) struct Resumed {
    pub(super) writer: Writer,
    pub(super) publisher: Publisher,
    /// Records of the tails, which have no checkpoint yet.
    pub(super) handover: Option<Handover>,
    /// What was cut off.
    pub(super) torn: Option<Fields>,
}

/// Takes up a journal where its checkpoint and its tails end. `at`: the time, in milliseconds.
pub(super) fn resume(
    folder: &Folder,
    signer: &Arc<Signer>,
    (medium, durability): (Box<dyn Medium>, Durability),
    at: u64,
) -> io::Result<Resumed> {
    let checkpoint = read_checkpoint(folder, signer)?;
    let opened = Publisher::open(folder.clone(), Arc::clone(signer), &checkpoint)?;
    let (publisher, edge) = opened;
    let mut tails = Tails {
        folder,
        signer,
        at,
        edge,
        kept: Kept::default(),
        torn: None,
    };
    for (at, first) in folder.tails()?.into_iter().enumerate() {
        tails.read(first, at)?;
    }
    let Tails {
        edge, kept, torn, ..
    } = tails;
    let handover = (!kept.is_empty()).then(|| Handover {
        kept,
        root: edge.root(),
    });
    let signer = Arc::clone(signer);
    let writer = Writer::start(folder.clone(), signer, medium, durability, edge)?;
    Ok(Resumed {
        writer,
        publisher,
        handover,
        torn,
    })
}

fn read_checkpoint(folder: &Folder, signer: &Signer) -> io::Result<Checkpoint> {
    let Some(note) = folder.read_checkpoint()? else {
        if folder.names("tile")?.is_empty() {
            let (size, root) = (0, hash_nothing());
            // Tiles come before their checkpoint: a crash in between is told from one that was taken away.
            folder.write_checkpoint(&signer.note(size, root))?;
            return Ok(Checkpoint {
                origin: signer.key().name().to_owned(),
                size,
                root,
            });
        }
        return Err(broken("it has tiles and no checkpoint"));
    };
    let opened = signer.key().open(&note);
    opened.map_err(|error| broken(&format!("its checkpoint is not taken: {error}")))
}

/// The tails, read one after the other.
struct Tails<'a> {
    folder: &'a Folder,
    signer: &'a Signer,
    at: u64,
    edge: Edge,
    kept: Kept,
    torn: Option<Fields>,
}

impl Tails<'_> {
    fn read(&mut self, first: u64, part: usize) -> io::Result<()> {
        let name = Folder::tail(first);
        let bytes = self.folder.read(&name)?.unwrap_or_default();
        // Behind something that was cut off nothing holds.
        let scanned = scan(&bytes).filter(|scanned| scanned.first == first && self.torn.is_none());
        let Some(scanned) = scanned else {
            self.cut_off(&bytes, Rest::Changed, part)?;
            return self.folder.remove(&name);
        };
        let judge = Judge::Gateway(self.signer);
        let count = u64::try_from(scanned.records.len()).unwrap_or(u64::MAX);
        if count == 0 || first.saturating_add(count) <= self.edge.size() && self.kept.is_empty() {
            let is_whole = scanned.records.is_empty();
            let judged = is_whole.then(|| scanned.judge(&mut self.edge.clone(), judge));
            if let Some(rest) = judged.and_then(|judged| judged.rest) {
                self.cut_off(&bytes, rest, part)?;
            }
            return self.folder.remove(&name);
        }
        if first != self.edge.size() {
            let size = self.edge.size();
            return Err(broken(&format!(
                "records {size} to {first} are missing between its checkpoint and {name}"
            )));
        }
        let judged = scanned.judge(&mut self.edge.clone(), judge);
        let mut frames = Vec::new();
        for record in scanned.records.iter().take(judged.records) {
            write_record(record, &mut frames);
        }
        self.kept.add(&frames, &mut self.edge);
        let (whole, cut) = bytes.split_at_checked(judged.end).unwrap_or((&bytes, &[]));
        if let Some(rest) = judged.rest {
            self.cut_off(cut, rest, part)?;
        }
        if judged.rest.is_some() || judged.signed < judged.records || judged.is_head_behind {
            // What a crash left unsigned is good by its seals, and anybody can see that from now on.
            let (_, groups) = whole.split_at_checked(HEAD).unwrap_or_default();
            let mut signed = head(first, self.edge.size());
            signed.extend_from_slice(groups);
            write_mark(&self.edge, self.signer, &mut signed);
            self.folder.replace(&name, &signed)?;
        }
        Ok(())
    }

    /// Keeps what is cut off where it can be looked at.
    fn cut_off(&mut self, bytes: &[u8], rest: Rest, part: usize) -> io::Result<()> {
        let name = Folder::torn(self.edge.size(), self.at, part);
        self.folder.replace(&name, bytes)?;
        let why = match rest {
            Rest::Cut => "a group of records was not written to its end",
            Rest::Changed => "records are not those that were signed",
        };
        let size = self.edge.size();
        self.torn.get_or_insert_with(|| {
            Fields::default()
                .with("reason", why)
                .with("after", size)
                .with("bytes", u64::try_from(bytes.len()).unwrap_or(u64::MAX))
                .with("kept_in", bounded(&name, 128))
        });
        Ok(())
    }
}

fn broken(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text.to_owned())
}
