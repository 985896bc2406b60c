//! Email addresses.

use email_address::{EmailAddress, Options};
use icu_properties::props::GeneralCategory;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use url::Host;

use super::redact::redacted;
use super::text::{general_category, visible};

/// The limit on an address, in characters (contract, section 3.3).
pub const MAX_EMAIL: usize = 254;

/// An email address with its domain in lowercase (contract, section 3.3).
///
/// Stored addresses are not validated again, so tightening a rule never makes an existing lead unreadable.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Reads a trimmed address; `None` if it is not one.
    ///
    /// Drops invisible format characters, which are often copied along with an address. Otherwise keeps the local part
    /// as sent. Keeps an international domain in its own script; it is valid if its ASCII form is. Lengths count in
    /// characters, those of a label in its ASCII form.
    pub fn parse(text: &str) -> Option<Self> {
        let text = visible(text);
        let (local, domain) = text.rsplit_once('@')?;
        // Quotes may hide anything, even a second `@`. A replacement character means that a letter was lost.
        if local.contains(['"', char::REPLACEMENT_CHARACTER]) || !domain.chars().all(is_label_or_dot) {
            return None;
        }
        // The host parser reads `1.2.3.4` and its other spellings as an IP address, not as a domain.
        let Ok(Host::Domain(ascii)) = Host::parse(domain) else {
            return None;
        };
        let is_international = ascii.contains("xn--");
        if is_international && !is_idna_2008(&ascii) {
            return None;
        }
        let options = Options::default().with_minimum_sub_domains(2).without_domain_literal().without_display_text();
        if !ascii.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
            || EmailAddress::parse_with_options(&plain(local, &ascii), options).is_err()
        {
            return None;
        }
        // Per character: `str::to_lowercase` makes a final sigma `ς` where the host parser makes it `σ`, which is
        // another domain.
        let domain = if is_international { domain.chars().flat_map(char::to_lowercase).collect() } else { ascii };
        let address = format!("{local}@{domain}");
        (address.chars().count() <= MAX_EMAIL).then_some(Self(address))
    }

    /// The address as stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The one spelling of all addresses that reach the same person: NFC, lower case, and the domain in its ASCII form
    /// (contract, section 14). Leads are found by it.
    pub fn canonical(&self) -> String {
        if self.0.is_ascii() {
            return self.0.to_ascii_lowercase();
        }
        let (local, domain) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        let local: String = local.nfc().collect::<String>().to_lowercase().nfc().collect();
        // A stored domain is valid; if it were not, it would at least find itself.
        let domain = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_lowercase());
        format!("{local}@{domain}")
    }

    /// All index keys that the person may be found by: the canonical spelling, and this address as an item of an earlier
    /// release has it.
    pub fn spellings(&self) -> Vec<String> {
        let mut spellings = vec![self.canonical(), self.0.to_lowercase()];
        spellings.dedup();
        spellings
    }
}

/// Whether a domain, given in its ASCII form, contains only characters that IDNA 2008 allows. The host parser follows
/// UTS 46, which also allows hearts and dashes, even in Punycode.
fn is_idna_2008(ascii: &str) -> bool {
    let (unicode, valid) = idna::domain_to_unicode(ascii);
    // The host parser has checked that joiners are between letters that join.
    let is_joiner = |c| matches!(c, '\u{200c}' | '\u{200d}');
    valid.is_ok() && unicode.chars().all(|c| is_label_or_dot(c) || is_joiner(c))
}

/// A letter, mark, digit or hyphen, or one of the full stops that separate labels.
///
/// Applies to the text as sent, because UTS 46 maps some symbols to letters: a trademark sign becomes `tm`.
fn is_label_or_dot(c: char) -> bool {
    use GeneralCategory as Is;
    match c {
        '-' | '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}' => true,
        _ if c.is_ascii() => c.is_ascii_alphanumeric(),
        _ => matches!(
            general_category(c),
            Is::LowercaseLetter
                | Is::UppercaseLetter
                | Is::TitlecaseLetter
                | Is::ModifierLetter
                | Is::OtherLetter
                | Is::NonspacingMark
                | Is::SpacingMark
                | Is::DecimalNumber
        ),
    }
}

/// Replaces each non-ASCII character of the local part with a letter. The crate refuses combining marks, which Hindi
/// and decomposed accents need, and counts bytes instead of characters.
fn plain(local: &str, ascii_domain: &str) -> String {
    let letter = |c: char| {
        if c.is_ascii() || c.is_control() || c.is_whitespace() { c } else { 'x' }
    };
    let local: String = local.chars().map(letter).collect();
    format!("{local}@{ascii_domain}")
}

redacted!(Email);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_person_are_one() {
        for (one, other) in [
            ("zoe@bücher.example", "zoe@xn--bcher-kva.example"),
            ("zoe@BÜCHER.example", "zoe@XN--BCHER-KVA.EXAMPLE"),
            ("zoe@bu\u{308}cher.example", "zoe@bücher.example"),
            ("zo\u{eb}@example.com", "zoe\u{308}@example.com"),
            ("ZO\u{cb}@example.com", "zoe\u{308}@example.com"),
            ("Jordan@Example.com", "jordan@example.com"),
            ("İ@example.com", "I\u{307}@example.com"),
            ("用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"),
        ] {
            let [one, other] = [one, other].map(|text| Email::parse(text).unwrap().canonical());
            assert_eq!(one, other);
        }
        for (one, other) in [("zoe@example.com", "zoë@example.com"), ("a@straße.example", "a@strasse.example")] {
            assert_ne!(Email::parse(one).unwrap().canonical(), Email::parse(other).unwrap().canonical());
        }
    }

    fn parsed(text: &str) -> Option<String> {
        Email::parse(text).map(|email| email.as_str().to_owned())
    }

    #[test]
    fn addresses_are_kept_with_their_domain_in_lower_case() {
        for (text, stored) in [
            ("jordan@example.com", "jordan@example.com"),
            ("Jordan.Lee@Example.COM", "Jordan.Lee@example.com"),
            ("a@b.co", "a@b.co"),
            ("o'neil+tag_1@mail.example.com", "o'neil+tag_1@mail.example.com"),
            ("!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"),
            ("a@3com.com", "a@3com.com"),
            ("a@x--y.example.com", "a@x--y.example.com"),
            ("josé@example.com", "josé@example.com"),
            ("jose\u{301}@example.com", "jose\u{301}@example.com"),
            ("संपर्क@डाटामेल.भारत", "संपर्क@डाटामेल.भारत"),
            ("用户@例子.广告", "用户@例子.广告"),
            ("a@Bücher.Example", "a@bücher.example"),
            ("a@ΟΔΟΣ.example", "a@οδοσ.example"), // a final sigma would be another domain
            ("a@XN--BCHER-KVA.example", "a@xn--bcher-kva.example"),
            ("a@straße.example", "a@straße.example"),
            ("a@xn--strae-oqa.example", "a@xn--strae-oqa.example"),
            ("a@xn--mgba3gch31f060k.example", "a@xn--mgba3gch31f060k.example"), // with a joiner that Persian needs
            // A domain cannot contain full-width letters.
            ("a@ｅｘａｍｐｌｅ．ｃｏｍ", "a@example.com"),
            // Invisible characters from copying.
            ("\u{feff}jordan@example.com", "jordan@example.com"),
            ("jor\u{ad}dan@example.com", "jordan@example.com"),
            ("jordan\u{feff}@example.com", "jordan@example.com"),
            ("jordan@\u{200b}example.com", "jordan@example.com"),
            ("jordan@exam\u{ad}ple.\u{2060}com\u{200b}", "jordan@example.com"),
            ("\u{202a}jordan@example.com\u{202c}", "jordan@example.com"),
            ("\u{200e}josé@bü\u{200d}cher.example\u{200f}", "josé@bücher.example"),
        ] {
            assert_eq!(parsed(text).as_deref(), Some(stored), "{text}");
            assert_eq!(parsed(stored).as_deref(), Some(stored), "again: {stored}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "@",
            "jordan",
            "jordan@",
            "@example.com",
            "a@b@example.com",
            "a@@example.com",
            "a,b@example.com",
            "a@example.com,b@example.com",
            "a b@example.com",
            "a\u{a0}b@example.com",
            "a\u{85}b@example.com",
            "a\u{80}b@example.com",
            ".a@example.com",
            "a.@example.com",
            "a..b@example.com",
            "\"a\"@example.com",
            "\"a@b\"@example.com",
            "Jordan <a@example.com>",
            "<a@example.com>",
            "mailto:a@example.com",
            "a(comment)@example.com",
            "a@example",
            "a@localhost",
            "a@example.com.",
            "a@.example.com",
            "a@example..com",
            "a@-example.com",
            "a@example-.com",
            "a@exa_mple.com",
            "a@exa!mple.com",
            "a@exam ple.com",
            "a@ex%61mple.com",
            "a@example。com。",
            "a@xn--.com",
            "a@1.2.3.4",
            "a@1.2.3.0x4",
            "a@example.123",
            "a@[1.2.3.4]",
            "a@[::1]",
            "a@example.com:25",
            "a@example.com/x",
            // Typography around an address, and symbols in it.
            "a@example.com\u{201d}",
            "\u{201c}a@example.com\u{201d}",
            "a@example.com\u{2019}",
            "a@example.com\u{2122}",
            "a@example\u{ae}.com",
            "a@example\u{2013}one.com",
            "a@example\u{2014}one.com",
            "a@example\u{2011}one.com",
            "a@example\u{ff0d}one.com",
            "a@example\u{2026}com",
            "a@example\u{b7}com.example",
            "a@example.com\u{2192}",
            "a@I\u{2665}NY.example",
            "a@xn--iny-zx5a.example", // the same in Punycode
            "a@\u{1f3b8}.example",
            "a@example\u{b2}.com",
            "a@\u{2460}.example",
            "a@\u{bd}.example",
            "a@\u{2163}.example",
            "a@example\u{20ac}.com",
            "a@example\u{3002}",
            "a@example\u{20e3}.com",
            "jos\u{fffd}@example.com",
            "a@b\u{fffd}cher.example",
            "a@\u{fffd}.example",
            "\u{feff}@example.com",
            "a@\u{200b}",
            "\u{feff}",
        ] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn lengths_are_bounded() {
        // With a local part of 64 characters and the `@`, a domain of 189 characters reaches the limit.
        let domain = |last: usize| {
            let label = "b".repeat(62);
            format!("{label}.{label}.{}", "c".repeat(last))
        };
        for (local, domain, ok) in [
            ("a".repeat(64), "example.com".to_owned(), true),
            ("a".repeat(65), "example.com".to_owned(), false),
            ("é".repeat(64), "example.com".to_owned(), true),
            ("é".repeat(65), "example.com".to_owned(), false),
            ("a".to_owned(), format!("{}.com", "b".repeat(63)), true),
            ("a".to_owned(), format!("{}.com", "b".repeat(64)), false),
            ("a".to_owned(), format!("{}ü.com", "b".repeat(55)), true),
            ("a".to_owned(), format!("{}ü.com", "b".repeat(63)), false),
            ("a".repeat(64), domain(63), true),
            ("a".repeat(64), format!("{}.d", domain(61)), true),
            ("a".repeat(64), format!("{}.d", domain(62)), false),
        ] {
            let text = format!("{local}@{domain}");
            assert_eq!(parsed(&text).is_some(), ok, "{text}");
        }
    }

    #[test]
    fn json_is_the_address_and_debug_hides_it() {
        let email = Email::parse("jordan@example.com").unwrap();
        let json = serde_json::to_string(&email).unwrap();
        assert_eq!(json, r#""jordan@example.com""#);
        assert_eq!(serde_json::from_str::<Email>(&json).unwrap(), email);
        assert_eq!(format!("{email:?}"), "Email(redacted)");
    }
}
