/// The known name that `name` is most likely a slip of: at most one edit in a short name, two in a
/// longer one.
#[must_use]
pub fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let length = name.chars().count();
    // Longer names are no slips of ours, and the comparison costs the product of both lengths.
    if !(3..=64).contains(&length) {
        return None;
    }
    let allowed = if length < 6 { 1 } else { 2 };
    known
        .into_iter()
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

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_key() {
        let near = |name| nearest(name, ["api_base", "api_key", "rpm", "model"]);
        assert_eq!(near("api_bse"), Some("api_base"));
        assert_eq!(near("api_abse"), Some("api_base"));
        assert_eq!(near("apikey"), Some("api_key"));
        assert_eq!(near("modle"), Some("model"));
        assert_eq!(near("rpd"), Some("rpm"));
        assert_eq!(near("api_base"), None);
        assert_eq!(near("temperature"), None);
        assert_eq!(near("x"), None);
    }
}
