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

/// The first name of every member in this entrance, with its schema. The description says what the member means, how it
/// may be written, and its other names.
fn leaves(entrance: Entrance, schema: fn(Kind) -> Value) -> impl Iterator<Item = (&'static str, Value)> {
    names(entrance).filter(|(.., primary)| primary.is_none()).map(move |(name, member, _)| {
        let field = member.field();
        let leaf = schema(field.kind);
        let mut about = vec![field.about.to_owned()];
        if kind::has_rules(field.kind) && leaf.get("$ref").is_none() {
            about.push(kind::about(field.kind));
        }
        about.extend(leaf["description"].as_str().map(str::to_owned));
        if let [_, first, others @ ..] = entrance.names(field) {
            let others: String = others.iter().map(|name| format!(" and `{name}`")).collect();
            about.push(format!("Also read as `{first}`{others}."));
        }
        (name, described(leaf, &about.join(" ")))
    })
}

fn described(mut schema: Value, about: &str) -> Value {
    schema["description"] = about.into();
    schema
}

/// The schemas of all requests, by name.
pub(crate) fn requests() -> Map<String, Value> {
    let structured: Vec<_> = leaves(Entrance::Structured, kind::in_json).collect();
    let mut schemas = Map::new();
    objects("StructuredLead", "", "", &structured, &mut schemas);
    schemas["StructuredLead"]["required"] = json!(OBJECTS);
    for (name, schema) in [("FlatLead", kind::in_json as fn(Kind) -> Value), ("FlatForm", kind::in_form)] {
        let members = leaves(Entrance::Flat, schema).map(|(name, schema)| (name.to_owned(), schema));
        schemas.insert(name.to_owned(), json!({"type": "object", "properties": members.collect::<Map<_, _>>()}));
    }
    schemas.extend(kind::choices().map(|(name, schema)| (name.to_owned(), schema)));
    for (name, about) in REQUESTS {
        schemas[name]["description"] = about.into();
    }
    schemas
}

/// What the objects of an answer are.
const ANSWERS: [(&str, &str); 6] = [
    ("Lead", "An accepted lead, as it is stored. Members that were not given are left out."),
    ("LeadMetadata", "Where the lead comes from, and the business that it belongs to."),
    ("LeadContact", "The person."),
    ("LeadPhone", "The person's phone number."),
    ("LeadStreetAddress", "The person's address."),
    ("LeadCustomer", "What else is known of the person."),
];

/// What the objects of a request are.
const REQUESTS: [(&str, &str); 8] = [
    (
        "StructuredLead",
        "A lead in three objects. Each may be empty, but a lead needs an e-mail address or a phone number.",
    ),
    ("Metadata", "Where the lead comes from, and its certificate."),
    ("Contact", "The person, with an e-mail address or a phone number."),
    ("Phone", "A phone number. In place of the object, a text with the number is read, too."),
    ("StreetAddress", "A street address."),
    ("Customer", "What else is known of the person."),
    ("FlatLead", "A lead without inner objects."),
    ("FlatForm", "A lead as a form."),
];

/// The query parameters of `GET /leads/intake`: the flat names, with the values of this form as examples.
pub(crate) fn query(form: &Value) -> impl Iterator<Item = Value> {
    leaves(Entrance::Flat, kind::in_form).map(|(name, mut schema)| {
        let about = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let mut parameter = json!({"name": name, "in": "query", "description": about, "schema": schema});
        if let Some(example) = form.get(name) {
            parameter["example"] = example.clone();
        }
        parameter
    })
}

/// The schemas of the lead in the answer (contract, section 5), by name.
pub(crate) fn answers() -> Map<String, Value> {
    let own = |path, schema, about| (path, described(schema, about));
    let text = || json!({"type": "string"});
    let moment = json!({"type": "string", "format": "date-time"});
    let mut names = vec![
        own("id", text(), "The lead's id."),
        own("createdAt", moment, "When the lead was accepted, in UTC."),
        own("sourceId", text(), "The source that sent the lead."),
        own("accountId", text(), "The account that the source is attached to."),
        own("metadata.businessId", text(), "The business that the lead belongs to."),
        own(
            "contact.phone.region",
            kind::open(Region::ALL),
            "The country or territory of the phone number, by its area code alone. Left out if the area code is not \
             assigned, or if several countries share it, such as 555 or 800.",
        ),
    ];
    names.extend(Member::ALL.iter().filter_map(|member| {
        let field = member.field();
        Some((*field.structured.first()?, described(kind::in_answer(field.kind), field.about)))
    }));
    let statuses = [ProcessingStatus::Enriching, ProcessingStatus::Ready, ProcessingStatus::Erased];
    names.push(own(
        "processingStatus",
        kind::open(statuses.map(ProcessingStatus::as_str)),
        "Enriching until the lead's conversation exists and its phone number has been looked up, then Ready; Erased once \
         the person's data has been erased.",
    ));
    let mut schemas = Map::new();
    objects("Lead", "Lead", "", &names, &mut schemas);
    for (name, about) in ANSWERS {
        schemas[name]["description"] = about.into();
    }
    schemas["Lead"]["required"] = json!([
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
    schemas
}

/// Adds the schema of the object at `path`, and one for each object in it: generators name a type after its schema.
fn objects(name: &str, prefix: &str, path: &str, leaves: &[(&'static str, Value)], schemas: &mut Map<String, Value>) {
    let mut properties = Map::new();
    for (full, schema) in leaves {
        let Some(rest) = full.strip_prefix(path) else { continue };
        match rest.split_once('.') {
            None => drop(properties.insert(rest.to_owned(), schema.clone())),
            Some((member, _)) if properties.contains_key(member) => {}
            Some((member, _)) => {
                let inner = format!("{prefix}{}", capitalized(member));
                properties.insert(member.to_owned(), json!({"$ref": format!("#/components/schemas/{inner}")}));
                objects(&inner, prefix, &format!("{path}{member}."), leaves, schemas);
            }
        }
    }
    schemas.insert(name.to_owned(), json!({"type": "object", "properties": properties}));
}

fn capitalized(name: &str) -> String {
    let (first, rest) = name.split_at(1.min(name.len()));
    first.to_ascii_uppercase() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_of_the_table_is_in_the_schemas() {
        let schemas = requests();
        for pointer in [
            "/StructuredLead/properties/metadata/$ref",
            "/Metadata/properties/externalId/type",
            "/Phone/properties/number/type",
            "/StreetAddress/properties/address2/type",
            "/Customer/properties/gender/$ref",
            "/StructuredLead/properties/tagIds/items/type",
        ] {
            assert!(
                schemas.values().len() > 5 && Value::Object(schemas.clone()).pointer(pointer).is_some(),
                "{pointer}"
            );
        }
        let first: Vec<_> = names(Entrance::Flat).filter(|(.., primary)| primary.is_none()).collect();
        for (name, ..) in &first {
            assert!(schemas["FlatLead"]["properties"].get(*name).is_some(), "{name}");
            assert!(schemas["FlatForm"]["properties"].get(*name).is_some(), "{name}");
        }
        assert_eq!(query(&Value::Null).count(), first.len());
    }

    #[test]
    fn descriptions_name_the_other_names() {
        let schemas = requests();
        for (schema, member, other) in [
            ("StreetAddress", "address1", "`contact.streetAddress.line1`"),
            ("Phone", "number", "`contact.phone`"),
            ("FlatLead", "postalCode", "`zip` and `zipCode`"),
        ] {
            let about = schemas[schema]["properties"][member]["description"].as_str().unwrap();
            assert!(about.contains(&format!("Also read as {other}.")), "{about}");
        }
    }
}
