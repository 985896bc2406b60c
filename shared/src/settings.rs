//! The settings that functions read from environment variables: once, at start-up, in this file only.

use std::env;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use url::{Host, Url};

use crate::lead::redact::redacted;

/// The base URL of TrustedForm, unless a setting overrides it.
pub const TRUSTED_FORM: &str = "https://cert.trustedform.com";

/// The name of the table of limits, unless a setting overrides it.
pub const LIMITS_TABLE: &str = "leadping-limits";

/// A value that is never shown, not even in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value so that `Debug` cannot show it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The plain value, for the call that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

redacted!(Secret);

/// Where to find a secret: in the environment itself, or in Secrets Manager, as deployments do.
#[derive(Clone, Debug)]
pub enum SecretSetting {
    /// The environment holds the value.
    Value(Secret),
    /// Secrets Manager holds the value under this ARN.
    Arn(String),
}

/// A variable of the environment that is missing or wrong.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A required variable is not set.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// A variable cannot be parsed. The error does not show the value, which may be a secret.
    #[error("the environment variable {0} is not {1}")]
    Invalid(&'static str, &'static str),
}

/// What every function that checks posts needs.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "`read` names the variable of each")]
pub struct CheckSettings {
    pub sources_table: String,
    pub leads_table: String,
    /// By default [`LIMITS_TABLE`].
    pub limits_table: String,
    pub trusted_form: TrustedFormSettings,
    /// Whether to open connections at start-up. Functions do: AWS does not throttle start-up, and no caller waits for
    /// it.
    pub connects_ahead: bool,
}

/// How TrustedForm is called.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "`read` names the variable of each")]
pub struct TrustedFormSettings {
    /// By default [`TRUSTED_FORM`].
    pub url: Url,
    pub key: SecretSetting,
    /// A PEM file of roots to trust in addition to Mozilla's.
    pub ca_bundle: Option<PathBuf>,
}

/// What the two intake functions need.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "`read` names the variable of each")]
pub struct IntakeSettings {
    pub check: CheckSettings,
    pub queue_url: String,
    /// `LEAD_DUE_AFTER_SECONDS`, by default 60: how long after acceptance the sweep announces an unfinished lead again.
    pub due_after: Duration,
}

/// What the worker needs.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "`read` names the variable of each")]
pub struct ProcessSettings {
    pub leads_table: String,
    pub queue_url: String,
    /// `EVENT_BUS_NAME`: the EventBridge bus for subscribers.
    pub event_bus: String,
    pub trusted_form: TrustedFormSettings,
    pub lookup: LookupSettings,
    /// `LEAD_DUE_AFTER_SECONDS`, by default 60: the shortest wait before a retry.
    pub due_after: Duration,
    /// `LOOKUP_LEASE_SECONDS`, by default 40: how long one lookup has a lead to itself. Must exceed the function's
    /// timeout, so that a lease never ends while its holder still runs.
    pub lease: Duration,
    /// Whether to open connections at start-up. Functions do: AWS does not throttle start-up, and no caller waits for
    /// it.
    pub connects_ahead: bool,
}

/// Which provider looks numbers up: `PHONE_LOOKUP`.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "`read` names the variable of each")]
pub enum LookupSettings {
    /// The default: leads become ready without a lookup.
    None,
    Twilio {
        url: Url,
        account_sid: String,
        auth_token: SecretSetting,
        /// Whether to request the caller name, which Twilio bills separately. By default `false`.
        caller_name: bool,
    },
    Telnyx {
        url: Url,
        api_key: SecretSetting,
    },
}

/// What the API of users needs.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "`read` names the variable of each")]
pub struct ReadSettings {
    pub sources_table: String,
    pub leads_table: String,
    /// By default [`LIMITS_TABLE`].
    pub limits_table: String,
    /// `BUSINESS_CLAIM`, by default `business_id`: the claim of a token that names the business.
    pub business_claim: String,
    /// The key of the digests that the log has instead of users' email addresses.
    pub reader_digest_key: SecretSetting,
    /// Whether to open connections at start-up. Functions do: AWS does not throttle start-up, and no caller waits for
    /// it.
    pub connects_ahead: bool,
}

macro_rules! from_env {
    ($($settings:ident),+) => {$(
        impl $settings {
            /// Reads the environment variables.
            ///
            /// # Errors
            /// [`SettingsError`] names the variable to set or fix.
            pub fn from_env() -> Result<Self, SettingsError> {
                Self::read(Variables::OF_PROCESS)
            }
        }
    )+};
}

from_env!(CheckSettings, IntakeSettings, ProcessSettings, LookupSettings, ReadSettings);

impl ReadSettings {
    fn read(env: Variables<'_>) -> Result<Self, SettingsError> {
        Ok(Self {
            sources_table: env.required("SOURCES_TABLE")?,
            leads_table: env.required("LEADS_TABLE")?,
            limits_table: env.optional("LIMITS_TABLE").unwrap_or_else(|| LIMITS_TABLE.to_owned()),
            business_claim: env.optional("BUSINESS_CLAIM").unwrap_or_else(|| "business_id".to_owned()),
            reader_digest_key: env.secret("READER_DIGEST_KEY", "READER_DIGEST_KEY_SECRET_ARN")?,
            connects_ahead: true,
        })
    }
}

impl TrustedFormSettings {
    fn read(env: Variables<'_>) -> Result<Self, SettingsError> {
        Ok(Self {
            url: env.url("TRUSTED_FORM_URL", TRUSTED_FORM)?,
            key: env.secret("TRUSTED_FORM_API_KEY", "TRUSTED_FORM_API_KEY_SECRET_ARN")?,
            ca_bundle: env.optional("TRUSTED_FORM_CA_BUNDLE").map(PathBuf::from),
        })
    }
}

impl CheckSettings {
    fn read(env: Variables<'_>) -> Result<Self, SettingsError> {
        Ok(Self {
            sources_table: env.required("SOURCES_TABLE")?,
            leads_table: env.required("LEADS_TABLE")?,
            limits_table: env.optional("LIMITS_TABLE").unwrap_or_else(|| LIMITS_TABLE.to_owned()),
            trusted_form: TrustedFormSettings::read(env)?,
            connects_ahead: true,
        })
    }
}

impl IntakeSettings {
    fn read(env: Variables<'_>) -> Result<Self, SettingsError> {
        Ok(Self {
            check: CheckSettings::read(env)?,
            queue_url: env.required("LEAD_CREATED_QUEUE_URL")?,
            due_after: env.seconds("LEAD_DUE_AFTER_SECONDS", 60)?,
        })
    }
}

impl ProcessSettings {
    fn read(env: Variables<'_>) -> Result<Self, SettingsError> {
        Ok(Self {
            leads_table: env.required("LEADS_TABLE")?,
            queue_url: env.required("LEAD_CREATED_QUEUE_URL")?,
            event_bus: env.required("EVENT_BUS_NAME")?,
            trusted_form: TrustedFormSettings::read(env)?,
            lookup: LookupSettings::read(env)?,
            due_after: env.seconds("LEAD_DUE_AFTER_SECONDS", 60)?,
            lease: env.seconds("LOOKUP_LEASE_SECONDS", 40)?,
            connects_ahead: true,
        })
    }
}

impl LookupSettings {
    fn read(env: Variables<'_>) -> Result<Self, SettingsError> {
        match env.optional("PHONE_LOOKUP").as_deref() {
            None | Some("none") => Ok(Self::None),
            Some("twilio") => Ok(Self::Twilio {
                url: env.url("TWILIO_URL", "https://lookups.twilio.com")?,
                account_sid: env.required("TWILIO_ACCOUNT_SID")?,
                auth_token: env.secret("TWILIO_AUTH_TOKEN", "TWILIO_AUTH_TOKEN_SECRET_ARN")?,
                caller_name: env.parsed("TWILIO_CALLER_NAME", "true or false")?.unwrap_or(false),
            }),
            Some("telnyx") => Ok(Self::Telnyx {
                url: env.url("TELNYX_URL", "https://api.telnyx.com")?,
                api_key: env.secret("TELNYX_API_KEY", "TELNYX_API_KEY_SECRET_ARN")?,
            }),
            Some(_) => Err(SettingsError::Invalid("PHONE_LOOKUP", "none, twilio or telnyx")),
        }
    }
}

/// The value of an environment variable. A blank variable counts as not set.
pub fn optional(name: &str) -> Option<String> {
    Variables::OF_PROCESS.optional(name)
}

/// The value of a required environment variable.
///
/// # Errors
/// [`SettingsError::Missing`] when it is blank or not set.
pub fn required(name: &'static str) -> Result<String, SettingsError> {
    Variables::OF_PROCESS.required(name)
}

/// Looks variables up by name. A test passes its own, because setting a variable of the process is not thread-safe.
#[derive(Clone, Copy)]
struct Variables<'a>(&'a dyn Fn(&str) -> Option<String>);

impl Variables<'_> {
    const OF_PROCESS: Variables<'static> = Variables(&|name| env::var(name).ok());

    fn optional(self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.trim().is_empty())
    }

    fn required(self, name: &'static str) -> Result<String, SettingsError> {
        self.optional(name).ok_or(SettingsError::Missing(name))
    }

    /// The ARN takes precedence over the value, because deployments set the ARN.
    fn secret(self, name: &'static str, arn: &'static str) -> Result<SecretSetting, SettingsError> {
        match self.optional(arn) {
            Some(arn) => Ok(SecretSetting::Arn(arn)),
            None => self.required(name).map(|text| SecretSetting::Value(Secret::new(text.trim()))),
        }
    }

    fn parsed<T: FromStr>(self, name: &'static str, expected: &'static str) -> Result<Option<T>, SettingsError> {
        self.optional(name).map(|value| value.parse().map_err(|_| SettingsError::Invalid(name, expected))).transpose()
    }

    fn url(self, name: &'static str, default: &str) -> Result<Url, SettingsError> {
        let text = self.optional(name).unwrap_or_else(|| default.to_owned());
        let url = Url::parse(&text).map_err(|_| SettingsError::Invalid(name, "a URL"))?;
        // Keys, phone numbers and the verdict on a person's consent go over it.
        let is_private = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            // The second is the name of this machine in a container of `sam local`.
            Some(Host::Domain(domain)) => matches!(domain, "localhost" | "host.docker.internal"),
            None => false,
        };
        match url.scheme() {
            "https" => Ok(url),
            "http" if is_private => Ok(url),
            _ => Err(SettingsError::Invalid(name, "an https URL; http is for loopback addresses only")),
        }
    }

    fn seconds(self, name: &'static str, default: u64) -> Result<Duration, SettingsError> {
        Ok(Duration::from_secs(self.parsed(name, "a whole number of seconds")?.unwrap_or(default)))
    }
}

#[cfg(test)]
mod tests;
