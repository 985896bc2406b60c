//! The settings that functions read from environment variables: once, at start-up, in this file only.

use std::env;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use url::Url;

use crate::lead::redact::redacted;

/// The base URL of TrustedForm, unless a setting overrides it.
pub const TRUSTED_FORM: &str = "https://cert.trustedform.com";

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
    /// By default `https://cert.trustedform.com`.
    pub trusted_form_url: Url,
    pub trusted_form_key: SecretSetting,
    /// A PEM file of roots to trust in addition to Mozilla's.
    pub trusted_form_ca_bundle: Option<PathBuf>,
    /// Whether to open connections at start-up. Functions do: AWS does not throttle start-up, and no caller waits for
    /// it.
    pub connects_ahead: bool,
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

impl CheckSettings {
    /// Reads the environment variables.
    ///
    /// # Errors
    /// [`SettingsError`] names the variable to set or fix.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::read(Variables::OF_PROCESS)
    }

    fn read(env: Variables<'_>) -> Result<Self, SettingsError> {
        Ok(Self {
            sources_table: env.required("SOURCES_TABLE")?,
            leads_table: env.required("LEADS_TABLE")?,
            trusted_form_url: env.url("TRUSTED_FORM_URL", TRUSTED_FORM)?,
            trusted_form_key: env.secret("TRUSTED_FORM_API_KEY", "TRUSTED_FORM_API_KEY_SECRET_ARN")?,
            trusted_form_ca_bundle: env.optional("TRUSTED_FORM_CA_BUNDLE").map(PathBuf::from),
            connects_ahead: true,
        })
    }
}

impl IntakeSettings {
    /// Reads the environment variables.
    ///
    /// # Errors
    /// [`SettingsError`] names the variable to set or fix.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::read(Variables::OF_PROCESS)
    }

    fn read(env: Variables<'_>) -> Result<Self, SettingsError> {
        Ok(Self {
            check: CheckSettings::read(env)?,
            queue_url: env.required("LEAD_CREATED_QUEUE_URL")?,
            due_after: env.seconds("LEAD_DUE_AFTER_SECONDS", 60)?,
        })
    }
}

impl ProcessSettings {
    /// Reads the environment variables.
    ///
    /// # Errors
    /// [`SettingsError`] names the variable to set or fix.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::read(Variables::OF_PROCESS)
    }

    fn read(env: Variables<'_>) -> Result<Self, SettingsError> {
        Ok(Self {
            leads_table: env.required("LEADS_TABLE")?,
            queue_url: env.required("LEAD_CREATED_QUEUE_URL")?,
            event_bus: env.required("EVENT_BUS_NAME")?,
            lookup: LookupSettings::read(env)?,
            due_after: env.seconds("LEAD_DUE_AFTER_SECONDS", 60)?,
            lease: env.seconds("LOOKUP_LEASE_SECONDS", 40)?,
            connects_ahead: true,
        })
    }
}

impl LookupSettings {
    /// Reads the environment variables.
    ///
    /// # Errors
    /// [`SettingsError`] names the variable to set or fix.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::read(Variables::OF_PROCESS)
    }

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
        Url::parse(&text).map_err(|_| SettingsError::Invalid(name, "a URL"))
    }

    fn seconds(self, name: &'static str, default: u64) -> Result<Duration, SettingsError> {
        Ok(Duration::from_secs(self.parsed(name, "a whole number of seconds")?.unwrap_or(default)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    type Given<'a> = &'a [(&'a str, &'a str)];

    const INTAKE: [(&str, &str); 4] = [
        ("SOURCES_TABLE", "sources"),
        ("LEADS_TABLE", "leads"),
        ("LEAD_CREATED_QUEUE_URL", "https://sqs.example/queue"),
        ("TRUSTED_FORM_API_KEY", "hush-hush"),
    ];

    /// Reads settings from `base`, overridden by `changes`.
    fn read<T>(
        settings: impl Fn(Variables<'_>) -> Result<T, SettingsError>,
        base: Given<'_>,
        changes: Given<'_>,
    ) -> Result<T, String> {
        let variables: HashMap<_, _> = base.iter().chain(changes).copied().collect();
        let find = |name: &str| variables.get(name).map(|value| (*value).to_owned());
        settings(Variables(&find)).map_err(|error| error.to_string())
    }

    fn intake(changes: Given<'_>) -> Result<IntakeSettings, String> {
        read(IntakeSettings::read, &INTAKE, changes)
    }

    const PROCESS: [(&str, &str); 3] = [INTAKE[1], INTAKE[2], ("EVENT_BUS_NAME", "events")];

    fn process(changes: Given<'_>) -> Result<ProcessSettings, String> {
        read(ProcessSettings::read, &PROCESS, changes)
    }

    fn described(secret: &SecretSetting) -> (&str, &str) {
        match secret {
            SecretSetting::Value(value) => ("value", value.reveal()),
            SecretSetting::Arn(arn) => ("arn", arn),
        }
    }

    #[test]
    fn defaults() {
        let settings = intake(&[]).unwrap();
        assert_eq!((settings.check.sources_table.as_str(), settings.check.leads_table.as_str()), ("sources", "leads"));
        assert_eq!(settings.queue_url, "https://sqs.example/queue");
        assert_eq!(settings.check.trusted_form_url.as_str(), "https://cert.trustedform.com/");
        assert_eq!(settings.check.trusted_form_ca_bundle, None);
        assert_eq!(settings.due_after, Duration::from_secs(60));
        assert!(settings.check.connects_ahead);

        let settings = process(&[]).unwrap();
        assert_eq!(settings.queue_url, "https://sqs.example/queue");
        assert_eq!(settings.event_bus, "events");
        assert!(matches!(settings.lookup, LookupSettings::None));
        assert_eq!((settings.due_after, settings.lease), (Duration::from_secs(60), Duration::from_secs(40)));
        assert!(settings.connects_ahead);
    }

    #[test]
    fn a_variable_overrides_its_default() {
        let settings = intake(&[
            ("TRUSTED_FORM_URL", "http://127.0.0.1:4000/base"),
            ("TRUSTED_FORM_CA_BUNDLE", "/etc/roots.pem"),
            ("LEAD_DUE_AFTER_SECONDS", "5"),
        ])
        .unwrap();
        assert_eq!(settings.check.trusted_form_url.as_str(), "http://127.0.0.1:4000/base");
        assert_eq!(settings.check.trusted_form_ca_bundle, Some(PathBuf::from("/etc/roots.pem")));
        assert_eq!(settings.due_after, Duration::from_secs(5));
        let settings = process(&[("LEAD_DUE_AFTER_SECONDS", "0"), ("LOOKUP_LEASE_SECONDS", "7")]).unwrap();
        assert_eq!((settings.due_after, settings.lease), (Duration::ZERO, Duration::from_secs(7)));
    }

    #[test]
    fn a_secret_is_an_arn_or_a_value() {
        const ARN: &str = "TRUSTED_FORM_API_KEY_SECRET_ARN";
        for (changes, expected) in [
            (&[][..], Ok(("value", "hush-hush"))),
            (&[("TRUSTED_FORM_API_KEY", " padded\n")], Ok(("value", "padded"))),
            (&[(ARN, "arn:1")], Ok(("arn", "arn:1"))),
            (&[(ARN, "arn:1"), ("TRUSTED_FORM_API_KEY", "")], Ok(("arn", "arn:1"))),
            (&[(ARN, " ")], Ok(("value", "hush-hush"))),
            (
                &[(ARN, ""), ("TRUSTED_FORM_API_KEY", " ")],
                Err("the environment variable TRUSTED_FORM_API_KEY is not set"),
            ),
        ] {
            let settings = intake(changes);
            let key = settings.as_ref().map(|settings| described(&settings.check.trusted_form_key));
            assert_eq!(key.map_err(String::as_str), expected, "{changes:?}");
        }
    }

    #[test]
    fn settings_of_a_provider_are_read_only_for_that_provider() {
        let provider = |changes| match process(changes)?.lookup {
            LookupSettings::None => Ok("none".to_owned()),
            LookupSettings::Twilio { url, account_sid, auth_token, caller_name } => {
                Ok(format!("twilio {url} {account_sid} {:?} {caller_name}", described(&auth_token)))
            }
            LookupSettings::Telnyx { url, api_key } => Ok(format!("telnyx {url} {:?}", described(&api_key))),
        };
        let missing = |name| Err(format!("the environment variable {name} is not set"));
        let twilio = ("PHONE_LOOKUP", "twilio");
        let (sid, token) = (("TWILIO_ACCOUNT_SID", "AC1"), ("TWILIO_AUTH_TOKEN", "t"));
        for (changes, expected) in [
            (&[][..], Ok("none".to_owned())),
            (&[("PHONE_LOOKUP", "none"), ("TWILIO_URL", "no URL")], Ok("none".to_owned())),
            (&[("PHONE_LOOKUP", " ")], Ok("none".to_owned())),
            (&[twilio], missing("TWILIO_ACCOUNT_SID")),
            (&[twilio, sid], missing("TWILIO_AUTH_TOKEN")),
            (&[twilio, sid, token], Ok(r#"twilio https://lookups.twilio.com/ AC1 ("value", "t") false"#.to_owned())),
            (
                &[twilio, sid, ("TWILIO_AUTH_TOKEN_SECRET_ARN", "arn:1"), ("TWILIO_CALLER_NAME", "true")],
                Ok(r#"twilio https://lookups.twilio.com/ AC1 ("arn", "arn:1") true"#.to_owned()),
            ),
            (&[("PHONE_LOOKUP", "telnyx")], missing("TELNYX_API_KEY")),
            (
                &[("PHONE_LOOKUP", "telnyx"), ("TELNYX_API_KEY", "k"), ("TELNYX_URL", "http://127.0.0.1:1")],
                Ok(r#"telnyx http://127.0.0.1:1/ ("value", "k")"#.to_owned()),
            ),
        ] {
            assert_eq!(provider(changes), expected, "{changes:?}");
        }
    }

    /// The error shows the name but not the value, which may be a secret in the wrong variable.
    #[test]
    fn a_wrong_value_is_an_error_that_names_the_variable() {
        let wrong = |name, expected| format!("the environment variable {name} is not {expected}");
        let twilio = [("PHONE_LOOKUP", "twilio"), ("TWILIO_ACCOUNT_SID", "AC1"), ("TWILIO_AUTH_TOKEN", "t")];
        for (name, values, expected) in [
            (
                "LEAD_DUE_AFTER_SECONDS",
                &["soon", "1.5", "-1", "60s", "99999999999999999999"][..],
                "a whole number of seconds",
            ),
            ("TRUSTED_FORM_URL", &["cert.trustedform.com", "/path"], "a URL"),
        ] {
            for value in values {
                assert_eq!(intake(&[(name, value)]).unwrap_err(), wrong(name, expected), "{value}");
            }
        }
        for (name, value, expected) in [
            ("LOOKUP_LEASE_SECONDS", "forty", "a whole number of seconds"),
            ("PHONE_LOOKUP", "Twilio", "none, twilio or telnyx"),
            ("TWILIO_URL", "lookups.twilio.com", "a URL"),
            ("TWILIO_CALLER_NAME", "yes", "true or false"),
        ] {
            let changes: Vec<_> = twilio.into_iter().chain([(name, value)]).collect();
            assert_eq!(process(&changes).unwrap_err(), wrong(name, expected), "{value}");
        }
    }

    #[test]
    fn a_required_variable_must_not_be_missing_or_blank() {
        for (name, _) in INTAKE {
            let others: Vec<_> = INTAKE.into_iter().filter(|(other, _)| *other != name).collect();
            let missing = format!("the environment variable {name} is not set");
            assert_eq!(read(IntakeSettings::read, &others, &[]).unwrap_err(), missing);
            assert_eq!(intake(&[(name, " \t")]).unwrap_err(), missing);
        }
        for (name, _) in PROCESS {
            let missing = format!("the environment variable {name} is not set");
            assert_eq!(process(&[(name, "")]).unwrap_err(), missing);
        }
    }
}
