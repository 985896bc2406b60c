//! The members of an object by their paths, as people and CSV files read them.

use std::fmt;
use std::io;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of an object by their path (`phone.lookup.carrier.name`), in their own order and spelling; an absent
/// one is left out. People see what programs see, under the names that partners use.
///
/// # Errors
/// When the object cannot be put into JSON.
pub(crate) fn members(object: &impl Serialize) -> io::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    collect(&serde_json::value::to_raw_value(object)?, "", &mut found)?;
    Ok(found)
}

/// By raw values, since a number is shown with every digit it has.
fn collect(value: &RawValue, path: &str, found: &mut Vec<(String, String)>) -> io::Result<()> {
    match value.get().as_bytes().first() {
        Some(b'{') => {
            let Members(members) = serde_json::from_str(value.get())?;
            for (name, member) in members {
                let path = if path.is_empty() { name } else { format!("{path}.{name}") };
                collect(&member, &path, found)?;
            }
        }
        Some(b'"') => found.push((path.to_owned(), serde_json::from_str(value.get())?)),
        Some(b'n') => {}
        _ => found.push((path.to_owned(), value.get().to_owned())),
    }
    Ok(())
}

/// An object's members in their own order.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use leadping::lead::Metadata;
    use leadping::lead::number::Price;

    use super::*;

    #[test]
    fn members_keep_order_path_and_digits() {
        let metadata = Metadata {
            external_id: Some("null".into()),
            product: Some("a \"b\"".into()),
            price: Price::parse("123456789012.123456"),
            source_metadata: [("placement".to_owned(), "home".to_owned())].into(),
            ..Metadata::default()
        };
        let found = members(&metadata).unwrap();
        let expected = [
            ("externalId", "null"),
            ("product", "a \"b\""),
            ("price", "123456789012.123456"),
            ("sourceMetadata.placement", "home"),
        ];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert!(members(&serde_json::json!({"absent": null})).unwrap().is_empty());
    }
}
