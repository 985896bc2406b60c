//! Generates the reference as one HTML page, from the OpenAPI document and the code's tables.
//!
//! The page has no script, and its policy allows only its own style.

mod parts;
mod style;
mod types;

use std::collections::BTreeSet;

use anyhow::Context;
use leadping::failure::Code;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use crate::answer::{GATEWAY, JSON};
use crate::{openapi, problem, yaml};
use parts::{items, members, resolved, row, string, words};

/// Generates the page.
///
/// # Errors
/// When an example cannot be written, which does not happen.
pub fn page() -> anyhow::Result<String> {
    let document = openapi::document();
    let info = &document["info"];
    let page = html! {
        (DOCTYPE) "\n"
        html lang="en" { "\n"
            head { "\n"
                meta charset="utf-8"; "\n"
                meta http-equiv="Content-Security-Policy" content=(style::policy()); "\n"
                meta name="viewport" content="width=device-width, initial-scale=1"; "\n"
                meta name="color-scheme" content="light dark"; "\n"
                meta name="generator" content="cargo run --bin reference"; "\n"
                title { "Leadping API reference" } "\n"
                style { (PreEscaped(style::CSS)) } "\n"
            }
            body { "\n"
                header {
                    h1 { "Leadping API reference" }
                    p { (string(info, "summary")) " Version " (string(info, "version")) ", OpenAPI " (string(&document, "openapi")) "." }
                } "\n"
                (contents(&document))
                main { "\n"
                    section id="about" {
                        h2 { "How it works" } "\n"
                        @for paragraph in string(info, "description").split("\n\n") { p { (words(paragraph)) } "\n" }
                    } "\n"
                    (credentials(&document))
                    @for (path, method, operation) in operations(&document) { (endpoint(&document, path, method, operation)?) }
                    section id="problems" { h2 { "Problems" } (problems()?) } "\n"
                    section id="codes" { h2 { "Codes in errors" } (codes()) } "\n"
                    section id="gateway" { h2 { "Answers of the gateway" } (gateway()) } "\n"
                    section id="schemas" {
                        h2 { "Requests and answers" } "\n"
                        @for (name, schema) in members(&document["components"]["schemas"]) { (types::section(&document, name, schema)) }
                    } "\n"
                }
            } "\n"
        } "\n"
    };
    Ok(page.into_string())
}

fn contents(document: &Value) -> Markup {
    html! {
        nav aria-label="Contents" {
            ul { "\n"
                li { a href="#about" { "How it works" } } "\n"
                li { a href="#credentials" { "Credentials and headers" } } "\n"
                @for (path, method, operation) in operations(document) {
                    li { a href={ "#" (string(operation, "operationId")) } { (method.to_ascii_uppercase()) " " (path) } } "\n"
                }
                li { a href="#problems" { "Problems" } } "\n"
                li { a href="#codes" { "Codes in errors" } } "\n"
                li { a href="#gateway" { "Answers of the gateway" } } "\n"
                li { a href="#schemas" { "Requests and answers" } } "\n"
            }
        } "\n"
    }
}

/// What every request has: the key, and the headers that operations share.
fn credentials(document: &Value) -> Markup {
    let components = &document["components"];
    html! {
        section id="credentials" {
            h2 { "Credentials and headers" } "\n"
            dl { "\n"
                @for (_, scheme) in members(&components["securitySchemes"]) {
                    (row(html! { code id=(string(scheme, "name")) { (string(scheme, "name")) } }, html! { "text, required" }, string(scheme, "description")))
                }
                @for (_, parameter) in members(&components["parameters"]).filter(|(_, parameter)| parameter["in"] == "header") { (parameter_row(parameter)) }
            }
            p { "These are the servers:" }
            dl { "\n"
                @for server in items(&document["servers"]) {
                    (row(html! { code { (string(server, "url")) } }, html! {}, string(server, "description")))
                }
            }
        } "\n"
    }
}

fn endpoint(document: &Value, path: &str, method: &str, operation: &Value) -> anyhow::Result<Markup> {
    let parameters: Vec<_> = items(&operation["parameters"]).map(|parameter| resolved(document, parameter)).collect();
    let (shared, own): (Vec<_>, Vec<_>) =
        parameters.into_iter().partition::<Vec<_>, _>(|parameter| parameter["in"] == "header");
    let bodies = members(&operation["requestBody"]["content"]);
    // The command shows the example in JSON.
    let bodies = bodies.map(|(media_type, body)| {
        let example = if media_type == JSON { None } else { Some(form(&body["example"])?) };
        Ok((media_type, body, example))
    });
    let bodies = bodies.collect::<anyhow::Result<Vec<_>>>()?;
    // The first media type of a refusal is a problem's, whose schema covers the gateway's answers.
    let answers = members(&operation["responses"]).map(|(status, answer)| {
        let answer = resolved(document, answer);
        let body = members(&answer["content"]).next().map(|(_, body)| types::of(&body["schema"]));
        (status, answer, body.unwrap_or_default())
    });
    let accepted = members(&operation["responses"]).filter(|(status, _)| status.starts_with('2'));
    let shown = accepted.flat_map(|(_, answer)| members(&answer["content"][JSON]["examples"]));
    let shown = shown.map(|(_, example)| Ok((example, yaml::to_json(&example["value"])?)));
    let shown = shown.collect::<anyhow::Result<Vec<_>>>()?;
    let curl = curl(document, path, method, operation)?;
    Ok(html! {
        section id=(string(operation, "operationId")) {
            h2 { span class="method" { (method.to_ascii_uppercase()) } " " code { (path) } } "\n"
            p class="lead" { (string(operation, "summary")) "." } "\n"
            p { (words(string(operation, "description"))) } "\n"
            pre { code { (curl) } } "\n"
            p { "Headers: "
                a href="#X-Leadping-Source-Key" { code { "X-Leadping-Source-Key" } }
                @for parameter in &shared { ", " a href={ "#" (string(parameter, "name")) } { code { (string(parameter, "name")) } } }
                "."
            } "\n"
            @if !own.is_empty() {
                h3 { "Parameters" } "\n"
                dl { "\n" @for parameter in &own { (parameter_row(parameter)) } }
            }
            @for (media_type, body, example) in &bodies {
                h3 { "Body as " code { (media_type) } } "\n"
                p { (types::of(&body["schema"])) @if example.is_some() { ", for example:" } @else { ", as above." } } "\n"
                @if let Some(example) = example { pre { code { (example) } } "\n" }
            }
            h3 { "Answers" } "\n"
            dl { "\n"
                @for (status, answer, body) in answers {
                    (row(html! { code { (status) } }, body, string(answer, "description")))
                }
            }
            @for (example, body) in &shown {
                h4 { (string(example, "summary")) } "\n"
                pre { code { (body) } } "\n"
            }
        } "\n"
    })
}

fn parameter_row(parameter: &Value) -> Markup {
    let name = string(parameter, "name");
    let required = parameter["required"] == true;
    let id = (parameter["in"] == "header").then_some(name);
    row(
        html! { code id=[id] { (name) } },
        html! { (types::of(&parameter["schema"])) @if required { ", required" } },
        string(parameter, "description"),
    )
}

/// The command that sends the example.
fn curl(document: &Value, path: &str, method: &str, operation: &Value) -> anyhow::Result<String> {
    let key = string(&document["components"]["securitySchemes"]["SourceKey"], "name");
    let mut path = path.to_owned();
    let mut lines = vec![format!("-H '{key}: lp_source_key'")];
    for parameter in items(&operation["parameters"]).map(|parameter| resolved(document, parameter)) {
        let name = string(parameter, "name");
        let Some(value) = parameter.get("example").map(text) else { continue };
        match string(parameter, "in") {
            "path" => path = path.replace(&format!("{{{name}}}"), &value),
            "query" => lines.push(format!("--data-urlencode '{name}={value}'")),
            _ => lines.push(format!("-H '{name}: {value}'")),
        }
    }
    let options = if method == "get" { "-iG" } else { "-i" };
    lines.insert(0, format!("curl {options} {}{path}", string(&document["servers"][0], "url")));
    let body = &operation["requestBody"]["content"][JSON];
    if !body.is_null() {
        lines.push(format!("-H 'Content-Type: {JSON}'"));
        lines.push(format!("-d '{}'", yaml::to_json(&body["example"])?.trim_end()));
    }
    Ok(lines.join(" \\\n  "))
}

/// A form as it is sent, but with a line for each member.
fn form(example: &Value) -> anyhow::Result<String> {
    let members = example.as_object().context("a form is an object")?;
    let pairs = yaml::in_order(members).into_iter().map(|(name, value)| format!("{name}={}", encoded(&text(value))));
    Ok(pairs.collect::<Vec<_>>().join("\n&"))
}

/// Encodes a value for a form.
fn encoded(value: &str) -> String {
    let byte = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        b'-' | b'.' | b'_' | b'*' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(byte).collect()
}

/// Every problem, under the last segment of its type.
fn problems() -> anyhow::Result<Markup> {
    let each = problem::all();
    let mut slugs: Vec<&str> = Vec::new();
    for (_, body) in &each {
        let slug = slug(body);
        if !slugs.contains(&slug) {
            slugs.push(slug);
        }
    }
    let failures: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let sections = slugs.into_iter().map(|slug| {
        let of_type: Vec<_> = each.iter().filter(|(_, body)| self::slug(body) == slug).collect();
        let bodies = of_type.iter().map(|(_, body)| yaml::to_json(body)).collect::<anyhow::Result<Vec<_>>>()?;
        Ok(html! {
            section id=(slug) {
                h3 { code { (string(&of_type[0].1, "type")) } } "\n"
                @for ((problem, body), shown) in of_type.iter().zip(&bodies) {
                    // The anchor of a code that is also a failure's is there, and a slug has its own.
                    @let id = Some(problem.code()).filter(|code| !failures.contains(code) && *code != slug);
                    h4 id=[id] { (problem.status().as_str()) " " code { (problem.code()) } } "\n"
                    p {
                        (string(body, "title")) ". "
                        @if problem.status().is_server_error() { "Send the same request again, with a growing delay." }
                        @else { "Do not send it again unchanged." }
                    } "\n"
                    pre { code { (shown) } } "\n"
                }
            } "\n"
        })
    });
    let sections = sections.collect::<anyhow::Result<Vec<_>>>()?;
    Ok(html! { @for section in sections { (section) } })
}

fn slug(body: &Value) -> &str {
    string(body, "type").rsplit('/').next().unwrap_or_default()
}

fn codes() -> Markup {
    html! {
        p { "A " a href="#validation" { code { "validation" } } " problem lists everything to fix. Each entry has one of these codes." } "\n"
        dl { "\n"
            @for code in Code::ALL {
                (row(html! { code id=(code.as_str()) { (code.as_str()) } }, html! {}, code.detail()))
            }
        }
    }
}

fn gateway() -> Markup {
    html! {
        p { "The gateway in front of the API answers some requests itself, as plain JSON." } "\n"
        dl { "\n"
            @for (status, message, about) in GATEWAY {
                (row(html! { code { (status) } }, html! { code { "{\"message\":\"" (message) "\"}" } }, about))
            }
        }
    }
}

/// Every operation with its path and method.
fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    members(&document["paths"])
        .flat_map(|(path, operations)| members(operations).map(move |(method, operation)| (path, method, operation)))
}

/// A value as text: the characters of a string, and JSON otherwise.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_leads_to_an_anchor_and_no_anchor_is_there_twice() {
        let page = page().unwrap();
        let ids: Vec<_> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let unique: BTreeSet<_> = ids.iter().copied().collect();
        assert_eq!(unique.len(), ids.len(), "{ids:?}");
        let links: Vec<_> = page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(links.len() > 50 && links.iter().all(|link| unique.contains(link)), "{links:?}");
        for (problem, body) in problem::all() {
            assert!(unique.contains(slug(&body)) && unique.contains(problem.code()), "{}", problem.code());
        }
        for code in Code::ALL {
            assert!(unique.contains(code.as_str()), "{}", code.as_str());
        }
    }

    #[test]
    fn every_member_is_on_the_page() {
        let page = page().unwrap();
        let document = openapi::document();
        for (name, schema) in members(&document["components"]["schemas"]) {
            assert!(page.contains(&format!("<h3 id=\"{name}\">")), "{name}");
            for (member, _) in members(&schema["properties"]) {
                assert!(page.contains(&format!("<code>{member}</code>")), "{member}");
            }
        }
    }

    #[test]
    fn the_page_loads_nothing_and_runs_nothing() {
        let page = page().unwrap();
        for forbidden in ["<script", " style=", "src=", "url(", "@import", "<link", "javascript:"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
    }
}
