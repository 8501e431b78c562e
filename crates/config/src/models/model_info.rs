use crate::json::json_as_written;
use crate::keys::{Effect, Key, Section, Unknown};
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

/// The keys of `model_info`.
pub(crate) static MODEL_INFO: Section<ModelInfo> = Section {
    name: "model_list[].model_info",
    about: "Keys of any other name are kept and shown with the model.",
    keys: &[
        Key {
            name: "id",
            default: "derived",
            meaning: "The deployment's id; unique. An entry with several organizations adds `-2`, `-3` and so on.",
            effect: Effect::Word(|info, id| info.id = Some(id)),
        },
        Key {
            name: "mode",
            default: "",
            meaning: "What the model is for: `chat`, `completion`, `embedding`, `image_generation` and so on.",
            effect: Effect::Word(|info, mode| info.mode = Some(mode)),
        },
        Key {
            name: "base_model",
            default: "",
            meaning: "The model whose price and limits hold, where the deployment's own name says nothing.",
            effect: Effect::Word(|info, model| info.base_model = Some(model)),
        },
    ],
    ignored: include_str!("info_ignored.txt"),
    unknown: Unknown::Take(|info, _, _, entry| {
        let json = json_as_written(&entry.node);
        info.fields.push((path_key(&entry.key).to_owned(), json));
    }),
};
