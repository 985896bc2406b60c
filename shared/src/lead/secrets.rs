//! Detects secrets, which a partner's free metadata must not contain (contract, section 4).
//!
//! A false positive loses a lead. So a credential must have a known prefix followed by the right characters in the
//! right number. A prefix inside a longer word does not count, nor does a key that is meant for browsers.

mod shapes;

use data_encoding::BASE64URL_NOPAD;

use crate::lead::text::{fold, visible};
use shapes::{is_base64url, is_base64url_or_dot, run};

/// Names of secrets, folded. An entry's name matches if it ends in one of these.
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "apikey",
    "accesstoken",
    "authtoken",
    "refreshtoken",
    "clientsecret",
    "secretkey",
    "secretaccesskey",
    "sourcekey",
    "privatekey",
];

/// Names of secrets and of harmless values, folded: a consent text may be called `authorization`. The value decides.
const DOUBTFUL_NAMES: &[&str] = &["token", "secret", "authorization", "credentials"];

/// In characters. A shorter value under a doubtful name is not a secret.
const MIN_OPAQUE: usize = 12;

/// In characters. A shorter text contains no credential with a known shape.
const MIN_CREDENTIAL: usize = 20;

/// Texts that only secrets contain: PEM keys, and webhook URLs that need no other credential.
const MARKS: &[&str] =
    &["-----BEGIN ", "hooks.slack.com/services/T", "discord.com/api/webhooks/", "discordapp.com/api/webhooks/"];

/// Whether an entry of free metadata contains a credential, by its name or by the shape of its name or value.
pub fn is_secret(name: &str, value: &str) -> bool {
    looks_secret(value) || looks_secret(name) || names_secret(name, value)
}

/// Whether a text contains something with the shape of a well-known credential.
pub fn looks_secret(text: &str) -> bool {
    let text = visible(text);
    let holds_credential = || {
        MARKS.iter().any(|mark| text.contains(mark))
            || words(&text).any(|word| is_jwt(word) || is_source_key(word) || shapes::begin(word))
    };
    // Most values are short, so this check makes them cheap.
    (text.len() >= MIN_CREDENTIAL && holds_credential()) || has_url_with_password(&text) || is_connection_string(&text)
}

/// In characters. A source key of our own is shorter. Without a bound, each `lp_` of a long text would cost all that follows.
const MAX_SOURCE_KEY: usize = 64;

/// What could be source keys in a text: every `lp_` with the characters of a key after it.
pub fn possible_source_keys(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("lp_").filter_map(|(at, _)| {
        let end = text.len().min(at + MAX_SOURCE_KEY + 1);
        let (key, _) = run(text.get(at..text.floor_char_boundary(end))?, is_base64url);
        (key.len() <= MAX_SOURCE_KEY).then_some(key)
    })
}

/// Whether a name says that its value is a secret. Ignores case and punctuation.
fn names_secret(name: &str, value: &str) -> bool {
    let name = fold(name);
    NAMES.iter().any(|secret| name.ends_with(secret)) || DOUBTFUL_NAMES.contains(&&*name) && is_opaque(value)
}

/// Neither a sentence nor a short word: at least 12 characters without a space, after the scheme of an `Authorization`
/// header if there is one.
fn is_opaque(value: &str) -> bool {
    let scheme = value
        .split_once(' ')
        .filter(|(scheme, _)| ["bearer", "basic"].iter().any(|known| scheme.eq_ignore_ascii_case(known)));
    let value = scheme.map_or(value, |(_, credential)| credential);
    value.chars().count() >= MIN_OPAQUE && !value.contains(char::is_whitespace) && !is_placeholder(value)
}

/// Whether a text only replaces a secret: `sk_live_XXXX`, a masked value, or a template variable that was not filled
/// in.
fn is_placeholder(text: &str) -> bool {
    ["xxxx", "XXXX", "****"].iter().any(|mask| text.contains(mask))
        || ["{{", "${", "[[", "<", "%%"].iter().any(|opening| text.starts_with(opening))
}

/// The rest of the text from the start of each word, if it is long enough for a credential. A word also starts after an
/// underscore or a hyphen: `key_AKIA...`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let begins = move |at: usize| {
        let is_word = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
        is_word(at) && !at.checked_sub(1).is_some_and(is_word)
    };
    let last = bytes.len().saturating_sub(MIN_CREDENTIAL);
    (0..=last).filter(move |at| begins(*at)).filter_map(|at| text.get(at..))
}

/// A JSON Web Token: at least three parts, and the first is a JSON object that names an algorithm. Session cookies and
/// signed tracking values look similar but name no algorithm.
fn is_jwt(word: &str) -> bool {
    word.starts_with("eyJ") && {
        let mut parts = run(word, is_base64url_or_dot).0.trim_end_matches('.').split('.');
        let header = parts.next().and_then(|header| BASE64URL_NOPAD.decode(header.as_bytes()).ok());
        let header = header.and_then(|json| serde_json::from_slice::<serde_json::Value>(&json).ok());
        header.is_some_and(|header| header.get("alg").is_some()) && parts.count() >= 2
    }
}

/// One of our own source keys: `lp_` and 256 random bits. Without an uppercase letter it would be the name of a landing
/// page.
fn is_source_key(word: &str) -> bool {
    word.strip_prefix("lp_").is_some_and(|rest| {
        let (key, _) = run(rest.strip_prefix("test_").unwrap_or(rest), is_base64url);
        key.bytes().any(|b| b.is_ascii_uppercase())
            && BASE64URL_NOPAD.decode(key.as_bytes()).is_ok_and(|bits| bits.len() == 32)
    })
}

/// A URL like `postgres://user:password@host`, with any scheme.
fn has_url_with_password(text: &str) -> bool {
    let ends_authority = |c: char| matches!(c, '/' | '?' | '#' | '"' | '\'' | '<' | '>') || c.is_whitespace();
    text.contains('@')
        && text.split("://").skip(1).filter_map(|rest| rest.split(ends_authority).next()?.rsplit_once('@')).any(
            |(user, _)| {
                user.split_once(':').is_some_and(|(_, password)| !password.is_empty() && !is_placeholder(password))
            },
        )
}

/// A connection string of a database or of Azure: `Server=db;User Id=app;Password=...`.
fn is_connection_string(text: &str) -> bool {
    text.contains(';')
        && text.split(';').filter_map(|part| part.split_once('=')).any(|(name, value)| {
            let is_name = matches!(fold(name).as_str(), "password" | "pwd" | "accountkey" | "sharedaccesskey");
            is_name && !value.trim().is_empty() && !is_placeholder(value)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_beginnings_has_few_possible_keys() {
        let text = "lp_".repeat(2_700);
        let found: Vec<_> = possible_source_keys(&text).collect();
        assert!(found.len() == MAX_SOURCE_KEY / 3 && found.iter().all(|key| key.len() <= MAX_SOURCE_KEY), "{found:?}");
        let cases = [("é lp_a-B_1&lp_c", vec!["lp_a-B_1", "lp_c"]), ("lp_é", vec!["lp_"]), ("LP_a", vec![])];
        for (text, expected) in cases {
            assert_eq!(possible_source_keys(text).collect::<Vec<_>>(), expected, "{text}");
        }
    }

    /// Samples are built at run time, so that secret scanners do not report this file.
    fn sample(prefix: &str, length: usize) -> String {
        of("A1", prefix, length)
    }

    fn hex(prefix: &str, length: usize) -> String {
        of("0f1e2d3c4b5a6978", prefix, length)
    }

    fn of(pattern: &str, prefix: &str, length: usize) -> String {
        format!("{prefix}{}", pattern.repeat(length).get(..length).unwrap())
    }

    fn jwt(header: &str) -> String {
        format!("{}.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", BASE64URL_NOPAD.encode(header.as_bytes()))
    }

    #[test]
    fn credentials_are_found_anywhere_in_a_text() {
        for secret in [
            sample("AKIA", 16),
            sample("ASIA", 16),
            "AKIAIOSFODNN7".to_owned() + "EXAMPLE",
            hex("SK", 32),
            hex("SK", 32).replace('f', "F"),
            hex("KEY", 32),
            hex("KEY", 32).to_uppercase() + &sample("_", 22),
            hex("dapi", 32),
            hex("shpat_", 32),
            hex("shpss_", 32),
            hex("dop_v1_", 64),
            hex("rubygems_", 48),
            hex("sk-or-v1-", 64),
            hex("xkeysib-", 64) + "-A1b2C3d4E5f6G7h8",
            sample("sk_live_", 16),
            sample("rk_live_", 99),
            sample("ghp_", 36),
            sample("gho_", 36),
            sample("ghs_", 36),
            sample("npm_", 36),
            sample("hf_", 34),
            sample("r8_", 37),
            sample("gsk_", 52),
            sample("lin_api_", 40),
            sample("sk-", 48),
            sample("NRAK-", 27),
            sample("whsec_", 32),
            sample("whsec_", 43) + "=",
            sample("whsec_a/b+", 32),
            sample("xoxb-", 20),
            "xoxb-1234567890-1234567890-".to_owned() + &sample("", 24),
            "xoxe.xoxp-1-".to_owned() + &sample("", 40),
            sample("xapp-1-", 40),
            sample("github_pat_", 82),
            sample("pypi-AgEIcHlwaS5vcmc", 60),
            sample("glpat-", 20),
            sample("glrt-", 20),
            sample("dckr_pat_", 27),
            sample("sq0atp-", 22),
            sample("GOCSPX-", 28),
            sample("ya29.a0", 60),
            sample("hvs.", 90),
            sample("sk-ant-api03-", 93),
            sample("sk-proj-", 74),
            "pat-na1-".to_owned() + "550e8400-e29b-41d4-a716-446655440000",
            format!("{}.{}", sample("SG.", 22), sample("", 43)),
            sample("sk.eyJ1Ijoi", 70) + "." + &sample("", 22),
            sample("lp_", 42) + "A",
            sample("lp_test_", 42) + "A",
            format!("lp_{}", BASE64URL_NOPAD.encode(&[0x1b; 32])),
            jwt(r#"{"alg":"HS256","typ":"JWT"}"#),
            jwt(r#"{"typ":"JWT","alg":"none"}"#),
            "-----BEGIN RSA PRIVATE KEY----- MIIE".to_owned(),
            "-----BEGIN PRIVATE KEY-----".to_owned(),
            "-----BEGIN OPENSSH PRIVATE KEY-----".to_owned(),
            "https://hooks.slack.com/services/T0001/B0001/x".to_owned(),
            "https://discord.com/api/webhooks/1/x".to_owned(),
            "https://jordan:hunter2@example.com/path".to_owned(),
            "postgres://app:p%40ss@db.example:5432/leads?sslmode=require".to_owned(),
            "mongodb+srv://app:pass@cluster.example/".to_owned(),
            "redis://:pass@cache.example:6379".to_owned(),
            "amqp://a:b:c@mq.example".to_owned(),
            "Server=db.example;User Id=app;Password=hunter2;".to_owned(),
            "server=db;uid=app;pwd=hunter2".to_owned(),
            "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c2VjcmV0;".to_owned(),
        ] {
            for value in [
                secret.clone(),
                format!("key={secret} &x=1"),
                format!("It was {secret} ."),
                format!("({secret} )."),
                format!("{{\"k\":\"{secret}\"}}"),
                format!("prod_{secret}"),
                format!("prod-{secret}"),
                format!("{}\u{200d}{}", &secret[..2], &secret[2..]),
            ] {
                assert!(looks_secret(&value), "{value}");
            }
            assert!(is_secret("note", &secret) && is_secret(&secret, "note"));
        }
    }

    #[test]
    fn near_misses_are_left_alone() {
        for value in [
            sample("AKIA", 15),
            sample("AKIA", 17),
            sample("AKIA", 16) + "a",
            sample("XAKIA", 16),
            sample("akia", 16),
            of("X", "AKIA", 16),
            hex("SK", 31),
            hex("SK", 33),
            hex("sk", 32),
            hex("AC", 32), // an account's id is no secret
            hex("SKU", 32),
            hex("SK-", 32),
            hex("KEY", 31),
            hex("MONKEY", 32),
            "KEYWORD-auto-insurance-quotes-texas-spring-2026-campaign-variant".to_owned(),
            sample("sk_live_", 15),
            of("X", "sk_live_", 24),
            sample("sk_test_", 24),
            sample("pk_live_", 24),
            sample("pk_test_", 24),
            sample("ghp_", 35),
            sample("ghx_", 36),
            sample("github_pat_", 39),
            sample("xoxb-", 19),
            "xoxo-love-letters-spring-2026-campaign".to_owned(),
            sample("AIza", 35), // a key for browsers
            sample("whsec_", 23),
            sample("npm_", 35),
            sample("hf_", 33),
            sample("sk-", 47),
            "sk-insurance-quotes-texas-spring-2026-campaign-variant-b".to_owned(),
            "sk-antique-furniture-2026".to_owned(),
            "hvs.short".to_owned(),
            "pat-na1-leads".to_owned(),
            sample("SG.", 22),
            sample("lp_", 41) + "A",
            sample("lp_", 43) + "A",
            "lp_auto-insurance-quotes-texas-spring-2026-aaaaaa".get(..46).unwrap().to_owned(),
            "lp_auto-insurance-quotes-texas-spring-campaign-2026-variant-b".to_owned(),
            "lp_source_key".to_owned(),
            jwt(r#"{"user":"1"}"#),
            jwt("not json"),
            jwt(r#"{"alg":"HS256"}"#).rsplit_once('.').unwrap().0.to_owned(),
            "eyJhbGciOiJIUzI1NiJ9".to_owned(),
            "eyJ.eyJ.eyJ".to_owned(),
        ] {
            assert!(!looks_secret(&value), "{value}");
        }
        for value in [
            "",
            "homepage-form",
            "AKIA",
            "AKIAN tribe",
            "tokenized_offer",
            "secret sale",
            "password",
            "sk_live_show_tickets_austin",
            "-----",
            "----- BEGIN -----",
            "550e8400-e29b-41d4-a716-446655440000",
            "{550E8400-E29B-41D4-A716-446655440000}",
            "d41d8cd98f00b204e9800998ecf8427e",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "EAIaIQobChMI3pWz9_b96AIVDo3ICh0FzQ4vEAAYASAAEgKq1fD_BwE",
            "Cj0KCQjw4PKTBhD8ARIsAHChzRJ8qf8cXtVg0aWmUuGm4XkZ3xXv3n9aXw0c5sRrj1qk9n0Hn0mYpLEaAoZ2EALw_wcB",
            "IwAR2fbclid3Qm1W8y0uTq7_Zx5s9LkPq0vYw3eR",
            "fb.1.1596403881668.1116446470",
            "GA1.2.1234567890.1596403881",
            "1//0gSomething",
            "order-20260615-000123",
            "SKU-0f1e2d3c4b5a",
            "KEY-104.9 FM",
            "eyJwbGFjZW1lbnQiOiJob21lIn0=",
            "QUtJQUlPU0ZPRE5ON0VYQU1QTEU=",
            "https://example.com/?gclid=EAIaIQobChMI3pWz9&utm_token_id=42",
            "https://example.com/reset?token=abc&password=",
            "https://example.com:8443/a@b",
            "https://example.com?from=a:b@c.example",
            "https://maps.example/@30.26,-97.74,15z",
            "https://jordan@example.com/",
            "https://jordan:@example.com/",
            "https://jordan:****@example.com/",
            "https://example.com, jordan@example.com: call",
            "mailto:jordan:lee@example.com",
            "time 12:30 jordan@example.com",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0 Safari/537.36",
            "a=b; c=d; path=/; Secure",
            "password=; user=jordan",
            "Server=db;Password=****",
            "By clicking \"Get my quote\" I authorize Example to call me at 512-555-0123.",
        ] {
            assert!(!looks_secret(value), "{value}");
            assert!(!is_secret("note", value), "{value}");
        }
    }

    #[test]
    fn names_of_secrets_are_known_by_their_end() {
        let names = "password PassWord user_password db-password passwd pwd user.pwd apikey api_key X-API-Key
            google_api_key access-token fb_access_token auth.token X-Auth-Token refresh_token client_secret clientSecret
            secret_key stripe_secret_key AWS_SECRET_ACCESS_KEY source_key X-Leadping-Source-Key privateKey ssh_private_key
            rsa-private-key";
        for name in names.split_whitespace().chain(["API Key", "Access Token"]) {
            assert!(names_secret(name, "x"), "{name}");
        }
        let names = "x placement tokens tokenized_offer utm_token_id click_token leadid_token xxTrustedFormToken
            secret_sale secretary credential credentialed author authorized authorization_text password_hint passwordless
            pwd_strength api_key_id apikeys public_key publicKey keyword key source source_key_id data_source access
            private passenger";
        for name in names.split_whitespace().chain(["", "pass word of the day"]) {
            assert!(!names_secret(name, &sample("", 40)), "{name}");
        }
    }

    #[test]
    fn a_doubtful_name_is_a_secrets_when_its_value_looks_like_one() {
        for (value, expected) in [
            ("A1b2C3d4E5f6", true),
            ("550e8400-e29b-41d4-a716-446655440000", true),
            ("dXNlcjpwYXNzd29yZA==", true),
            ("Bearer A1b2C3d4E5f6", true),
            ("basic dXNlcjpwYXNzd29yZA==", true),
            ("A1b2C3d4E5f", false),
            ("", false),
            ("none", false),
            ("MBA", false),
            ("abc", false),
            ("yes", false),
            ("I authorize Example to call me.", false),
            ("Bearer of this letter is known", false),
            ("Digest A1b2C3d4E5f6", false),
            ("XXXXXXXXXXXXXXXX", false),
            ("****************", false),
            ("{{lead.token_value}}", false),
            ("<your token here>", false),
            ("${LEAD_TOKEN_VALUE}", false),
        ] {
            for name in ["token", "Secret", "authorization", "_credentials_"] {
                assert_eq!(names_secret(name, value), expected, "{name}: {value}");
            }
        }
    }
}
