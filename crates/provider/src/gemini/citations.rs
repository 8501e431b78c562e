//! What Google found when it searched, as OpenAI's annotations.
//! <https://ai.google.dev/api/generate-content#GroundingMetadata>

use ironward_wire::Json;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Grounding {
    grounding_chunks: Option<Vec<Chunk>>,
    grounding_supports: Option<Vec<Support>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Chunk {
    web: Option<Place>,
    maps: Option<Place>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Place {
    uri: Option<String>,
    title: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Support {
    segment: Segment,
    grounding_chunk_indices: Vec<usize>,
}

/// A stretch of the text, counted in bytes.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Segment {
    start_index: usize,
    end_index: usize,
}

/// The citations of one choice, and what is needed to count its text in characters.
#[derive(Debug, Default)]
pub(super) struct Sources {
    found: Vec<Annotation>,
    /// How long the text is, in bytes.
    length: usize,
    /// The bytes of the text that start no character.
    inner: Vec<usize>,
}

/// <https://platform.openai.com/docs/api-reference/chat/object>
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Annotation {
    r#type: &'static str,
    url_citation: UrlCitation,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct UrlCitation {
    start_index: usize,
    end_index: usize,
    title: String,
    url: String,
}

impl Sources {
    /// Takes the next piece of the text.
    pub(super) fn hear(&mut self, text: &str) {
        if !text.is_ascii() {
            let inner = text
                .bytes()
                .zip(self.length..)
                .filter(|(byte, _)| byte & 0xc0 == 0x80);
            self.inner.extend(inner.map(|(_, at)| at));
        }
        self.length = self.length.saturating_add(text.len());
    }

    /// Takes what was found. A stream repeats it with every event that it holds for.
    pub(super) fn add(&mut self, grounding: Grounding) {
        let chunks = grounding.grounding_chunks.unwrap_or_default();
        for support in grounding.grounding_supports.unwrap_or_default() {
            for index in support.grounding_chunk_indices {
                let place = chunks
                    .get(index)
                    .and_then(|chunk| chunk.web.as_ref().or(chunk.maps.as_ref()));
                let Some((place, url)) = place.and_then(|place| Some((place, place.uri.clone()?)))
                else {
                    continue;
                };
                let annotation = Annotation {
                    r#type: "url_citation",
                    url_citation: UrlCitation {
                        start_index: support.segment.start_index,
                        end_index: support.segment.end_index,
                        title: place.title.clone().unwrap_or_default(),
                        url,
                    },
                };
                if !self.found.contains(&annotation) {
                    self.found.push(annotation);
                }
            }
        }
    }

    /// Everything found, its offsets counted in characters; the whole text has to be heard before.
    pub(super) fn annotations(mut self) -> Option<Json> {
        if self.found.is_empty() {
            return None;
        }
        let characters = |at: usize| at - self.inner.partition_point(|inner| *inner < at);
        for annotation in &mut self.found {
            let citation = &mut annotation.url_citation;
            citation.start_index = characters(citation.start_index);
            citation.end_index = characters(citation.end_index);
        }
        Json::from_value(&self.found).ok()
    }
}
