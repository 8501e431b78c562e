use std::path::PathBuf;
use std::time::Duration;

use ironward_core::Origin;

use super::vault::{VaultAuth, read_origin};
use crate::keys::{Effect, Key, Section, Unknown};
use crate::reader::{Field, Reader};
use crate::scheme::Scheme;

/// The services whose secrets the configuration refers to: `ironward.secret_sources`. It holds no
/// secret, only where one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSources {
    /// How often the secrets are read again.
    pub refresh: Duration,
    /// Where `vault://` leads.
    pub vault: Option<VaultSource>,
    /// Where `aws-sm://` leads.
    pub aws: Option<AwsSource>,
    /// Where `gcp-sm://` leads.
    pub gcp: Option<GcpSource>,
    /// Where `azure-kv://` leads.
    pub azure: Option<AzureSource>,
}

/// `HashiCorp` Vault or `OpenBao`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultSource {
    /// The server.
    pub address: Origin,
    /// The namespace, where there are any.
    pub namespace: Option<String>,
    /// Who asks.
    pub auth: VaultAuth,
}

/// AWS Secrets Manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsSource {
    /// The region.
    pub region: String,
    /// Another address than the region's own.
    pub endpoint: Option<Origin>,
    /// A credentials file and its profile; `None`: the usual variables.
    pub credentials: Option<(PathBuf, String)>,
}

/// Google Cloud Secret Manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GcpSource {
    /// A file that holds an access token, renewed by somebody else.
    pub token_file: PathBuf,
    /// Another address than Google's own.
    pub endpoint: Option<Origin>,
}

/// Azure Key Vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AzureSource {
    /// The vault.
    pub address: Origin,
    /// A file that holds an access token, renewed by somebody else.
    pub token_file: PathBuf,
}

impl SecretSources {
    /// Whether both lead to the same service, asked by the same identity.
    #[must_use]
    pub fn lead_alike(&self, other: &Self, scheme: Scheme) -> bool {
        match scheme {
            Scheme::Vault => self.vault == other.vault,
            Scheme::AwsSm => self.aws == other.aws,
            Scheme::GcpSm => self.gcp == other.gcp,
            Scheme::AzureKv => self.azure == other.azure,
            Scheme::Variable | Scheme::File => false,
        }
    }
}

impl Default for SecretSources {
    fn default() -> Self {
        Self {
            refresh: Duration::from_secs(300),
            vault: None,
            aws: None,
            gcp: None,
            azure: None,
        }
    }
}

/// The keys of `ironward.secret_sources`.
pub(crate) static SECRET_SOURCES: Section<SecretSources> = Section {
    name: "ironward.secret_sources",
    about: "Where the references `vault://MOUNT/PATH#FIELD`, `aws-sm://NAME#FIELD`, \
            `gcp-sm://projects/PROJECT/secrets/NAME#FIELD` and `azure-kv://NAME#FIELD` lead. Nothing \
            in this section can be such a reference itself.",
    keys: &[
        Key {
            name: "refresh",
            default: "5m",
            meaning: "How often the secrets are read again, at most once a second. A changed one is put in force as a changed file is; where a service does not answer, the secret in force stays, and the log raises an alarm.",
            effect: Effect::Seconds(|sources, time| {
                sources.refresh = time.max(Duration::from_secs(1));
            }),
        },
        Key {
            name: "vault",
            default: "",
            meaning: "HashiCorp Vault or OpenBao: see below.",
            effect: Effect::Read("section", |sources, reader, field| {
                sources.vault = read_vault(reader, field);
            }),
        },
        Key {
            name: "aws",
            default: "",
            meaning: "AWS Secrets Manager: see below.",
            effect: Effect::Read("section", |sources, reader, field| {
                let draft = read_source(&AWS_SOURCE, reader, field);
                let source = draft.aws(reader);
                sources.aws = needed(source, reader, field);
            }),
        },
        Key {
            name: "gcp",
            default: "",
            meaning: "Google Cloud Secret Manager: see below.",
            effect: Effect::Read("section", |sources, reader, field| {
                let draft = read_source(&GCP_SOURCE, reader, field);
                sources.gcp = needed(draft.gcp(), reader, field);
            }),
        },
        Key {
            name: "azure",
            default: "",
            meaning: "Azure Key Vault: see below.",
            effect: Effect::Read("section", |sources, reader, field| {
                let draft = read_source(&AZURE_SOURCE, reader, field);
                sources.azure = needed(draft.azure(), reader, field);
            }),
        },
    ],
    ignored: "",
    unknown: Unknown::Problem,
};

/// A source while it is read.
#[derive(Default)]
pub(crate) struct Draft {
    address: Option<Origin>,
    namespace: Option<String>,
    token_file: Option<PathBuf>,
    role_id: Option<String>,
    secret_id_file: Option<PathBuf>,
    auth_mount: Option<String>,
    region: Option<String>,
    endpoint: Option<Origin>,
    credentials_file: Option<PathBuf>,
    profile: Option<String>,
}

const TOKEN_FILE: Key<Draft> = Key {
    name: "token_file",
    default: "",
    meaning: "Required. A file with an access token, read at every refresh: whoever renews it writes it there.",
    effect: Effect::File(|source, path| source.token_file = Some(path)),
};

const ENDPOINT: Key<Draft> = Key {
    name: "endpoint",
    default: "the service's own",
    meaning: "Another address, as that of a VPC endpoint or a region.",
    effect: Effect::Read("URL", |source, reader, field| {
        source.endpoint = read_origin(reader, field);
    }),
};

/// The keys of `ironward.secret_sources.vault`.
pub(crate) static VAULT_SOURCE: Section<Draft> = Section {
    name: "ironward.secret_sources.vault",
    about: "The key-value engine, version 1 or 2. Who asks needs `read` on the secrets: with version 2, on \
            `MOUNT/data/PATH`.",
    keys: &[
        Key {
            name: "address",
            default: "the variable VAULT_ADDR",
            meaning: "The server, as `https://vault.example.com:8200`.",
            effect: Effect::Read("URL", |source, reader, field| {
                source.address = read_origin(reader, field);
            }),
        },
        Key {
            name: "namespace",
            default: "",
            meaning: "The namespace.",
            effect: Effect::Word(|source, namespace| source.namespace = Some(namespace)),
        },
        Key {
            name: "token_file",
            default: "the variable VAULT_TOKEN",
            meaning: "A file with a token, read at every refresh.",
            effect: Effect::File(|source, path| source.token_file = Some(path)),
        },
        Key {
            name: "role_id",
            default: "",
            meaning: "The id of an AppRole to log in with.",
            effect: Effect::Word(|source, id| source.role_id = Some(id)),
        },
        Key {
            name: "secret_id_file",
            default: "",
            meaning: "The file of the AppRole's secret id.",
            effect: Effect::File(|source, path| source.secret_id_file = Some(path)),
        },
        Key {
            name: "auth_mount",
            default: "approle",
            meaning: "Where the AppRole method is mounted.",
            effect: Effect::Word(|source, mount| source.auth_mount = Some(mount)),
        },
    ],
    ignored: "",
    unknown: Unknown::Problem,
};

/// The keys of `ironward.secret_sources.aws`.
pub(crate) static AWS_SOURCE: Section<Draft> = Section {
    name: "ironward.secret_sources.aws",
    about: "Who asks needs `secretsmanager:GetSecretValue` on the secrets.",
    keys: &[
        Key {
            name: "region",
            default: "the variable AWS_REGION",
            meaning: "The region.",
            effect: Effect::Word(|source, region| source.region = Some(region)),
        },
        ENDPOINT,
        Key {
            name: "credentials_file",
            default: "the variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN",
            meaning: "A credentials file, read at every refresh.",
            effect: Effect::File(|source, path| source.credentials_file = Some(path)),
        },
        Key {
            name: "profile",
            default: "default",
            meaning: "The profile of that file.",
            effect: Effect::Word(|source, profile| source.profile = Some(profile)),
        },
    ],
    ignored: "",
    unknown: Unknown::Problem,
};

/// The keys of `ironward.secret_sources.gcp`.
pub(crate) static GCP_SOURCE: Section<Draft> = Section {
    name: "ironward.secret_sources.gcp",
    about: "Who asks needs `roles/secretmanager.secretAccessor` on the secrets.",
    keys: &[TOKEN_FILE, ENDPOINT],
    ignored: "",
    unknown: Unknown::Problem,
};

/// The keys of `ironward.secret_sources.azure`.
pub(crate) static AZURE_SOURCE: Section<Draft> = Section {
    name: "ironward.secret_sources.azure",
    about: "Who asks needs `get` on the secrets of the vault.",
    keys: &[
        Key {
            name: "address",
            default: "",
            meaning: "Required. The vault, as `https://NAME.vault.azure.net`.",
            effect: Effect::Read("URL", |source, reader, field| {
                source.address = read_origin(reader, field);
            }),
        },
        TOKEN_FILE,
    ],
    ignored: "",
    unknown: Unknown::Problem,
};

/// Reads `ironward.secret_sources`.
pub(super) fn read(reader: &mut Reader<'_>, field: &Field<'_>) -> SecretSources {
    let mut sources = SecretSources::default();
    let is_source = std::mem::replace(&mut reader.is_source, true);
    SECRET_SOURCES.read(&mut sources, reader, field);
    reader.is_source = is_source;
    sources
}

fn read_source(section: &Section<Draft>, reader: &mut Reader<'_>, field: &Field<'_>) -> Draft {
    let mut draft = Draft::default();
    section.read(&mut draft, reader, field);
    draft
}

/// The source, or nothing and a report of what is missing.
fn needed<T>(
    source: Result<T, &'static str>,
    reader: &mut Reader<'_>,
    field: &Field<'_>,
) -> Option<T> {
    match source {
        Ok(source) => Some(source),
        Err(missing) => {
            reader.problem(field, format!("this source needs '{missing}'; add it"));
            None
        }
    }
}

/// Reads `ironward.secret_sources.vault`; its address may be where Vault's own tools look for it.
fn read_vault(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<VaultSource> {
    let mut draft = read_source(&VAULT_SOURCE, reader, field);
    if draft.address.is_none()
        && let Some(address) = reader.environment.get("VAULT_ADDR")
    {
        match Origin::parse(address.trim()) {
            Ok(origin) => draft.address = Some(origin),
            Err(error) => {
                let message = format!(
                    "the environment variable VAULT_ADDR is no base URL: {error}; set it to \
                     https://HOST[:PORT], or write 'address'"
                );
                reader.problem(field, message);
                return None;
            }
        }
    }
    needed(draft.vault(), reader, field)
}

impl Draft {
    fn vault(self) -> Result<VaultSource, &'static str> {
        Ok(VaultSource {
            address: self.address.ok_or("address")?,
            namespace: self.namespace,
            auth: VaultAuth::of(
                self.token_file,
                (self.role_id, self.secret_id_file, self.auth_mount),
            )?,
        })
    }

    fn aws(self, reader: &Reader<'_>) -> Result<AwsSource, &'static str> {
        let usual = || reader.environment.get("AWS_REGION");
        let credentials = match (self.credentials_file, self.profile) {
            (Some(file), profile) => Some((file, profile.unwrap_or_else(|| "default".to_owned()))),
            (None, Some(_)) => return Err("credentials_file"),
            (None, None) => None,
        };
        Ok(AwsSource {
            region: self.region.or_else(usual).ok_or("region")?,
            endpoint: self.endpoint,
            credentials,
        })
    }

    fn gcp(self) -> Result<GcpSource, &'static str> {
        Ok(GcpSource {
            token_file: self.token_file.ok_or("token_file")?,
            endpoint: self.endpoint,
        })
    }

    fn azure(self) -> Result<AzureSource, &'static str> {
        Ok(AzureSource {
            address: self.address.ok_or("address")?,
            token_file: self.token_file.ok_or("token_file")?,
        })
    }
}
