//! Generates the parts of pages between `<!-- generated: NAME -->` and `<!-- end -->`.

use std::collections::BTreeMap;

use anyhow::Context;
use leadping::failure::Code;
use leadping::http::Problem;
use leadping::payload::{Entrance, Member};
use serde_json::Value;

use crate::openapi::{self, example};
use crate::{answer, kind, payload, problem, yaml};

const BEGIN: &str = "<!-- generated: ";
const NAMED: &str = " -->\n";
const END: &str = "<!-- end -->";

/// Returns a page with these generated parts, by name.
///
/// # Errors
/// When the page has an unknown part, lacks a part, or lacks the end of one.
pub fn fill(page: &str, parts: Vec<(&'static str, String)>) -> anyhow::Result<String> {
    let mut filled = String::new();
    let mut rest = page;
    while let Some((words, after)) = rest.split_once(BEGIN) {
        let (name, after) = after.split_once(NAMED).context("a marker does not end its line")?;
        let (_, after) = after.split_once(END).with_context(|| format!("the part {name} has no end marker"))?;
        let (_, part) =
            parts.iter().find(|(known, _)| *known == name).with_context(|| format!("unknown part {name}"))?;
        filled += &format!("{words}{BEGIN}{name}{NAMED}\n{}\n\n{END}", part.trim());
        rest = after;
    }
    filled += rest;
    match parts.iter().find(|(name, _)| !filled.contains(&format!("{BEGIN}{name}{NAMED}"))) {
        Some((name, _)) => anyhow::bail!("the part {name} is missing"),
        None => Ok(filled),
    }
}

/// Every part of `docs/api.md` by name.
///
/// # Errors
/// When an example cannot be serialized, which does not happen.
pub fn parts() -> anyhow::Result<Vec<(&'static str, String)>> {
    Ok(vec![
        ("structured example", json(&example(openapi::STRUCTURED_EXAMPLE))?),
        ("flat example", json(&example(openapi::FLAT_EXAMPLE))?),
        ("structured members", members(Entrance::Structured)),
        ("flat members", members(Entrance::Flat)),
        ("kinds", kinds()),
        ("lead", json(&example(openapi::FLAT_ANSWER))?),
        ("erased lead", json(&example(openapi::ERASED_ANSWER))?),
        ("problems", problems()),
        ("problem body", problem_body()?),
        ("codes", codes()),
        ("gateway", gateway()),
    ])
}

fn members(entrance: Entrance) -> String {
    let rows = payload::names(entrance).map(|name| {
        let kind = kind::name(name.1.field().kind);
        let link = format!("[{kind}](#{})", kind.to_ascii_lowercase());
        vec![format!("`{}`", name.0), link, payload::about(name)]
    });
    table(["Name", "Holds", "Meaning"], rows)
}

/// Each kind under a heading of its own, so that the tables of members can link to it.
fn kinds() -> String {
    let kinds = Member::ALL.iter().map(|member| member.field().kind);
    let unique: BTreeMap<_, _> = kinds.map(|kind| (kind::name(kind), kind)).collect();
    unique.into_iter().map(|(name, kind)| format!("#### {name}\n\n{}\n\n", kind::about(kind))).collect()
}

fn problems() -> String {
    let rows = problem::all().into_iter().map(|(problem, body)| {
        let again = match problem.status().as_u16() {
            429 => "yes, after Retry-After",
            500.. => "yes, with back-off",
            _ => "not unchanged",
        };
        let slug = body["type"].as_str().and_then(|url| url.rsplit('/').next()).unwrap_or_default();
        let todo = match problem {
            Problem::Validation(_) => "Fix every entry of `errors`, then send the lead again.".to_owned(),
            _ => body["detail"].as_str().unwrap_or_default().to_owned(),
        };
        vec![
            problem.status().as_str().to_owned(),
            format!("`{}`", problem.code()),
            format!("`{slug}`"),
            body["title"].as_str().unwrap_or_default().to_owned(),
            again.to_owned(),
            todo,
        ]
    });
    table(["Status", "`code`", "`type` ends in", "`title`", "Send again?", "What to do (`detail`)"], rows)
}

/// The body of one problem. All the others have the same members, and only a 400 has `errors`.
fn problem_body() -> anyhow::Result<String> {
    let problems = problem::all();
    let validation = problems.iter().find(|(problem, _)| matches!(problem, Problem::Validation(_)));
    let (_, body) = validation.context("no problem of a validation")?;
    json(body)
}

fn codes() -> String {
    let rows = Code::ALL.iter().map(|code| vec![format!("`{}`", code.as_str()), code.detail().to_owned()]);
    table(["`code`", "What to do"], rows)
}

fn gateway() -> String {
    let rows = answer::GATEWAY.iter().map(|(status, message, about)| {
        vec![(*status).to_owned(), format!("`{{\"message\":\"{message}\"}}`"), (*about).to_owned()]
    });
    table(["Status", "Body", "What to do"], rows)
}

fn json(value: &Value) -> anyhow::Result<String> {
    Ok(format!("```json\n{}```", yaml::to_json(value)?))
}

/// A Markdown table.
fn table<const COLUMNS: usize>(heads: [&str; COLUMNS], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let heads = heads.map(str::to_owned);
    let mut table = line(&heads) + &line(&heads.each_ref().map(|_| "---".to_owned()));
    table.extend(rows.map(|cells| line(&cells.iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>())));
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> String {
        let parts =
            parts().unwrap().into_iter().map(|(name, _)| format!("words\n\n{BEGIN}{name}{NAMED}outdated\n{END}\n"));
        parts.collect()
    }

    #[test]
    fn fills_parts_and_keeps_the_text_around_them() {
        let filled = fill(&page(), parts().unwrap()).unwrap();
        assert!(!filled.contains("outdated") && filled.starts_with("words\n"));
        assert!(filled.contains("`email.invalid`") && filled.contains("`dateOfBirth`"));
        assert_eq!(fill(&filled, parts().unwrap()).unwrap(), filled, "a second run changes nothing");
    }

    #[test]
    fn reports_wrong_markers() {
        let page = page();
        for wrong in [
            page.replace("generated: codes", "generated: cods"),
            page.replace("<!-- generated: codes -->\n", ""),
            page.replace(END, ""),
        ] {
            assert!(fill(&wrong, parts().unwrap()).is_err());
        }
    }
}
