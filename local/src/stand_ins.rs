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
    let mut help = String::from("A certificate id that begins with:\n");
    for knob in &trusted_form::KNOBS {
        line(&mut help, knob);
    }
    help.push_str("The same, for a lead of source_retain:\n");
    for knob in &trusted_form::RETAIN_KNOBS {
        line(&mut help, knob);
    }
    help.push_str("A phone number that ends in:\n");
    for knob in &lookup::KNOBS {
        line(&mut help, knob);
    }
    help
}

fn line<T>(text: &mut String, knob: &Knob<T>) {
    let outcome = knob.outcome.replace('`', "");
    let _ = writeln!(text, "  {:<15}{:<34}{outcome}", knob.text, knob.answer);
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
    }
}
