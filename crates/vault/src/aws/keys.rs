use std::path::{Path, PathBuf};

use ironward_secret::Secret;

use crate::KekError;

/// Where the keys for AWS come from.
pub enum AwsAuth {
    /// Given once, usually by the environment.
    Keys(AwsKeys),
    /// A profile of a credentials file, read for every request: whoever renews it writes it there.
    File {
        /// The file; usually `~/.aws/credentials`.
        path: PathBuf,
        /// The profile; usually `default`.
        profile: Box<str>,
    },
}

/// An access key of AWS.
pub struct AwsKeys {
    /// The access key id, which is no secret.
    pub id: Box<str>,
    /// The secret access key.
    pub secret: Secret,
    /// The session token of temporary keys.
    pub session: Option<Secret>,
}

impl AwsAuth {
    /// Hands `use_keys` the keys as they are now.
    pub(crate) fn with<T>(
        &self,
        use_keys: impl FnOnce(&AwsKeys) -> Result<T, KekError>,
    ) -> Result<T, KekError> {
        match self {
            Self::Keys(keys) => use_keys(keys),
            Self::File { path, profile } => use_keys(&read(path, profile)?),
        }
    }
}

fn read(path: &Path, profile: &str) -> Result<AwsKeys, KekError> {
    let file = Secret::from_file(path).map_err(KekError::misconfigured)?;
    let exposed = file.expose();
    let shown = path.display();
    let text = std::str::from_utf8(exposed.bytes())
        .map_err(|_| KekError::misconfigured(format!("{shown} is not text")))?;
    parse(text, profile).ok_or_else(|| {
        KekError::misconfigured(format!(
            "{shown} has no profile [{profile}] with aws_access_key_id and aws_secret_access_key"
        ))
    })
}

/// The keys of one profile of an INI file.
fn parse(text: &str, profile: &str) -> Option<AwsKeys> {
    let (mut id, mut secret, mut session) = (None, None, None);
    let mut is_ours = false;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            is_ours = name.trim() == profile;
        } else if is_ours && let Some((name, value)) = line.split_once('=') {
            let value = value.trim();
            match name.trim() {
                "aws_access_key_id" => id = Some(value),
                "aws_secret_access_key" => secret = Some(Secret::new(value)),
                "aws_session_token" => session = Some(Secret::new(value)),
                _ => {}
            }
        }
    }
    Some(AwsKeys {
        id: id?.into(),
        secret: secret?,
        session,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_profile_is_found_among_others() {
        let text = "[other]\naws_access_key_id = WRONG\naws_secret_access_key=wrong\n\n\
                    [ production ]\n# ours\naws_access_key_id = AKIDEXAMPLE\nregion = x\n\
                    aws_secret_access_key = abc/+=\n[last]\naws_session_token = wrong\n";
        let keys = parse(text, "production").unwrap();
        assert_eq!(&*keys.id, "AKIDEXAMPLE");
        assert_eq!(keys.secret.expose().bytes(), b"abc/+=");
        assert!(keys.session.is_none());
        assert!(parse(text, "last").is_none() && parse(text, "default").is_none());
    }
}
