//! `ironward check`.

use std::sync::Arc;

use ironward_catalogue::PriceBook;
use ironward_config::{Notice, Options, Problems, ProcessEnvironment, Referred};
use ironward_egress::Credentials;
use ironward_proxy::Snapshot;
use ironward_secret::KeyHasher;
use ironward_telemetry::Metrics;

use crate::args::CheckArgs;
use crate::assemble::{Assembled, Assembler, StoredModels};
use crate::banner;
use crate::exit::Failure;
use crate::references::References;
use crate::runtime::runtime;
use crate::sources::Source;

/// Says everything that is wrong with a configuration, and what has no effect.
pub(crate) fn run(args: &CheckArgs) -> Result<(), Failure> {
    let assembler = Assembler {
        source: Source {
            file: Some(args.config.clone()),
            local: false,
            options: Options {
                dev: args.dev,
                strict: args.strict,
            },
        },
        environment: Arc::new(ProcessEnvironment),
        credentials: Credentials::new(),
        references: References::default(),
        book: Arc::new(PriceBook::built_in()),
    };
    let outcome = if args.resolve {
        runtime()?.block_on(assembler.assemble())
    } else {
        assembler.check()
    };
    let outcome = outcome.map(Checked::of);
    if args.json {
        return report_json(&outcome);
    }
    let assembled = outcome.map_err(|problems| Failure::Config(problems.to_string()))?;
    report_text(&assembled);
    Ok(())
}

/// A sound configuration, as far as it can be told without its database.
struct Checked {
    snapshot: Snapshot,
    notices: Vec<Notice>,
    remarks: Vec<String>,
    unread: Vec<Referred>,
}

impl Checked {
    fn of(assembled: Assembled) -> Self {
        // Nothing is compared with these hashes.
        let hasher = Arc::new(KeyHasher::new(&[0; 32]));
        let keys = assembled.foundation.keys(&hasher, None);
        let made =
            assembled
                .foundation
                .snapshot(keys, StoredModels::default(), &Metrics::default());
        Self {
            snapshot: made.snapshot,
            notices: assembled.notices,
            remarks: assembled.remarks,
            unread: assembled.unread,
        }
    }
}

fn report_text(assembled: &Checked) {
    let mut text = String::new();
    let lines = assembled
        .notices
        .iter()
        .map(ToString::to_string)
        .chain(assembled.remarks.iter().cloned())
        .chain(assembled.unread.iter().map(not_read));
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    let groups = assembled.snapshot.groups();
    let deployments: usize = groups.iter().map(|group| group.deployments.len()).sum();
    banner::print(&format!(
        "{text}ok: {} model groups, {deployments} deployments\n",
        groups.len()
    ));
}

fn not_read(referred: &Referred) -> String {
    let Referred {
        reference,
        place,
        path,
    } = referred;
    format!(
        "{place}: {path}: {reference} was not read, nor what depends on it checked; --resolve does"
    )
}

fn report_json(outcome: &Result<Checked, Problems>) -> Result<(), Failure> {
    let report = match outcome {
        Ok(assembled) => serde_json::json!({
            "ok": true,
            "model_groups": assembled.snapshot.model_names(),
            "notices": assembled.notices.iter().map(notice).collect::<Vec<_>>(),
            "remarks": assembled.remarks,
            "unread": assembled.unread.iter().map(unread).collect::<Vec<_>>(),
        }),
        Err(problems) => serde_json::json!({
            "ok": false,
            "problems": problems.0.iter().map(|problem| serde_json::json!({
                "file": &*problem.place.file,
                "line": problem.place.line,
                "column": problem.place.column,
                "path": problem.path,
                "message": problem.message,
            })).collect::<Vec<_>>(),
        }),
    };
    banner::print(&format!("{report}\n"));
    match outcome {
        Ok(_) => Ok(()),
        Err(problems) => Err(Failure::Config(format!("{} problems", problems.0.len()))),
    }
}

fn notice(notice: &Notice) -> serde_json::Value {
    serde_json::json!({
        "file": &*notice.place.file,
        "line": notice.place.line,
        "column": notice.place.column,
        "path": notice.path,
        "message": notice.message,
    })
}

fn unread(referred: &Referred) -> serde_json::Value {
    serde_json::json!({
        "file": &*referred.place.file,
        "line": referred.place.line,
        "column": referred.place.column,
        "path": referred.path,
        "reference": referred.reference.to_string(),
    })
}
