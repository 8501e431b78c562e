//! The issuers whose tokens are taken instead of a key.

use std::fmt;

use ironward_core::{Location, Origin, Reach, Scheme, nearest};

use crate::Place;
use crate::keys::{Effect, Key, Section, Unknown};
use crate::reader::{Field, Reader};

/// An issuer of tokens, as the operator trusts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// Where it is written.
    pub place: Place,
    /// The exact `iss` of its tokens.
    pub issuer: String,
    /// The audiences that its tokens may be for: a token has to name one. Never empty.
    pub audiences: Vec<String>,
    /// The algorithms that its tokens may be signed with. Never empty.
    pub algorithms: Vec<Algorithm>,
    /// Where its keys are, and who says so.
    pub keys: KeySource,
}

/// How an issuer's keys are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// The discovery document below the issuer names them, on the issuer's own origin.
    Discovery(Location),
    /// The operator names them.
    Configured(Location),
}

/// A signature algorithm of JSON Web Tokens (RFC 7518, RFC 8037). `none` and the symmetric ones
/// are deliberately absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSA with PKCS #1 v1.5 and SHA-256.
    Rs256,
    /// RSA with PSS and SHA-256.
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    /// The `alg` of a token's header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of this name, in exactly this spelling.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An entry of `ironward.issuers` while it is read.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) issuer: Option<String>,
    pub(crate) audiences: Vec<String>,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) keys: Option<Location>,
    pub(crate) allow_private_address: bool,
}

/// The keys of an entry of `ironward.issuers`.
pub(crate) static ISSUER: Section<Draft> = Section {
    name: "ironward.issuers[]",
    about: "Who may vouch for clients that have no virtual key: a token of an issuer (JSON Web Token, OpenID Connect) is mapped \
            to the service account or user whose claims it holds, exactly. A token without an expiry is refused.",
    keys: &[
        Key {
            name: "issuer",
            default: "",
            meaning: "Required. The exact `iss` of its tokens; its keys are found by `ISSUER/.well-known/openid-configuration`.",
            effect: Effect::Word(|draft, issuer| draft.issuer = Some(issuer)),
        },
        Key {
            name: "audience",
            default: "",
            meaning: "Required. Whom its tokens are for: a token has to name one of these as its `aud`. Choose a name of this gateway's own.",
            effect: Effect::Words(|draft, audiences| draft.audiences = audiences),
        },
        Key {
            name: "algorithms",
            default: "",
            meaning: "Required. What its tokens may be signed with: `RS256`, `PS256`, `ES256`, `EdDSA`.",
            effect: Effect::Read("list of texts", read_algorithms),
        },
        Key {
            name: "jwks_uri",
            default: "found by discovery",
            meaning: "Where its keys are, for an issuer without discovery or with its keys on another host.",
            effect: Effect::Read("URL", |draft, reader, field| {
                draft.keys = read_location(reader, field);
            }),
        },
        Key {
            name: "allow_private_address",
            default: "false",
            meaning: "Its public name may resolve to a private address.",
            effect: Effect::Switch(|draft, on| draft.allow_private_address = on),
        },
    ],
    ignored: "",
    unknown: Unknown::Problem,
};

/// Reads `ironward.issuers`.
pub(crate) fn read(reader: &mut Reader<'_>, field: &Field<'_>) -> Vec<Issuer> {
    let mut issuers = Vec::new();
    for item in reader.items(field).unwrap_or_default() {
        let reported = reader.problems.len();
        let mut draft = Draft::default();
        ISSUER.read(&mut draft, reader, &item);
        if reader.problems.len() > reported {
            continue;
        }
        match draft.finish(&item.node.place) {
            Ok(issuer) => push(reader, &item.path, &mut issuers, issuer),
            Err(message) => reader.problem(&item, message),
        }
    }
    issuers
}

/// Adds an issuer; two entries for one would leave open which of them holds.
pub(crate) fn push(reader: &mut Reader<'_>, path: &str, issuers: &mut Vec<Issuer>, issuer: Issuer) {
    if let Some(first) = issuers.iter().find(|one| one.issuer == issuer.issuer) {
        let message = format!(
            "this issuer is also that of line {}; write one entry with all its audiences",
            first.place.line
        );
        reader.problem_at(&issuer.place, path, message);
    } else {
        issuers.push(issuer);
    }
}

impl Draft {
    /// The issuer, or what is missing or unsafe.
    pub(crate) fn finish(self, place: &Place) -> Result<Issuer, String> {
        let issuer = self.issuer.ok_or(
            "an issuer needs its exact name; add 'issuer: https://HOST/PATH' as the 'iss' of its tokens says",
        )?;
        if self.audiences.is_empty() {
            return Err(
                "an issuer needs an audience, or a token that was made for another service would \
                 open this one; add 'audience: NAME' and have tokens issued for it"
                    .to_owned(),
            );
        }
        if self.algorithms.is_empty() {
            return Err(
                "an issuer needs the algorithms that it signs with; add 'algorithms: [RS256]'"
                    .to_owned(),
            );
        }
        let keys = match self.keys {
            Some(location) => KeySource::Configured(location),
            None => KeySource::Discovery(discovery(&issuer)?),
        };
        let origin = &keys.location().origin;
        // A public name that may resolve to a private address may resolve to a public one, too.
        if origin.scheme == Scheme::Http && origin.reach == Reach::Public {
            return Err(format!(
                "the keys of this issuer would come over plain http from {origin}, and whoever \
                 sits on the way could be anybody; write https"
            ));
        }
        let keys = keys.within_reach(self.allow_private_address);
        Ok(Issuer {
            place: place.clone(),
            issuer,
            audiences: self.audiences,
            algorithms: self.algorithms,
            keys,
        })
    }
}

impl KeySource {
    /// The document that is fetched first.
    #[must_use]
    pub fn location(&self) -> &Location {
        match self {
            Self::Discovery(location) | Self::Configured(location) => location,
        }
    }

    fn within_reach(mut self, allow_private_address: bool) -> Self {
        if allow_private_address {
            let (Self::Discovery(location) | Self::Configured(location)) = &mut self;
            location.origin.reach = Reach::Private;
        }
        self
    }
}

/// Where `OpenID` Connect Discovery 1.0 (section 4) has the issuer's document.
pub(crate) fn discovery(issuer: &str) -> Result<Location, String> {
    Origin::parse(issuer)
        .and_then(|_| {
            let base = issuer.trim_end_matches('/');
            Location::parse(&format!("{base}/.well-known/openid-configuration"))
        })
        .map_err(|error| {
            format!(
                "the issuer is not a URL under which its keys could be found ({error}); \
                 add 'jwks_uri: https://HOST/PATH'"
            )
        })
}

/// Reads the algorithms that tokens may be signed with.
pub(crate) fn read_algorithms(draft: &mut Draft, reader: &mut Reader<'_>, field: &Field<'_>) {
    for name in reader.words(field).unwrap_or_default() {
        if let Some(algorithm) = Algorithm::of(&name) {
            if !draft.algorithms.contains(&algorithm) {
                draft.algorithms.push(algorithm);
            }
            continue;
        }
        let names = Algorithm::ALL.map(Algorithm::as_str);
        let message = match name.to_ascii_lowercase().as_str() {
            "none" => "'none' means tokens without a signature, which anybody can write; \
                       write the issuer's algorithm, such as RS256"
                .to_owned(),
            "hs256" | "hs384" | "hs512" => {
                "a symmetric algorithm is never accepted: whoever can check such a token can write \
                 one; have the issuer sign with RS256, PS256, ES256 or EdDSA"
                    .to_owned()
            }
            _ => match nearest(&name, names) {
                Some(near) => format!("no algorithm that is accepted; did you mean '{near}'?"),
                None => format!("no algorithm that is accepted; write {}", names.join(", ")),
            },
        };
        reader.problem(field, message);
    }
}

/// Reads a URL with path and query.
pub(crate) fn read_location(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Location> {
    let url = reader.word(field)?;
    match Location::parse(&url) {
        Ok(location) => Some(location),
        Err(error) => {
            let message = format!("not a URL: {error}; write https://HOST[:PORT]/PATH");
            reader.problem(field, message);
            None
        }
    }
}
