//! A page of rows as one value of the database.

use crate::row::{Index, Row};

/// The rows of a page that `sql::PACKED_PAGE` has made, each with its part of the index; `None`: it
/// is not one, or not in order. Whoever can write to the database cannot gain anything by what
/// stands here: each row is verified as if it had come by itself.
pub(super) fn unpack(mut bytes: &[u8]) -> Option<Vec<(Row, Index)>> {
    let mut rows = Vec::new();
    while !bytes.is_empty() {
        rows.push(row(&mut bytes)?);
    }
    let is_in_order = rows.is_sorted_by(|(one, _), (other, _)| {
        (one.kind.as_str(), &one.id) <= (other.kind.as_str(), &other.id)
    });
    is_in_order.then_some(rows)
}

/// `r`, its numbers and the lengths of its texts, the texts, and its entries of the index.
fn row(bytes: &mut &[u8]) -> Option<(Row, Index)> {
    *bytes = bytes.strip_prefix(b"r")?;
    let mut numbers = [0; 11];
    for number in &mut numbers {
        *number = int(bytes)?;
    }
    let [
        version,
        seq,
        nonce,
        deleted,
        mac_key,
        has_seal,
        seal_key,
        kind,
        id,
        body,
        mac,
    ] = numbers;
    let row = Row {
        kind: String::from_utf8(text(bytes, kind)?.to_vec()).ok()?,
        id: text(bytes, id)?.to_vec(),
        version,
        seq,
        nonce,
        deleted,
        body: text(bytes, body)?.to_vec(),
        mac: text(bytes, mac)?.to_vec(),
        mac_key,
        seal_key: (has_seal != 0).then_some(seal_key),
    };
    let mut index = Index::new();
    while let Some(rest) = bytes.strip_prefix(b"i") {
        *bytes = rest;
        let (space, value) = (int(bytes)?, int(bytes)?);
        let space = String::from_utf8(text(bytes, space)?.to_vec()).ok()?;
        index.push((space, text(bytes, value)?.to_vec()));
    }
    index.sort_unstable();
    Some((row, index))
}

/// A number and the space behind it.
fn int(bytes: &mut &[u8]) -> Option<i64> {
    let end = bytes.iter().position(|byte| *byte == b' ')?;
    let (digits, rest) = bytes.split_at_checked(end)?;
    *bytes = rest.get(1..)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn text<'b>(bytes: &mut &'b [u8], length: i64) -> Option<&'b [u8]> {
    let (text, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
    *bytes = rest;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::unpack;

    /// Of kind `a`, with the id `id`, an empty body and the MAC `m`.
    fn packed(id: &str) -> String {
        format!("r1 2 -3 0 1 0 0 1 {} 0 1 a{id}m", id.len())
    }

    #[test]
    fn rows_are_told_apart_by_their_lengths_alone() {
        let bytes = [
            "r9 -9223372036854775808 9223372036854775807 1 2 1 -4 1 6 7 3 ar0 i1 r0 0i1 mac",
            "i1 4 si1 2",
            "i1 1 bx",
            &packed("r1"),
        ];
        let rows = unpack(bytes.concat().as_bytes()).unwrap();
        let [(first, index), (second, none)] = &*rows else {
            panic!("{rows:?}");
        };
        assert_eq!((first.kind.as_str(), &*first.id), ("a", &b"r0 i1 "[..]));
        assert_eq!((&*first.body, &*first.mac), (&b"r0 0i1 "[..], &b"mac"[..]));
        assert_eq!((first.seq, first.nonce), (i64::MIN, i64::MAX));
        assert_eq!((first.version, first.deleted, first.mac_key), (9, 1, 2));
        assert_eq!(first.seal_key, Some(-4));
        let entry = |space: &str, value: &str| (space.to_owned(), value.as_bytes().to_vec());
        assert_eq!(*index, [entry("b", "x"), entry("s", "i1 2")], "sorted");
        assert_eq!((&*second.id, second.seal_key), (&b"r1"[..], None));
        assert!(none.is_empty());
    }

    #[test]
    fn what_is_cut_short_or_out_of_order_is_no_page() {
        assert_eq!(unpack(b""), Some(Vec::new()));
        let whole = [packed("1"), "i1 1 sv".to_owned(), packed("2")].concat();
        assert_eq!(unpack(whole.as_bytes()).map(|rows| rows.len()), Some(2));
        let ends = [packed("1").len(), packed("1").len() + 7];
        for end in (1..whole.len()).filter(|end| !ends.contains(end)) {
            assert_eq!(unpack(&whole.as_bytes()[..end]), None, "{end}");
        }
        let back = [packed("2"), packed("1")].concat();
        assert_eq!(unpack(back.as_bytes()), None);
        // A row that stands there twice is for the load to tell.
        let twice = [packed("1"), packed("1")].concat();
        assert_eq!(unpack(twice.as_bytes()).map(|rows| rows.len()), Some(2));
        assert_eq!(unpack(b"r1 2 3 0 1 0 0 -1 0 0 0 "), None);
    }
}
