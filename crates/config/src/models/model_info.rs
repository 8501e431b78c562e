use ironward_catalogue::is_price;

use super::prices::WrittenPrices;
use crate::json::json_as_written;
use crate::keys::{Effect, Key, Section, Unknown};
use crate::reader::{Field, Reader};
use crate::show::path_key;

/// What is told about a deployment: `model_info`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelInfo {
    /// The deployment's id; without one it is derived from the parameters.
    pub id: Option<String>,
    /// What the model is for: `chat`, `embedding` and so on.
    pub mode: Option<String>,
    /// The model whose price and limits hold.
    pub base_model: Option<String>,
    /// Every other key (name, JSON text) as it is written, references unresolved: these are shown
    /// to clients.
    pub fields: Vec<(String, String)>,
}

impl ModelInfo {
    /// The description of the `index`-th copy of an entry (one for each organisation).
    pub(crate) fn for_copy(&self, index: usize) -> Self {
        let mut copy = self.clone();
        if index > 0 {
            copy.id = self.id.as_ref().map(|id| format!("{id}-{}", index + 1));
        }
        copy
    }
}

/// `model_info` while it is read.
#[derive(Default)]
pub(crate) struct Draft {
    info: ModelInfo,
    prices: WrittenPrices,
}

/// Reads `model_info`, and the prices in it.
pub(super) fn read(reader: &mut Reader<'_>, field: &Field<'_>) -> (ModelInfo, WrittenPrices) {
    let mut draft = Draft::default();
    MODEL_INFO.read(&mut draft, reader, field);
    (draft.info, draft.prices)
}

/// The keys of `model_info`.
pub(crate) static MODEL_INFO: Section<Draft> = Section {
    name: "model_list[].model_info",
    about: "Prices take effect as in `litellm_params`, which go before. Keys of any other name are \
            kept and shown with the model.",
    keys: &[
        Key {
            name: "id",
            default: "derived",
            meaning: "The deployment's id; unique. An entry with several organizations adds `-2`, `-3` and so on.",
            effect: Effect::Word(|draft, id| draft.info.id = Some(id)),
        },
        Key {
            name: "mode",
            default: "",
            meaning: "What the model is for: `chat`, `completion`, `embedding`, `image_generation` and so on.",
            effect: Effect::Word(|draft, mode| draft.info.mode = Some(mode)),
        },
        Key {
            name: "base_model",
            default: "",
            meaning: "The model of the price catalogue whose prices hold, where the deployment's own name says nothing: `gpt-4o`, or `azure/gpt-4o` (docs/catalogue.md).",
            effect: Effect::Word(|draft, model| draft.info.base_model = Some(model)),
        },
    ],
    ignored: include_str!("info_ignored.txt"),
    unknown: Unknown::Take(is_price, |draft, reader, field, entry| {
        if draft.prices.take(reader, field, entry) {
            return;
        }
        let json = json_as_written(&entry.node);
        let fields = &mut draft.info.fields;
        fields.push((path_key(&entry.key).to_owned(), json));
    }),
};
