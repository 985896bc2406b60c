//! Checks that every citation of the contract and the architecture names a heading, and that every link of a page leads to a
//! file and a heading.
//!
//! The forms are `contract, section 3.3`, `contract, section 7, "Providers"` and `architecture, "Time"`. A citation may
//! continue on the next line.

use std::fs;
use std::path::{Path, PathBuf};

// Concatenated, so that this file has no citations itself.
const CONTRACT: &str = concat!("contract,", " section");
const ARCHITECTURE: &str = concat!("architecture", ", ");

/// Forms that look like citations but that this test cannot check.
const OTHER_FORMS: [&str; 2] = [concat!("of the contract", " (section"), concat!("architecture", ".md`, ")];

/// The headings of a page with their levels.
struct Page(Vec<(usize, String)>);

impl Page {
    fn of(markdown: &str) -> Self {
        let mut is_code = false;
        let mut headings = Vec::new();
        for line in markdown.lines() {
            is_code ^= line.trim_start().starts_with("```");
            let text = line.trim_start_matches('#');
            if !is_code && text.starts_with(' ') && text.len() < line.len() {
                headings.push((line.len() - text.len(), text.trim().to_owned()));
            }
        }
        Self(headings)
    }

    /// Whether there is a heading with this number, and a heading with this name below it.
    fn has_section(&self, number: &str, name: Option<&str>) -> bool {
        let numbered =
            |heading: &str| heading.split(' ').next().map(|first| first.trim_end_matches('.')) == Some(number);
        let Some(at) = self.0.iter().position(|(_, heading)| numbered(heading)) else { return false };
        let below = self.0[at + 1..].iter().take_while(|(level, _)| *level > self.0[at].0);
        name.is_none_or(|name| below.map(|(_, heading)| heading).any(|heading| heading == name))
    }

    fn has_heading(&self, name: &str) -> bool {
        self.0.iter().any(|(_, heading)| heading == name)
    }

    /// Whether a heading has this anchor, by the rules of code hosting sites.
    fn has_anchor(&self, anchor: &str) -> bool {
        let slug = |heading: &str| -> String {
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
        };
        self.0.iter().any(|(_, heading)| slug(heading) == anchor)
    }
}

/// Joins the lines of a text, without the marks of comments.
fn joined(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line.trim();
        ["//!", "///", "//", "#"].into_iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line).trim()
    });
    lines.collect::<Vec<_>>().join(" ")
}

/// The citations of a text that name no heading, or that have another form.
fn unresolved(text: &str, contract: &Page, architecture: &Page) -> Vec<String> {
    let text = joined(text);
    let excerpt = |rest: &str| rest.chars().take(60).collect::<String>();
    let mut wrong = Vec::new();
    for (at, found) in text.match_indices(CONTRACT) {
        let rest = text[at + found.len()..].trim_start_matches('s');
        let (numbers, name) = sections(rest.trim_start());
        let resolved = !numbers.is_empty()
            && numbers
                .iter()
                .enumerate()
                .all(|(index, number)| contract.has_section(number, name.filter(|_| index + 1 == numbers.len())));
        if !resolved {
            wrong.push(excerpt(&text[at..]));
        }
    }
    for (at, found) in text.match_indices(ARCHITECTURE) {
        let rest = &text[at + found.len()..];
        let is_resolved = match rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
            Some((name, _)) => architecture.has_heading(name),
            None => !rest.starts_with(char::is_uppercase),
        };
        if !is_resolved {
            wrong.push(excerpt(&text[at..]));
        }
    }
    wrong.extend(OTHER_FORMS.iter().flat_map(|form| text.match_indices(form)).map(|(at, _)| excerpt(&text[at..])));
    wrong
}

/// The numbers at the start of a text, as in `3.1 and 3.2`, and the quoted name after them. A name without quotes counts
/// as empty, because its end is unclear.
fn sections(mut rest: &str) -> (Vec<&str>, Option<&str>) {
    let mut numbers = Vec::new();
    loop {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number = rest[..end].trim_end_matches('.');
        if number.is_empty() {
            return (numbers, None);
        }
        numbers.push(number);
        let after = &rest[number.len()..];
        match after.strip_prefix(", ") {
            Some(name) if name.starts_with('"') => return (numbers, name.split('"').nth(1)),
            Some(name) if name.starts_with(|c: char| c.is_uppercase() || c == '`') => return (numbers, Some("")),
            _ => {}
        }
        rest = after.strip_prefix(" and ").or_else(|| after.strip_prefix(", ")).unwrap_or_default();
    }
}

/// The links of a page without a file or heading.
fn broken_links(file: &Path, page: &str) -> Vec<String> {
    let mut broken = Vec::new();
    for link in page.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
        if link.contains(':') || link.contains(' ') {
            continue;
        }
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let target = if path.is_empty() { file.to_owned() } else { file.parent().unwrap().join(path) };
        let found = target.exists()
            && (anchor.is_empty() || Page::of(&fs::read_to_string(&target).unwrap()).has_anchor(anchor));
        if !found {
            broken.push(link.to_owned());
        }
    }
    broken
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            files(&path, found);
        } else if [".rs", ".md", ".yaml", ".toml"].into_iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
}

#[test]
fn every_citation_and_link_resolves() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = |name: &str| Page::of(&fs::read_to_string(repository.join("docs").join(name)).unwrap());
    let (contract, architecture) = (page("contract.md"), page("architecture.md"));
    let mut all = Vec::new();
    files(&repository, &mut all);
    let mut wrong = Vec::new();
    for file in all {
        let text = fs::read_to_string(&file).unwrap();
        let mut found = unresolved(&text, &contract, &architecture);
        if file.extension().is_some_and(|extension| extension == "md") {
            found.extend(broken_links(&file, &text));
        }
        wrong.extend(found.into_iter().map(|found| format!("{}: {found}", file.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn finds_wrong_citations_and_links() {
    let contract = Page::of(
        "# C\n## 3. Payloads\n### 3.1 Structured\n#### Phones\n```\n## 9. Code\n```\n## 4. Rules\n### Secrets\n",
    );
    let architecture = Page::of("# A\n## Time\n");
    let of = |text: &str| unresolved(text, &contract, &architecture).len();
    let (section, heading) = (CONTRACT, ARCHITECTURE.trim_end());
    for (text, wrong) in [
        (format!("{section} 3"), 0),
        (format!("{section} 3.1, \"Phones\""), 0),
        (format!("{section} 3, \"Phones\""), 0),
        (format!("{section}s 3.1 and 4, \"Secrets\"."), 0),
        (format!("//! a ({section}\n//! 4) b"), 0),
        (format!("({heading} \"Time\")"), 0),
        (format!("the {heading} which is simple"), 0),
        (format!("{section} 5"), 1),
        (format!("{section} 3.2"), 1),
        (format!("{section} 9"), 1), // in a block of code
        (format!("{section}s 3 and 5"), 1),
        (format!("{section} 4, \"Phones\""), 1),
        (format!("{section} four"), 1),
        (format!("{section} 4, Secrets"), 1),
        (format!("{}6)", OTHER_FORMS[0]), 1),
        (format!("    /// x ({section}\n    /// 7)"), 1),
        (format!("({heading} Time)"), 1),
        (format!("({heading} \"Space\")"), 1),
        (format!("{section} 5, {section} 6"), 2),
    ] {
        assert_eq!(of(&text), wrong, "{text}");
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let broken =
        broken_links(&file, "[a](docs/contract.md) [b](docs/none.md) [c](docs/contract.md#trustedform) [d](#none)");
    assert_eq!(broken, ["docs/none.md", "#none"]);
}
