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

const PROCESS: [(&str, &str); 4] = [INTAKE[1], INTAKE[2], INTAKE[3], ("EVENT_BUS_NAME", "events")];

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
    assert_eq!(settings.check.trusted_form.url.as_str(), "https://cert.trustedform.com/");
    assert_eq!(settings.check.trusted_form.ca_bundle, None);
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
    assert_eq!(settings.check.trusted_form.url.as_str(), "http://127.0.0.1:4000/base");
    assert_eq!(settings.check.trusted_form.ca_bundle, Some(PathBuf::from("/etc/roots.pem")));
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
        (&[(ARN, ""), ("TRUSTED_FORM_API_KEY", " ")], Err("the environment variable TRUSTED_FORM_API_KEY is not set")),
    ] {
        let settings = intake(changes);
        let key = settings.as_ref().map(|settings| described(&settings.check.trusted_form.key));
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
        ("TWILIO_URL", "http://lookups.twilio.com", "an https URL; http is for loopback addresses only"),
        ("TWILIO_URL", "http://127.0.0.1.example.com", "an https URL; http is for loopback addresses only"),
        ("TWILIO_URL", "http://10.0.0.1", "an https URL; http is for loopback addresses only"),
        ("TWILIO_URL", "ftp://127.0.0.1", "an https URL; http is for loopback addresses only"),
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
