//! One reading of all services: every secret once, each service in turn and all at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ironward_config::{Reference, Referred, Scheme, SecretSources};
use ironward_core::SystemClock;
use ironward_secret::Secret;
use ironward_vault::{
    AwsSecretSettings, AwsSecrets, AzureSecretSettings, AzureSecrets, GcpSecretSettings,
    GcpSecrets, KvSecretSettings, KvSecrets, SecretSource, SourceFailure,
};

use crate::services::Services;

/// How long a service may take for all its secrets.
const PATIENCE: Duration = Duration::from_secs(60);

type Outcomes = BTreeMap<Reference, Result<Arc<Secret>, String>>;

/// The references of one service, by secret.
type Names<'a> = BTreeMap<&'a str, BTreeSet<&'a Reference>>;

/// Reads every secret that is wanted.
pub(super) async fn read(
    wanted: &[Referred],
    sources: &SecretSources,
    services: &Services<'_>,
) -> Outcomes {
    let of = |scheme: Scheme| {
        let mut names = Names::new();
        let references = wanted.iter().map(|referred| &referred.reference);
        for reference in references.filter(|reference| reference.scheme == scheme) {
            names.entry(&reference.name).or_default().insert(reference);
        }
        ask(names, move || open(scheme, sources, services))
    };
    let (vault, aws, gcp, azure) = tokio::join!(
        of(Scheme::Vault),
        of(Scheme::AwsSm),
        of(Scheme::GcpSm),
        of(Scheme::AzureKv)
    );
    [vault, aws, gcp, azure].into_iter().flatten().collect()
}

/// Says of every secret why none was read.
pub(super) fn none(wanted: &[Referred], why: &str) -> Outcomes {
    let references = wanted.iter().map(|referred| referred.reference.clone());
    references
        .map(|reference| (reference, Err(why.to_owned())))
        .collect()
}

async fn ask(
    names: Names<'_>,
    open: impl FnOnce() -> Result<Box<dyn SecretSource>, String>,
) -> Outcomes {
    let mut outcomes = Outcomes::new();
    if names.is_empty() {
        return outcomes;
    }
    let mut why = "the service did not answer in time for all its secrets".to_owned();
    match open() {
        Ok(source) => {
            let reading = read_each(&*source, &names, &mut outcomes);
            if let Ok(Some(down)) = tokio::time::timeout(PATIENCE, reading).await {
                why = down;
            }
        }
        Err(message) => why = message,
    }
    for reference in names.into_values().flatten() {
        outcomes
            .entry(reference.clone())
            .or_insert_with(|| Err(why.clone()));
    }
    outcomes
}

/// Reads one secret after the other. A service that cannot be reached is not asked again: that is
/// what is returned.
async fn read_each(
    source: &dyn SecretSource,
    names: &Names<'_>,
    outcomes: &mut Outcomes,
) -> Option<String> {
    for (name, references) in names {
        let document = match source.read(name).await {
            Ok(document) => Ok(document),
            Err(error) if error.kind == SourceFailure::Unreachable => {
                return Some(error.to_string());
            }
            Err(error) => Err(error.to_string()),
        };
        for reference in references {
            let picked = document.as_ref().map_err(Clone::clone);
            let picked = picked.and_then(|document| document.pick(reference.field.as_deref()));
            outcomes.insert((*reference).clone(), picked.map(Arc::new));
        }
    }
    None
}

fn open(
    scheme: Scheme,
    sources: &SecretSources,
    services: &Services<'_>,
) -> Result<Box<dyn SecretSource>, String> {
    let dialler = services.dialler()?;
    let named = |message: String| format!("its source {message}");
    let opened = match scheme {
        Scheme::Vault => {
            let source = sources.vault.as_ref().ok_or_else(|| nowhere("vault"))?;
            let login = services.vault_login(&source.auth).map_err(named)?;
            let mut settings = KvSecretSettings::new(source.address.clone(), login);
            settings.namespace = source.namespace.as_deref().map(Into::into);
            KvSecrets::new(settings, dialler).map(boxed)
        }
        Scheme::AwsSm => {
            let source = sources.aws.as_ref().ok_or_else(|| nowhere("aws"))?;
            let auth = services
                .aws_auth(source.credentials.as_ref())
                .map_err(named)?;
            let mut settings = AwsSecretSettings::new(&source.region, auth);
            settings.endpoint.clone_from(&source.endpoint);
            AwsSecrets::new(settings, dialler, Arc::new(SystemClock)).map(boxed)
        }
        Scheme::GcpSm => {
            let source = sources.gcp.as_ref().ok_or_else(|| nowhere("gcp"))?;
            let mut settings = GcpSecretSettings::new(source.token_file.clone());
            settings.endpoint.clone_from(&source.endpoint);
            GcpSecrets::new(settings, dialler).map(boxed)
        }
        Scheme::AzureKv => {
            let source = sources.azure.as_ref().ok_or_else(|| nowhere("azure"))?;
            let (address, token) = (source.address.clone(), source.token_file.clone());
            AzureSecrets::new(AzureSecretSettings::new(address, token), dialler).map(boxed)
        }
        Scheme::Variable | Scheme::File => return Err("it is not a service's".to_owned()),
    };
    opened.map_err(|error| error.to_string())
}

fn boxed(source: impl SecretSource + 'static) -> Box<dyn SecretSource> {
    Box::new(source)
}

fn nowhere(section: &str) -> String {
    format!("the configuration does not say where it is; add ironward.secret_sources.{section}")
}
