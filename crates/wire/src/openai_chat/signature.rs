use serde::Deserialize;
use serde_json::value::RawValue;

/// Gemini's thought signature of a tool call, wherever it is written: `extra_content` by Google's
/// own endpoint (<https://ai.google.dev/gemini-api/docs/thought-signatures>),
/// `provider_specific_fields` of the call or of its function by LiteLLM.
pub(super) fn read(places: [Option<&RawValue>; 3]) -> Option<String> {
    places.into_iter().flatten().find_map(|place| {
        let fields: Fields = serde_json::from_str(place.get()).ok()?;
        let google = fields.google.and_then(|google| google.thought_signature);
        google.or(fields.thought_signature)
    })
}

#[derive(Deserialize)]
struct Fields {
    google: Option<Google>,
    thought_signature: Option<String>,
}

#[derive(Deserialize)]
struct Google {
    thought_signature: Option<String>,
}
