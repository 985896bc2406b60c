//! Secrets that a partner's free metadata must not hold (contract, section 4).
//!
//! A false hit is a lost lead. So a shape is known by its prefix, by the letters behind it and by their number, and by
//! standing alone; a prefix within a longer word is nothing.

use data_encoding::BASE64URL_NOPAD;

use crate::lead::text::fold;

/// Keys that name a secret, folded.
const KEYS: &[&str] = &[
    "password",
    "passwd",
    "secret",
    "apikey",
    "token",
    "accesstoken",
    "authtoken",
    "clientsecret",
    "privatekey",
    "authorization",
    "credentials",
];

/// A kind of credential: how it begins, and how what follows may look.
struct Shape {
    prefixes: &'static [&'static str],
    /// The fewest and the most characters behind the prefix.
    length: (usize, usize),
    alphabet: fn(u8) -> bool,
}

const SHAPES: &[Shape] = &[
    // AWS access key ids, lasting and temporary.
    Shape { prefixes: &["AKIA", "ASIA"], length: (16, 16), alphabet: |b| b.is_ascii_uppercase() || b.is_ascii_digit() },
    // Stripe, live mode.
    Shape { prefixes: &["sk_live_", "rk_live_"], length: (16, 255), alphabet: |b| b.is_ascii_alphanumeric() },
    // GitHub.
    Shape {
        prefixes: &["ghp_", "gho_", "ghs_", "ghu_", "ghr_"],
        length: (36, 255),
        alphabet: |b| b.is_ascii_alphanumeric(),
    },
    Shape { prefixes: &["github_pat_"], length: (40, 255), alphabet: |b| b.is_ascii_alphanumeric() || b == b'_' },
    // Slack.
    Shape {
        prefixes: &["xoxa-", "xoxb-", "xoxp-", "xoxr-", "xoxs-"],
        length: (20, 255),
        alphabet: |b| b.is_ascii_alphanumeric() || b == b'-',
    },
    // Google API keys.
    Shape { prefixes: &["AIza"], length: (35, 35), alphabet: is_base64url },
    // SendGrid: 22 characters, a full stop, 43 characters.
    Shape { prefixes: &["SG."], length: (66, 66), alphabet: |b| is_base64url(b) || b == b'.' },
];

/// Whether a value holds something of the shape of a well-known credential.
#[must_use]
pub fn looks_secret(value: &str) -> bool {
    value.contains("-----BEGIN ")
        || value
            .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
            .map(|word| word.trim_end_matches('.'))
            .any(|word| is_jwt(word) || is_source_key(word) || SHAPES.iter().any(|shape| shape.fits(word)))
}

/// Whether a key says that its value is a secret. Case and punctuation do not count; more words around it do.
#[must_use]
pub fn names_secret(key: &str) -> bool {
    KEYS.contains(&fold(key).as_str())
}

impl Shape {
    fn fits(&self, word: &str) -> bool {
        let (fewest, most) = self.length;
        self.prefixes
            .iter()
            .filter_map(|prefix| word.strip_prefix(prefix))
            .any(|rest| (fewest..=most).contains(&rest.len()) && rest.bytes().all(self.alphabet))
    }
}

/// A JSON Web Token: at least three parts, of which the first is a JSON object that names its algorithm. Session cookies
/// and signed tracking values look alike and name none.
fn is_jwt(word: &str) -> bool {
    word.starts_with("eyJ")
        && word.split('.').count() >= 3
        && word
            .split('.')
            .next()
            .and_then(|header| BASE64URL_NOPAD.decode(header.as_bytes()).ok())
            .and_then(|json| serde_json::from_slice::<serde_json::Value>(&json).ok())
            .is_some_and(|header| header.get("alg").is_some())
}

/// One of our own source keys: `lp_` and 256 random bits. Small letters alone would be the name of a landing page.
fn is_source_key(word: &str) -> bool {
    word.strip_prefix("lp_").is_some_and(|rest| {
        rest.bytes().any(|b| b.is_ascii_uppercase())
            && BASE64URL_NOPAD.decode(rest.as_bytes()).is_ok_and(|bits| bits.len() == 32)
    })
}

fn is_base64url(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Put together here, so that no scanner of repositories takes the samples for real ones.
    fn sample(prefix: &str, length: usize) -> String {
        format!("{prefix}{}", "A1".repeat(length).get(..length).unwrap())
    }

    fn jwt(header: &str) -> String {
        format!("{}.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", BASE64URL_NOPAD.encode(header.as_bytes()))
    }

    #[test]
    fn credentials_are_found() {
        for secret in [
            sample("AKIA", 16),
            sample("ASIA", 16),
            sample("sk_live_", 16),
            sample("rk_live_", 99),
            sample("ghp_", 36),
            sample("gho_", 36),
            sample("github_pat_", 82),
            sample("xoxb-", 20),
            sample("AIza", 35),
            format!("{}.{}", sample("SG.", 22), sample("", 43)),
            sample("lp_", 42) + "A",
            format!("lp_{}", BASE64URL_NOPAD.encode(&[0x1b; 32])),
            jwt(r#"{"alg":"HS256","typ":"JWT"}"#),
            jwt(r#"{"typ":"JWT","alg":"none"}"#),
            "-----BEGIN RSA PRIVATE KEY----- MIIE".to_owned(),
            "-----BEGIN PRIVATE KEY-----".to_owned(),
        ] {
            for value in [
                secret.clone(),
                format!("key={secret}&x=1"),
                format!("It was {secret}."),
                format!("({secret})."),
                format!("{{\"k\":\"{secret}\"}}"),
            ] {
                assert!(looks_secret(&value), "{value}");
            }
        }
    }

    #[test]
    fn near_misses_are_left_alone() {
        for value in [
            sample("AKIA", 15),
            sample("AKIA", 17),
            sample("XAKIA", 16),
            sample("akia", 16),
            sample("sk_live_", 15),
            sample("sk_test_", 24),
            sample("ghp_", 35),
            sample("ghx_", 36),
            sample("github_pat_", 39),
            sample("xoxb-", 19),
            sample("xoxz-", 30),
            sample("AIza", 34),
            sample("AIza", 36),
            sample("SG.", 22),
            sample("lp_", 41) + "A",
            sample("lp_", 43) + "A",
            "lp_auto-insurance-quotes-texas-spring-2026-aaaaaa".get(..46).unwrap().to_owned(),
            "lp_auto-insurance-quotes-texas-spring-campaign-2026-variant-b".to_owned(),
            "lp_source_key".to_owned(),
            jwt(r#"{"user":"1"}"#),
            jwt("not json"),
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
            "sk_live_show_tickets_austin",
            "-----",
            "550e8400-e29b-41d4-a716-446655440000",
            "d41d8cd98f00b204e9800998ecf8427e",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "EAIaIQobChMI3pWz9_b96AIVDo3ICh0FzQ4vEAAYASAAEgKq1fD_BwE",
            "Cj0KCQjw4PKTBhD8ARIsAHChzRJ8qf8cXtVg0aWmUuGm4XkZ3xXv3n9aXw0c5sRrj1qk9n0Hn0mYpLEaAoZ2EALw_wcB",
            "IwAR2fbclid3Qm1W8y0uTq7_Zx5s9LkPq0vYw3eR",
            "fb.1.1596403881668.1116446470",
            "GA1.2.1234567890.1596403881",
            "eyJwbGFjZW1lbnQiOiJob21lIn0=",
            "QUtJQUlPU0ZPRE5ON0VYQU1QTEU=",
            "https://example.com/?gclid=EAIaIQobChMI3pWz9&utm_token_id=42",
        ] {
            assert!(!looks_secret(value), "{value}");
        }
    }

    #[test]
    fn keys_that_name_a_secret() {
        for (key, expected) in [
            ("password", true),
            ("PassWord", true),
            ("passwd", true),
            ("secret", true),
            ("api_key", true),
            ("API Key", true),
            ("x", false),
            ("token", true),
            ("access-token", true),
            ("auth.token", true),
            ("client_secret", true),
            ("privateKey", true),
            ("Authorization", true),
            ("credentials", true),
            ("", false),
            ("utm_token_id", false),
            ("tokenized_offer", false),
            ("tokens", false),
            ("click_token", false),
            ("secret_sale", false),
            ("xxTrustedFormToken", false),
            ("leadid_token", false),
            ("placement", false),
        ] {
            assert_eq!(names_secret(key), expected, "{key}");
        }
    }
}
