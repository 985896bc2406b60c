//! Measures answer times by `MemorySize`, which decides a function's share of a CPU.
//!
//! Lambda gives a function CPU time in proportion to its memory, with the kernel's bandwidth control, but does not limit it
//! while it starts. So a process here starts without a limit and then joins a control group with that share.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use comfy_table::{Table, presets};
use local::binary::Binary;

use crate::artifacts;
use crate::figures::{Summary, ms};
use crate::world::World;

/// The memory in MB with which a function has one CPU (AWS Lambda's guide, "Configure Lambda function memory").
const ONE_PROCESSOR: f64 = 1_769.0;

/// The period of the kernel's bandwidth control, in microseconds. A group may use its share in each period.
const PERIOD: f64 = 20_000.0;

/// The pause between two events of one process. By then its share is available again, as it is after a function has waited
/// for TrustedForm.
const PAUSE: Duration = Duration::from_millis(50);

/// The options of the measurement.
#[derive(Debug, clap::Args)]
pub(crate) struct Memory {
    /// The memory sizes, in MB.
    #[arg(long, value_delimiter = ',', default_values_t = [128, 256, 512, 1_024, 1_769])]
    sizes: Vec<u32>,
    /// The number of processes of each size.
    #[arg(long, default_value_t = 15)]
    runs: u32,
    /// The number of events for each process, after its first.
    #[arg(long, default_value_t = 40)]
    events: u32,
    /// Measure the `create-lead` in this directory instead of building it.
    #[arg(long, value_name = "DIRECTORY")]
    binaries: Option<PathBuf>,
}

/// Measures, and prints the table.
pub(crate) async fn run(arguments: &Memory) -> anyhow::Result<ExitCode> {
    let binaries = match &arguments.binaries {
        Some(directory) => artifacts::existing(directory, &["create-lead"]),
        None => artifacts::build(&["create-lead"])?,
    };
    let program = binaries.get("create-lead").context("cargo has not built create-lead")?;
    let mut world = World::start().await?;
    let binary = Binary::new(program, world.environment()).log(world.log());
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(["MB", "share of a CPU", "first answer, ms", "p90", "warm answer, ms", "p90", "p99"]);
    let group = Group::new()?;
    for size in &arguments.sizes {
        let share = f64::from(*size) / ONE_PROCESSOR;
        group.limit(share)?;
        let (mut first, mut warm) = (Vec::new(), Vec::new());
        for _ in 0..arguments.runs {
            let mut process = binary.start().await?;
            process.idle().await?;
            group.take(process.id().context("the process has ended")?)?;
            for event in 0..=arguments.events {
                tokio::time::sleep(PAUSE).await;
                let post = world.post();
                let asked = Instant::now();
                process.invoke(post).await?;
                let times = if event == 0 { &mut first } else { &mut warm };
                times.push(ms(asked.elapsed()));
            }
        }
        let (Some(first), Some(warm)) = (Summary::of(&first), Summary::of(&warm)) else { continue };
        let times = [first.median, first.p90, warm.median, warm.p90, warm.p99].map(|time| format!("{time:.1}"));
        table.add_row([size.to_string(), format!("{share:.2}")].into_iter().chain(times));
    }
    world.stack.stop().await;
    println!("{table}");
    Ok(ExitCode::SUCCESS)
}

/// A control group, whose processes together get a share of one CPU.
struct Group {
    directory: PathBuf,
    is_unified: bool,
}

impl Group {
    fn new() -> anyhow::Result<Self> {
        let root = Path::new("/sys/fs/cgroup");
        let is_unified = root.join("cgroup.controllers").exists();
        let directory = root.join(if is_unified { "" } else { "cpu" }).join(format!("leadping-{}", std::process::id()));
        fs::create_dir(&directory).context("only root on Linux can create a control group")?;
        Ok(Self { directory, is_unified })
    }

    fn limit(&self, share: f64) -> io::Result<()> {
        let quota = (PERIOD * share).round();
        if self.is_unified {
            return fs::write(self.directory.join("cpu.max"), format!("{quota} {PERIOD}"));
        }
        fs::write(self.directory.join("cpu.cfs_period_us"), PERIOD.to_string())?;
        fs::write(self.directory.join("cpu.cfs_quota_us"), quota.to_string())
    }

    fn take(&self, process: u32) -> io::Result<()> {
        fs::write(self.directory.join("cgroup.procs"), process.to_string())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The group cannot be removed before its last process is gone. That process has been killed and may still exit.
        while fs::remove_dir(&self.directory).is_err_and(|error| error.kind() == io::ErrorKind::ResourceBusy) {
            std::thread::yield_now();
        }
    }
}
