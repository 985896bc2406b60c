//! The payloads of all entrances, and the lead that is answered, from the table of fields.

use leadping::lead::ProcessingStatus;
use leadping::lead::phone_number::region::Region;
use leadping::payload::fields::Kind;
use leadping::payload::{Entrance, Member};
use serde_json::{Map, Value, json};

use crate::kind;

/// The objects that a structured payload cannot do without (contract, section 3.1).
const OBJECTS: [&str; 3] = ["metadata", "contact", "customer"];

/// A member under one of its names, and the name that wins when both are given: none for that name itself.
type Name = (&'static str, Member, Option<&'static str>);

/// Every name of every member in this form.
pub(crate) fn names(entrance: Entrance) -> impl Iterator<Item = Name> {
    Member::ALL.iter().flat_map(move |member| {
        let names = entrance.names(member.field());
        names.iter().enumerate().map(|(at, name)| (*name, *member, names.first().copied().filter(|_| at > 0)))
    })
}

/// What a member is, for people.
pub(crate) fn about((_, member, primary): Name) -> String {
    let about = member.field().about;
    match primary {
        None => about.to_owned(),
        Some(primary) => format!("{about} Another name of `{primary}`, which wins where both are given."),
    }
}

/// The kinds' schemas, by name.
pub(crate) fn kinds() -> Map<String, Value> {
    let kinds = Member::ALL.iter().map(|member| member.field().kind);
    kinds.map(|kind| (kind::name(kind).to_owned(), described(kind::in_json(kind), kind::about(kind)))).collect()
}

/// `POST /leads`.
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

/// `POST /leads/intake` as JSON.
pub(crate) fn flat() -> Value {
    let leaf = |name: Name| {
        let reference = format!("#/components/schemas/{}", kind::name(name.1.field().kind));
        json!({"$ref": reference, "description": about(name)})
    };
    let properties: Map<_, _> = names(Entrance::Flat).map(|name| (name.0.to_owned(), leaf(name))).collect();
    json!({"type": "object", "properties": properties})
}

/// `POST /leads/intake` as a form: the names of the flat payload, each value a text.
pub(crate) fn form() -> Value {
    let properties: Map<_, _> = names(Entrance::Flat)
        .map(|name| {
            let kind = name.1.field().kind;
            (name.0.to_owned(), described(kind::text(kind), format!("{} {}", about(name), kind::about(kind))))
        })
        .collect();
    json!({"type": "object", "properties": properties})
}

/// `GET /leads/intake`: the names of the flat payload as parameters of the query.
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

/// How the lists and maps of a form are written.
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

/// The lead, as it is answered (contract, section 5).
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
            "The country or territory of the phone number, by its area code alone. It is left out for an area code that is \
             not assigned, or that several countries share, such as 555 or 800.",
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

/// The object at `prefix`, and in it all that lies below: `wrap` sees each inner object with its path.
fn object(prefix: &str, names: &[(&'static str, Value)], wrap: &dyn Fn(&str, Value) -> Value) -> Value {
    let mut properties = Map::new();
    for (path, schema) in names {
        let Some(rest) = path.strip_prefix(prefix) else { continue };
        let name = rest.split('.').next().unwrap_or(rest);
        let inner = format!("{prefix}{name}.");
        // A name that stands for a value and for an object alike, such as `contact.phone`, is either.
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
    fn every_name_of_the_table_has_its_place() {
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
