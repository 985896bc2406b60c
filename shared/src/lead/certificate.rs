//! The URL of a TrustedForm certificate (contract, section 4, "TrustedForm").

use url::Url;

use super::redact::redacted;
use super::text::is_format;

/// In characters.
const MAX_ID: usize = 255;

/// A certificate, identified by the id that TrustedForm gave it.
///
/// Different parsers can read the same URL differently, and later readers of the lead use another parser than we do. So
/// we accept only unambiguous URLs, and keep only the id.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate(String);

/// Why a text is not the URL of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// The text is not an absolute `http` or `https` URL, or contains white space, quotes, `<`, `>`, `;` or `|`.
    #[error("not an absolute http or https URL")]
    InvalidUrl,
    /// The host is not TrustedForm's, or is written in a way that some parsers read differently.
    #[error("not a host of trustedform.com")]
    WrongHost,
    /// The path is not a single id, so TrustedForm cannot have issued the URL.
    #[error("not the path of one certificate")]
    WrongPath,
}

impl Certificate {
    /// Reads a certificate's URL, or the first URL of a comma-separated list, which is how some forms send a field that
    /// they have twice. Does not check whether the certificate exists.
    ///
    /// # Errors
    /// [`CertificateFault`], the first that applies.
    pub fn parse(text: &str) -> Result<Self, CertificateFault> {
        let is_outer = |c: char| c.is_whitespace() || is_format(c);
        let mut entries = text.split(',').map(|entry| entry.trim_matches(is_outer));
        let entry = entries.find(|entry| !entry.is_empty()).ok_or(CertificateFault::InvalidUrl)?;
        let url = Url::parse(entry).map_err(|_| CertificateFault::InvalidUrl)?;
        let scheme = url.scheme();
        if !matches!(scheme, "http" | "https") || entry.contains(is_never_in_a_url) {
            return Err(CertificateFault::InvalidUrl);
        }
        // The parser repairs a missing slash or host. A stricter parser would read another host.
        let after_scheme = entry.get(scheme.len()..).and_then(|rest| rest.strip_prefix("://"));
        let after_scheme = after_scheme.ok_or(CertificateFault::WrongHost)?;
        let (authority, path) = cut(after_scheme, ['/', '?', '#']);
        let host = authority.strip_suffix(if scheme == "https" { ":443" } else { ":80" }).unwrap_or(authority);
        if !is_trusted_form(host) || url.host_str().is_none_or(|read| !read.eq_ignore_ascii_case(host)) {
            return Err(CertificateFault::WrongHost);
        }
        let (path, parameters) = cut(path, ['?', '#']);
        match path.strip_prefix('/').map(|path| path.trim_end_matches('/')) {
            Some(id) if is_id(id) && is_query_or_fragment(parameters) => Ok(Self(id.to_owned())),
            _ => Err(CertificateFault::WrongPath),
        }
    }

    /// The canonical URL of the certificate, for any subdomain of `trustedform.com` that was sent.
    pub fn url(&self) -> String {
        format!("https://cert.trustedform.com/{}", self.0)
    }

    /// TrustedForm's id: 1 to 255 letters, digits, hyphens, underscores and periods.
    pub fn id(&self) -> &str {
        &self.0
    }
}

/// The text before the first of these signs, and the rest.
fn cut<const SIGNS: usize>(text: &str, signs: [char; SIGNS]) -> (&str, &str) {
    text.find(signs).and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""))
}

/// Characters that join two URLs or surround one. Also tabs and line breaks, which the parser would ignore.
fn is_never_in_a_url(c: char) -> bool {
    let is_mark = matches!(c, '"' | '\'' | '<' | '>' | ';' | '|' | '\u{2018}'..='\u{201f}');
    !c.is_ascii_alphanumeric() && (is_mark || c.is_whitespace() || c.is_control())
}

/// Whether a host is `trustedform.com` or a subdomain, in ASCII and without empty labels.
fn is_trusted_form(host: &str) -> bool {
    let mut labels = host.rsplit('.');
    let mut next_is = |name| labels.next().is_some_and(|label| label.eq_ignore_ascii_case(name));
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    next_is("com") && next_is("trustedform") && labels.all(is_label)
}

fn is_id(segment: &str) -> bool {
    let is_legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=MAX_ID).contains(&segment.len()) && segment.bytes().all(is_legal) && !matches!(segment, "." | "..")
}

/// Whether a text is a query or fragment by RFC 3986, or empty, so that stricter parsers accept the URL too.
fn is_query_or_fragment(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&()*+=:@/?".contains(&b);
    let is_escape = |piece: &str| piece.as_bytes().get(..2).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
    let (query, fragment) = text.split_once('#').unwrap_or((text, ""));
    [query, fragment].iter().all(|part| {
        let mut pieces = part.split('%');
        pieces.next().is_none_or(|piece| piece.bytes().all(is_plain))
            && pieces.all(|piece| is_escape(piece) && piece.bytes().all(is_plain))
    })
}

redacted!(Certificate);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_read_and_the_url_is_canonical() {
        let long = format!("https://cert.trustedform.com/{}", "a".repeat(255));
        for (text, id) in [
            ("https://cert.trustedform.com/example", "example"),
            ("http://trustedform.com/example/", "example"),
            ("https://cert.trustedform.com/example///", "example"),
            ("HTTPS://CERT.TrustedForm.COM/b-c_d.E?x=1#y", "b-c_d.E"),
            ("https://a.b-c.d_e.trustedform.com/example", "example"),
            ("https://cert.trustedform.com:443/example", "example"),
            ("http://cert.trustedform.com:80/example", "example"),
            ("https://cert.trustedform.com/example/?a=b&c=%20d/e?f", "example"),
            ("https://cert.trustedform.com/example#", "example"),
            ("https://cert.trustedform.com/example#a?b", "example"),
            ("https://cert.trustedform.com/...", "..."),
            // A list: the first URL counts.
            ("https://cert.trustedform.com/one,https://cert.trustedform.com/one", "one"),
            ("https://cert.trustedform.com/one,https://cert.trustedform.com/two", "one"),
            ("https://cert.trustedform.com/one, https://elsewhere.example/two", "one"),
            ("https://cert.trustedform.com/one,", "one"),
            (", ,\u{200b},https://cert.trustedform.com/one", "one"),
            ("https://cert.trustedform.com/one,!!!", "one"),
            // Invisible characters from copying.
            ("\u{feff}https://cert.trustedform.com/one\u{200b}\u{a0}", "one"),
            ("\thttps://cert.trustedform.com/one\r\n,\u{202a}https://cert.trustedform.com/two", "one"),
            (&long, &"a".repeat(255)),
        ] {
            let certificate = Certificate::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
            assert_eq!(certificate.id(), id, "{text}");
            assert_eq!(certificate.url(), format!("https://cert.trustedform.com/{id}"));
            assert_eq!(Certificate::parse(&certificate.url()), Ok(certificate), "again: {text}");
        }
    }

    #[test]
    fn each_refusal_has_its_fault() {
        use CertificateFault::{InvalidUrl, WrongHost, WrongPath};
        let long = format!("https://cert.trustedform.com/{}", "a".repeat(256));
        for (text, fault) in [
            ("", InvalidUrl),
            (" , ,\u{feff}", InvalidUrl),
            ("n/a", InvalidUrl),
            ("cert.trustedform.com/example", InvalidUrl),
            ("//cert.trustedform.com/example", InvalidUrl),
            ("ftp://cert.trustedform.com/example", InvalidUrl),
            ("javascript:alert(1)", InvalidUrl),
            ("https://", InvalidUrl),
            ("https://cert.trustedform.com:99999/example", InvalidUrl),
            ("https://cert.trusted\u{0}form.com/example", InvalidUrl),
            ("https://cert%00.trustedform.com/example", InvalidUrl),
            ("https://xn--cert-.trustedform.com/example", InvalidUrl),
            // Two URLs that are not joined by a comma.
            ("https://cert.trustedform.com/one https://cert.trustedform.com/two", InvalidUrl),
            ("https://cert.trustedform.com/one\nhttps://cert.trustedform.com/two", InvalidUrl),
            ("https://cert.trustedform.com/one;https://cert.trustedform.com/two", InvalidUrl),
            ("https://cert.trustedform.com/one|https://cert.trustedform.com/two", InvalidUrl),
            ("https://cert.trustedform.com/a b", InvalidUrl),
            ("https://cert.trustedform.com/a\tb", InvalidUrl),
            ("https://cert.trusted\tform.com/a", InvalidUrl),
            ("https://cert.trustedform.com/a\u{3000}b", InvalidUrl),
            ("https://cert.trustedform.com/\"><script>alert(1)</script>/abc", InvalidUrl),
            ("https://cert.trustedform.com/example\"", InvalidUrl),
            ("https://cert.trustedform.com/example'", InvalidUrl),
            ("https://cert.trustedform.com/example\u{201d}", InvalidUrl),
            ("<https://cert.trustedform.com/example>", InvalidUrl),
            ("https://cert.trustedform.com/example?a;b", InvalidUrl),
            // Another host.
            ("https://elsewhere.example/trustedform.com", WrongHost),
            ("https://eviltrustedform.com/example", WrongHost),
            ("https://trustedform.community/example", WrongHost),
            ("https://cert.trustedform.com.elsewhere.example/example", WrongHost),
            ("https://127.0.0.1/example", WrongHost),
            ("https://[::1]/trustedform.com", WrongHost),
            ("https://com/example", WrongHost),
            // A user part.
            ("https://cert.trustedform.com@elsewhere.example/example", WrongHost),
            ("https://elsewhere.example\\@cert.trustedform.com/example", WrongHost),
            ("https://cert.trustedform.com\\@elsewhere.example/example", WrongHost),
            ("https://user@cert.trustedform.com/example", WrongHost),
            ("https://:pass@cert.trustedform.com/example", WrongHost),
            ("https://@cert.trustedform.com/example", WrongHost),
            ("https://:@cert.trustedform.com/example", WrongHost),
            // A port.
            ("https://cert.trustedform.com:8443/example", WrongHost),
            ("https://cert.trustedform.com:80/example", WrongHost),
            ("http://cert.trustedform.com:443/example", WrongHost),
            ("https://cert.trustedform.com:/example", WrongHost),
            ("https://cert.trustedform.com:0443/example", WrongHost),
            // Wrong slashes, which only some parsers repair.
            ("https:cert.trustedform.com/example", WrongHost),
            ("https:/cert.trustedform.com/example", WrongHost),
            ("https:///cert.trustedform.com/example", WrongHost),
            ("https:\\\\cert.trustedform.com\\example", WrongHost),
            ("https:/\\cert.trustedform.com/example", WrongHost),
            ("https://cert.trustedform.com\\example", WrongHost),
            // Dots, and characters that only some parsers map to the host's letters.
            ("https://cert.trustedform.com./example", WrongHost),
            ("https://.trustedform.com/example", WrongHost),
            ("https://a..trustedform.com/example", WrongHost),
            ("https://cert.trustedform%2ecom/example", WrongHost),
            ("https://cert.trustedform%2Ecom/example", WrongHost),
            ("https://c%65rt.trustedform.com/example", WrongHost),
            ("https://cert.trustedform\u{3002}com/example", WrongHost),
            ("https://ｃｅｒｔ.trustedform.com/example", WrongHost),
            ("https://cert.trustedform.\u{24d2}om/example", WrongHost),
            ("https://cert.trusted\u{ad}form.com/example", WrongHost),
            ("https://cert.trusted\u{200b}form.com/example", WrongHost),
            ("https://cert.tru\u{17f}tedform.com/example", WrongHost),
            ("https://b\u{fc}cher.trustedform.com/example", WrongHost),
            ("https://a!b.trustedform.com/example", WrongHost),
            // The wrong path.
            ("https://cert.trustedform.com", WrongPath),
            ("https://cert.trustedform.com/", WrongPath),
            ("https://cert.trustedform.com//", WrongPath),
            ("https://cert.trustedform.com?example", WrongPath),
            ("https://cert.trustedform.com#example", WrongPath),
            ("https://cert.trustedform.com/invalid/example", WrongPath),
            ("https://cert.trustedform.com//example", WrongPath),
            ("https://cert.trustedform.com/example/..", WrongPath),
            ("https://cert.trustedform.com/./example", WrongPath),
            ("https://cert.trustedform.com/a\\b", WrongPath),
            ("https://cert.trustedform.com/.", WrongPath),
            ("https://cert.trustedform.com/..", WrongPath),
            ("https://cert.trustedform.com/%2e%2e", WrongPath),
            ("https://cert.trustedform.com/,example", WrongPath),
            ("https://cert.trustedform.com/ex%61mple", WrongPath),
            ("https://cert.trustedform.com/a%20b", WrongPath),
            ("https://cert.trustedform.com/a%2fb", WrongPath),
            ("https://cert.trustedform.com/\u{e9}", WrongPath),
            ("https://cert.trustedform.com/exam\u{200b}ple", WrongPath),
            ("https://cert.trustedform.com/example@elsewhere", WrongPath),
            ("https://cert.trustedform.com/example:8443", WrongPath),
            ("https://cert.trustedform.com/example?a[]=b", WrongPath),
            ("https://cert.trustedform.com/example?a\\b", WrongPath),
            ("https://cert.trustedform.com/example?\u{e9}", WrongPath),
            ("https://cert.trustedform.com/example?%", WrongPath),
            ("https://cert.trustedform.com/example?%4", WrongPath),
            ("https://cert.trustedform.com/example?%zz", WrongPath),
            ("https://cert.trustedform.com/example#a#b", WrongPath),
            (&long, WrongPath),
        ] {
            assert_eq!(Certificate::parse(text), Err(fault), "{text}");
        }
    }
}
