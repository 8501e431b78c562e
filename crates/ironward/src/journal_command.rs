//! `ironward journal`: what the journal of a data directory says, and whether it is as it was written.

use std::fs;
use std::path::Path;

use ironward_journal::{
    Finding, Folder, Proof, ReadError, Reader, Report, VerifierKey, Verifying, verify,
};
use serde_json::{Value, json};

use crate::args::{JournalArgs, JournalCommand, ProveArgs, TailArgs, VerifyArgs};
use crate::banner;
use crate::exit::Failure;

/// Runs one of the commands.
pub(crate) fn run(command: &JournalCommand) -> Result<(), Failure> {
    match command {
        JournalCommand::Verify(args) => match &args.proof {
            Some(proof) => check_proof(args, proof),
            None => check(args),
        },
        JournalCommand::Tail(args) => tail(args),
        JournalCommand::Show(args) => show(args),
        JournalCommand::Prove(args) => prove(args),
        JournalCommand::Key(args) => {
            let key = Reader::key(&folder(args)?)?;
            banner::print(&format!("{key}\n"));
            Ok(())
        }
    }
}

fn check(args: &VerifyArgs) -> Result<(), Failure> {
    let folder = folder(&args.journal)?;
    let key = key(&args.journal, &folder)?;
    let kept = args.checkpoint.as_deref().map(read).transpose()?;
    let what = Verifying {
        folder: &folder,
        key: &key,
        kept: kept.as_deref(),
        from: args.from.unwrap_or(0),
        to: args.to,
    };
    let report = verify(&what)
        .map_err(|error| Failure::Run(format!("{}: {error}", folder.path().display())))?;
    if args.json {
        banner::print(&format!("{}\n", as_json(&report, &key)));
    } else {
        banner::print(&as_text(&report, args));
    }
    if report.findings.is_empty() {
        return Ok(());
    }
    Err(Failure::Run(format!(
        "the journal in {} is not as it was written: {} findings",
        folder.path().display(),
        report.findings.len()
    )))
}

fn as_text(report: &Report, args: &VerifyArgs) -> String {
    let findings = report.findings.iter().map(|finding| format!("{finding}\n"));
    let mut text: String = findings.collect();
    if report.findings.is_empty() {
        let Report {
            size,
            read,
            in_tails,
            unsigned,
            ..
        } = report;
        text = format!(
            "good: a checkpoint over {size} records, {read} of them read, and {in_tails} signed \
             records after it\n"
        );
        if *unsigned > 0 {
            let more = format!(
                "not signed yet, and not verified: {unsigned} records after these; the gateway \
                 signs them within 100 ms, or when it starts\n"
            );
            text.push_str(&more);
        }
    }
    if args.journal.key.is_none() {
        text.push_str(
            "verified with the key in the data directory; with --key, one that you kept\n",
        );
    }
    text
}

fn as_json(report: &Report, key: &VerifierKey) -> Value {
    let findings: Vec<Value> = report.findings.iter().map(finding).collect();
    json!({
        "good": report.findings.is_empty(),
        "key": key.to_string(),
        "checkpoint": report.size,
        "read": report.read,
        "after_checkpoint": report.in_tails,
        "not_signed_yet": report.unsigned,
        "findings": findings,
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "subject": finding.subject.to_string(),
        "wrong": finding.wrong.as_str(),
        "detail": finding.detail,
    })
}

fn check_proof(args: &VerifyArgs, path: &Path) -> Result<(), Failure> {
    let key = match &args.journal.key {
        Some(key) => parse_key(key)?,
        None => key(&args.journal, &folder(&args.journal)?)?,
    };
    let text = read(path)?;
    let wrong = |error| Failure::Run(format!("{}: {error}", path.display()));
    let proof = Proof::parse(&text).map_err(wrong)?;
    proof.verify(&key).map_err(wrong)?;
    let record = String::from_utf8_lossy(proof.record()).into_owned();
    banner::print(&if args.json {
        format!(
            "{}\n",
            json!({"good": true, "index": proof.index(), "record": record})
        )
    } else {
        format!(
            "good: record {} of the journal {}\n{record}\n",
            proof.index(),
            key.name()
        )
    });
    Ok(())
}

fn tail(args: &TailArgs) -> Result<(), Failure> {
    let reader = open(&args.journal)?;
    // What came after the checkpoint is counted too.
    let mut end = reader.size();
    let mut count = |_: u64, _: &[u8]| {
        end += 1;
        true
    };
    reader.each(reader.size(), &mut count)?;
    let mut lines = String::new();
    let add = |_: u64, record: &[u8]| {
        lines.push_str(&String::from_utf8_lossy(record));
        lines.push('\n');
        true
    };
    let from = end.saturating_sub(args.lines);
    reader.each(from, add)?;
    banner::print(&lines);
    Ok(())
}

fn show(args: &ProveArgs) -> Result<(), Failure> {
    let reader = open(&args.journal)?;
    let (index, record) = find(&reader, &args.record)?;
    let text = String::from_utf8_lossy(&record).into_owned();
    let parsed: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    let is_covered = index < reader.size();
    let proof = is_covered.then(|| reader.prove(index, record)).transpose();
    let proof = proof?.map(|proof| proof.to_string());
    let shown = json!({"index": index, "record": parsed, "proof": proof});
    banner::print(&format!("{shown:#}\n"));
    Ok(())
}

fn prove(args: &ProveArgs) -> Result<(), Failure> {
    let reader = open(&args.journal)?;
    let (index, record) = find(&reader, &args.record)?;
    let proof = reader.prove(index, record)?;
    banner::print(&proof.to_string());
    Ok(())
}

fn find(reader: &Reader, name: &str) -> Result<(u64, Vec<u8>), Failure> {
    let found = reader.find(name)?;
    found.ok_or_else(|| Failure::Run(format!("the journal has no record {name}")))
}

fn open(args: &JournalArgs) -> Result<Reader, Failure> {
    let folder = folder(args)?;
    let key = key(args, &folder)?;
    Ok(Reader::open(folder, &key)?)
}

fn folder(args: &JournalArgs) -> Result<Folder, Failure> {
    let folder = Folder::of(&args.data_dir);
    if folder.path().is_dir() {
        return Ok(folder);
    }
    Err(Failure::Run(format!(
        "there is no journal in {}: name the gateway's data directory with --data-dir",
        args.data_dir.display()
    )))
}

fn key(args: &JournalArgs, folder: &Folder) -> Result<VerifierKey, Failure> {
    match &args.key {
        Some(key) => parse_key(key),
        None => Ok(Reader::key(folder)?),
    }
}

fn parse_key(text: &str) -> Result<VerifierKey, Failure> {
    VerifierKey::parse(text).map_err(|error| Failure::Usage(format!("--key: {error}")))
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path)
        .map_err(|error| Failure::Run(format!("{} cannot be read: {error}", path.display())))
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self::Run(format!("the journal: {error}"))
    }
}
