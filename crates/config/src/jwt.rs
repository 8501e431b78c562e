//! LiteLLM's authentication by tokens, as far as it can be had here: its issuers become
//! [`Issuer`]s. Whom a token stands for is never taken from claims that merely name a team or a
//! role: it is the service account or user that lists exactly these claims.

use crate::issuers::{self, Algorithm, Issuer};
use crate::keys::{Effect, Key, Section, Unknown};
use crate::reader::{Field, Reader};
use crate::{Place, issuers::Draft as IssuerDraft};

/// `enable_jwt_auth` and `litellm_jwtauth` while they are read.
#[derive(Default)]
pub(crate) struct Draft {
    /// Where it is switched on.
    enabled: Option<(Place, String)>,
    issuers: Vec<Listed>,
}

/// An entry of `litellm_jwtauth.issuers`.
struct Listed {
    place: Place,
    path: String,
    draft: JwtIssuerDraft,
}

/// An entry of `litellm_jwtauth.issuers` while it is read.
#[derive(Default)]
pub(crate) struct JwtIssuerDraft {
    issuer: IssuerDraft,
    disable_audience_validation: bool,
}

/// The keys of `litellm_jwtauth`.
pub(crate) static JWT: Section<Draft> = Section {
    name: "general_settings.litellm_jwtauth",
    about: "",
    keys: &[Key {
        name: "issuers",
        default: "[]",
        meaning: "Whose tokens are taken, with `enable_jwt_auth`: see below.",
        effect: Effect::Read("list", read_issuers),
    }],
    ignored: include_str!("jwt/ignored.txt"),
    unknown: Unknown::Notice,
};

/// The keys of an entry of `litellm_jwtauth.issuers`.
pub(crate) static JWT_ISSUER: Section<JwtIssuerDraft> = Section {
    name: "general_settings.litellm_jwtauth.issuers[]",
    about: "As an entry of `ironward.issuers` with every algorithm; the key's type has to fit the token's.",
    keys: &[
        Key {
            name: "issuer",
            default: "",
            meaning: "Required. The exact `iss` of its tokens.",
            effect: Effect::Word(|draft, issuer| draft.issuer.issuer = Some(issuer)),
        },
        Key {
            name: "jwks_url",
            default: "found by discovery",
            meaning: "Where its keys are.",
            effect: Effect::Read("URL", |draft, reader, field| {
                draft.issuer.keys = issuers::read_location(reader, field);
            }),
        },
        Key {
            name: "audience",
            default: "",
            meaning: "Required. Whom its tokens are for.",
            effect: Effect::Words(|draft, audiences| draft.issuer.audiences = audiences),
        },
        Key {
            name: "disable_audience_validation",
            default: "false",
            meaning: "Refused when true: the audience is always checked.",
            effect: Effect::Switch(|draft, on| draft.disable_audience_validation = on),
        },
    ],
    ignored: include_str!("jwt/issuer_ignored.txt"),
    unknown: Unknown::Notice,
};

fn read_issuers(draft: &mut Draft, reader: &mut Reader<'_>, field: &Field<'_>) {
    for item in reader.items(field).unwrap_or_default() {
        let reported = reader.problems.len();
        let mut listed = JwtIssuerDraft::default();
        JWT_ISSUER.read(&mut listed, reader, &item);
        if reader.problems.len() == reported {
            draft.issuers.push(Listed {
                place: item.node.place.clone(),
                path: item.path,
                draft: listed,
            });
        }
    }
}

impl Draft {
    /// Reads `enable_jwt_auth`.
    pub(crate) fn enable(&mut self, reader: &mut Reader<'_>, field: &Field<'_>) {
        if reader.switch(field) == Some(true) {
            self.enabled = Some((field.key_place.clone(), field.path.clone()));
        }
    }

    /// Adds what was read to the issuers of Ironward's own section.
    pub(crate) fn finish(self, reader: &mut Reader<'_>, issuers: &mut Vec<Issuer>) {
        let Some((place, path)) = self.enabled else {
            if let Some(listed) = self.issuers.first() {
                let message = "no effect without general_settings.enable_jwt_auth: true";
                reader.notice_at(&listed.place, &listed.path, message);
            }
            return;
        };
        let reported = reader.problems.len();
        for listed in self.issuers {
            let Listed { place, path, draft } = listed;
            match draft.finish(&place) {
                Ok(issuer) => issuers::push(reader, &path, issuers, issuer),
                Err(message) => reader.problem_at(&place, &path, message),
            }
        }
        match of_environment(reader, &place) {
            Ok(Some(issuer)) => issuers::push(reader, &path, issuers, issuer),
            Ok(None) => {}
            Err(message) => reader.problem_at(&place, &path, message),
        }
        if reader.problems.len() > reported {
            return;
        }
        if issuers.is_empty() {
            let message = "no issuer is named, so no token is taken; add 'ironward.issuers:' with \
                           issuer, audience and algorithms";
            reader.notice_at(&place, &path, message);
        }
    }
}

impl JwtIssuerDraft {
    fn finish(self, place: &Place) -> Result<Issuer, String> {
        if self.disable_audience_validation {
            return Err(
                "the audience is always checked here, or a token that was made for another \
                 service would open this one; remove disable_audience_validation and add \
                 'audience: NAME'"
                    .to_owned(),
            );
        }
        let mut draft = self.issuer;
        draft.algorithms = Algorithm::ALL.to_vec();
        draft.finish(place)
    }
}

/// The one issuer that LiteLLM's variables name. It takes tokens of any issuer and for any
/// audience where the variables for those are missing; here they are mandatory.
fn of_environment(reader: &Reader<'_>, place: &Place) -> Result<Option<Issuer>, String> {
    let read = |name: &str| {
        let text = reader.variables.lookup(reader.environment, name)?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let Some(url) = read("JWT_PUBLIC_KEY_URL") else {
        return Ok(None);
    };
    let missing = |name: &str, what: &str| {
        format!(
            "the variable JWT_PUBLIC_KEY_URL is set without {name}: {what} is always checked here; \
             set {name}, or write the issuer below ironward.issuers"
        )
    };
    let issuer = read("JWT_ISSUER").ok_or_else(|| missing("JWT_ISSUER", "the issuer"))?;
    let audience = read("JWT_AUDIENCE").ok_or_else(|| missing("JWT_AUDIENCE", "the audience"))?;
    if [&url, &issuer].into_iter().any(|text| text.contains(',')) {
        return Err(
            "the variables JWT_PUBLIC_KEY_URL and JWT_ISSUER name several issuers, whose keys \
             could sign for each other; write each below ironward.issuers"
                .to_owned(),
        );
    }
    let location = ironward_core::Location::parse(&url)
        .map_err(|error| format!("the variable JWT_PUBLIC_KEY_URL does not hold a URL: {error}"))?;
    let draft = IssuerDraft {
        issuer: Some(issuer),
        audiences: vec![audience],
        algorithms: Algorithm::ALL.to_vec(),
        keys: Some(location),
        allow_private_address: false,
    };
    draft.finish(place).map(Some)
}
