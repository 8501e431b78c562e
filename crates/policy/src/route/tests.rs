use proptest::prelude::{prop, proptest};

use super::{Candidate, order};

/// Equally spaced numbers in an order without a visible pattern.
fn low_discrepancy() -> impl FnMut() -> f64 {
    let mut state = 0.5_f64;
    move || {
        state = (state + 0.618_033_988_749_895).fract();
        state
    }
}

#[test]
fn the_first_choice_follows_the_weights() {
    let candidates = [1.0, 3.0].map(|weight| Candidate { tier: 1, weight });
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut draw = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        f64::from(u32::try_from(state >> 32).unwrap()) / 4_294_967_296.0
    };
    let heavy = (0..10_000)
        .filter(|_| order(&candidates, &mut draw)[0] == 1)
        .count();
    assert!((7_300..7_700).contains(&heavy), "{heavy}");
}

#[test]
fn a_tier_comes_after_all_of_the_one_before() {
    let candidates =
        [(2, 100.0), (1, 1.0), (1, 0.0)].map(|(tier, weight)| Candidate { tier, weight });
    let mut draw = low_discrepancy();
    for _ in 0..100 {
        assert_eq!(order(&candidates, &mut draw), [1, 2, 0]);
    }
}

proptest! {
    #[test]
    fn every_candidate_is_tried_once(weights in prop::collection::vec((0_u32..3, 0.0_f64..1e9), 0..20)) {
        let candidates: Vec<_> = weights.iter().map(|&(tier, weight)| Candidate { tier, weight }).collect();
        let mut positions = order(&candidates, low_discrepancy());
        assert!(positions.windows(2).all(|pair| candidates[pair[0]].tier <= candidates[pair[1]].tier));
        positions.sort_unstable();
        assert!(positions.into_iter().eq(0..candidates.len()));
    }
}
