//! TrustedForm as the target's functions ask it: its address, and our key.

use std::path::PathBuf;

use leadping::client::credential::Credential;
use leadping::client::web;
use leadping::settings::{Secret, SecretSetting, TRUSTED_FORM, optional};

use crate::error::Error;
use crate::target::Target;

/// The address: the target's own, TRUSTED_FORM_URL, or TrustedForm's.
pub(crate) fn base(target: &Target) -> String {
    let base = target.trusted_form.clone().or_else(|| optional("TRUSTED_FORM_URL"));
    base.unwrap_or_else(|| TRUSTED_FORM.to_owned()).trim_end_matches('/').to_owned()
}

/// The key: TRUSTED_FORM_API_KEY, or the stack's secret.
///
/// # Errors
/// [`Error::Usage`] when none is known, [`Error::Aws`] when the secret cannot be read.
pub(crate) async fn key(target: &Target) -> Result<Credential, Error> {
    let arn = target.secrets.iter().find(|(parameter, _)| parameter.starts_with("TrustedForm"));
    let setting = match (optional("TRUSTED_FORM_API_KEY"), arn) {
        (Some(key), _) => SecretSetting::Value(Secret::new(key)),
        (None, Some((_, arn))) => SecretSetting::Arn(arn.clone()),
        // The stand-in accepts any; a local stack can also ask TrustedForm itself.
        (None, None) if target.is_local() && base(target).starts_with("http://127.0.0.1:") => {
            SecretSetting::Value(Secret::new("local"))
        }
        (None, None) => return Err(Error::Usage("set TRUSTED_FORM_API_KEY to ask TrustedForm".to_owned())),
    };
    Credential::read(&setting, &target.secrets_manager()).await.map_err(|error| Error::Aws {
        what: error.to_string(),
        remedy: "Check that you may read it (secretsmanager:GetSecretValue)".to_owned(),
    })
}

/// The HTTP client to ask it with. TRUSTED_FORM_CA_BUNDLE names roots to trust besides Mozilla's.
///
/// # Errors
/// [`Error::Refused`] when the bundle cannot be read.
pub(crate) fn http() -> Result<reqwest::Client, Error> {
    let bundle = optional("TRUSTED_FORM_CA_BUNDLE").map(PathBuf::from);
    web::client(bundle.as_deref()).map_err(|error| Error::Refused(error.to_string()))
}
