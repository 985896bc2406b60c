//! An accepted certificate URL is on TrustedForm's host to every parser, and its id cannot change where our call goes.

#![no_main]

use fluent_uri::Uri;
use leadping::lead::certificate::Certificate;
use url::Url;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(certificate) = Certificate::parse(text) else { return };
    // An accepted URL is printable ASCII, so all other characters around it were trimmed.
    let mut entries = text.split(',').map(|entry| entry.trim_matches(|c: char| !c.is_ascii_graphic()));
    let sent = entries.find(|entry| !entry.is_empty()).expect("an entry");

    let strict = Uri::parse(sent).expect("a URI by RFC 3986");
    let authority = strict.authority().expect("an authority");
    let host = authority.host().to_ascii_lowercase();
    assert!(host == "trustedform.com" || host.ends_with(".trustedform.com"));
    assert!(authority.userinfo().is_none());
    let segments: Vec<_> = strict.path().as_str().split('/').filter(|segment| !segment.is_empty()).collect();
    assert_eq!(segments, [certificate.id()]);

    let lenient = Url::parse(sent).expect("a URL");
    assert_eq!(lenient.domain(), Some(&*host), "the parsers read different hosts");
    assert!(matches!(lenient.scheme(), "http" | "https") && lenient.port().is_none());
    assert!(lenient.username().is_empty() && lenient.password().is_none());

    let call = format!("{}/validate", certificate.url());
    assert_eq!(Url::parse(&call).expect("a URL").as_str(), call, "the id changes the call");
    assert_eq!(call.matches('/').count(), 4);
});
