//! Later readers of a certificate's URL reach the certificate that was checked (contract, section 4, "TrustedForm").
//!
//! WHATWG parsers (browsers, Node) and RFC 3986 parsers (curl, Python, Java) read many URLs differently. An
//! accepted URL must be the same to both: the same host, and the id as its only path segment.

use std::path::Path;

use fluent_uri::Uri;
use leadping::lead::certificate::Certificate;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use url::Url;

use super::config;

/// Texts that at least one parser reads as the URL of a certificate.
const CORPUS: &[&str] = &[
    "https://cert.trustedform.com\\@elsewhere.example/id",
    "https://elsewhere.example\\@cert.trustedform.com/id",
    "https://cert.trustedform.com@elsewhere.example/id",
    "https://elsewhere.example#@cert.trustedform.com/id",
    "https://elsewhere.example?@cert.trustedform.com/id",
    "https://@cert.trustedform.com/id",
    "https://:@cert.trustedform.com/id",
    "https://user:pass@cert.trustedform.com/id",
    "https:cert.trustedform.com/id",
    "https:/cert.trustedform.com/id",
    "https:///cert.trustedform.com/id",
    "https:////cert.trustedform.com/id",
    "https:\\\\cert.trustedform.com\\id",
    "https://\\cert.trustedform.com/id",
    "https://cert.trustedform.com\\id",
    "https://cert.trustedform.com/a\\..\\id",
    "https://cert.trustedform.com/invalid/id",
    "https://cert.trustedform.com//id",
    "https://cert.trustedform.com/./id",
    "https://cert.trustedform.com/../id",
    "https://cert.trustedform.com/id/..",
    "https://cert.trustedform.com/id/%2e%2e",
    "https://cert.trustedform.com/id/.",
    "https://cert.trustedform.com/%69d",
    "https://cert.trustedform.com/a%2fid",
    "https://cert.trustedform.com/a%5cid",
    "https://cert.trustedform.com/id%00",
    "https://cert.trustedform.com/id;x",
    "https://cert.trustedform.com/\"><script>alert(1)</script>/id",
    "https://cert.trustedform.com/id<b>",
    "https://cert.trustedform.com/id'",
    "https://cert.trustedform.com/id?\"",
    "https://cert.trustedform.com/id?{x}",
    "https://cert.trustedform.com/id?a[]=b",
    "https://cert.trustedform.com/id?%",
    "https://cert.trustedform.com/id?%4g",
    "https://cert.trustedform.com/id?a=b&c=%2F#/d?e",
    "https://cert.trustedform.com/id#a#b",
    "https://cert.trustedform.com/id?\u{e9}",
    "https://cert.trustedform.com./id",
    "https://.trustedform.com/id",
    "https://a..trustedform.com/id",
    "https://trustedform.com../id",
    "https://cert.trustedform%2ecom/id",
    "https://cert%2etrustedform.com/id",
    "https://cert.trustedform.com%2eelsewhere.example/id",
    "https://cert.trustedform.com%00.elsewhere.example/id",
    "https://cert.trustedform\u{3002}com/id",
    "https://cert\u{ff0e}trustedform\u{ff61}com/id",
    "https://ｃｅｒｔ.ｔｒｕｓｔｅｄｆｏｒｍ.ｃｏｍ/id",
    "https://cert.trustedform.\u{24d2}\u{24de}\u{24dc}/id",
    "https://cert.trusted\u{ad}form.com/id",
    "https://cert.trusted\u{200b}form.com/id",
    "https://cert.trusted\u{200d}form.com/id",
    "https://cert.tru\u{17f}tedform.com/id",
    "https://cert.\u{ff54}rustedform.com/id",
    "https://xn--cert.trustedform.com/id",
    "https://xn--bcher-kva.trustedform.com/id",
    "https://a_b.trustedform.com/id",
    "https://-.trustedform.com/id",
    "https://cert.trustedform.com:443/id",
    "https://cert.trustedform.com:/id",
    "https://cert.trustedform.com:0443/id",
    "https://cert.trustedform.com:80/id",
    "http://cert.trustedform.com:80/id",
    "https://cert.trustedform.com:443@elsewhere.example/id",
    "https://cert.trustedform.com:99999/id",
    "https://cert.trustedform.com:443:443/id",
    "https://[::ffff:127.0.0.1]/trustedform.com",
    "https://127.1/trustedform.com",
    "HTTPS://CERT.TRUSTEDFORM.COM/ID",
    "hTtPs://Cert.TrustedForm.Com/Id",
    " \u{feff}https://cert.trustedform.com/id\u{200b} ",
    "https://cert.trusted\tform.com/id",
    "https://cert.trustedform.com/i\nd",
    "\u{1}https://cert.trustedform.com/id",
    "https://cert.trustedform.com/id\u{1}",
    "https://cert.trustedform.com/a,https://cert.trustedform.com/b",
    "https://cert.trustedform.com/a, https://elsewhere.example/b",
    "https://elsewhere.example/a,https://cert.trustedform.com/b",
    ",\u{200b},https://cert.trustedform.com/a,",
    "https://cert.trustedform.com/a https://cert.trustedform.com/b",
    "https://cert.trustedform.com/a;https://cert.trustedform.com/b",
    "https://cert.trustedform.com/a|https://cert.trustedform.com/b",
    "https://cert.trustedform.com/ahttps://cert.trustedform.com/b",
    "https://cert.trustedform.com/a?https://elsewhere.example/b",
    "blob:https://cert.trustedform.com/id",
    "view-source:https://cert.trustedform.com/id",
    "javascript://cert.trustedform.com/%0aalert(1)",
    "//cert.trustedform.com/id",
    "cert.trustedform.com/id",
];

/// Checks that an accepted text is the same URL to us and to both kinds of parsers. Returns whether it was accepted.
fn is_one_url_to_all(text: &str) -> bool {
    let Ok(certificate) = Certificate::parse(text) else { return false };
    // An accepted URL is printable ASCII, so all other characters around it were trimmed.
    let mut entries = text.split(',').map(|entry| entry.trim_matches(|c: char| !c.is_ascii_graphic()));
    let sent = entries.find(|entry| !entry.is_empty()).unwrap();
    for url in [sent, &certificate.url()] {
        let strict = Uri::parse(url).unwrap_or_else(|error| panic!("not a URI by RFC 3986: {error:?}"));
        let authority = strict.authority().unwrap();
        let host = authority.host().to_ascii_lowercase();
        assert!(host == "trustedform.com" || host.ends_with(".trustedform.com"), "the strict parser's host");
        assert!(authority.userinfo().is_none());
        let own = if strict.scheme().as_str().eq_ignore_ascii_case("https") { "443" } else { "80" };
        assert!(authority.port().is_none_or(|port| port.as_str() == own));
        let segments: Vec<_> = strict.path().as_str().split('/').filter(|segment| !segment.is_empty()).collect();
        assert_eq!(segments, [certificate.id()], "the strict parser's path");

        let lenient = Url::parse(url).unwrap();
        assert_eq!(lenient.host_str(), Some(&*host), "the parsers read different hosts");
        assert!(lenient.username().is_empty() && lenient.password().is_none() && lenient.port().is_none());
        assert_eq!(lenient.path().trim_matches('/'), certificate.id(), "the parsers read different ids");
    }
    let call = format!("{}/validate", certificate.url());
    assert_eq!(Url::parse(&call).unwrap().as_str(), call, "the id changes the call");
    true
}

fn near_url() -> impl Strategy<Value = String> {
    let one_of = |usual: &'static str, rest: &'static [&'static str]| {
        prop_oneof![3 => Just(usual), 1 => select(rest)].prop_map(str::to_owned)
    };
    let scheme = one_of("https", &["http", "HTTPS", "ftp", "", " https", "\u{feff}https", "https\t"]);
    let slashes = one_of("://", &[":", ":/", ":///", ":\\\\", ":/\\", "//", ":\t//"]);
    let user =
        one_of("", &["@", ":@", "user@", "a:b@", "cert.trustedform.com@", "cert.trustedform.com\\@", "x#@", "x?@"]);
    let host = one_of(
        "cert.trustedform.com",
        &[
            "trustedform.com",
            "CERT.TrustedForm.com",
            "cert.trustedform.com.",
            ".trustedform.com",
            "a..trustedform.com",
            "cert.trustedform%2ecom",
            "cert.trustedform\u{3002}com",
            "ｃert.trustedform.com",
            "cert.trusted\u{ad}form.com",
            "elsewhere.example",
            "eviltrustedform.com",
            "trustedform.com.elsewhere.example",
            "a_b.trustedform.com",
            "[::1]",
            "elsewhere.example/.trustedform.com",
            "elsewhere.example\\.trustedform.com",
        ],
    );
    let port = one_of("", &[":443", ":80", ":", ":8443", ":0443", ":443@elsewhere.example"]);
    let path = one_of(
        "/id",
        &[
            "",
            "/",
            "/id/",
            "/id//",
            "/a/id",
            "//id",
            "/../id",
            "/id/..",
            "/.",
            "/%69d",
            "/id%2f",
            "\\id",
            "/i d",
            "/id;a",
            "/\u{e9}",
            "/-_.Az0",
            "/i\u{200b}d",
        ],
    );
    let after = one_of("", &["?a=b", "#a", "?a=b#c", "?%41", "?%", "?\\", "?{}", "#a#b", "?/../x", "?\u{e9}", "?'"]);
    let joint = one_of("", &[",", ", ", " ", ";", "|", "\n", ",,", "\u{200b},"]);
    let url = (scheme, slashes, user, host, port, path, after, joint)
        .prop_map(|(a, b, c, d, e, f, g, h)| [a, b, c, d, e, f, g, h].concat());
    // Any character at any position.
    let slip = (any::<prop::sample::Index>(), prop_oneof!["[ -~]", "\\PC", "(?s)."]);
    (vec(url, 1..3), proptest::option::weighted(0.3, slip)).prop_map(|(urls, slip)| {
        let mut text = urls.concat();
        if let Some((at, slip)) = slip {
            let places: Vec<_> = text.char_indices().map(|(at, _)| at).collect();
            text.insert_str(*at.get(&places), &slip);
        }
        text
    })
}

#[test]
fn an_accepted_url_is_the_same_to_every_parser() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds/certificate_url");
    let seeds = std::fs::read_dir(seeds).unwrap();
    let seeds = seeds.filter_map(|seed| std::fs::read_to_string(seed.unwrap().path()).ok());
    let corpus = CORPUS.iter().map(|text| (*text).to_owned()).chain(seeds);
    let accepted = corpus.filter(|text| is_one_url_to_all(text)).count();
    assert!(accepted > 10, "only {accepted} of the corpus are accepted");
    proptest!(config(1), |(text in near_url())| {
        is_one_url_to_all(&text);
    });
}
