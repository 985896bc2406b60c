//! Generates the schemas of all payloads, and of the lead in the answer, from the table of fields.

use leadping::lead::ProcessingStatus;
use leadping::lead::phone_number::region::Region;
use leadping::payload::fields::Kind;
use leadping::payload::{Entrance, Member};
use serde_json::{Map, Value, json};

use crate::kind;

/// The required objects of a structured payload (contract, section 3.1).
const OBJECTS: [&str; 3] = ["metadata", "contact", "customer"];

/// A name, its member, and the member's first name, which wins if both are given; `None` for the first name itself.
type Name = (&'static str, Member, Option<&'static str>);

/// Every name of every member in this entrance.
pub(crate) fn names(entrance: Entrance) -> impl Iterator<Item = Name> {
    Member::ALL.iter().flat_map(move |member| {
        let names = entrance.names(member.field());
        names.iter().enumerate().map(|(at, name)| (*name, *member, names.first().copied().filter(|_| at > 0)))
    })
}

/// Describes a member for partners.
pub(crate) fn about((_, member, primary): Name) -> String {
    let about = member.field().about;
    match primary {
        None => about.to_owned(),
        Some(primary) => format!("{about} Another name of `{primary}`, which wins if both are given."),
    }
}

/// The schemas of all kinds, by name.
pub(crate) fn kinds() -> Map<String, Value> {
    let kinds = Member::ALL.iter().map(|member| member.field().kind);
    kinds.map(|kind| (kind::name(kind).to_owned(), described(kind::in_json(kind), kind::about(kind)))).collect()
}

/// The body of `POST /leads`.
pub(crate) fn structured() -> Value {
    let leaf = |name: Name| {
        let reference = format!("#/components/schemas/{}", kind::name(name.1.field().kind));
        json!({"$ref": reference, "description": about(name)})
    };
    let names: Vec<_> = names(Entrance::Structured).map(|name| (name.0, leaf(name))).collect();
    let optional = |object: Value| json!({"anyOf": [object, kind::not_given()]});
    let mut payload = object("", &names, &|path, object| match OBJECTS.contains(&path) {
        true => object,
        false => optional(object),
    });
    payload["required"] = json!(OBJECTS);
    payload
}

/// The JSON body of `POST /leads/intake`.
pub(crate) fn flat() -> Value {
    let leaf = |name: Name| {
        let reference = format!("#/components/schemas/{}", kind::name(name.1.field().kind));
        json!({"$ref": reference, "description": about(name)})
    };
    let properties: Map<_, _> = names(Entrance::Flat).map(|name| (name.0.to_owned(), leaf(name))).collect();
    json!({"type": "object", "properties": properties})
}

/// The form body of `POST /leads/intake`: the flat names, with each value as text.
pub(crate) fn form() -> Value {
    let properties: Map<_, _> = names(Entrance::Flat)
        .map(|name| {
            let kind = name.1.field().kind;
            (name.0.to_owned(), described(kind::text(kind), format!("{} {}", about(name), kind::about(kind))))
        })
        .collect();
    json!({"type": "object", "properties": properties})
}

/// The query parameters of `GET /leads/intake`: the flat names.
pub(crate) fn query() -> Vec<Value> {
    names(Entrance::Flat)
        .map(|name| {
            let kind = name.1.field().kind;
            let mut parameter = json!({
                "name": name.0,
                "in": "query",
                "description": format!("{} {}", about(name), kind::about(kind)),
                "schema": kind::text(kind),
            });
            if let Some((style, explode)) = style(kind) {
                parameter["style"] = style.into();
                parameter["explode"] = explode.into();
            }
            parameter
        })
        .collect()
}

/// How a form encodes lists and maps.
pub(crate) fn encoding() -> Map<String, Value> {
    names(Entrance::Flat)
        .filter_map(|(name, member, _)| {
            let (style, explode) = style(member.field().kind)?;
            Some((name.to_owned(), json!({"style": style, "explode": explode})))
        })
        .collect()
}

/// Lists repeat, maps use brackets (contract, section 1).
fn style(kind: Kind) -> Option<(&'static str, bool)> {
    match kind {
        Kind::Tags => Some(("form", true)),
        Kind::FreeMetadata => Some(("deepObject", true)),
        _ => None,
    }
}

/// The lead in the answer (contract, section 5).
pub(crate) fn answer() -> Value {
    let own = |path, schema, about: &str| (path, described(schema, about.to_owned()));
    let mut names = vec![
        own("id", kind::id(), "The lead's id."),
        own("createdAt", kind::moment(), "When the lead was accepted, in UTC."),
        own("sourceId", kind::id(), "The source that sent the lead."),
        own("accountId", kind::id(), "The account that the source is attached to."),
        own("metadata.businessId", kind::id(), "The business that the lead belongs to."),
        own(
            "contact.phone.region",
            json!({"type": "string", "enum": Region::ALL}),
            "The country or territory of the phone number, by its area code alone. Left out if the area code is not \
             assigned, or if several countries share it, such as 555 or 800.",
        ),
    ];
    names.extend(Member::ALL.iter().filter_map(|member| {
        let field = member.field();
        let path = field.structured.first()?;
        Some((*path, described(kind::in_answer(field.kind), field.about.to_owned())))
    }));
    let statuses = [ProcessingStatus::Enriching, ProcessingStatus::Ready, ProcessingStatus::Erased];
    names.push(own(
        "processingStatus",
        json!({"type": "string", "enum": statuses.map(ProcessingStatus::as_str)}),
        "Enriching until the lead's conversation exists and its phone number has been looked up, then Ready; Erased once \
         the person's data has been erased.",
    ));
    let mut lead = object("", &names, &|_, object| object);
    lead["required"] = json!([
        "id",
        "createdAt",
        "sourceId",
        "accountId",
        "metadata",
        "contact",
        "customer",
        "tagIds",
        "tagNames",
        "processingStatus"
    ]);
    lead
}

/// Builds the object at `prefix` with everything below it. `wrap` gets the path of each inner object and may change it.
fn object(prefix: &str, names: &[(&'static str, Value)], wrap: &dyn Fn(&str, Value) -> Value) -> Value {
    let mut properties = Map::new();
    for (path, schema) in names {
        let Some(rest) = path.strip_prefix(prefix) else { continue };
        let name = rest.split('.').next().unwrap_or(rest);
        let inner = format!("{prefix}{name}.");
        // A name such as `contact.phone` may be a value or an object.
        let is_object = names.iter().any(|(path, _)| path.starts_with(&inner));
        if rest == name && is_object {
            let object = object(&inner, names, wrap);
            properties.insert(name.to_owned(), json!({"anyOf": [object, schema]}));
        } else if rest == name {
            properties.insert(name.to_owned(), schema.clone());
        } else if !properties.contains_key(name) {
            let object = object(&inner, names, wrap);
            properties.insert(name.to_owned(), wrap(inner.trim_end_matches('.'), object));
        }
    }
    json!({"type": "object", "properties": properties})
}

fn described(mut schema: Value, about: String) -> Value {
    schema["description"] = about.into();
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_table_is_in_the_schemas() {
        let structured = structured();
        for pointer in [
            "/properties/metadata/properties/externalId/$ref",
            "/properties/contact/properties/phone/anyOf/0/properties/number/$ref",
            "/properties/contact/properties/phone/anyOf/1/$ref", // a bare number
            "/properties/contact/properties/streetAddress/anyOf/0/properties/line2/$ref",
            "/properties/tagIds/$ref",
        ] {
            assert!(structured.pointer(pointer).is_some(), "{pointer} in {structured:#}");
        }
        let flat = flat();
        for (name, _, _) in names(Entrance::Flat) {
            assert!(flat["properties"].get(name).is_some(), "{name}");
        }
        assert_eq!(query().len(), names(Entrance::Flat).count());
    }
}
