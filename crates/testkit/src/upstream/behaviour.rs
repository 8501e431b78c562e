use std::time::Duration;

/// What a model's name asks for; the table is in the documentation of `Upstream`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Behaviour {
    Answer,
    Fail(u16),
    FailQuota,
    Flaky,
    SlowHead(Duration),
    SlowStream(Duration),
    CutHead,
    CutStream(usize),
    LongStream(usize),
    ErrorInStream,
    HangStream(usize),
    ContextWindow,
    ContentPolicy,
    ContentFilter,
    Refusal,
    Thinking,
    Redacted,
    Empty,
    BadJson,
    NotJson,
    Redirect,
    Huge(usize),
    Gzip,
    GzipBomb(usize),
    Missing,
    Leak(u16),
}

impl Behaviour {
    /// Reads the last segment of the model's name, so that a vendor prefix does not hide it.
    pub(super) fn of(model: &str) -> Self {
        let name = model.rsplit('/').next().unwrap_or_default();
        let (stem, number) = match name.rsplit_once('-') {
            Some((stem, number)) => match number.parse::<u32>() {
                Ok(number) => (stem, Some(number)),
                Err(_) => (name, None),
            },
            None => (name, None),
        };
        let millis = |default| Duration::from_millis(number.unwrap_or(default).into());
        let size = |default| usize::try_from(number.unwrap_or(default)).unwrap_or(usize::MAX);
        match stem {
            "fail" => Self::Fail(
                number
                    .and_then(|status| status.try_into().ok())
                    .unwrap_or(500),
            ),
            "fail-quota" => Self::FailQuota,
            "flaky" => Self::Flaky,
            "slow-head" => Self::SlowHead(millis(2_000)),
            "slow-stream" => Self::SlowStream(millis(50)),
            "cut-head" => Self::CutHead,
            "cut-stream" => Self::CutStream(size(3)),
            "long-stream" => Self::LongStream(size(1_000)),
            "error-in-stream" => Self::ErrorInStream,
            "hang-stream" => Self::HangStream(size(2)),
            "context-window" => Self::ContextWindow,
            "content-policy" => Self::ContentPolicy,
            "content-filter" => Self::ContentFilter,
            "refusal" => Self::Refusal,
            "thinking" => Self::Thinking,
            "redacted" => Self::Redacted,
            "empty" => Self::Empty,
            "bad-json" => Self::BadJson,
            "not-json" => Self::NotJson,
            "redirect" => Self::Redirect,
            "huge" => Self::Huge(size(64)),
            "gzip" => Self::Gzip,
            "gzip-bomb" => Self::GzipBomb(size(64)),
            "missing" => Self::Missing,
            "leak" => Self::Leak(
                number
                    .and_then(|status| status.try_into().ok())
                    .unwrap_or(401),
            ),
            _ => Self::Answer,
        }
    }
}
