//! Compares the tables of `docs/reliability.md` with the results of this suite. A test fails if the page differs.

use std::path::Path;

/// A table: its header row, then its rows.
pub(crate) type Table = Vec<Vec<String>>;

/// A row of text cells.
pub(crate) fn row<const CELLS: usize>(cells: [&str; CELLS]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

/// Asserts that the first table under this heading is as expected. The page may have more columns.
pub(crate) fn assert_shows(heading: &str, expected: &Table) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reliability.md");
    let shown = first_table(&std::fs::read_to_string(page).unwrap(), heading);
    let head = shown.first().cloned().unwrap_or_default();
    let columns: Vec<_> = expected[0].iter().map(|name| head.iter().position(|shown| shown == name)).collect();
    let cell =
        |row: &Vec<String>, column: Option<usize>| column.and_then(|at| row.get(at).cloned()).unwrap_or_default();
    let shown: Table = shown.iter().map(|row| columns.iter().map(|column| cell(row, *column)).collect()).collect();
    assert!(shown == *expected, "docs/reliability.md must show under \"{heading}\":\n{}", markdown(expected));
}

fn first_table(page: &str, heading: &str) -> Table {
    let after =
        page.lines().skip_while(|line| line.trim_start_matches('#').trim() != heading || !line.starts_with('#'));
    let table = after.skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    table.filter(|line| !line.starts_with("| ---")).map(cells).collect()
}

fn markdown(table: &Table) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = vec!["---".to_owned(); table[0].len()];
    [line(&table[0]), line(&rule)].into_iter().chain(table[1..].iter().map(|row| line(row))).collect()
}

#[test]
fn finds_a_changed_cell_and_a_missing_row() {
    let page = "# Page\n\ntext | here\n\n## One\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |\n\n## Two\n\n| c |\n| --- |\n";
    let one = vec![row(["a", "b"]), row(["1", "2"]), row(["3", "4"])];
    assert_eq!(first_table(page, "One"), one);
    assert_eq!(first_table(page, "Two"), [row(["c"])]);
    assert_eq!(first_table(&format!("## One\n\n{}", markdown(&one)), "One"), one);
    let found = |page: &str| first_table(page, "One") == one;
    assert!(!found(&page.replace("| 3 | 4 |\n", "")) && !found(&page.replace("| 4 |", "| 5 |")));
}
