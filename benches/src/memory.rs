//! An answer under the share of a processor that a function of so much memory has: what `MemorySize` buys.
//!
//! Lambda gives a function a processor's time in proportion to its memory, by the kernel's own bandwidth control, and does
//! not while a process starts. So a process here starts freely and then joins a control group with that share.

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

/// With so much memory, in MB, a function has one processor (AWS Lambda's guide, "Configure Lambda function memory").
const ONE_PROCESSOR: f64 = 1_769.0;

/// Each period of the kernel's bandwidth control begins with the group's share of it to spend, in microseconds.
const PERIOD: f64 = 20_000.0;

/// What passes between two events of one process. Its share is spent anew by then, as it is while a function waits for
/// TrustedForm.
const PAUSE: Duration = Duration::from_millis(50);

/// How often it is measured, and at what.
#[derive(Debug, clap::Args)]
pub(crate) struct Memory {
    /// The sizes, in MB.
    #[arg(long, value_delimiter = ',', default_values_t = [128, 256, 512, 1_024, 1_769])]
    sizes: Vec<u32>,
    /// How many processes of each size.
    #[arg(long, default_value_t = 15)]
    runs: u32,
    /// How many events each of these gets, behind its first.
    #[arg(long, default_value_t = 40)]
    events: u32,
    /// Measures the `create-lead` in this directory instead of building it.
    #[arg(long, value_name = "DIRECTORY")]
    binaries: Option<PathBuf>,
}

/// Measures, and prints the table.
pub(crate) async fn run(arguments: &Memory) -> anyhow::Result<ExitCode> {
    let binaries = match &arguments.binaries {
        Some(directory) => artifacts::there(directory, &["create-lead"]),
        None => artifacts::build(&["create-lead"])?,
    };
    let program = binaries.get("create-lead").context("cargo has built no create-lead")?;
    let mut world = World::start().await?;
    let binary = Binary::new(program, world.environment()).log(world.log());
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header(["MB", "of a processor", "first answer, ms", "p90", "warm answer, ms", "p90", "p99"]);
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

/// A control group: its processes get a share of one processor together.
struct Group {
    directory: PathBuf,
    is_unified: bool,
}

impl Group {
    fn new() -> anyhow::Result<Self> {
        let root = Path::new("/sys/fs/cgroup");
        let is_unified = root.join("cgroup.controllers").exists();
        let directory = root.join(if is_unified { "" } else { "cpu" }).join(format!("leadping-{}", std::process::id()));
        fs::create_dir(&directory).context("a control group is made by root, on Linux")?;
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
        // It cannot go before its last process, which has been killed and may not be gone yet.
        while fs::remove_dir(&self.directory).is_err_and(|error| error.kind() == io::ErrorKind::ResourceBusy) {
            std::thread::yield_now();
        }
    }
}
