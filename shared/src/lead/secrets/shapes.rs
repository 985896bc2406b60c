//! The shapes of well-known credentials that have a prefix.

use super::is_placeholder;

/// A type of credential: its prefixes, and what may follow them.
struct Shape {
    prefixes: &'static [&'static str],
    /// The minimum and maximum number of characters after the prefix.
    length: (usize, usize),
    alphabet: fn(u8) -> bool,
}

const fn shape(length: (usize, usize), alphabet: fn(u8) -> bool, prefixes: &'static [&'static str]) -> Shape {
    Shape { prefixes, length, alphabet }
}

/// In characters, for credentials without a fixed length.
const MAX_LENGTH: usize = 512;

const SHAPES: &[Shape] = &[
    // AWS access key ids.
    shape((16, 16), is_upper, &["AKIA", "ASIA", "ABIA", "ACCA"]),
    // Twilio; Telnyx, with a second part after an underscore; Databricks.
    shape((32, 32), is_hex, &["SK", "KEY", "dapi"]),
    // Shopify.
    shape((32, 32), is_hex, &["shpat_", "shpss_", "shppa_", "shpca_"]),
    // DigitalOcean, RubyGems, Supabase, OpenRouter, Brevo, Shippo.
    shape((40, 64), is_hex, &["dop_v1_", "doo_v1_", "dor_v1_", "rubygems_", "sbp_"]),
    shape((40, 64), is_hex, &["sk-or-v1-", "xkeysib-", "shippo_live_"]),
    // Stripe, live mode.
    shape((16, MAX_LENGTH), is_alphanumeric, &["sk_live_", "rk_live_"]),
    // GitHub, npm, Replicate, Groq, Linear, PostHog.
    shape((36, MAX_LENGTH), is_alphanumeric, &["ghp_", "gho_", "ghs_", "ghu_", "ghr_", "npm_"]),
    shape((36, MAX_LENGTH), is_alphanumeric, &["r8_", "gsk_", "lin_api_", "phx_"]),
    // Hugging Face, OpenAI's first keys, New Relic.
    shape((34, 34), is_alphanumeric, &["hf_"]),
    shape((48, 48), is_alphanumeric, &["sk-"]),
    shape((27, 27), is_upper, &["NRAK-"]),
    // Webhooks of Stripe and Svix.
    shape((24, MAX_LENGTH), is_base64, &["whsec_"]),
    // Slack; `xoxo-` would be hugs and kisses.
    shape(
        (20, MAX_LENGTH),
        is_base64url,
        &["xoxa-", "xoxb-", "xoxc-", "xoxd-", "xoxe-", "xoxp-", "xoxr-", "xoxs-", "xapp-"],
    ),
    // GitLab, Docker, Square, OAuth at Google.
    shape(
        (20, MAX_LENGTH),
        is_base64url,
        &["glpat-", "glptt-", "gldt-", "glrt-", "dckr_pat_", "sq0atp-", "GOCSPX-", "ya29."],
    ),
    // Anthropic, OpenAI, Vault.
    shape((24, MAX_LENGTH), is_base64url, &["sk-ant-", "sk-proj-", "sk-svcacct-", "sk-admin-", "hvs.", "hvb."]),
    // HubSpot.
    shape((36, 36), is_base64url, &["pat-na1-", "pat-na2-", "pat-eu1-"]),
    // GitHub, Square, PyPI, Figma, Atlassian, Contentful.
    shape((40, MAX_LENGTH), is_base64url, &["github_pat_", "sq0csp-", "pypi-AgE", "figd_", "ATATT3", "CFPAT-"]),
    // SendGrid: 22 characters, a period, 43 characters. Mapbox: a secret token has two parts.
    shape((66, 66), is_base64url_or_dot, &["SG."]),
    shape((60, MAX_LENGTH), is_base64url_or_dot, &["sk.eyJ"]),
];

/// Whether a text begins with a credential.
pub(super) fn begin(text: &str) -> bool {
    SHAPES.iter().any(|shape| shape.fits(text))
}

impl Shape {
    fn fits(&self, text: &str) -> bool {
        let (min, max) = self.length;
        self.prefixes.iter().filter_map(|prefix| text.strip_prefix(prefix)).any(|rest| {
            let (body, after) = run(rest, self.alphabet);
            // A sentence may end in a period.
            let body = body.trim_end_matches('.');
            (min..=max).contains(&body.len())
                && !after.starts_with(|c: char| c.is_ascii_alphanumeric())
                && !is_placeholder(body)
        })
    }
}

/// Splits a text after the leading characters of an alphabet.
pub(super) fn run(text: &str, alphabet: fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(|b| !alphabet(b)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn is_upper(b: u8) -> bool {
    b.is_ascii_uppercase() || b.is_ascii_digit()
}

fn is_hex(b: u8) -> bool {
    b.is_ascii_hexdigit()
}

fn is_base64(b: u8) -> bool {
    is_base64url(b) || matches!(b, b'+' | b'/' | b'=')
}

fn is_alphanumeric(b: u8) -> bool {
    b.is_ascii_alphanumeric()
}

pub(super) fn is_base64url(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')
}

pub(super) fn is_base64url_or_dot(b: u8) -> bool {
    is_base64url(b) || b == b'.'
}
