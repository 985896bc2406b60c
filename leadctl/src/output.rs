//! Results, for people or for programs.

use std::fmt;
use std::io::{self, Write};

use anstyle::Style;
use clap::ValueEnum;
use comfy_table::{Table, presets};
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::Error;

/// A heading.
pub(crate) const BOLD: Style = Style::new().bold();
/// A name beside its value.
pub(crate) const DIM: Style = Style::new().dimmed();

/// Whom the output is for: people, or programs. JSON is one line, and indented on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
}

/// Standard output. Styles are dropped where it is no terminal, or `NO_COLOR` is set.
#[derive(Debug)]
pub(crate) struct Output {
    format: Format,
    to: anstream::Stdout,
}

impl Output {
    /// Standard output, in this format.
    pub(crate) fn new(format: Format) -> Self {
        Self { format, to: anstream::stdout() }
    }

    /// Shows a result: `value` itself to programs, what `text` writes of it to people.
    ///
    /// # Errors
    /// When standard output takes no more. A reader that has seen enough (`| head`) is no error.
    pub(crate) fn show<T: Serialize>(
        &mut self,
        value: &T,
        text: impl FnOnce(&mut dyn Write, &T) -> io::Result<()>,
    ) -> Result<(), Error> {
        let written = match self.format {
            Format::Table => text(&mut self.to, value),
            Format::Json => self.json(value),
        };
        match written.and_then(|()| self.to.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }

    /// Whether it is a terminal.
    pub(crate) fn is_terminal(&self) -> bool {
        self.to.is_terminal()
    }

    fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let text =
            if self.to.is_terminal() { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
        writeln!(self.to, "{}", text?)
    }
}

/// Writes a table, its columns as wide as they need.
pub(crate) fn table<const COLUMNS: usize>(
    out: &mut dyn Write,
    header: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> io::Result<()> {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header).add_rows(rows);
    for (number, line) in table.lines().enumerate() {
        let style = if number == 0 { BOLD } else { Style::new() };
        writeln!(out, "{style}{}{style:#}", line.trim_end())?;
    }
    Ok(())
}

/// Writes names and values, one pair a line, the values below each other.
pub(crate) fn pairs<N: AsRef<str>>(out: &mut dyn Write, pairs: &[(N, String)]) -> io::Result<()> {
    let width = pairs.iter().map(|(name, _)| name.as_ref().chars().count()).max().unwrap_or_default();
    for (name, value) in pairs {
        writeln!(out, "  {DIM}{:width$}{DIM:#}  {value}", name.as_ref())?;
    }
    Ok(())
}

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

/// An object's members in the order in which they stand.
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

    fn plain(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
        let mut written = anstream::StripStream::new(Vec::new());
        write(&mut written).unwrap();
        String::from_utf8(written.into_inner()).unwrap()
    }

    #[test]
    fn a_table_is_plain_columns() {
        let rows = [["a".to_owned(), "one".to_owned()], ["long".to_owned(), String::new()]];
        let text = plain(|out| table(out, ["ID", "NAME"], rows));
        assert_eq!(text, " ID    NAME\n a     one\n long\n");
    }

    #[test]
    fn pairs_line_up() {
        let text = plain(|out| pairs(out, &[("id", "1".to_owned()), ("name", "One".to_owned())]));
        assert_eq!(text, "  id    1\n  name  One\n");
    }

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
