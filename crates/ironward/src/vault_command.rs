//! `ironward vault`: the keys that everything secret is sealed under. Every command works while
//! gateways run, and may be interrupted at any time and run again.

mod change;
mod credential;

use ironward_store::Progress;
use serde_json::json;

use crate::args::{ResealArgs, SealArgs, ShowArgs, VaultCommand};
use crate::banner;
use crate::exit::Failure;
use crate::installation::Installation;
use crate::state::State;
use crate::table::{date, table};
use change::{Move, Moved};

/// Runs one of them.
pub(crate) fn run(command: &VaultCommand) -> Result<(), Failure> {
    match command {
        VaultCommand::Status(args) => show_status(args),
        VaultCommand::Rewrap(args) => rewrap(args),
        VaultCommand::RotateKek(args) => rotate_kek(args),
        VaultCommand::Seal(args) => seal(args),
        VaultCommand::Reseal(args) => reseal(args),
    }
}

fn show_status(args: &ShowArgs) -> Result<(), Failure> {
    let text = State::read(&args.state)?.run(async |opening| {
        let installation = opening.open().await?;
        let answers = installation.data_keys.vault().probe().await;
        status(
            &installation,
            answers.err().map(|error| error.to_string()),
            args.json,
        )
        .await
    })?;
    banner::print(&text);
    Ok(())
}

async fn status(
    installation: &Installation,
    trouble: Option<String>,
    as_json: bool,
) -> Result<String, Failure> {
    let vault = installation.data_keys.vault();
    let status = vault.status();
    let mut keys = Vec::new();
    let mut older = 0;
    for key in &status.keys {
        let so_far = installation.store.count_under(key.version).await?;
        keys.push((key, so_far - older));
        older = so_far;
    }
    if as_json {
        let keys = keys.iter().map(|(key, rows)| {
            json!({"version": key.version, "state": key.state.as_str(), "made": key.made,
                   "values": rows})
        });
        let report = json!({
            "installation": installation.store.locked().installation(),
            "kek": {"backend": status.kek.backend, "key": &*status.kek.key,
                    "place": &*status.kek.place, "answers": trouble.is_none(),
                    "trouble": trouble},
            "data_keys": keys.collect::<Vec<_>>(),
        });
        return Ok(format!("{report}\n"));
    }
    let rows: Vec<_> = keys
        .iter()
        .map(|(key, rows)| {
            let version = key.version.to_string();
            [
                version,
                key.state.to_string(),
                date(key.made),
                rows.to_string(),
            ]
        })
        .collect();
    let answers = trouble.unwrap_or_else(|| "it answers".to_owned());
    Ok(format!(
        "key-encryption key  {} in {}: {answers}\n\n{}",
        status.kek.name(),
        status.kek.place,
        table(["data key", "state", "made", "values"], &rows)
    ))
}

fn rewrap(args: &ShowArgs) -> Result<(), Failure> {
    let moved = State::read(&args.state)?.run(async |opening| {
        let installation = opening.open().await?;
        let change = Move::new(&installation, opening);
        let from = change.take_up_or_advance().await?;
        change.run(from).await
    })?;
    report(&moved, args.json);
    Ok(())
}

fn reseal(args: &ResealArgs) -> Result<(), Failure> {
    let moved = State::read(&args.show.state)?.run(async |opening| {
        let installation = opening.open().await?;
        let change = Move::new(&installation, opening);
        change.advance_to(args.from, args.to).await?;
        change.run(args.from).await
    })?;
    report(&moved, args.show.json);
    Ok(())
}

fn report(moved: &Moved, as_json: bool) {
    let Moved {
        rows: Progress { moved, refused, .. },
        values,
        current,
        retired,
    } = moved;
    if as_json {
        let report = json!({"current": current, "rows": moved, "refused": refused,
                            "shared_values": values, "retired": retired});
        return banner::print(&format!("{report}\n"));
    }
    let retired: Vec<_> = retired.iter().map(u32::to_string).collect();
    let retired = if retired.is_empty() {
        "none was retired".to_owned()
    } else {
        format!("retired: {}", retired.join(", "))
    };
    let refused = if *refused > 0 {
        format!("; {refused} rows are not ironward's and were left: see ironward store status")
    } else {
        String::new()
    };
    banner::print(&format!(
        "data key {current} is in force: {moved} rows and {values} shared values were moved to it; {retired}{refused}\n"
    ));
}

fn rotate_kek(args: &ShowArgs) -> Result<(), Failure> {
    let name = State::read(&args.state)?.run(async |opening| {
        let installation = opening.open().await?;
        change::rotate_kek(&installation, opening.config).await
    })?;
    banner::print(&if args.json {
        format!("{}\n", json!({ "kek": name }))
    } else {
        format!(
            "the data keys are wrapped under {name}: ironward.vault.previous can be removed once \
             every gateway was restarted with this configuration\n"
        )
    });
    Ok(())
}

fn seal(args: &SealArgs) -> Result<(), Failure> {
    let value = credential::read_value()?;
    let sealed = State::read(&args.show.state)?.run(async |opening| {
        let installation = opening.open().await?;
        let place = (&*args.credential, &*args.field);
        credential::seal(&installation, place, &value, &*opening.random).await
    })?;
    let (credential, field) = (&args.credential, &args.field);
    banner::print(&if args.show.json {
        let report = json!({"credential": credential, "field": field,
                            "fingerprint": &*sealed.fingerprint});
        format!("{report}\n")
    } else {
        format!(
            "{field} of credential {credential} is sealed (fingerprint {}): deployments name it \
             with litellm_credential_name\n",
            sealed.fingerprint
        )
    });
    Ok(())
}
