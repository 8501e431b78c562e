use crate::{
    Catalogue, Change, InvalidCatalogue, differences, fingerprint, read_entry, write_entry,
};

fn catalogue(sections: &str) -> String {
    let sections = format!("\n{sections}");
    let hash = fingerprint(&[&sections]);
    format!(
        "# a comment\nschema 1\nversion 2026-11-30.{hash:016x}\nsource s\nfacts 1 a\n{sections}"
    )
}

const LINES: &str = "\
[openai]
gpt-x chat in=2.5 in@batch=1.25 in>272k=5 in>272k@flex=0.0000000000000001 cached=0 out=10 times-fast=1.1 off-peak=15@00:00-24:00/8 context=128000 max-output=16384 takes=text,image gives=text ends=2026-12-24
latest = gpt-x

[xai]
bare -
xai/grok chat in=3 in>127999=6
";

#[test]
fn a_line_is_read_as_it_is_written() {
    let text = catalogue(LINES);
    let read = Catalogue::read(&text).unwrap();
    assert_eq!((read.len(), read.is_empty()), (4, false));
    assert_eq!(read.source(), "s");
    assert!(read.version().to_string().starts_with("2026-11-30."));
    for (provider, line) in [("openai", 1), ("xai", 5), ("xai", 6)] {
        let line = LINES.lines().nth(line).unwrap();
        let (name, entry) = read_entry(provider, line).unwrap();
        assert_eq!(write_entry(name, &entry), line);
    }
    let found = read.find("openai", "Latest").unwrap();
    assert_eq!((found.name, found.entry.mode), ("gpt-x", "chat"));
    assert_eq!(found.entry.ends, Some("2026-12-24"));
    assert_eq!(read.named("bare").unwrap().entry.mode, "");
    assert!(read.named("bare").unwrap().entry.prices.is_empty());
}

#[test]
fn what_is_no_catalogue_is_refused() {
    let read = |text: &str| Catalogue::read(text).map(|read| read.len());
    assert_eq!(read(""), Err(InvalidCatalogue::Schema));
    assert_eq!(
        read("schema 2\n[a]\nb chat\n"),
        Err(InvalidCatalogue::Schema)
    );
    let twice = catalogue("[a]\nb chat\nB chat\n");
    assert_eq!(
        read(&twice).unwrap_err().to_string().to_lowercase(),
        "b is there twice"
    );
    let dangling = catalogue("[a]\nb = c\n");
    assert_eq!(
        read(&dangling),
        Err(InvalidCatalogue::Dangling("c".to_owned()))
    );
    let chain = catalogue("[a]\na = b\nb = c\nc chat\n");
    assert_eq!(
        read(&chain),
        Err(InvalidCatalogue::Dangling("b".to_owned()))
    );
    let changed = catalogue(LINES).replace("in=2.5", "in=2.4");
    assert_eq!(read(&changed), Err(InvalidCatalogue::Changed));
    for (line, message) in [
        ("b", "line 8: \"b\": name and mode are missing"),
        ("b chat in", "line 8: \"in\": not KEY=VALUE"),
        (
            "b chat in=x",
            "line 8: \"in=x\": not a price or a property of a model",
        ),
        (
            "b chat in=-1",
            "line 8: \"in=-1\": not a price or a property of a model",
        ),
        (
            "b chat in>1m=1",
            "line 8: \"in>1m=1\": not a price or a property of a model",
        ),
        (
            "b chat in@x=1",
            "line 8: \"in@x=1\": not a price or a property of a model",
        ),
        (
            "b chat takes=smell",
            "line 8: \"takes=smell\": not a price or a property of a model",
        ),
        (
            "b chat context=many",
            "line 8: \"context=many\": not a price or a property of a model",
        ),
    ] {
        let text = catalogue(&format!("[a]\n{line}\n"));
        assert_eq!(read(&text).unwrap_err().to_string(), message);
    }
}

#[test]
fn differences_are_parts_of_lines() {
    let before = catalogue("[a]\nx chat in=1 out=2\ngone chat in=1\nsame chat in=1\n");
    let after = catalogue("[a]\nx chat in=1 out=3\nnew = same\n[b]\nsame chat in=1\n");
    let (before, after) = (
        Catalogue::read(&before).unwrap(),
        Catalogue::read(&after).unwrap(),
    );
    let change = |name: &str, before: &[&str], after: &[&str]| Change {
        name: name.to_owned(),
        before: before.iter().map(ToString::to_string).collect(),
        after: after.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(
        differences(&before, &after),
        [
            change("gone", &["a", "chat", "in=1"], &[]),
            change("new", &[], &["= same"]),
            change("same", &["a"], &["b"]),
            change("x", &["out=2"], &["out=3"]),
        ]
    );
    assert_eq!(differences(&before, &before), []);
}
