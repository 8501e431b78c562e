//! `ironward import`: what another gateway's database holds, taken over.

mod read;
mod report;

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use ironward_admin::{Existing, Import, Note, import};
use ironward_core::{Clock as _, SystemClock};
use ironward_secret::KeyHasher;
use ironward_store::objects::Kind;
use ironward_store::{Store, Stored, WriteError};

use crate::args::{ImportCommand, LitellmArgs};
use crate::banner;
use crate::exit::Failure;
use crate::installation::Opening;
use crate::shared_secrets::SharedSecrets;
use crate::state::State;

/// Runs one of the commands.
pub(crate) fn run(command: &ImportCommand) -> Result<(), Failure> {
    let ImportCommand::Litellm(args) = command;
    let import =
        State::read(&args.show.state)?.run(async |opening| take_over(args, opening).await)?;
    banner::print(&if args.show.json {
        format!("{}\n", report::as_json(&import, args.dry_run))
    } else {
        report::as_table(&import, args.dry_run)
    });
    Ok(())
}

/// Reads everything before anything is written; writes batch by batch, each whole or not at all.
async fn take_over(args: &LitellmArgs, opening: &Opening<'_>) -> Result<Import, Failure> {
    let source = match (&args.file, &args.from) {
        (Some(file), _) => read::file(file)?,
        (None, Some(url)) => read::database(url).await?,
        (None, None) => {
            return Err(Failure::Usage(
                "name LiteLLM's database with --from or LITELLM_DATABASE_URL, or an export with \
                 --file"
                    .to_owned(),
            ));
        }
    };
    let installation = opening.open().await?;
    let store = &installation.store;
    let mut existing = Existing::default();
    let mut has_keys = false;
    let mut learn = |stored: Stored| {
        has_keys |= stored.kind == Kind::Key;
        existing.learn(&stored);
    };
    let load = store.load_all(None, None, &mut learn).await?;
    if !load.tampering.is_empty() {
        return Err(Failure::Tampered(format!(
            "nothing is imported: {} rows of the database were not written by ironward as they are; \
             find out who wrote to it, then run ironward store accept",
            load.tampering.len()
        )));
    }
    let secrets = SharedSecrets::of(store, Arc::clone(&opening.random)).await?;
    let hasher = if args.dry_run && secrets.is_first_start() {
        // The secret of this installation is not made yet, and a dry run does not make it. Without
        // it there is no key to be found again either.
        KeyHasher::new(&[0; 32])
    } else {
        secrets.hasher(opening.data_dir, has_keys).await?
    };
    let now = SystemClock.wall().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
    let mut import = import(source.rows, existing, &hasher, now);
    let unread = source.unread.iter().filter(|(_, rows)| *rows > 0);
    let unread = unread.map(|(table, rows)| Note::of_table(table, *rows));
    import.notes.extend(unread);
    if !args.dry_run {
        write(store, &import).await?;
    }
    Ok(import)
}

async fn write(store: &Store, import: &Import) -> Result<(), Failure> {
    let total: usize = import.batches.iter().map(Vec::len).sum();
    let mut written = 0;
    for batch in &import.batches {
        let outcome = store.write(batch).await;
        outcome.map_err(|error| stopped(error, written, total))?;
        written += batch.len();
    }
    Ok(())
}

/// Says how far it came: what is written stays, and the next run begins there.
fn stopped(error: WriteError, written: usize, total: usize) -> Failure {
    let so_far = format!("{written} of {total} objects are imported; run the command again");
    match error {
        WriteError::Conflict { kind, id } | WriteError::Taken { kind, id, .. } => {
            let kind = kind.as_str();
            Failure::Run(format!(
                "{kind} {id:?} was made by somebody else meanwhile: {so_far}"
            ))
        }
        WriteError::Store(error) => Failure::Store(format!("{error}: {so_far}")),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use ironward_store::objects::Kind;
    use ironward_store::{StoreError, WriteError};

    use super::stopped;

    #[test]
    fn an_interruption_says_how_far_it_came() {
        let taken = WriteError::Taken {
            kind: Kind::User,
            id: "ada".into(),
            what: "user email",
        };
        assert_eq!(
            stopped(taken, 500, 1200).to_string(),
            "user \"ada\" was made by somebody else meanwhile: 500 of 1200 objects are imported; \
             run the command again"
        );
        let full = stopped(WriteError::Store(StoreError::Full), 0, 7).to_string();
        assert!(full.ends_with(": 0 of 7 objects are imported; run the command again"));
    }
}
