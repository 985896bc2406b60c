//! What is measured: a binary, and what its processes are asked.

use std::time::Instant;

use anyhow::{Context, ensure};
use axum::body::Bytes;
use lambda_runtime::LambdaEvent;
use local::binary::{Binary, Process};
use serde_json::Value;

use crate::figures::{self, Readings, ms};
use crate::world::World;

/// Spawn to the first `/next` with nobody listening at the backends, in milliseconds.
pub(crate) const START_ALONE: &str = "start_alone_ms";
/// The same with the backends there.
pub(crate) const START: &str = "start_ms";
/// The first event's answer, in milliseconds.
pub(crate) const FIRST_ANSWER: &str = "first_answer_ms";
/// The processor's time from the spawn until the first event is done with, in milliseconds.
pub(crate) const COLD_CPU: &str = "cold_cpu_ms";
/// An answer of a process that has given some, in milliseconds.
pub(crate) const ANSWER: &str = "answer_ms";
/// The processor's time for an accepted lead or a message, in milliseconds.
pub(crate) const CPU: &str = "cpu_ms";
/// The processor's time for a refused lead, in milliseconds.
pub(crate) const REFUSED_CPU: &str = "refused_cpu_ms";
/// The most memory resident, in MiB.
pub(crate) const MEMORY: &str = "memory_mib";

/// What its processes are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Posts, which it answers by this status.
    Posts(u64),
    /// Messages of the queue.
    Messages,
}

/// A binary to be measured.
#[derive(Debug)]
pub(crate) struct Subject {
    /// Its name in the tables.
    pub(crate) name: &'static str,
    /// What its processes are asked.
    pub(crate) asked: Asked,
    /// Whether it tells good leads from bad ones.
    pub(crate) refuses: bool,
    /// With the backends.
    pub(crate) binary: Binary,
    /// With nobody listening.
    pub(crate) alone: Binary,
}

impl Subject {
    /// One process with nobody listening, and one from its spawn to its first answer.
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

    /// One process that is asked so often, after it has been asked some times.
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

    /// Asks so often, and gives back the processor's time for all of it in milliseconds.
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

    /// A function that does not do its work is fast, and no subject.
    fn check(&self, answer: &[u8]) -> anyhow::Result<()> {
        match self.asked {
            Asked::Posts(expected) => {
                ensure!(status(answer)? == expected, "{}: {}", self.name, String::from_utf8_lossy(answer));
            }
            Asked::Messages => {
                let answer: Value = serde_json::from_slice(answer)?;
                let failures =
                    answer.get("batchItemFailures").and_then(Value::as_array).context("no batch's answer")?;
                ensure!(failures.is_empty(), "{} fails a message", self.name);
            }
        }
        Ok(())
    }
}

fn status(answer: &[u8]) -> anyhow::Result<u64> {
    let answer: Value = serde_json::from_slice(answer)?;
    answer.get("statusCode").and_then(Value::as_u64).context("no answer of a function of the API")
}

fn id(process: &Process) -> anyhow::Result<u32> {
    process.id().context("the process has ended")
}
