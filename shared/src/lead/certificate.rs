//! The URL of a TrustedForm certificate (contract, section 4, TrustedForm).

use std::fmt;

use url::Url;

/// The URL of a certificate, as it was sent, and the id in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    url: String,
    id: String,
}

/// Why a text is no certificate's URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// It is no absolute `http` or `https` URL.
    #[error("not an absolute http or https URL")]
    InvalidUrl,
    /// Its host is not TrustedForm's, or hides behind a user, a port or a trailing dot.
    #[error("not a host of trustedform.com")]
    WrongHost,
    /// No id can be read from it, so TrustedForm cannot have issued it.
    #[error("no certificate id in the URL")]
    NoId,
}

impl Certificate {
    /// Reads a certificate's URL by the WHATWG parser. Whether the certificate exists is TrustedForm's to say.
    ///
    /// # Errors
    /// [`CertificateFault`], the first that applies.
    pub fn parse(text: &str) -> Result<Self, CertificateFault> {
        let url = Url::parse(text).map_err(|_| CertificateFault::InvalidUrl)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(CertificateFault::InvalidUrl);
        }
        let host = url.host_str().unwrap_or_default();
        let ours = host == "trustedform.com" || host.ends_with(".trustedform.com");
        if !ours || !url.username().is_empty() || url.password().is_some() || url.port().is_some() {
            return Err(CertificateFault::WrongHost);
        }
        let last = url.path().rsplit('/').find(|segment| !segment.is_empty()).unwrap_or_default();
        // A field that was posted twice arrives as a list.
        let id = last.split(',').next().unwrap_or_default();
        let legal = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
        if id.is_empty() || id.len() > 255 || !id.bytes().all(legal) || matches!(id, "." | "..") {
            return Err(CertificateFault::NoId);
        }
        Ok(Self { url: text.to_owned(), id: id.to_owned() })
    }

    /// The URL as it was sent.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The id by which TrustedForm knows it: 1 to 255 letters, digits, hyphens, underscores and full stops.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_id_from_a_certificate_url() {
        let long = format!("https://cert.trustedform.com/{}", "a".repeat(255));
        let cases = [
            ("https://cert.trustedform.com/example", "example"),
            ("http://trustedform.com/example/", "example"),
            ("HTTPS://CERT.TRUSTEDFORM.COM/a/b-c_d.e?x=1#y", "b-c_d.e"),
            ("https://cert.trustedform.com:443/example", "example"),
            ("https://cert.trustedform.com/one,https://cert.trustedform.com/one", "one"),
            ("https://cert.trustedform.com/one,", "one"),
            (&long, &"a".repeat(255)),
        ];
        for (url, id) in cases {
            let certificate = Certificate::parse(url).unwrap();
            assert_eq!((certificate.id.as_str(), certificate.url()), (id, url));
        }
    }

    #[test]
    fn refuses_what_is_no_certificate_url() {
        use CertificateFault::{InvalidUrl, NoId, WrongHost};
        let long = format!("https://cert.trustedform.com/{}", "a".repeat(256));
        let cases = [
            ("cert.trustedform.com/example", InvalidUrl),
            ("//cert.trustedform.com/example", InvalidUrl),
            ("ftp://cert.trustedform.com/example", InvalidUrl),
            ("javascript:alert(1)", InvalidUrl),
            ("https://", InvalidUrl),
            ("https://example.com/trustedform.com", WrongHost),
            ("https://eviltrustedform.com/example", WrongHost),
            ("https://cert.trustedform.com.evil.com/example", WrongHost),
            ("https://cert.trustedform.com@evil.com/example", WrongHost),
            ("https://evil.com\\@cert.trustedform.com/example", WrongHost),
            ("https://user@cert.trustedform.com/example", WrongHost),
            ("https://:pass@cert.trustedform.com/example", WrongHost),
            ("https://cert.trustedform.com:8443/example", WrongHost),
            ("https://cert.trustedform.com./example", WrongHost),
            ("https://127.0.0.1/example", WrongHost),
            ("https://cert.trustedform.com", NoId),
            ("https://cert.trustedform.com//", NoId),
            ("https://cert.trustedform.com/..", NoId),
            ("https://cert.trustedform.com/%2e%2e", NoId),
            ("https://cert.trustedform.com/,x", NoId),
            ("https://cert.trustedform.com/a%20b", NoId),
            (&long, NoId),
        ];
        for (url, fault) in cases {
            assert_eq!(Certificate::parse(url).unwrap_err(), fault, "{url}");
        }
    }
}
