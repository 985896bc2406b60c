//! What the functions are told by their environment: read in one place, once, at start.

use std::env;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use url::Url;

/// Where TrustedForm is, where no setting says otherwise.
pub const TRUSTED_FORM: &str = "https://cert.trustedform.com";

/// A value that is never shown, not even in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one call that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Where a secret is: in the environment itself, or in Secrets Manager, which is what a deployment uses.
#[derive(Clone, Debug)]
pub enum SecretSetting {
    /// Its value.
    Value(Secret),
    /// The ARN under which it is kept.
    Arn(String),
}

/// A variable of the environment that is missing or wrong.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A variable that must be there is not.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// A variable's value cannot be read. The value itself may be a secret and is not shown.
    #[error("the environment variable {0} is not {1}")]
    Invalid(&'static str, &'static str),
}

/// What the two intake functions need.
#[derive(Clone, Debug)]
pub struct IntakeSettings {
    /// `SOURCES_TABLE`.
    pub sources_table: String,
    /// `LEADS_TABLE`.
    pub leads_table: String,
    /// `LEAD_CREATED_QUEUE_URL`.
    pub queue_url: String,
    /// `TRUSTED_FORM_URL`, by default `https://cert.trustedform.com`.
    pub trusted_form_url: Url,
    /// `TRUSTED_FORM_API_KEY`, or `TRUSTED_FORM_API_KEY_SECRET_ARN`.
    pub trusted_form_key: SecretSetting,
    /// `TRUSTED_FORM_CA_BUNDLE`: a PEM file of roots to trust besides Mozilla's.
    pub trusted_form_ca_bundle: Option<PathBuf>,
    /// `LEAD_DUE_AFTER_SECONDS`, by default 60: when a lead that nothing has finished comes back to the worker.
    pub due_after: Duration,
    /// Whether connections are made at start already. A function's are: its start is not throttled, and nobody waits.
    pub connects_ahead: bool,
}

/// What the worker needs.
#[derive(Clone, Debug)]
pub struct ProcessSettings {
    /// `LEADS_TABLE`.
    pub leads_table: String,
    /// `LEAD_CREATED_QUEUE_URL`.
    pub queue_url: String,
    /// `PHONE_LOOKUP`: `none` (the default), `twilio` or `telnyx`.
    pub lookup: LookupSettings,
    /// `LEAD_DUE_AFTER_SECONDS`, by default 60: the shortest wait before a lead is tried again.
    pub due_after: Duration,
    /// `LOOKUP_LEASE_SECONDS`, by default 40: how long one look-up keeps others from the same lead. Longer than the
    /// function's time-out, so that a lease ends only after its holder has.
    pub lease: Duration,
    /// Whether connections are made at start already. A function's are: its start is not throttled, and nobody waits.
    pub connects_ahead: bool,
}

/// Which provider looks numbers up.
#[derive(Clone, Debug)]
pub enum LookupSettings {
    /// None: leads are ready without.
    None,
    /// Twilio Lookup v2.
    Twilio {
        /// `TWILIO_URL`, by default `https://lookups.twilio.com`.
        url: Url,
        /// `TWILIO_ACCOUNT_SID`.
        account_sid: String,
        /// `TWILIO_AUTH_TOKEN`, or `TWILIO_AUTH_TOKEN_SECRET_ARN`.
        auth_token: SecretSetting,
        /// `TWILIO_CALLER_NAME`, by default `false`: whether to ask, and pay, for the caller's name too.
        caller_name: bool,
    },
    /// Telnyx Number Lookup.
    Telnyx {
        /// `TELNYX_URL`, by default `https://api.telnyx.com`.
        url: Url,
        /// `TELNYX_API_KEY`, or `TELNYX_API_KEY_SECRET_ARN`.
        api_key: SecretSetting,
    },
}

impl IntakeSettings {
    /// Reads the environment.
    ///
    /// # Errors
    /// [`SettingsError`], naming the variable.
    pub fn from_env() -> Result<Self, SettingsError> {
        Ok(Self {
            sources_table: required("SOURCES_TABLE")?,
            leads_table: required("LEADS_TABLE")?,
            queue_url: required("LEAD_CREATED_QUEUE_URL")?,
            trusted_form_url: url("TRUSTED_FORM_URL", TRUSTED_FORM)?,
            trusted_form_key: secret("TRUSTED_FORM_API_KEY", "TRUSTED_FORM_API_KEY_SECRET_ARN")?,
            trusted_form_ca_bundle: optional("TRUSTED_FORM_CA_BUNDLE").map(PathBuf::from),
            due_after: seconds("LEAD_DUE_AFTER_SECONDS", 60)?,
            connects_ahead: true,
        })
    }
}

impl ProcessSettings {
    /// Reads the environment.
    ///
    /// # Errors
    /// [`SettingsError`], naming the variable.
    pub fn from_env() -> Result<Self, SettingsError> {
        Ok(Self {
            leads_table: required("LEADS_TABLE")?,
            queue_url: required("LEAD_CREATED_QUEUE_URL")?,
            lookup: LookupSettings::from_env()?,
            due_after: seconds("LEAD_DUE_AFTER_SECONDS", 60)?,
            lease: seconds("LOOKUP_LEASE_SECONDS", 40)?,
            connects_ahead: true,
        })
    }
}

impl LookupSettings {
    /// Reads the environment.
    ///
    /// # Errors
    /// [`SettingsError`], naming the variable.
    pub fn from_env() -> Result<Self, SettingsError> {
        match optional("PHONE_LOOKUP").as_deref() {
            None | Some("none") => Ok(Self::None),
            Some("twilio") => Ok(Self::Twilio {
                url: url("TWILIO_URL", "https://lookups.twilio.com")?,
                account_sid: required("TWILIO_ACCOUNT_SID")?,
                auth_token: secret("TWILIO_AUTH_TOKEN", "TWILIO_AUTH_TOKEN_SECRET_ARN")?,
                caller_name: parsed("TWILIO_CALLER_NAME", "true or false")?.unwrap_or(false),
            }),
            Some("telnyx") => Ok(Self::Telnyx {
                url: url("TELNYX_URL", "https://api.telnyx.com")?,
                api_key: secret("TELNYX_API_KEY", "TELNYX_API_KEY_SECRET_ARN")?,
            }),
            Some(_) => Err(SettingsError::Invalid("PHONE_LOOKUP", "none, twilio or telnyx")),
        }
    }
}

/// A variable's value; a blank one counts as not set.
pub fn optional(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// A variable's value that must be there.
///
/// # Errors
/// [`SettingsError::Missing`].
pub fn required(name: &'static str) -> Result<String, SettingsError> {
    optional(name).ok_or(SettingsError::Missing(name))
}

fn secret(name: &'static str, arn: &'static str) -> Result<SecretSetting, SettingsError> {
    match optional(arn) {
        Some(arn) => Ok(SecretSetting::Arn(arn)),
        None => required(name).map(|text| SecretSetting::Value(Secret::new(text.trim()))),
    }
}

fn parsed<T: FromStr>(name: &'static str, expected: &'static str) -> Result<Option<T>, SettingsError> {
    optional(name).map(|value| value.parse().map_err(|_| SettingsError::Invalid(name, expected))).transpose()
}

fn url(name: &'static str, default: &str) -> Result<Url, SettingsError> {
    let text = optional(name).unwrap_or_else(|| default.to_owned());
    Url::parse(&text).map_err(|_| SettingsError::Invalid(name, "a URL"))
}

fn seconds(name: &'static str, default: u64) -> Result<Duration, SettingsError> {
    Ok(Duration::from_secs(parsed(name, "a whole number of seconds")?.unwrap_or(default)))
}
