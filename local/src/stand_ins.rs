//! Stand-ins for TrustedForm, the lookup providers and EventBridge. For the first two, certain values in a lead make them fail.
//! The tables of these knobs decide the answers, and `cargo run -- --help` prints them.

use std::fmt::Write;

pub mod bus;
pub mod lookup;
pub mod trusted_form;

/// What to put into a lead to get a certain answer from a stand-in.
#[derive(Clone, Copy, Debug)]
pub struct Knob<T> {
    /// What the certificate id begins with, or the phone number ends in.
    pub text: &'static str,
    /// What the service answers.
    pub answer: &'static str,
    /// What happens to the lead. Code is in backquotes, as in Markdown.
    pub outcome: &'static str,
    /// What the answer is made from.
    pub setting: T,
}

impl<T> Knob<T> {
    const fn new(text: &'static str, answer: &'static str, outcome: &'static str, setting: T) -> Self {
        Self { text, answer, outcome, setting }
    }
}

/// All knobs, as lines for a terminal.
pub fn help() -> String {
    let sections = [
        ("A certificate id that begins with:", texts(&trusted_form::KNOBS)),
        ("The same, for a lead of source_retain:", texts(&trusted_form::RETAIN_KNOBS)),
        ("A phone number that ends in:", texts(&lookup::KNOBS)),
    ];
    let width = |column: usize| {
        let texts = sections.iter().flat_map(|(_, knobs)| knobs).filter_map(|knob| knob.get(column));
        texts.map(|text| text.len()).max().unwrap_or_default() + 2
    };
    let (text_width, answer_width) = (width(0), width(1));
    let mut help = String::new();
    for (heading, knobs) in &sections {
        let _ = writeln!(help, "{heading}");
        for [text, answer, outcome] in knobs {
            let outcome = outcome.replace('`', "");
            let _ = writeln!(help, "  {text:<text_width$}{answer:<answer_width$}{outcome}");
        }
    }
    help
}

fn texts<T>(knobs: &[Knob<T>]) -> Vec<[&'static str; 3]> {
    knobs.iter().map(|knob| [knob.text, knob.answer, knob.outcome]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `docs/developing.md`.
    fn table<T>(knobs: &[Knob<T>]) -> String {
        let row = |knob: &Knob<T>| format!("| `{}` | {} | {} |\n", knob.text, knob.answer, knob.outcome);
        knobs.iter().map(row).collect()
    }

    #[test]
    fn the_knobs_are_documented() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/developing.md");
        let page = std::fs::read_to_string(page).unwrap();
        let tables = [table(&trusted_form::KNOBS), table(&trusted_form::RETAIN_KNOBS), table(&lookup::KNOBS)];
        for table in tables {
            assert!(page.contains(&format!("| --- | --- | --- |\n{table}\n")), "docs/developing.md needs:\n{table}");
        }
    }

    #[test]
    fn the_help_lists_every_knob() {
        let help = help();
        assert_eq!(
            help.lines().count(),
            3 + trusted_form::KNOBS.len() + trusted_form::RETAIN_KNOBS.len() + lookup::KNOBS.len()
        );
        assert!(help.lines().all(|line| line.len() <= 80), "{help}");
        for line in help.lines().filter(|line| line.starts_with("  ")) {
            assert!(line.trim().split("  ").filter(|cell| !cell.is_empty()).count() == 3, "{line}");
        }
    }
}
