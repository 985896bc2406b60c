//! Comma-separated values, for spreadsheets.

use std::io;

use csv::{QuoteStyle, WriterBuilder};

use super::escape::acts;

/// A line of values that we made ourselves: ids, days, numbers.
///
/// # Errors
/// When it cannot be put together.
pub(crate) fn plain<'a>(values: impl IntoIterator<Item = &'a str>) -> io::Result<String> {
    line(QuoteStyle::Necessary, values)
}

/// A line of values that others sent: each is quoted, none is a formula, and none acts on a terminal.
///
/// # Errors
/// When it cannot be put together.
pub(crate) fn foreign<'a>(values: impl IntoIterator<Item = &'a str>) -> io::Result<String> {
    line(QuoteStyle::Always, values.into_iter().map(inert))
}

fn line(quotes: QuoteStyle, values: impl IntoIterator<Item = impl AsRef<[u8]>>) -> io::Result<String> {
    let mut line = WriterBuilder::new().quote_style(quotes).from_writer(Vec::new());
    line.write_record(values)?;
    let line = line.into_inner().map_err(|error| error.into_error())?;
    String::from_utf8(line).map_err(io::Error::other)
}

/// What ends a cell for a spreadsheet that is told, or guesses, another separator than the comma.
const SEPARATORS: [char; 3] = [';', '|', '\t'];

/// A spreadsheet runs a text that begins with one of these as a formula, and anyone can put one into a form. The full-width
/// and small forms count as well.
const FORMULA: [char; 12] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫'];

/// The value with an apostrophe before whatever would begin a formula, also where another separator would split it, and
/// with its characters that act as escapes. Joiners stay: names in some scripts are spelled with them.
fn inert(value: &str) -> String {
    let mut safe = String::with_capacity(value.len());
    for cell in value.split_inclusive(|c| SEPARATORS.contains(&c) || is_break(c)) {
        if is_formula(cell) {
            safe.push('\'');
        }
        for c in cell.chars() {
            match c {
                '\u{200c}' | '\u{200d}' => safe.push(c),
                c if acts(c) => safe.extend(c.escape_default()),
                c => safe.push(c),
            }
        }
    }
    safe
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether a cell begins with a formula's sign, what is not seen before it left aside. A sign before a plain number is that
/// number's, as of a phone.
fn is_formula(cell: &str) -> bool {
    let cell = cell.trim_start_matches(|c: char| c.is_whitespace() || acts(c));
    let cell = cell.trim_end_matches(|c| SEPARATORS.contains(&c) || is_break(c));
    let Some(rest) = cell.strip_prefix(FORMULA) else { return false };
    let number = !rest.is_empty() && rest.bytes().all(|c| c.is_ascii_digit() || c == b'.');
    !(number && cell.starts_with(['+', '-']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::escape::tests::hostile;

    #[test]
    fn no_value_is_a_formula() {
        for (value, written) in [
            ("+15555550123", "+15555550123"),
            ("-1.5", "-1.5"),
            ("Jordan", "Jordan"),
            ("", ""),
            ("a-b", "a-b"),
            ("jordan@example.com", "jordan@example.com"),
            ("=1+1", "'=1+1"),
            ("+1+1", "'+1+1"),
            ("-cmd", "'-cmd"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-", "'-"),
            // What is not seen.
            ("  =1+1", "'  =1+1"),
            ("\u{a0}=1", "'\u{a0}=1"),
            ("\u{200b}=1", r"'\u{200b}=1"),
            ("\u{feff}\u{202e}@x", r"'\u{feff}\u{202e}@x"),
            ("\u{200d}=1", "'\u{200d}=1"),
            ("\t=1", r"\t'=1"),
            ("\r\n=1", r"\r\n'=1"),
            // Other forms of the signs.
            ("＝1+1", "'＝1+1"),
            ("＋1", "'＋1"),
            ("－1", "'－1"),
            ("＠x", "'＠x"),
            ("﹢1+1", "'﹢1+1"),
            // Other separators.
            ("x;=1+1", "x;'=1+1"),
            ("x; =1+1;y", "x;' =1+1;y"),
            ("x|@y", "x|'@y"),
            ("x\t-y", r"x\t'-y"),
            ("x\n+y", r"x\n'+y"),
            ("x\u{2028}=y", r"x\u{2028}'=y"),
            ("x;+15555550123;-2", "x;+15555550123;-2"),
            ("x;=;=", "x;'=;'="),
        ] {
            assert_eq!(inert(value), written, "{value:?}");
        }
    }

    #[test]
    fn every_value_of_others_is_quoted_and_inert() {
        let text = foreign(["a", "b\"c", ""]).unwrap();
        assert_eq!(text, "\"a\",\"b\"\"c\",\"\"\n");
        assert_eq!(plain(["source_1", "2026-06-15", "4"]).unwrap(), "source_1,2026-06-15,4\n");
        let text = foreign([hostile().as_str()]).unwrap();
        let kept: Vec<_> = text.trim_end().chars().filter(|c| acts(*c)).collect();
        assert_eq!(kept, ['\u{200c}', '\u{200d}'], "names are spelled with joiners");
        assert_eq!(text.lines().count(), 1);
    }
}
