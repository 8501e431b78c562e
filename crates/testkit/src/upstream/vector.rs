/// A unit vector that follows from the text alone: equal texts are equal, others are not.
pub(super) fn embed(text: &str, dimensions: usize) -> Vec<f32> {
    let mut state = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let raw: Vec<f32> = (0..dimensions)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let [high, low, ..] = state.to_be_bytes();
            f32::from(i16::from_be_bytes([high, low])) + 0.5
        })
        .collect();
    let length = raw.iter().map(|x| x * x).sum::<f32>().sqrt();
    raw.into_iter().map(|x| x / length).collect()
}

/// Small enough to read in a test's output; the vendors' own defaults are in the thousands.
pub(super) const DEFAULT_DIMENSIONS: usize = 8;
