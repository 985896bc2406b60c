//! What the page says about schemas.

use maud::{Markup, html};
use serde_json::Value;

use super::parts::{items, members, resolved, row, string, words};
use crate::kind::VALUES;

/// The most values of an open list that are named. The codes of failures have a section of their own.
const MAX_NAMED: usize = 40;

/// A schema with its members.
pub(super) fn section(document: &Value, name: &str, schema: &Value) -> Markup {
    let required: Vec<_> = items(&schema["required"]).filter_map(Value::as_str).collect();
    html! {
        section {
            h3 id=(name) { (name) } "\n"
            p { (words(string(schema, "description"))) } "\n"
            @if let Some(values) = schema["enum"].as_array() { p { "One of " (choices(values)) "." } }
            @if let Some(schemas) = schema["anyOf"].as_array() {
                p { "One of "
                    @for (at, schema) in schemas.iter().enumerate() { @if at > 0 { " and " } (of(schema)) }
                    "."
                }
            }
            dl { "\n"
                @for (member, schema) in members(&schema["properties"]) {
                    (row(
                        html! { code { (member) } },
                        html! { (of(schema)) @if required.contains(&member) { ", required" } },
                        // A member that is an object has the description of its schema.
                        [schema, resolved(document, schema)]
                            .map(|schema| string(schema, "description"))
                            .into_iter()
                            .find(|about| !about.is_empty())
                            .unwrap_or_default(),
                    ))
                }
            }
        } "\n"
    }
}

/// A type in words: a link, or what a text, a number or a list may hold.
pub(super) fn of(schema: &Value) -> Markup {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return html! { a href={ "#" (name) } { (name) } };
    }
    match (string(schema, "type"), string(schema, "format")) {
        ("array", _) => html! {
            @if let Some(most) = schema["maxItems"].as_u64() { "at most " (most) " of: " } @else { "list of " }
            (of(&schema["items"]))
        },
        ("object", _) => html! { "map of " (of(&schema["additionalProperties"])) },
        ("boolean", _) => html! { "true or false" },
        (_, "date") => html! { "date, YYYY-MM-DD" },
        (_, "date-time") => html! { "time, RFC 3339" },
        ("string", _) => html! {
            "text"
            @if let Some(most) = schema["maxLength"].as_u64() { ", at most " (grouped(most)) " characters" }
            @if let Some(values) = schema[VALUES].as_array() && values.len() <= MAX_NAMED { ", today one of " (choices(values)) }
        },
        ("integer", _) => html! {
            "whole number"
            @if let Some(most) = schema["maximum"].as_u64() { ", 0 to " (grouped(most)) }
        },
        (_, _) => html! {
            "number"
            @if let Some(limit) = schema["exclusiveMaximum"].as_u64() { ", 0 or more and below " (grouped(limit)) }
        },
    }
}

fn choices(values: &[Value]) -> Markup {
    html! {
        @for (at, value) in values.iter().filter_map(Value::as_str).enumerate() {
            @if at > 0 { ", " }
            code { (value) }
        }
    }
}

/// A number with commas.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_000_000_000_000, "1,000,000,000,000")] {
            assert_eq!(grouped(number), text);
        }
    }
}
