/// A deployment as the choice sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// 1 first; a later tier is tried only when the earlier ones are exhausted.
    pub tier: u32,
    /// Its share of the calls of its tier, relative to the others; 0 is tried last.
    pub weight: f64,
}

/// The order in which to try the candidates: tier by tier, and within a tier drawn without
/// putting back, each draw in proportion to the weights. `draw` gives numbers from 0 up to, not
/// including, 1. The result holds positions in `candidates`.
#[must_use]
pub fn order(candidates: &[Candidate], mut draw: impl FnMut() -> f64) -> Vec<usize> {
    // Efraimidis and Spirakis: with keys u^(1/w), descending order is a weighted draw without
    // putting back. Compared as ln(u)/w.
    let mut keyed: Vec<(u32, f64, usize)> = candidates
        .iter()
        .enumerate()
        .map(|(position, candidate)| {
            let uniform = draw().max(f64::MIN_POSITIVE);
            (
                candidate.tier,
                uniform.ln() / candidate.weight.max(1e-12),
                position,
            )
        })
        .collect();
    keyed.sort_by(|one, other| one.0.cmp(&other.0).then(other.1.total_cmp(&one.1)));
    keyed.into_iter().map(|(_, _, position)| position).collect()
}

#[cfg(test)]
mod tests;
