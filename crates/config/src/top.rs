use crate::at_start::Places;
use crate::keys::{Effect, Key, Section, Unknown};
use crate::reader::Reader;
use crate::{Config, GeneralSettings, IronwardSettings, LitellmSettings, Model};
use crate::{credentials, general, ironward, litellm, models, router, variables};

/// The whole configuration while it is read.
#[derive(Default)]
pub(crate) struct Draft {
    models: Vec<Model>,
    router: router::Draft,
    pub(crate) litellm: LitellmSettings,
    pub(crate) general: GeneralSettings,
    ironward: IronwardSettings,
}

impl Draft {
    /// Lets the sections that depend on each other meet.
    pub(crate) fn finish(mut self, reader: &mut Reader<'_>) -> Config {
        let jwt = std::mem::take(&mut self.general.jwt);
        jwt.finish(reader, &mut self.ironward.issuers);
        let router = self.router.finish(&self.litellm);
        router::check_aliases(reader, &router.model_group_alias, &self.models);
        Config {
            models: self.models,
            router,
            litellm: self.litellm,
            general: self.general,
            ironward: self.ironward,
            places: Places::default(),
        }
    }
}

/// The sections. The order of the first two is that of reading: later ones refer to them.
pub(crate) static TOP: Section<Draft> = Section {
    name: "",
    about: "",
    keys: &[
        Key {
            name: "environment_variables",
            default: "{}",
            meaning: "Variables for `os.environ/NAME` in this configuration and for the providers' own variables. Nothing is written to the process environment.",
            effect: Effect::Read("mapping", |_, reader, field| variables::read(reader, field)),
        },
        Key {
            name: "credential_list",
            default: "[]",
            meaning: "Named keys that models refer to by `litellm_credential_name`: `{credential_name, credential_values}`.",
            effect: Effect::Read("list", |_, reader, field| credentials::read(reader, field)),
        },
        Key {
            name: "model_list",
            default: "[]",
            meaning: "The deployments.",
            effect: Effect::Read("list", |draft, reader, field| {
                draft.models = models::read(reader, field);
            }),
        },
        Key {
            name: "router_settings",
            default: "{}",
            meaning: "How calls are spread over deployments, and tried again.",
            effect: Effect::Read("section", |draft, reader, field| {
                router::ROUTER.read(&mut draft.router, reader, field);
            }),
        },
        Key {
            name: "litellm_settings",
            default: "{}",
            meaning: "What LiteLLM sets for its whole module.",
            effect: Effect::Read("section", |draft, reader, field| {
                litellm::LITELLM.read(&mut draft.litellm, reader, field);
            }),
        },
        Key {
            name: "general_settings",
            default: "{}",
            meaning: "The gateway itself.",
            effect: Effect::Read("section", |draft, reader, field| {
                general::GENERAL.read(&mut draft.general, reader, field);
            }),
        },
        Key {
            name: "ironward",
            default: "{}",
            meaning: "What LiteLLM has no word for.",
            effect: Effect::Read("section", |draft, reader, field| {
                ironward::IRONWARD.read(&mut draft.ironward, reader, field);
            }),
        },
        Key {
            name: "include",
            default: "[]",
            meaning: "Further files, relative to the file that names them. Their lists are added, their sections merged key by key; the included file wins.",
            // Done before anything else is read.
            effect: Effect::Read("list of files", |_, _, _| {}),
        },
    ],
    ignored: include_str!("top/ignored.txt"),
    unknown: Unknown::Notice,
};
