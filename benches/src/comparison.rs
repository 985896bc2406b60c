//! Compares the functions with hello world, the floor and Python. Their processes run in turn on one machine.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use local::binary::Binary;
use serde_json::json;

use crate::artifacts;
use crate::figures::{Readings, Summary};
use crate::python;
use crate::subject::{ANSWER, Asked, COLD_CPU, CPU, FIRST_ANSWER, MEMORY, REFUSED_CPU, START, START_ALONE, Subject};
use crate::world::World;

/// The target for the size of a function's zip, in bytes.
const MAX_ZIP: usize = 3_000_000;

const MB: f64 = 1_000_000.0;

/// The options of the comparison.
#[derive(Debug, clap::Args)]
pub(crate) struct Comparison {
    /// The number of processes of each that are measured cold.
    #[arg(long, default_value_t = 25)]
    runs: u32,
    /// The number of processes of each that are measured warm.
    #[arg(long, default_value_t = 25)]
    rounds: u32,
    /// The number of events for each warm process.
    #[arg(long, default_value_t = 150)]
    events: u32,
    /// Leave out the Python reference, which needs `python3` with `venv` and installs packages.
    #[arg(long)]
    without_python: bool,
    /// Measure the binaries in this directory, such as those of another commit, instead of building them.
    #[arg(long, value_name = "DIRECTORY")]
    binaries: Option<PathBuf>,
    /// Write all figures to this file as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// A row of the table: its label, the figure, and the number of significant decimal places.
const FIGURES: [(&str, &str, usize); 8] = [
    ("spawn to the first /next, no backends, ms", START_ALONE, 1),
    ("spawn to the first /next, ms", START, 1),
    ("first answer, ms", FIRST_ANSWER, 1),
    ("CPU from spawn to the first answer, ms", COLD_CPU, 1),
    ("warm answer, ms", ANSWER, 2),
    ("CPU per accepted lead, or per message, ms", CPU, 3),
    ("CPU per refused lead, ms", REFUSED_CPU, 3),
    ("peak memory, MiB", MEMORY, 1),
];

/// A target of the intake: its label, the figure, another subject, and the maximum. With another subject, the maximum is a
/// multiple of that subject's figure. Without one, it is absolute.
const TARGETS: [(&str, &str, Option<&str>, f64); 6] = [
    ("CPU per accepted lead", CPU, Some(FLOOR), 1.3),
    ("CPU per accepted lead", CPU, Some(PYTHON), 1.0 / 5.0),
    ("spawn to the first /next, no backends", START_ALONE, Some(FLOOR), 1.25),
    ("CPU from spawn to the first answer", COLD_CPU, Some(FLOOR), 1.3),
    ("CPU from spawn to the first answer", COLD_CPU, Some(PYTHON), 1.0 / 25.0),
    ("peak memory, MiB", MEMORY, None, 16.0),
];

const HELLO: &str = "hello";
const FLOOR: &str = "floor";
const PYTHON: &str = "python";
const INTAKE: &str = "create-lead";
const WORKER: &str = "process-lead";

/// Measures, and prints the tables.
pub(crate) async fn run(arguments: &Comparison) -> anyhow::Result<ExitCode> {
    let binaries = match &arguments.binaries {
        Some(directory) => {
            artifacts::existing(directory, &["create-lead", "floor", "hello", "intake-lead", "process-lead"])
        }
        None => artifacts::build(&["create-lead", "intake-lead", "process-lead", "floor"])?,
    };
    let mut world = World::start().await?;
    let subject = |world: &World, name: &'static str, program: &Path, asked, refuses| {
        let binary = |environment| Binary::new(program, environment).log(world.log());
        let (binary, alone) = (binary(world.environment()), binary(world.environment_without_backends()));
        Subject { name, asked, refuses, binary, alone }
    };
    let of_rust = |world: &World, name: &'static str, asked, refuses| match binaries.get(name) {
        Some(program) => Ok(subject(world, name, program, asked, refuses)),
        None => Err(anyhow::anyhow!("cargo has not built {name}")),
    };
    let mut subjects = vec![
        of_rust(&world, HELLO, Asked::Posts(200), false)?,
        of_rust(&world, FLOOR, Asked::Posts(201), false)?,
        of_rust(&world, INTAKE, Asked::Posts(201), true)?,
        of_rust(&world, WORKER, Asked::Messages, false)?,
    ];
    if !arguments.without_python {
        let mut python = subject(&world, PYTHON, &python::interpreter()?, Asked::Posts(201), true);
        for binary in [&mut python.binary, &mut python.alone] {
            let app = artifacts::root().join("benches/python").display().to_string();
            // On Lambda the package contains the compiled files, too.
            let compiled = artifacts::root().join("target/benches/pycache").display().to_string();
            *binary = binary
                .clone()
                .arguments(["-m", "awslambdaric", "app.handler"])
                // The template sets the allocator only for our functions.
                .variable("GLIBC_TUNABLES", String::new())
                .variable("PYTHONPATH", app)
                .variable("PYTHONPYCACHEPREFIX", compiled);
        }
        subjects.push(python);
    }

    let readings = measure(arguments, &mut world, &subjects).await?;
    world.stack.stop().await;
    let names: Vec<_> = subjects.iter().map(|subject| subject.name).collect();
    println!("{}", table(&readings, &names));
    let (sizes, all_small) = sizes(&binaries)?;
    println!("{sizes}");
    let (targets, all_met) = targets(&readings);
    println!("{targets}");
    if let Some(file) = &arguments.json {
        std::fs::write(file, serde_json::to_string_pretty(&json!({"figures": readings.json()}))?)?;
    }
    Ok(if all_small && all_met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Measures one process of each subject in turn, so that other load on the machine affects all of them.
async fn measure(arguments: &Comparison, world: &mut World, subjects: &[Subject]) -> anyhow::Result<Readings> {
    let mut readings = Readings::default();
    let steps = u64::from(arguments.runs + arguments.rounds) * u64::try_from(subjects.len())?;
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} processes, {eta} left")?;
    let progress = ProgressBar::new(steps).with_style(style);
    for _ in 0..arguments.runs {
        for subject in subjects {
            subject.measure_cold(world, &mut readings).await?;
            progress.inc(1);
        }
    }
    for _ in 0..arguments.rounds {
        for subject in subjects {
            subject.measure_warm(world, &mut readings, arguments.events).await?;
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    Ok(readings)
}

/// Medians, with the 90th percentile in parentheses.
fn table(readings: &Readings, subjects: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(["median (p90)"].iter().chain(subjects));
    for (figure, key, digits) in FIGURES {
        let cell = |subject: &&str| match readings.summary(subject, key) {
            Some(Summary { median, p90, .. }) => format!("{median:.digits$} ({p90:.digits$})"),
            None => String::new(),
        };
        table.add_row([figure.to_owned()].into_iter().chain(subjects.iter().map(cell)));
    }
    table
}

fn sizes(binaries: &std::collections::BTreeMap<String, PathBuf>) -> anyhow::Result<(Table, bool)> {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(["MB", "binary", "zip", "target"]);
    let mut all_small = true;
    for (name, file) in binaries {
        let (whole, zipped) = artifacts::sizes(file)?;
        let is_reference = [HELLO, FLOOR].contains(&name.as_str());
        let is_small = is_reference || zipped <= MAX_ZIP;
        all_small &= is_small;
        #[expect(clippy::cast_precision_loss, reason = "for a table")]
        let (whole, zipped) = (whole as f64 / MB, zipped as f64 / MB);
        let verdict = if is_reference { "-" } else { verdict(is_small) };
        table.add_row([name.as_str(), &format!("{whole:.2}"), &format!("{zipped:.2}"), verdict]);
    }
    Ok((table, all_small))
}

fn targets(readings: &Readings) -> (Table, bool) {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(["target of the intake", "compared with", "at most", "is", ""]);
    let mut all_met = true;
    for (name, figure, other, max) in TARGETS {
        let is = match other {
            Some(other) => readings.ratio(INTAKE, other, figure),
            None => readings.summary(INTAKE, figure).map(|summary| summary.median),
        };
        let Some(is) = is else { continue };
        let met = is <= max;
        all_met &= met;
        table.add_row([name, other.unwrap_or("-"), &format!("{max:.2}"), &format!("{is:.3}"), verdict(met)]);
    }
    (table, all_met)
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}
