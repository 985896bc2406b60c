//! Results, for people or for programs. Whatever is printed passes through here and cannot act on a terminal.

pub(crate) mod csv;
pub(crate) mod escape;
mod members;
pub(crate) mod screen;
pub(crate) mod style;
mod table;

pub(crate) use members::members;
pub(crate) use table::{Column, Line, Tone};

use std::fmt::{self, Display};
use std::io::{self, Write};
use std::process::ExitCode;

use anstyle::Style;
use clap::ValueEnum;
use leadping::ledger::Head;
use serde::Serialize;

use crate::error::Error;
use escape::{Lines, Shown};
use screen::Screen;
use style::{BOLD, DIM, RED};

/// The reader: a person, or a program. `--help` says what each is; a text for each here would stretch it by a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Wide,
    Json,
}

/// Standard output. Styles are dropped where it is no terminal, or `NO_COLOR` is set.
#[derive(Debug)]
pub(crate) struct Output {
    format: Format,
    to: anstream::Stdout,
    screen: Screen,
    /// The ledger's head after what was done.
    head: Option<Head>,
}

/// A result, with the ledger's head next to its members.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Acted<'a, T> {
    #[serde(flatten)]
    result: &'a T,
    ledger_head: Head,
}

impl Output {
    /// Standard output, in this format.
    pub(crate) fn new(format: Format) -> Self {
        Self { format, to: anstream::stdout(), screen: Screen::stdout(format == Format::Wide), head: None }
    }

    /// What was done is in the ledger, whose head is this one now: the next result says so.
    pub(crate) fn acted(&mut self, head: Head) {
        self.head = Some(head);
    }

    /// The format.
    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Shows a result: `value` itself to programs, what `text` writes of it to people.
    ///
    /// # Errors
    /// When standard output takes no more. A reader that has seen enough (`| head`) is no error.
    pub(crate) fn show<T: Serialize>(
        &mut self,
        value: &T,
        text: impl FnOnce(&mut Page<'_>, &T) -> io::Result<()>,
    ) -> Result<(), Error> {
        match self.format {
            Format::Table | Format::Wide => {
                self.say(|page| text(page, value))?;
                self.head.take().into_iter().for_each(|head| self.note_head(head));
                Ok(())
            }
            Format::Json => {
                let written = match self.head.take() {
                    Some(head) => self.json_with(value, head),
                    None => self.json(value),
                };
                self.written(written)
            }
        }
    }

    /// A result with members has the head among them. A list has no place for it.
    fn json_with(&mut self, result: &impl Serialize, ledger_head: Head) -> io::Result<()> {
        let acted = Acted { result, ledger_head };
        if serde_json::to_string(&acted).is_ok() {
            return self.json(&acted);
        }
        self.json(result)?;
        self.note_head(ledger_head);
        Ok(())
    }

    /// Says on standard error how the ledger stands after what was done, to be kept where the ledger's owner cannot write.
    pub(crate) fn note_head(&self, head: Head) {
        match self.format {
            Format::Table | Format::Wide => note(format_args!("Ledger: entry {}, {}", head.number, head.digest)),
            Format::Json => note(serde_json::json!({"ledgerHead": head})),
        }
    }

    /// Writes for people alone, at once, as a long command does while it works.
    ///
    /// # Errors
    /// As [`Self::show`] has them.
    pub(crate) fn say(&mut self, text: impl FnOnce(&mut Page<'_>) -> io::Result<()>) -> Result<(), Error> {
        if self.format == Format::Json {
            return Ok(());
        }
        let written = text(&mut Page { to: &mut self.to, screen: self.screen });
        self.written(written)
    }

    fn written(&mut self, written: io::Result<()>) -> Result<(), Error> {
        match written.and_then(|()| self.to.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }

    fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let text =
            if self.to.is_terminal() { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
        writeln!(self.to, "{}", escape::json(&text?))
    }
}

/// What a person reads. `writeln!` writes to it; every character that could act on a terminal comes out as its escape.
pub(crate) struct Page<'a> {
    to: &'a mut dyn Write,
    screen: Screen,
}

impl Page<'_> {
    /// What it is read on.
    pub(crate) fn screen(&self) -> Screen {
        self.screen
    }

    /// What `writeln!` calls. Line breaks are the writer's; a value that may hold one is written as [`Shown`].
    pub(crate) fn write_fmt(&mut self, text: fmt::Arguments<'_>) -> io::Result<()> {
        write!(self.to, "{}", Lines(&text.to_string()))
    }

    /// Writes a value in a style.
    pub(crate) fn styled(&mut self, style: Style, text: impl Display) -> io::Result<()> {
        write!(self.to, "{style}{}{style:#}", Shown(&text.to_string()))
    }

    /// Writes a heading, or an id that a sentence is about.
    pub(crate) fn bold(&mut self, text: impl Display) -> io::Result<()> {
        self.styled(BOLD, text)
    }

    /// Writes a state, so that one which needs attention stands out.
    pub(crate) fn toned(&mut self, tone: Tone, text: impl Display) -> io::Result<()> {
        self.styled(tone.style(), text)
    }

    /// Writes names and values, one pair a line, the values below each other.
    pub(crate) fn pairs<N: AsRef<str>>(&mut self, pairs: &[(N, String)]) -> io::Result<()> {
        let shown: Vec<_> = pairs.iter().map(|(name, value)| (Shown(name.as_ref()).to_string(), value)).collect();
        let width = shown.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        for (name, value) in shown {
            writeln!(self.to, "  {DIM}{name:width$}{DIM:#}  {}", Shown(value))?;
        }
        Ok(())
    }

    /// Writes a table.
    pub(crate) fn table<const COLUMNS: usize>(
        &mut self,
        columns: [Column<'_>; COLUMNS],
        rows: impl IntoIterator<Item = (Tone, [String; COLUMNS])>,
    ) -> io::Result<()> {
        self.lines(&columns, rows.into_iter().map(|(tone, cells)| (tone, cells.to_vec())).collect())
    }

    /// Writes a table whose columns depend on what it is of.
    pub(crate) fn lines(&mut self, columns: &[Column<'_>], rows: Vec<Line>) -> io::Result<()> {
        table::write(self.to, &self.screen, columns, rows)
    }
}

/// Says something on standard error, next to a result or in place of one. Line breaks are the caller's; a value that may
/// hold one is written as [`Shown`].
pub(crate) fn note(text: impl Display) {
    // No reader is left when standard error is gone.
    let _ = writeln!(anstream::stderr(), "{}", Lines(&text.to_string()));
}

/// Says on standard error what went wrong, and returns the code to exit with.
pub(crate) fn report(error: &Error, format: Format) -> ExitCode {
    let (exit, code) = error.code();
    let message = error.to_string();
    let mut stderr = anstream::stderr().lock();
    // No reader is left when standard error is gone.
    let _ = match format {
        Format::Table | Format::Wide => match error {
            Error::CommandLine(_) => writeln!(stderr, "{RED}error:{RED:#} {}", Lines(&message)),
            _ => writeln!(stderr, "{RED}error:{RED:#} {}", Shown(&message)),
        },
        Format::Json => {
            let error = serde_json::json!({"error": {"code": code, "message": message}});
            writeln!(stderr, "{}", escape::json(&error.to_string()))
        }
    };
    ExitCode::from(exit)
}

/// `1 key`, `2 keys`.
pub(crate) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::escape::acts;
    use crate::output::escape::tests::hostile;

    fn plain(write: impl FnOnce(&mut Page<'_>) -> io::Result<()>) -> String {
        let mut to = anstream::StripStream::new(Vec::new());
        write(&mut Page { to: &mut to, screen: Screen::stdout(false) }).unwrap();
        String::from_utf8(to.into_inner()).unwrap()
    }

    #[test]
    fn pairs_line_up() {
        let text = plain(|page| page.pairs(&[("id", "1".to_owned()), ("name", "One".to_owned())]));
        assert_eq!(text, "  id    1\n  name  One\n");
    }

    #[test]
    fn nothing_on_a_page_acts_on_the_terminal() {
        let hostile = hostile();
        let text = plain(|page| {
            page.pairs(&[(&hostile, hostile.clone())])?;
            page.bold(&hostile)?;
            writeln!(page, "{}", Shown(&hostile))?;
            // The last resort, for a value that was written bare.
            writeln!(page, "{}", hostile.replace('\n', ""))
        });
        assert!(!text.chars().any(|c| acts(c) && c != '\n'));
        assert_eq!(text.lines().count(), 3, "no value makes a line of its own");
    }
}
