//! A subject of the measurements: a binary and the events of its processes.

use std::time::Instant;

use anyhow::{Context, ensure};
use axum::body::Bytes;
use lambda_runtime::LambdaEvent;
use local::binary::{Binary, Process};
use serde_json::Value;

use crate::figures::{self, Readings, ms};
use crate::world::World;

/// Spawn to the first `/next` without backends, in milliseconds.
pub(crate) const START_ALONE: &str = "start_alone_ms";
/// Spawn to the first `/next` with backends, in milliseconds.
pub(crate) const START: &str = "start_ms";
/// The answer to the first event, in milliseconds.
pub(crate) const FIRST_ANSWER: &str = "first_answer_ms";
/// CPU time from the spawn to the end of the first event, in milliseconds.
pub(crate) const COLD_CPU: &str = "cold_cpu_ms";
/// An answer of a warm process, in milliseconds.
pub(crate) const ANSWER: &str = "answer_ms";
/// CPU time for an accepted lead or a message, in milliseconds.
pub(crate) const CPU: &str = "cpu_ms";
/// CPU time for a refused lead, in milliseconds.
pub(crate) const REFUSED_CPU: &str = "refused_cpu_ms";
/// Peak resident memory, in MiB.
pub(crate) const MEMORY: &str = "memory_mib";

/// The events of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Posts, which get this status.
    Posts(u64),
    /// Messages of the queue.
    Messages,
}

/// A binary to be measured.
#[derive(Debug)]
pub(crate) struct Subject {
    /// The name in the tables.
    pub(crate) name: &'static str,
    /// The events of a subject.
    pub(crate) asked: Asked,
    /// Whether it refuses bad leads.
    pub(crate) refuses: bool,
    /// The binary with backends.
    pub(crate) binary: Binary,
    /// The binary without backends.
    pub(crate) alone: Binary,
}

impl Subject {
    /// Measures one process without backends, and one from its spawn to its first answer.
    pub(crate) async fn measure_cold(&self, world: &mut World, readings: &mut Readings) -> anyhow::Result<()> {
        let spawned = Instant::now();
        self.alone.start().await?.idle().await?;
        readings.add(self.name, START_ALONE, ms(spawned.elapsed()));

        let event = self.event(world).await?;
        let spawned = Instant::now();
        let mut process = self.binary.start().await?;
        process.idle().await?;
        readings.add(self.name, START, ms(spawned.elapsed()));
        let asked = Instant::now();
        let answer = process.invoke(event).await?;
        readings.add(self.name, FIRST_ANSWER, ms(asked.elapsed()));
        process.idle().await?;
        readings.add(self.name, COLD_CPU, ms(figures::cpu(id(&process)?)?));
        self.check(&answer)
    }

    /// Measures one process for this many events, after some events to warm it up.
    pub(crate) async fn measure_warm(
        &self,
        world: &mut World,
        readings: &mut Readings,
        events: u32,
    ) -> anyhow::Result<()> {
        let mut process = self.binary.start().await?;
        for _ in 0..events / 4 {
            let answer = process.invoke(self.event(world).await?).await?;
            self.check(&answer)?;
        }
        let cpu = self.ask(&mut process, world, events, readings).await?;
        readings.add(self.name, CPU, cpu / f64::from(events));
        readings.add(self.name, MEMORY, figures::peak_memory(id(&process)?)?);
        if self.refuses {
            let before = figures::cpu(id(&process)?)?;
            for _ in 0..events {
                let answer = process.invoke(world.bad_post()).await?;
                ensure!(status(&answer)? == 400, "{} refuses a bad lead", self.name);
            }
            process.idle().await?;
            let cpu = figures::cpu(id(&process)?)? - before;
            readings.add(self.name, REFUSED_CPU, ms(cpu) / f64::from(events));
        }
        Ok(())
    }

    /// Sends this many events, and returns the CPU time for all of them in milliseconds.
    async fn ask(
        &self,
        process: &mut Process,
        world: &mut World,
        events: u32,
        readings: &mut Readings,
    ) -> anyhow::Result<f64> {
        process.idle().await?;
        let before = figures::cpu(id(process)?)?;
        for _ in 0..events {
            let event = self.event(world).await?;
            let asked = Instant::now();
            let answer = process.invoke(event).await?;
            readings.add(self.name, ANSWER, ms(asked.elapsed()));
            self.check(&answer)?;
        }
        process.idle().await?;
        Ok(ms(figures::cpu(id(process)?)? - before))
    }

    async fn event(&self, world: &mut World) -> anyhow::Result<LambdaEvent<Bytes>> {
        match self.asked {
            Asked::Posts(_) => Ok(world.post()),
            Asked::Messages => world.message().await,
        }
    }

    /// Checks an answer, because a function that does not do its work is fast.
    fn check(&self, answer: &[u8]) -> anyhow::Result<()> {
        match self.asked {
            Asked::Posts(expected) => {
                ensure!(status(answer)? == expected, "{}: {}", self.name, String::from_utf8_lossy(answer));
            }
            Asked::Messages => {
                let answer: Value = serde_json::from_slice(answer)?;
                let failures =
                    answer.get("batchItemFailures").and_then(Value::as_array).context("not the answer of a batch")?;
                ensure!(failures.is_empty(), "{} fails a message", self.name);
            }
        }
        Ok(())
    }
}

fn status(answer: &[u8]) -> anyhow::Result<u64> {
    let answer: Value = serde_json::from_slice(answer)?;
    answer.get("statusCode").and_then(Value::as_u64).context("not an answer of an API function")
}

fn id(process: &Process) -> anyhow::Result<u32> {
    process.id().context("the process has ended")
}
