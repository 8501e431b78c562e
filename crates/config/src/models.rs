use crate::keys::{Effect, Key, Section, Unknown};
use crate::reader::{Field, Reader};
use crate::{ModelInfo, ModelParams, Place};

pub(crate) mod model_info;
pub(crate) mod params;
pub(crate) mod prices;

use prices::WrittenPrices;

/// One deployment of a model group: an entry of `model_list`.
pub struct Model {
    /// Where it is written.
    pub place: Place,
    /// The model group that it serves; a `*` in it stands for any text.
    pub name: String,
    /// How the provider is reached and called.
    pub params: ModelParams,
    /// What is told about it.
    pub info: ModelInfo,
    /// Its own prices: those of `litellm_params`, then those of `model_info`.
    pub prices: WrittenPrices,
}

/// An entry of `model_list` while it is read.
#[derive(Default)]
pub(crate) struct Draft {
    name: Option<String>,
    params: Vec<ModelParams>,
    info: ModelInfo,
    /// What `litellm_params` says of prices.
    prices: WrittenPrices,
    /// What `model_info` says of them.
    told_prices: WrittenPrices,
}

/// The keys of an entry of `model_list`.
pub(crate) static MODEL: Section<Draft> = Section {
    name: "model_list[]",
    about: "One deployment a list item. Several items with the same `model_name` share its calls.",
    keys: &[
        Key {
            name: "model_name",
            default: "",
            meaning: "Required. The model group: the name that clients ask for. `*` stands for any text.",
            effect: Effect::Name(|model, name| model.name = Some(name)),
        },
        Key {
            name: "litellm_params",
            default: "",
            meaning: "Required. How the provider is reached and called: see below.",
            effect: Effect::Read("section", |model, reader, field| {
                (model.params, model.prices) = params::read(reader, field);
            }),
        },
        Key {
            name: "model_info",
            default: "{}",
            meaning: "What is told about the deployment: see below.",
            effect: Effect::Read("section", |model, reader, field| {
                (model.info, model.told_prices) = model_info::read(reader, field);
            }),
        },
    ],
    ignored: include_str!("models/ignored.txt"),
    unknown: Unknown::Notice,
};

/// Reads `model_list`.
pub(crate) fn read(reader: &mut Reader<'_>, field: &Field<'_>) -> Vec<Model> {
    let items = reader.items(field).unwrap_or_default();
    let mut models = Vec::new();
    for item in &items {
        read_one(reader, item, &mut models);
    }
    check_ids(reader, &items, &models);
    models
}

/// Reads one entry of it.
pub(crate) fn read_item(reader: &mut Reader<'_>, item: &Field<'_>) -> Vec<Model> {
    let mut models = Vec::new();
    read_one(reader, item, &mut models);
    models
}

fn read_one(reader: &mut Reader<'_>, item: &Field<'_>, models: &mut Vec<Model>) {
    let reported = reader.problems.len();
    let mut draft = Draft::default();
    MODEL.read(&mut draft, reader, item);
    let Some(name) = draft.name else {
        return missing(
            reader,
            reported,
            item,
            "a model needs a name; add 'model_name: NAME'",
        );
    };
    if draft.params.is_empty() {
        let message = "a model needs 'litellm_params:' with at least 'model: PROVIDER/MODEL'";
        return missing(reader, reported, item, message);
    }
    if reader.problems.len() > reported {
        // Whatever is checked later would find fault with what is wrong here once more.
        return;
    }
    let info = draft.info;
    let prices = draft.prices.over(&draft.told_prices);
    let copies = draft.params.into_iter().enumerate();
    models.extend(copies.map(|(index, params)| Model {
        place: item.node.place.clone(),
        name: name.clone(),
        params,
        info: info.for_copy(index),
        prices: prices.clone(),
    }));
}

/// Reports what is missing, unless what is there is wrong and has been reported: one mistake, one
/// message.
fn missing(reader: &mut Reader<'_>, reported: usize, item: &Field<'_>, message: &str) {
    if reader.problems.len() == reported {
        reader.problem(item, message);
    }
}

/// An id names one deployment; the copies of one entry got ids of their own.
fn check_ids(reader: &mut Reader<'_>, items: &[Field<'_>], models: &[Model]) {
    let mut seen: std::collections::HashMap<&str, &Place> = std::collections::HashMap::new();
    for model in models {
        let Some(id) = model.info.id.as_deref() else {
            continue;
        };
        if let Some(first) = seen.insert(id, &model.place) {
            let path = items
                .iter()
                .find(|item| item.node.place == model.place)
                .map_or_else(|| "model_list".to_owned(), |item| item.path.clone());
            let message = format!(
                "model_info.id is also that of the model in line {}; give each its own",
                first.line
            );
            reader.problem_at(&model.place, &path, message);
        }
    }
}
