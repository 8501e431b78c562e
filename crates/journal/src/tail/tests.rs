use super::{Frames, HEAD, Judge, Rest, head, scan, write_mark, write_record, write_seal};
use crate::edge::Edge;
use crate::hash::hash_leaf;
use crate::note::Signer;

fn signer() -> Signer {
    Signer::new("t", &[1; 32]).unwrap()
}

/// A tail of these groups, each with whether a mark ends it; and where they end.
fn tail(groups: &[(&[&str], bool)]) -> (Vec<u8>, Vec<usize>) {
    let signer = signer();
    let mut edge = Edge::default();
    let mut bytes = head(0, 0);
    let mut ends = vec![bytes.len()];
    let mut size = 0;
    for (group, is_marked) in groups {
        for text in *group {
            write_record(text.as_bytes(), &mut bytes);
            edge.push(hash_leaf(text.as_bytes()));
        }
        if *is_marked {
            write_mark(&edge, &signer, &mut bytes);
            size = edge.size();
        } else {
            write_seal(&edge, &signer, &mut bytes);
        }
        ends.push(bytes.len());
    }
    bytes[..HEAD].copy_from_slice(&head(0, size));
    (bytes, ends)
}

const GROUPS: [(&[&str], bool); 4] = [
    (&["a"], true),
    (&["b", "c"], false),
    (&["d"], true),
    (&["e"], false),
];

#[test]
fn a_cut_tail_holds_up_to_its_last_whole_group() {
    let (bytes, ends) = tail(&GROUPS);
    let signer = signer();
    for cut in ends[0]..=bytes.len() {
        let last = ends.iter().rposition(|end| *end <= cut).unwrap();
        let is_group = ends.contains(&cut);
        for judge in [Judge::Gateway(&signer), Judge::Public(signer.key())] {
            let mut edge = Edge::default();
            let judged = scan(&bytes[..cut]).unwrap().judge(&mut edge, judge);
            assert_eq!(judged.records, [0, 1, 3, 4, 5][last]);
            assert_eq!(judged.signed, [0, 1, 1, 4, 4][last]);
            assert_eq!(judged.end, ends[last]);
            // The head knows of four.
            let is_good = is_group && last >= 3;
            assert_eq!(judged.rest, (!is_good).then_some(Rest::Cut), "{cut}");
            assert_eq!(edge.size(), judged.records as u64);
            assert!(!judged.is_head_behind);
        }
    }
    for cut in 0..HEAD {
        assert!(scan(&bytes[..cut]).is_none());
    }
}

#[test]
fn the_gateway_finds_each_byte_of_a_tail_that_was_changed() {
    let (bytes, ends) = tail(&GROUPS);
    let signer = signer();
    for at in ends[0]..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let scanned = scan(&changed).unwrap();
        let judged = scanned.judge(&mut Edge::default(), Judge::Gateway(&signer));
        let is_signature = [1, 3]
            .iter()
            .any(|mark| (ends[*mark] - 64..ends[*mark]).contains(&at));
        if is_signature {
            let last = if at < ends[1] { 0 } else { 3 };
            assert_eq!(scanned.unsigned(signer.key()), Some(last));
            assert_eq!((judged.records, judged.rest), (5, None));
            continue;
        }
        let before = ends.iter().rposition(|end| *end <= at).unwrap();
        assert_eq!(judged.records, [0, 1, 3, 4][before], "{at}");
        assert!(judged.rest.is_some());
    }
}

#[test]
fn anybody_finds_each_byte_before_the_last_mark_that_was_changed() {
    let (bytes, ends) = tail(&GROUPS);
    let signer = signer();
    let key = signer.key();
    for at in ends[0]..ends[3] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let scanned = scan(&changed).unwrap();
        let judged = scanned.judge(&mut Edge::default(), Judge::Public(key));
        let is_seal = (ends[2] - 32..ends[2]).contains(&at);
        if is_seal {
            // The mark after it says that the records are good, and they are.
            assert_eq!((judged.signed, judged.rest), (4, None), "{at}");
            continue;
        }
        let is_found = judged.rest.is_some() || scanned.unsigned(key).is_some();
        assert!(is_found, "{at}");
        assert!(judged.signed <= 4);
    }
    // Behind it nobody else can tell.
    let mut changed = bytes;
    *changed.last_mut().unwrap() ^= 1;
    let judged = scan(&changed)
        .unwrap()
        .judge(&mut Edge::default(), Judge::Public(key));
    assert_eq!((judged.records, judged.signed, judged.rest), (5, 4, None));
}

#[test]
fn records_that_somebody_added_are_not_the_gateways() {
    let (mut bytes, _) = tail(&GROUPS);
    let other = Signer::new("t", &[2; 32]).unwrap();
    let mut edge = Edge::default();
    for text in ["a", "b", "c", "d", "e", "f"] {
        edge.push(hash_leaf(text.as_bytes()));
    }
    write_record(b"f", &mut bytes);
    write_seal(&edge, &other, &mut bytes);
    let signer = signer();
    let judge = |judge| scan(&bytes).unwrap().judge(&mut Edge::default(), judge);
    let judged = judge(Judge::Gateway(&signer));
    assert_eq!((judged.records, judged.rest), (5, Some(Rest::Changed)));
    let judged = judge(Judge::Public(signer.key()));
    assert_eq!((judged.records, judged.signed), (6, 4));
}

#[test]
fn frames_are_what_leaves_are_hashed_from() {
    let mut bytes = Vec::new();
    write_record(b"one", &mut bytes);
    write_record(b"", &mut bytes);
    let frames: Vec<_> = Frames(&bytes).collect();
    assert_eq!(frames, [b"\0one".as_slice(), b"\0"]);
    assert_eq!(crate::hash::hash_framed(frames[0]), hash_leaf(b"one"));
}
