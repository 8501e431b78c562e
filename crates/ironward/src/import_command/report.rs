use ironward_admin::{Count, Import, Note};
use serde_json::{Map, Value, json};

use crate::table::{one_line, table};

/// For people: a table of how many, and a line for each thing that was not taken.
pub(super) fn as_table(import: &Import, is_dry: bool) -> String {
    let rows: Vec<_> = import
        .counts
        .iter()
        .map(|(kind, count)| {
            let Count {
                taken,
                there,
                left_out,
            } = count;
            [
                kind.as_str().to_owned(),
                taken.to_string(),
                there.to_string(),
                left_out.to_string(),
            ]
        })
        .collect();
    let taken = if is_dry { "would be taken" } else { "taken" };
    let mut text = table(["objects", taken, "there already", "left out"], &rows);
    if !import.notes.is_empty() {
        text.push('\n');
    }
    for Note {
        what,
        id,
        is_left_out,
        why,
    } in &import.notes
    {
        let head = if *is_left_out { "left out" } else { "note" };
        text.push_str(&one_line(&format!("{head}: {what} {id}: {why}")));
        text.push('\n');
    }
    text
}

/// For programs.
pub(super) fn as_json(import: &Import, is_dry: bool) -> Value {
    let counts = import.counts.iter().map(|(kind, count)| {
        let Count {
            taken,
            there,
            left_out,
        } = count;
        let count = json!({"taken": taken, "there": there, "left_out": left_out});
        (kind.as_str().to_owned(), count)
    });
    let counts: Map<String, Value> = counts.collect();
    let notes: Vec<Value> = import
        .notes
        .iter()
        .map(|note| {
            json!({"what": note.what, "id": note.id, "left_out": note.is_left_out, "why": note.why})
        })
        .collect();
    json!({"dry_run": is_dry, "objects": counts, "notes": notes})
}
