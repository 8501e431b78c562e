/// The known name that `name` is most likely a slip of: at most one edit in a short name, two in a
/// longer one.
pub(crate) fn nearest(
    name: &str,
    known: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    let length = name.chars().count();
    // Longer names are no slips of ours, and the comparison costs the product of both lengths.
    if !(3..=64).contains(&length) {
        return None;
    }
    let allowed = if length < 6 { 1 } else { 2 };
    known
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| (1..=allowed).contains(distance))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters have to be added, left out, changed or swapped with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    let mut previous = None;
    for (row, letter) in one.chars().enumerate() {
        let mut current = vec![row + 1];
        for (column, candidate) in other.iter().enumerate() {
            let at =
                |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX / 2);
            let changed = at(&last, column) + usize::from(letter != *candidate);
            let mut best = changed
                .min(at(&last, column + 1) + 1)
                .min(at(&current, column) + 1);
            let neighbour = column.checked_sub(1).and_then(|left| other.get(left));
            if previous == Some(*candidate) && neighbour == Some(&letter) {
                best = best.min(at(&before_last, column.saturating_sub(1)) + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
        previous = Some(letter);
    }
    last.last().copied().unwrap_or(usize::MAX / 2)
}
