//! Tables: fitted to a terminal, whole with `-o wide`, and tab-separated for other programs.

use std::io::{self, Write};

use anstyle::Style;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Row, Table, Width, presets};

use super::escape::Shown;
use super::screen::Screen;
use super::style::{BOLD, DIM, YELLOW};

/// Spaces between columns.
const GAP: u16 = 2;

/// A column, and what may be done to it where space is short.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column<'a> {
    name: &'a str,
    /// The width that it may be shortened to; none for a column that is shown whole.
    least: Option<u16>,
    /// Columns are left out by this, the highest first; one of 0 never.
    rank: u8,
    /// The width that it has at least, so that the next columns stay in place.
    padded: u16,
    right: bool,
}

impl<'a> Column<'a> {
    /// A column that is shown whole, as an id is.
    pub(crate) const fn whole(name: &'a str) -> Self {
        Self { name, least: None, rank: 0, padded: 0, right: false }
    }

    /// A column that may be shortened to this width.
    pub(crate) const fn cut(name: &'a str, least: u16) -> Self {
        Self { least: Some(least), ..Self::whole(name) }
    }

    /// A column of times, as wide as `59 min ago`.
    pub(crate) const fn time(name: &'a str) -> Self {
        Self { padded: 10, ..Self::cut(name, 10) }
    }

    /// A column of numbers.
    pub(crate) const fn number(name: &'a str) -> Self {
        Self { right: true, ..Self::whole(name) }
    }

    /// The same column, to be left out where space is short: the one of the highest rank first.
    pub(crate) const fn spare(self, rank: u8) -> Self {
        Self { rank, ..self }
    }
}

/// How a row is set off on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    /// Over and done with: ended, erased.
    Faint,
    /// It may be meant, and stops leads.
    Warning,
}

impl Tone {
    pub(super) fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Faint => DIM,
            Self::Warning => YELLOW,
        }
    }
}

/// A row of a table.
pub(crate) type Line = (Tone, Vec<String>);

/// Writes a table: on a terminal as wide as that is, elsewhere the bare rows, tab-separated.
pub(super) fn write(
    out: &mut dyn Write,
    screen: &Screen,
    columns: &[Column<'_>],
    mut rows: Vec<Line>,
) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    for cell in rows.iter_mut().flat_map(|(_, cells)| cells) {
        *cell = Shown(cell).to_string();
    }
    if screen.width.is_none() && !screen.wide {
        return rows.iter().try_for_each(|(_, cells)| writeln!(out, "{}", cells.join("\t")));
    }
    let mut table = Table::new();
    // A cell is cut between any two characters: a delimiter that no cell has leaves it one word.
    table.load_style(presets::NOTHING).set_truncation_indicator("…").set_delimiter('\0');
    let mut header = Row::from(columns.iter().map(|column| column.name));
    header.max_height(1);
    table.set_header(header);
    let tones: Vec<Tone> = rows.iter().map(|(tone, _)| *tone).collect();
    for (_, cells) in rows {
        let mut row = Row::from(cells);
        row.max_height(1);
        table.add_row(row);
    }
    match screen.width {
        Some(width) if !screen.wide => fit(&mut table, columns, width),
        _ => pad(&mut table, columns),
    }
    let styles = std::iter::once(BOLD).chain(tones.into_iter().map(Tone::style));
    for (line, style) in table.lines().zip(styles) {
        writeln!(out, "{style}{}{style:#}", line.trim_end())?;
    }
    Ok(())
}

fn pad(table: &mut Table, columns: &[Column<'_>]) {
    for (drawn, column) in table.column_iter_mut().zip(columns) {
        drawn.set_padding((0, GAP));
        if column.right {
            drawn.set_cell_alignment(CellAlignment::Right);
        }
    }
}

/// Leaves columns out until the rest can be shortened to the width.
fn fit(table: &mut Table, columns: &[Column<'_>], width: u16) {
    pad(table, columns);
    let natural = table.column_max_content_widths();
    let least =
        |(column, natural): (&Column<'_>, &u16)| column.least.unwrap_or(*natural).min(*natural).max(column.padded);
    let least: Vec<u16> = columns.iter().zip(&natural).map(least).collect();
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    let needed = |shown: &[usize]| -> u32 {
        shown.iter().filter_map(|number| least.get(*number)).map(|least| u32::from(*least) + u32::from(GAP)).sum()
    };
    let rank = |number: &usize| columns.get(*number).map_or(0, |column| column.rank);
    while needed(&shown) > u32::from(width) + u32::from(GAP)
        && let Some(spare) = shown.iter().copied().max_by_key(rank).filter(|number| rank(number) > 0)
    {
        shown.retain(|number| *number != spare);
    }
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.saturating_add(GAP));
    let constraints: Vec<_> = columns
        .iter()
        .zip(least)
        .enumerate()
        .map(|(number, (column, least))| match column.least {
            _ if !shown.contains(&number) => ColumnConstraint::Hidden,
            Some(_) => ColumnConstraint::LowerBoundary(Width::Fixed(least.saturating_add(GAP))),
            None => ColumnConstraint::ContentWidth,
        })
        .collect();
    table.set_constraints(constraints);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::escape::acts;
    use crate::output::escape::tests::hostile;

    const COLUMNS: [Column<'_>; 4] = [
        Column::whole("ID"),
        Column::cut("NAME", 6),
        Column::cut("NOTE", 4).spare(2),
        Column::whole("BUSINESS").spare(1),
    ];

    fn written(width: Option<u16>, wide: bool, rows: &[[&str; 4]]) -> String {
        let mut out = anstream::StripStream::new(Vec::new());
        let screen = Screen { width, wide, ..Screen::stdout(false) };
        let rows = rows.iter().map(|row| (Tone::Plain, row.map(str::to_owned).to_vec())).collect();
        write(&mut out, &screen, &COLUMNS, rows).unwrap();
        String::from_utf8(out.into_inner()).unwrap()
    }

    #[test]
    fn a_table_fits_the_terminal_and_the_id_stays_whole() {
        let rows = [
            ["source_a", "Acme forms of Texas", "says hello to all", "business_1"],
            ["source_long_one", "B", "", "business_2"],
        ];
        let whole = "\
ID               NAME                 NOTE               BUSINESS
source_a         Acme forms of Texas  says hello to all  business_1
source_long_one  B                                       business_2
";
        assert_eq!(written(Some(200), false, &rows), whole);
        assert_eq!(written(Some(67), false, &rows), whole, "to the last column");
        assert_eq!(written(Some(20), true, &rows), whole, "wide is whole");
        assert_eq!(written(None, true, &rows), whole);
        for (width, header) in [
            (60, vec!["ID", "NAME", "NOTE", "BUSINESS"]),
            (41, vec!["ID", "NAME", "NOTE", "BUSINESS"]),
            (40, vec!["ID", "NAME", "BUSINESS"]),
            (34, vec!["ID", "NAME"]),
            (23, vec!["ID", "NAME"]),
            (5, vec!["ID", "NAME"]),
        ] {
            let text = written(Some(width), false, &rows);
            assert_eq!(text.lines().next().unwrap().split_whitespace().collect::<Vec<_>>(), header, "{width}: {text}");
            assert!(text.contains("source_long_one"), "{width}: {text}");
            assert_eq!(text.lines().count(), 3, "{width}: {text}");
            let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= usize::from(width.max(23)), "{width}: {text}");
            assert_eq!(text.contains('…'), width < 67, "{width}: {text}");
        }
    }

    #[test]
    fn programs_get_whole_values_between_tabs() {
        let rows = [["source_a", "Acme\tforms\nof Texas", "", "business_1"]];
        assert_eq!(written(None, false, &rows), "source_a\tAcme\\tforms\\nof Texas\t\tbusiness_1\n");
    }

    #[test]
    fn no_cell_acts_on_the_terminal() {
        let hostile = hostile();
        for (width, wide) in [(None, false), (None, true), (Some(80), false), (Some(10_000), false), (Some(80), true)] {
            let text = written(width, wide, &[[&hostile, &hostile, "x", &hostile]]);
            assert!(!text.chars().any(|c| acts(c) && !"\n\t".contains(c)), "{width:?} {wide}");
            assert_eq!(text.lines().count(), if width.is_none() && !wide { 1 } else { 2 });
        }
    }
}
