//! The generated parts of `docs/api.md`: what stands between `<!-- generated: NAME -->` and `<!-- end -->`.

use anyhow::Context;
use leadping::failure::Code;
use leadping::http::Problem;
use leadping::payload::{Entrance, Member};
use serde_json::Value;

use crate::openapi::{self, example};
use crate::{kind, payload, problem, yaml};

const BEGIN: &str = "<!-- generated: ";
const NAMED: &str = " -->\n";
const END: &str = "<!-- end -->";

/// The page with every generated part as the code has it by now.
///
/// # Errors
/// When a part is not known, is missing or does not end.
pub fn fill(page: &str) -> anyhow::Result<String> {
    let parts = parts()?;
    let mut filled = String::new();
    let mut rest = page;
    while let Some((words, behind)) = rest.split_once(BEGIN) {
        let (name, behind) = behind.split_once(NAMED).context("a marker has no end of line")?;
        let (_, behind) = behind.split_once(END).with_context(|| format!("the part {name} does not end"))?;
        let (_, part) = parts.iter().find(|(known, _)| *known == name).with_context(|| format!("no part is {name}"))?;
        filled += &format!("{words}{BEGIN}{name}{NAMED}\n{}\n\n{END}", part.trim());
        rest = behind;
    }
    filled += rest;
    match parts.iter().find(|(name, _)| !filled.contains(&format!("{BEGIN}{name}{NAMED}"))) {
        Some((name, _)) => anyhow::bail!("the part {name} is missing"),
        None => Ok(filled),
    }
}

/// Every part, by its name.
fn parts() -> anyhow::Result<Vec<(&'static str, String)>> {
    Ok(vec![
        ("structured example", json(&example(openapi::STRUCTURED_EXAMPLE))?),
        ("flat example", json(&example(openapi::FLAT_EXAMPLE))?),
        ("structured members", members(Entrance::Structured)),
        ("flat members", members(Entrance::Flat)),
        ("kinds", kinds()),
        ("lead", json(&example(openapi::FLAT_ANSWER))?),
        ("erased lead", json(&example(openapi::ERASED_ANSWER))?),
        ("problems", problems()),
        ("problem bodies", bodies()?),
        ("codes", codes()),
        ("gateway", gateway()),
    ])
}

fn members(entrance: Entrance) -> String {
    let rows = payload::names(entrance).map(|name| {
        let kind = kind::name(name.1.field().kind);
        vec![format!("`{}`", name.0), format!("[{kind}](#what-is-accepted)"), payload::about(name)]
    });
    table(["Name", "Holds", "Meaning"], rows)
}

fn kinds() -> String {
    let mut named: Vec<&str> = Vec::new();
    let rows = Member::ALL.iter().map(|member| member.field().kind).filter_map(|kind| {
        let name = kind::name(kind);
        let first = !named.contains(&name);
        named.push(name);
        first.then(|| vec![name.to_owned(), kind::about(kind)])
    });
    table(["Holds", "What is accepted"], rows)
}

fn problems() -> String {
    let rows = problem::each().into_iter().map(|(problem, body)| {
        let again = if problem.status().is_server_error() { "the same bytes, with back-off" } else { "not unchanged" };
        let slug = body["type"].as_str().and_then(|url| url.rsplit('/').next()).unwrap_or_default();
        let todo = match problem {
            Problem::Validation(_) => "Mend everything in `errors`, then send the lead again.".to_owned(),
            _ => body["detail"].as_str().unwrap_or_default().to_owned(),
        };
        vec![
            problem.status().as_str().to_owned(),
            format!("`{}`", problem.code()),
            format!("`{slug}`"),
            again.to_owned(),
            todo,
        ]
    });
    table(["Status", "`code`", "`type` ends in", "Send again?", "What to do"], rows)
}

fn bodies() -> anyhow::Result<String> {
    let bodies = problem::each().into_iter().map(|(problem, body)| {
        Ok(format!("{}, `{}`:\n\n{}\n\n", problem.status().as_u16(), problem.code(), json(&body)?))
    });
    bodies.collect()
}

fn codes() -> String {
    let rows = Code::ALL.iter().map(|code| vec![format!("`{}`", code.as_str()), code.detail().to_owned()]);
    table(["`code`", "What to do"], rows)
}

fn gateway() -> String {
    let rows = openapi::GATEWAY.iter().map(|(status, message, about)| {
        vec![(*status).to_owned(), format!("`{{\"message\":\"{message}\"}}`"), (*about).to_owned()]
    });
    table(["Status", "Body", "What to do"], rows)
}

fn json(value: &Value) -> anyhow::Result<String> {
    Ok(format!("```json\n{}```", yaml::to_json(value)?))
}

/// A table in Markdown.
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
            parts().unwrap().into_iter().map(|(name, _)| format!("words\n\n{BEGIN}{name}{NAMED}of yore\n{END}\n"));
        parts.collect()
    }

    #[test]
    fn a_part_is_written_anew_and_the_words_around_it_stay() {
        let filled = fill(&page()).unwrap();
        assert!(!filled.contains("of yore") && filled.starts_with("words\n"));
        assert!(filled.contains("`email.invalid`") && filled.contains("`dateOfBirth`"));
        assert_eq!(fill(&filled).unwrap(), filled, "once is enough");
    }

    #[test]
    fn a_marker_that_is_wrong_is_noticed() {
        let page = page();
        for wrong in [
            page.replace("generated: codes", "generated: cods"),
            page.replace("<!-- generated: codes -->\n", ""),
            page.replace(END, ""),
        ] {
            assert!(fill(&wrong).is_err());
        }
    }
}
