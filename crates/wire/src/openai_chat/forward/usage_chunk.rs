use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What the chunks of one stream have in common.
#[derive(Deserialize)]
struct Labels<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    object: Option<&'a RawValue>,
    #[serde(borrow, default)]
    created: Option<&'a RawValue>,
    #[serde(borrow, default)]
    system_fingerprint: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Chunk<'a> {
    id: Option<&'a RawValue>,
    object: Option<&'a RawValue>,
    created: Option<&'a RawValue>,
    model: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_fingerprint: Option<&'a RawValue>,
    choices: [(); 0],
    usage: &'a RawValue,
}

/// The frame of nothing but usage that goes with the stream of which `json` is a chunk, whose
/// model has this name, as JSON.
pub(super) fn write(json: &str, model: &str, usage: &RawValue) -> Vec<u8> {
    let mut frame = b"data: ".to_vec();
    let labels = serde_json::from_str::<Labels<'_>>(json);
    if let (Ok(labels), Ok(model)) = (labels, serde_json::from_str(model)) {
        let chunk = Chunk {
            id: labels.id,
            object: labels.object,
            created: labels.created,
            model,
            system_fingerprint: labels.system_fingerprint,
            choices: [],
            usage,
        };
        // It writes to memory.
        let _written = serde_json::to_writer(&mut frame, &chunk);
    }
    // Line feeds stand between values only: strings hold none.
    for byte in &mut frame {
        if matches!(*byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    frame.extend_from_slice(b"\n\n");
    frame
}
