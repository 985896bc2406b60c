//! The page of a specification: one file without scripts, which looks right on a screen, in the dark and on paper.
//!
//! Names and products are other people's text: every value passes through [`Html`].

use std::fmt::{self, Display, Write};

use data_encoding::BASE64;
use leadping::check::spec::{ADDRESS, Spec};
use leadping::source::limits::{Action, Duplicates};
use sha2::{Digest, Sha256};

use crate::output::escape::Shown;

const STYLE: &str = "
:root { color-scheme: light dark; --line: #8885; --faint: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; }
h2 { margin-top: 2.5rem; }
div { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
pre { background: var(--faint); padding: 1rem; overflow-x: auto; }
pre code { overflow-wrap: normal; }
@media print {
  body { max-width: none; margin: 0; font-size: 10pt; }
  tr, pre { break-inside: avoid; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  h2 { break-after: avoid; }
}
";

/// A value as text of a page: it is neither markup, nor can it act on the line.
struct Html<T>(T);

impl<T: Display> Display for Html<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Line breaks stay: commands have several lines.
        let text = self.0.to_string();
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                f.write_char('\n')?;
            }
            for c in Shown(line).to_string().chars() {
                match c {
                    '&' => f.write_str("&amp;")?,
                    '<' => f.write_str("&lt;")?,
                    '>' => f.write_str("&gt;")?,
                    '"' => f.write_str("&quot;")?,
                    '\'' => f.write_str("&#39;")?,
                    c => f.write_char(c)?,
                }
            }
        }
        Ok(())
    }
}

/// A value in the type of code.
struct Code<T>(T);

impl<T: Display> Display for Code<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<code>{}</code>", Html(&self.0))
    }
}

/// What happens when a person comes again.
fn again(duplicates: Option<&Duplicates>) -> String {
    let Some(duplicates) = duplicates else { return "accepted".to_owned() };
    let by: Vec<_> = duplicates.by.iter().map(|key| key.as_str()).collect();
    let answer = match duplicates.action {
        Action::Flag => "accepted, and the answer may have duplicate",
        Action::Refuse => "refused with 409",
    };
    format!("{answer} (by {}, within {} days)", by.join(" or "), duplicates.days)
}

/// The whole page. `address` is the API's, where it is known.
pub(super) fn page(spec: &Spec<'_>, address: Option<&str>) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut page, spec, address);
    page
}

fn write(page: &mut String, spec: &Spec<'_>, address: Option<&str>) -> fmt::Result {
    let hash = BASE64.encode(&Sha256::digest(STYLE));
    let title = format!("What {} sends to Leadping", spec.source.name);
    write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{hash}'; base-uri \
         'none'; form-action 'none'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <main>\n<h1>{title}</h1>\n<p>The source {id} posts leads with one of its keys. This page holds no key.</p>\n",
        title = Html(&title),
        id = Code(spec.source.id),
    )?;
    match address {
        Some(address) => writeln!(page, "<p>The address of the API is {}.</p>", Code(address))?,
        None => writeln!(page, "<p>{} is the address of the API.</p>", Code(ADDRESS))?,
    }

    let required = spec.required.iter().map(|it| [code(it.structured), name(it.flat), text(it.about)]);
    table(page, "What every lead needs", ["At POST /leads", "At /leads/intake", ""], required)?;
    writeln!(page, "<p>Allowed states: {}.</p>", list(spec.allowed_states, "any"))?;
    writeln!(page, "<p>Allowed products: {}.</p>", list(spec.allowed_products, "any"))?;

    let endpoints = spec.endpoints.iter().map(|it| [code(&it.method), code(it.path), text(it.about)]);
    table(page, "Endpoints", ["Method", "Path", ""], endpoints)?;
    let headers = spec
        .headers
        .iter()
        .map(|it| [code(it.name), text(&it.value), text(if it.required { "always" } else { "if you can" })]);
    table(page, "Headers", ["Name", "Value", "Send it"], headers)?;

    writeln!(
        page,
        "<h2>Try it</h2>\n<p>Put the address into {} and a test key into {}. A test key begins with {}. Take a live key only \
         after everything works: what it sends are real leads.</p>",
        Code("LEADPING_URL"),
        Code("LEADPING_KEY"),
        Code("lp_test_")
    )?;
    for command in &spec.commands {
        writeln!(page, "<p>{}</p>\n<pre><code>{}</code></pre>", Html(command.about), Html(&command.command))?;
    }
    let values = spec.test_values.iter().map(|it| [code(it.member), code(&it.value), text(&it.result)]);
    table(page, "Values with a fixed result, for test keys", ["Member", "Value", "Result"], values)?;

    let members = spec.members.iter().map(|it| [code(it.structured), name(it.flat), text(it.about)]);
    table(page, "Members of a lead", ["At POST /leads", "At /leads/intake", "Meaning"], members)?;
    let limits = spec.limits.iter().map(|it| [text(&it.of), text(it.most)]);
    table(page, "Limits", ["Of", "At most"], limits)?;
    writeln!(page, "<p>The same person again: {}.</p>", Html(again(spec.duplicates)))?;
    let codes = spec.codes.iter().map(|it| [text(it.status), code(it.code), text(it.detail)]);
    table(page, "Codes of refusals", ["Status", "Code", "What to do"], codes)?;
    writeln!(page, "</main>\n</body>\n</html>")
}

fn table<const COLUMNS: usize>(
    page: &mut String,
    title: &str,
    columns: [&str; COLUMNS],
    rows: impl Iterator<Item = [String; COLUMNS]>,
) -> fmt::Result {
    let heads: String = columns.iter().map(|column| format!("<th scope=\"col\">{}</th>", Html(column))).collect();
    writeln!(page, "<h2>{}</h2>\n<div>\n<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>", Html(title))?;
    for cells in rows {
        writeln!(page, "<tr>{}</tr>", cells.map(|cell| format!("<td>{cell}</td>")).concat())?;
    }
    writeln!(page, "</tbody>\n</table>\n</div>")
}

fn code(value: impl Display) -> String {
    Code(value).to_string()
}

fn text(value: impl Display) -> String {
    Html(value).to_string()
}

fn name(flat: Option<&str>) -> String {
    flat.map_or_else(|| text("none"), code)
}

fn list(values: &[impl Display], when_empty: &str) -> String {
    if values.is_empty() {
        return when_empty.to_owned();
    }
    values.iter().map(code).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use leadping::check::spec;
    use leadping::source::Source;

    use super::*;
    use crate::output::escape::acts;

    fn source(text: &str) -> Source {
        let now = "2026-06-15T12:00:00Z".parse().unwrap();
        Source {
            allowed_products: vec![text.to_owned()],
            ..Source::new("source_1".parse().unwrap(), text, "salt".into(), now)
        }
    }

    #[test]
    fn other_people_s_text_is_never_markup() {
        let plain = page(&spec::of(&source("plain")), None);
        let count = |page: &str, what: &str| page.matches(what).count();
        for hostile in [
            "</title><script>alert(1)</script>",
            "\" onmouseover=\"alert(1)",
            "' style='x",
            "</code></pre><img src=x onerror=alert(1)>",
            "<!-- ",
            "]]></style><svg/onload=alert(1)>",
            "&lt;b&gt; &amp;",
            "a\u{202e}b\u{0}\u{1b}[2J",
        ] {
            let page = page(&spec::of(&source(hostile)), Some(hostile));
            assert_eq!(count(&page, "<"), count(&plain, "<"), "{hostile}");
            for raw in ["<script", "<img", "<svg", "<!--"] {
                assert_eq!(count(&page, raw), 0, "{hostile}");
            }
            assert!(!page.chars().any(|c| acts(c) && c != '\n'), "{hostile}");
            // Attributes are all our own: each quotation mark of a value is escaped.
            assert_eq!(count(&page, "\""), count(&plain, "\""), "{hostile}");
        }
    }

    #[test]
    fn the_policy_allows_the_page_s_own_style_and_nothing_else() {
        let page = page(&spec::of(&source("plain")), None);
        let hash = BASE64.encode(&Sha256::digest(STYLE));
        assert!(page.contains(&format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'")));
        assert_eq!(page.matches("<style>").count(), 1);
        for forbidden in ["<script", "style=\"", "http-equiv=\"refresh\"", "src=\"", "href=\""] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn the_page_says_what_the_source_must_send() {
        let page = page(&spec::of(&source("Auto insurance")), Some("https://api.example.com"));
        for expected in [
            "<h1>What Auto insurance sends to Leadping</h1>",
            "<code>metadata.trustedFormUrl</code>",
            "Allowed products: <code>Auto insurance</code>.",
            "Allowed states: any.",
            "https://api.example.com",
            "-d &#39;{",
            "trusted_form.required",
            "test-accepted",
        ] {
            assert!(page.contains(expected), "{expected}");
        }
        assert!(!page.contains("state.not_allowed"));
    }
}
