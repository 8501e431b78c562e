use std::path::PathBuf;

use ironward_core::Origin;

use crate::keys::{Effect, Key, Section, Unknown};
use crate::reader::{Field, Reader};

/// The key-encryption key: `ironward.vault`. It holds no secret, only where one is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VaultSettings {
    /// The key that wraps the data keys.
    pub kek: KekSettings,
    /// The key before it: data keys that it wraps are still unwrapped, until
    /// `ironward vault rotate-kek` has moved them.
    pub previous: Option<KekSettings>,
}

/// Where a key-encryption key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KekSettings {
    /// A file of this machine; `None`: the usual one.
    File(Option<PathBuf>),
    /// An environment variable; `None`: the first that is set of the usual ones.
    Env(Option<String>),
    /// A key of the transit engine of `HashiCorp` Vault or `OpenBao`.
    VaultTransit {
        /// The server.
        address: Origin,
        /// Where the engine is mounted, if not at `transit`.
        mount: Option<String>,
        /// The key's name.
        key: String,
        /// The namespace, where there are any.
        namespace: Option<String>,
        /// Who asks.
        auth: VaultAuth,
    },
    /// A key of AWS KMS.
    AwsKms {
        /// The region.
        region: String,
        /// Key id, ARN or alias.
        key: String,
        /// Another address than the region's own.
        endpoint: Option<Origin>,
        /// A credentials file and its profile; `None`: the usual variables.
        credentials: Option<(PathBuf, String)>,
    },
    /// A key of Google Cloud KMS.
    GcpKms {
        /// `projects/P/locations/L/keyRings/R/cryptoKeys/K`.
        key: String,
        /// A file that holds an access token, renewed by somebody else.
        token_file: PathBuf,
        /// Another address than Google's own.
        endpoint: Option<Origin>,
    },
    /// A key of Azure Key Vault.
    AzureKeyVault {
        /// The vault.
        address: Origin,
        /// The key's name.
        key: String,
        /// The key's version.
        version: String,
        /// A file that holds an access token, renewed by somebody else.
        token_file: PathBuf,
    },
    /// A key of a hardware security module, which `ironward-pkcs11` speaks to.
    Pkcs11 {
        /// The socket that `ironward-pkcs11` listens on.
        socket: PathBuf,
        /// The key's name.
        key: String,
    },
}

/// How the gateway proves to Vault who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultAuth {
    /// The token in the variable `VAULT_TOKEN`.
    Variable,
    /// A token in a file, renewed by somebody else.
    TokenFile(PathBuf),
    /// An `AppRole`.
    AppRole {
        /// Where the method is mounted, if not at `approle`.
        mount: Option<String>,
        /// The role's id.
        role_id: String,
        /// The file of the secret id.
        secret_id: PathBuf,
    },
}

impl VaultAuth {
    /// What is given, or the name of what is missing.
    pub(super) fn of(
        token_file: Option<PathBuf>,
        app_role: (Option<String>, Option<PathBuf>, Option<String>),
    ) -> Result<Self, &'static str> {
        match (app_role, token_file) {
            ((Some(role_id), Some(secret_id), mount), None) => Ok(Self::AppRole {
                mount,
                role_id,
                secret_id,
            }),
            ((Some(_), None, _), None) => Err("secret_id_file"),
            ((None, Some(_), _) | (None, None, Some(_)), None) => Err("role_id"),
            ((None, None, None), Some(file)) => Ok(Self::TokenFile(file)),
            ((None, None, None), None) => Ok(Self::Variable),
            _ => Err("either token_file or role_id"),
        }
    }
}

impl Default for KekSettings {
    fn default() -> Self {
        Self::File(None)
    }
}

/// The section while it is read.
#[derive(Default)]
pub(crate) struct Draft {
    kek: Option<String>,
    file: Option<PathBuf>,
    variable: Option<String>,
    address: Option<Origin>,
    mount: Option<String>,
    key: Option<String>,
    key_version: Option<String>,
    namespace: Option<String>,
    token_file: Option<PathBuf>,
    role_id: Option<String>,
    secret_id_file: Option<PathBuf>,
    auth_mount: Option<String>,
    region: Option<String>,
    endpoint: Option<Origin>,
    credentials_file: Option<PathBuf>,
    profile: Option<String>,
    socket: Option<PathBuf>,
    previous: Option<KekSettings>,
}

/// The keys of `ironward.vault`.
pub(crate) static VAULT: Section<Draft> = Section {
    name: "ironward.vault",
    about: "",
    keys: &[
        Key {
            name: "kek",
            default: "file",
            meaning: "What keeps the key-encryption key: `file`, `env`, `vault-transit` (HashiCorp Vault, OpenBao), `aws-kms`, `gcp-kms`, `azure-keyvault` or `pkcs11` (a hardware security module, docs/hsm.md).",
            effect: Effect::Word(|vault, kek| vault.kek = Some(kek)),
        },
        Key {
            name: "file",
            default: "/etc/ironward/kek for root, else ~/.config/ironward/kek",
            meaning: "`file`: where it is, outside the data directory; made on the first start. Back it up.",
            effect: Effect::File(|vault, path| vault.file = Some(path)),
        },
        Key {
            name: "variable",
            default: "IRONWARD_KEK, else LITELLM_SALT_KEY",
            meaning: "`env`: the environment variable.",
            effect: Effect::Word(|vault, name| vault.variable = Some(name)),
        },
        Key {
            name: "address",
            default: "",
            meaning: "`vault-transit`, `azure-keyvault`: the server, as `https://vault.example.com:8200` or `https://NAME.vault.azure.net`.",
            effect: Effect::Read("URL", |vault, reader, field| {
                vault.address = read_origin(reader, field);
            }),
        },
        Key {
            name: "mount",
            default: "transit",
            meaning: "`vault-transit`: where the engine is mounted.",
            effect: Effect::Word(|vault, mount| vault.mount = Some(mount)),
        },
        Key {
            name: "key",
            default: "",
            meaning: "`vault-transit`, `aws-kms`, `gcp-kms`, `azure-keyvault`, `pkcs11`: which key.",
            effect: Effect::Word(|vault, key| vault.key = Some(key)),
        },
        Key {
            name: "key_version",
            default: "",
            meaning: "`azure-keyvault`: the version of the key.",
            effect: Effect::Word(|vault, version| vault.key_version = Some(version)),
        },
        Key {
            name: "namespace",
            default: "",
            meaning: "`vault-transit`: the namespace.",
            effect: Effect::Word(|vault, namespace| vault.namespace = Some(namespace)),
        },
        Key {
            name: "token_file",
            default: "the variable VAULT_TOKEN",
            meaning: "`vault-transit`, `gcp-kms`, `azure-keyvault`: a file with a token, read for every request.",
            effect: Effect::File(|vault, path| vault.token_file = Some(path)),
        },
        Key {
            name: "role_id",
            default: "",
            meaning: "`vault-transit`: the id of an AppRole to log in with.",
            effect: Effect::Word(|vault, id| vault.role_id = Some(id)),
        },
        Key {
            name: "secret_id_file",
            default: "",
            meaning: "`vault-transit`: the file of the AppRole's secret id.",
            effect: Effect::File(|vault, path| vault.secret_id_file = Some(path)),
        },
        Key {
            name: "auth_mount",
            default: "approle",
            meaning: "`vault-transit`: where the AppRole method is mounted.",
            effect: Effect::Word(|vault, mount| vault.auth_mount = Some(mount)),
        },
        Key {
            name: "region",
            default: "the variable AWS_REGION",
            meaning: "`aws-kms`: the region.",
            effect: Effect::Word(|vault, region| vault.region = Some(region)),
        },
        Key {
            name: "endpoint",
            default: "the service's own",
            meaning: "`aws-kms`, `gcp-kms`: another address, as that of a VPC endpoint.",
            effect: Effect::Read("URL", |vault, reader, field| {
                vault.endpoint = read_origin(reader, field);
            }),
        },
        Key {
            name: "credentials_file",
            default: "the variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN",
            meaning: "`aws-kms`: a credentials file, read for every request.",
            effect: Effect::File(|vault, path| vault.credentials_file = Some(path)),
        },
        Key {
            name: "profile",
            default: "default",
            meaning: "`aws-kms`: the profile of that file.",
            effect: Effect::Word(|vault, profile| vault.profile = Some(profile)),
        },
        Key {
            name: "socket",
            default: "",
            meaning: "`pkcs11`: the socket that `ironward-pkcs11` listens on, in a directory that nobody else may write to.",
            effect: Effect::File(|vault, path| vault.socket = Some(path)),
        },
        Key {
            name: "previous",
            default: "",
            meaning: "The key-encryption key before this one, with the same keys: what it wraps still opens until `ironward vault rotate-kek` has moved it.",
            effect: Effect::Read("section", |vault, reader, field| {
                vault.previous = read_previous(reader, field);
            }),
        },
    ],
    ignored: "",
    unknown: Unknown::Problem,
};

/// The backends, each with the keys that mean something to it.
const BACKENDS: [(&str, &[&str]); 7] = [
    ("file", &["file"]),
    ("env", &["variable"]),
    (
        "vault-transit",
        &[
            "address",
            "mount",
            "key",
            "namespace",
            "token_file",
            "role_id",
            "secret_id_file",
            "auth_mount",
        ],
    ),
    (
        "aws-kms",
        &["region", "key", "endpoint", "credentials_file", "profile"],
    ),
    ("gcp-kms", &["key", "token_file", "endpoint"]),
    (
        "azure-keyvault",
        &["address", "key", "key_version", "token_file"],
    ),
    ("pkcs11", &["socket", "key"]),
];

/// Reads `ironward.vault`.
pub(super) fn read(reader: &mut Reader<'_>, field: &Field<'_>) -> VaultSettings {
    let mut draft = Draft::default();
    VAULT.read(&mut draft, reader, field);
    let previous = draft.previous.take();
    VaultSettings {
        kek: draft.finish(reader, field).unwrap_or_default(),
        previous,
    }
}

fn read_previous(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<KekSettings> {
    let mut draft = Draft::default();
    VAULT.read(&mut draft, reader, field);
    if draft.previous.is_some() {
        reader.problem(
            field,
            "only one key before the current one is kept; remove 'previous' here",
        );
    }
    draft.finish(reader, field)
}

pub(super) fn read_origin(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Origin> {
    let text = reader.text(field)?;
    match Origin::parse(text.text.trim()) {
        Ok(origin) => Some(origin),
        Err(error) => {
            let message = format!("not a base URL: {error}; write https://HOST[:PORT]");
            reader.problem(field, message);
            None
        }
    }
}

impl Draft {
    /// The settings of the chosen backend. What is missing, and what belongs to another backend, is
    /// reported: whoever writes it expects it to matter.
    fn finish(self, reader: &mut Reader<'_>, field: &Field<'_>) -> Option<KekSettings> {
        let kek = self.kek.as_deref().unwrap_or("file").to_owned();
        let Some((_, known)) = BACKENDS.iter().find(|(name, _)| *name == kek) else {
            let message = "no such backend in 'kek'; write file, env, vault-transit, aws-kms, gcp-kms, \
                           azure-keyvault or pkcs11";
            reader.problem(field, message);
            return None;
        };
        let given = self.given();
        if let Some(foreign) = given.iter().find(|name| !known.contains(name)) {
            let message = format!(
                "'{foreign}' has no meaning with 'kek: {kek}'; remove it, or name another kek"
            );
            reader.problem(field, message);
            return None;
        }
        match self.settings(&kek, reader) {
            Ok(settings) => Some(settings),
            Err(missing) => {
                reader.problem(field, format!("'kek: {kek}' needs '{missing}'; add it"));
                None
            }
        }
    }

    /// The settings of a backend that exists, or the name of what is missing.
    fn settings(self, kek: &str, reader: &Reader<'_>) -> Result<KekSettings, &'static str> {
        Ok(match kek {
            "env" => KekSettings::Env(self.variable),
            "vault-transit" => KekSettings::VaultTransit {
                auth: VaultAuth::of(
                    self.token_file,
                    (self.role_id, self.secret_id_file, self.auth_mount),
                )?,
                address: self.address.ok_or("address")?,
                mount: self.mount,
                key: self.key.ok_or("key")?,
                namespace: self.namespace,
            },
            "aws-kms" => KekSettings::AwsKms {
                region: self
                    .region
                    .or_else(|| reader.environment.get("AWS_REGION"))
                    .ok_or("region")?,
                key: self.key.ok_or("key")?,
                endpoint: self.endpoint,
                credentials: self
                    .credentials_file
                    .map(|file| (file, self.profile.unwrap_or_else(|| "default".to_owned()))),
            },
            "gcp-kms" => KekSettings::GcpKms {
                key: self.key.ok_or("key")?,
                token_file: self.token_file.ok_or("token_file")?,
                endpoint: self.endpoint,
            },
            "azure-keyvault" => KekSettings::AzureKeyVault {
                address: self.address.ok_or("address")?,
                key: self.key.ok_or("key")?,
                version: self.key_version.ok_or("key_version")?,
                token_file: self.token_file.ok_or("token_file")?,
            },
            "pkcs11" => KekSettings::Pkcs11 {
                socket: self.socket.ok_or("socket")?,
                key: self.key.ok_or("key")?,
            },
            _ => KekSettings::File(self.file),
        })
    }

    /// The names of what is set, besides `kek` and `previous`.
    fn given(&self) -> Vec<&'static str> {
        let set = [
            ("file", self.file.is_some()),
            ("variable", self.variable.is_some()),
            ("address", self.address.is_some()),
            ("mount", self.mount.is_some()),
            ("key", self.key.is_some()),
            ("key_version", self.key_version.is_some()),
            ("namespace", self.namespace.is_some()),
            ("token_file", self.token_file.is_some()),
            ("role_id", self.role_id.is_some()),
            ("secret_id_file", self.secret_id_file.is_some()),
            ("auth_mount", self.auth_mount.is_some()),
            ("region", self.region.is_some()),
            ("endpoint", self.endpoint.is_some()),
            ("credentials_file", self.credentials_file.is_some()),
            ("profile", self.profile.is_some()),
            ("socket", self.socket.is_some()),
        ];
        let given = set.into_iter().filter(|(_, is_set)| *is_set);
        given.map(|(name, _)| name).collect()
    }
}
