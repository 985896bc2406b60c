//! A certificate's URL: what is accepted is TrustedForm's own, and its id leads the call to no other place.

#![no_main]

use leadping::lead::certificate::Certificate;
use url::Url;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(certificate) = Certificate::parse(text) else { return };
    assert_eq!(certificate.url(), text);
    let sent = Url::parse(text).expect("a URL");
    let host = sent.domain().expect("a domain");
    assert!(host == "trustedform.com" || host.ends_with(".trustedform.com"));
    assert!(matches!(sent.scheme(), "http" | "https") && sent.port().is_none());
    assert!(sent.username().is_empty() && sent.password().is_none());
    let call = format!("https://cert.trustedform.com/{}/validate", certificate.id());
    assert_eq!(Url::parse(&call).expect("a URL").as_str(), call, "the id changes the call");
    assert_eq!(call.matches('/').count(), 4);
});
