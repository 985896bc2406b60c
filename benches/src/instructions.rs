//! Figures that do not depend on time: the instructions that the release binaries execute, which valgrind counts, and their
//! sizes. They are compared with a committed baseline.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use axum::body::Bytes;
use comfy_table::{Table, presets};
use lambda_runtime::LambdaEvent;
use local::binary::Binary;
use tokio::process::Command;

use crate::artifacts;
use crate::world::World;

/// The number of counted events after the first.
const EVENTS: u64 = 50;

/// The allowed increase over the baseline, in percent: little for the intake, because partners wait for it. The packets of a
/// connection differ from run to run, and a new compiler changes the counts a little, too.
fn tolerance(name: &str) -> u64 {
    if name.starts_with("process-lead") { 5 } else { 3 }
}

const FUNCTIONS: [&str; 6] = ["check-lead", "create-lead", "intake-lead", "process-lead", "read-leads", "show-app"];

/// Counted instructions and bytes, by name.
type Counts = BTreeMap<String, u64>;

/// The events of a process after its first one.
#[derive(Clone, Copy)]
enum Asked {
    Nothing,
    Posts,
    BadPosts,
    Messages,
    DryRuns,
    Leads,
    Lists,
    Pages,
}

/// The options of the counts.
#[derive(Debug, clap::Args)]
pub(crate) struct Instructions {
    /// Write the counts as the new baseline.
    #[arg(long)]
    update: bool,
    /// Measure the binaries in this directory, such as those of another build, instead of building them.
    #[arg(long, value_name = "DIRECTORY")]
    binaries: Option<PathBuf>,
    /// Keep valgrind's output in this directory, for `callgrind_annotate`.
    #[arg(long, value_name = "DIRECTORY")]
    keep: Option<PathBuf>,
}

/// Counts and compares with the baseline, or updates it.
pub(crate) async fn run(arguments: &Instructions) -> anyhow::Result<ExitCode> {
    let found = Command::new("valgrind").arg("--version").output().await;
    ensure!(found.is_ok_and(|found| found.status.success()), "valgrind is not installed; it counts the instructions");
    let binaries = match &arguments.binaries {
        Some(directory) => artifacts::existing(directory, &FUNCTIONS),
        None => artifacts::build(&FUNCTIONS)?,
    };
    let scratch = tempfile::tempdir()?;
    let kept = arguments.keep.as_deref().unwrap_or(scratch.path());
    fs::create_dir_all(kept)?;
    let file = artifacts::root().join("benches/baseline.json");
    let counts = count(&binaries, kept).await?;
    if arguments.update {
        fs::write(&file, serde_json::to_string_pretty(&counts)? + "\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    let baseline: Counts = serde_json::from_slice(&fs::read(&file)?)?;
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(["", "baseline", "now", "at most", ""]);
    let mut all_kept = baseline.len() == counts.len();
    for (name, now) in &counts {
        let before = baseline.get(name).copied().unwrap_or_default();
        let most = before + before * tolerance(name) / 100;
        let kept = *now <= most;
        all_kept &= kept;
        let verdict = if kept { "kept" } else { "MORE" };
        table.add_row([name.as_str(), &before.to_string(), &now.to_string(), &most.to_string(), verdict]);
    }
    println!("{table}");
    if all_kept {
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "More than the baseline allows. If the increase is worth it, explain why in the commit with the new baseline:\n\
         cargo run -p benches -- instructions --update"
    );
    Ok(ExitCode::FAILURE)
}

async fn count(binaries: &BTreeMap<String, PathBuf>, kept: &Path) -> anyhow::Result<Counts> {
    let mut world = World::start().await?;
    world.fill().await?;
    let mut counts = Counts::new();
    for (function, program) in binaries {
        counts.insert(format!("{function}: zip, bytes"), artifacts::sizes(program)?.1.try_into()?);
    }
    let of = |name: &str| binaries.get(name).with_context(|| format!("cargo has not built {name}"));
    for (function, first, cases) in [
        ("check-lead", Asked::DryRuns, [("a dry run", Asked::DryRuns)].as_slice()),
        ("create-lead", Asked::Posts, &[("an accepted lead", Asked::Posts), ("a refused lead", Asked::BadPosts)]),
        ("process-lead", Asked::Messages, &[("a message", Asked::Messages)]),
        ("read-leads", Asked::Leads, &[("a lead", Asked::Leads), ("a list of 10", Asked::Lists)]),
        ("show-app", Asked::Pages, &[("the page", Asked::Pages)]),
    ] {
        let program = of(function)?;
        let start = format!("{function}: start and first answer");
        let cold = instructions(&mut world, program, [first, Asked::Nothing], &kept.join(&start)).await?;
        counts.insert(start, cold);
        for (what, asked) in cases {
            let what = format!("{function}: {what}");
            let warm = instructions(&mut world, program, [first, *asked], &kept.join(&what)).await?;
            counts.insert(what, warm.saturating_sub(cold) / EVENTS);
        }
    }
    world.stack.stop().await;
    Ok(counts)
}

/// Counts all instructions of a process, from its start to its end.
async fn instructions(world: &mut World, program: &Path, [first, then]: [Asked; 2], out: &Path) -> anyhow::Result<u64> {
    let valgrind = [
        "--tool=callgrind".to_owned(),
        format!("--callgrind-out-file={}", out.display()),
        program.display().to_string(),
    ];
    let binary = Binary::new("valgrind", world.environment()).arguments(valgrind);
    let mut process = binary.start().await?;
    process.idle().await?;
    process.invoke(event(world, first).await?).await?;
    if !matches!(then, Asked::Nothing) {
        for _ in 0..EVENTS {
            process.invoke(event(world, then).await?).await?;
        }
    }
    process.idle().await?;
    // After a SIGKILL valgrind would write nothing.
    let id = process.id().context("the process has ended")?;
    Command::new("kill").arg(id.to_string()).status().await?;
    process.ended().await?;
    let counted = fs::read_to_string(out)?;
    let total =
        counted.lines().find_map(|line| line.strip_prefix("totals: ")).context("valgrind has written no total")?;
    Ok(total.trim().parse()?)
}

async fn event(world: &mut World, asked: Asked) -> anyhow::Result<LambdaEvent<Bytes>> {
    match asked {
        Asked::BadPosts => Ok(world.bad_post()),
        Asked::Messages => world.message().await,
        Asked::DryRuns => world.sample(include_str!("../../events/check-lead-dry-run.json")),
        Asked::Leads => world.sample(include_str!("../../events/read-leads-lead.json")),
        Asked::Lists => world.sample(include_str!("../../events/read-leads-list.json")),
        Asked::Pages => world.sample(include_str!("../../events/show-app.json")),
        Asked::Posts | Asked::Nothing => Ok(world.post()),
    }
}
