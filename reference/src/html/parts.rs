//! What the page's sections share: rows, words, and reading the document.

use maud::{Markup, html};
use serde_json::Value;

use crate::yaml;

/// One entry of a list: its name, what it holds, and what it means.
pub(super) fn row(name: Markup, holds: Markup, about: &str) -> Markup {
    html! {
        div {
            dt { (name) @if !holds.0.is_empty() { " " span class="type" { (holds) } } }
            dd { (words(about)) }
        } "\n"
    }
}

/// Text with `code` between backticks.
pub(super) fn words(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// What a reference refers to, or the value itself.
pub(super) fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|reference| document.pointer(reference.trim_start_matches('#')));
    target.unwrap_or(value)
}

pub(super) fn members(object: &Value) -> impl Iterator<Item = (&str, &Value)> {
    object.as_object().map(yaml::in_order).unwrap_or_default().into_iter().map(|(name, value)| (&**name, value))
}

pub(super) fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

pub(super) fn string<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}
